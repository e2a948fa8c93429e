# SPDX-License-Identifier: MIT
"""tools/need.sh: silent and quick when all is there, clear when not."""
import subprocess
import time

from kernel import ROOT

NEED = ROOT / "tools" / "need.sh"


def test_silent_and_quick_when_nothing_is_missing():
    times = []
    for _ in range(3):
        start = time.monotonic()
        done = subprocess.run([NEED, "test"], capture_output=True, text=True,
                              check=True)
        times.append(time.monotonic() - start)
        assert done.stdout + done.stderr == ""
    assert min(times) < 0.05, times


def without(tmp_path, *absent):
    """A PATH with the few commands that the script itself needs, and fakes
    for all the tools it looks for but `absent`."""
    for name in ("sh", "sed", "id", "env", "uname"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    for name in ("gcc", "ld", "make", "gdb", "qemu-system-i386"):
        if name not in absent:
            (tmp_path / name).symlink_to("/bin/true")
    return {"PATH": str(tmp_path)}


def test_names_what_is_missing_and_fails_without_apt(tmp_path):
    done = subprocess.run([NEED, "gdb"], capture_output=True, text=True,
                          env=without(tmp_path, "gdb", "ld"))
    assert done.returncode == 1
    assert "gdb (gdb), stopping at a patch" in done.stderr
    assert "packages hold: binutils gdb" in done.stderr


def test_installs_by_apt_and_retries_with_fresh_lists(tmp_path):
    """An apt-get of ours fails until its lists have been fetched."""
    env = without(tmp_path, "gdb")
    fake = tmp_path / "apt-get"
    fake.write_text(f"""#!/bin/sh
echo "apt-get $*"
[ "$1" = update ] && : > {tmp_path}/lists
[ -e {tmp_path}/lists ]
""")
    fake.chmod(0o755)
    for name, body in (("sudo", 'shift; exec "$@"'), ("true", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run([NEED, "gdb"], capture_output=True, text=True,
                          env=env)
    assert done.returncode == 0, done.stderr
    install = "apt-get install -y --no-install-recommends gdb"
    said = [line for line in done.stderr.splitlines()
            if line.startswith("apt-get")]
    assert said == [install, "apt-get update", install], done.stderr


def test_unknown_group_is_refused():
    assert subprocess.run([NEED, "lunch"],
                          capture_output=True).returncode == 2
