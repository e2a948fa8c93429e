# SPDX-License-Identifier: MIT
"""The GRUB image: it boots, hands over what it should, and has no dates."""
import re
import subprocess
import time

from kernel import BUILD, CLEAN_ENV, ELF, FAIL, PASS, ROOT
from labs import ZLIB

MKISO = ROOT / "tools" / "mkiso.sh"


def make_iso(name, cmdline, *modules, elf=ELF):
    out = BUILD / f"{name}.iso"
    subprocess.run([MKISO, out, elf, cmdline, *modules], check=True)
    return out


def test_boots_and_passes_checks(machine):
    iso = make_iso("checks", "check=machine,door exit")
    machine(iso=iso).run().must_pass(["machine", "door"])


def test_boots_to_a_prompt(machine):
    with machine(iso=make_iso("prompt", "")).open() as console:
        console.prompt()
        assert console.run("echo hello").strip() == "hello"


def test_the_first_word_from_grub_is_judged(machine):
    """QEMU puts the kernel's file first, GRUB does not."""
    machine(iso=make_iso("words", "chekc=memory exit")).run().must_end(
        FAIL, "^boot word `chekc=memory`: ")


def test_modules_and_command_line_arrive(machine, tmp_path):
    for folder, data in (("a", b"1"), ("b", b"22")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same").write_bytes(data)
    iso = make_iso("modules", "exit -- ls; echo  two   words", ZLIB,
                   f"{tmp_path}/a/same", f"{tmp_path}/b/same x=1 y")
    run = machine(iso=iso).run()
    # GRUB's own words are on the serial line as well.
    run.must_end(PASS, "Booting", rf"^ *{ZLIB.stat().st_size} +zlib1\.dll$",
                 r"^ *1 +same$", r"^ *2 +same#2$", "^two words$")


def test_two_builds_are_the_same_bytes(tmp_path):
    copy = tmp_path / "kernel"
    images = []
    for name in ("first", "second"):
        copy.write_bytes(ELF.read_bytes())  # a new file, of another second
        images.append(make_iso(name, "check=all exit", ZLIB, elf=copy))
        time.sleep(1.1)
    assert images[0].read_bytes() == images[1].read_bytes()


def test_image_is_small():
    empty = BUILD / "empty.elf"
    empty.write_bytes(b"")
    assert make_iso("empty", "", elf=empty).stat().st_size < 600 * 1024


def test_make_run_iso():
    """The command of the README, with its own way to quit."""
    done = subprocess.run(
        ["timeout", "60", "make", "run", "ISO=1", "CMD=labs; exit",
         f"BUILD={BUILD.relative_to(ROOT)}"], cwd=ROOT, env=CLEAN_ENV,
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "To quit" in done.stdout
    assert re.search(r"^ *once +an initialiser", done.stdout, re.M), \
        done.stdout
