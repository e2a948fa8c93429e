# SPDX-License-Identifier: MIT
"""tools/need.sh: silent and quick when all is there, clear when not."""
import platform
import subprocess
import time

import pytest

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


@pytest.mark.skipif(platform.machine() != "x86_64",
                    reason="nothing is needed for 32-bit programs here")
@pytest.mark.parametrize("group, status", [("test", 0), ("host", 1)])
def test_tests_go_on_without_32_bit_programs(tmp_path, group, status):
    """A copy looks for the C library where it is not."""
    copy = tmp_path / "need.sh"
    text = NEED.read_text()
    assert text.count(" /usr/lib32/crt1.o ") == 1
    copy.write_text(text.replace("/usr/lib32/crt1.o", "/nowhere/crt1.o"))
    env = without(tmp_path)
    for name in ("grub-mkimage", "grub-file", "xorriso"):
        (tmp_path / name).symlink_to("/bin/true")
    done = subprocess.run(["/bin/sh", copy, group], capture_output=True,
                          text=True, env=env)
    assert done.returncode == status, done.stderr
    assert "packages hold: libc6-dev-i386\n" in done.stderr
    assert ("going on without" in done.stderr) == (group == "test")


def test_unknown_group_is_refused():
    assert subprocess.run([NEED, "lunch"],
                          capture_output=True).returncode == 2
