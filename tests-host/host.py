# SPDX-License-Identifier: MIT
"""Runs the programs of tests-host, which host.mk builds.

    assert " 0 failed" in host.run("m32/emulate_check", "--count", 1000)

Under `make test` they are built before; a pytest started by hand has make
build what it asks for. Where 32-bit programs do not run, the test skips.
"""
import fcntl
import functools
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
HOST = BUILD / "host"
UNDER_MAKE = "MAKELEVEL" in os.environ


@functools.cache
def why_not():
    """Why 32-bit programs do not run here, or nothing."""
    done = subprocess.run([ROOT / "tests-host" / "can-run.sh", HOST],
                          capture_output=True, text=True, timeout=60)
    return done.stderr.strip() if done.returncode else ""


def need_32_bits():
    """Skips the test that calls it where 32-bit programs do not run."""
    if why_not():
        pytest.skip(why_not())


@functools.cache
def program(name):
    """The path of "m32/NAME", "asan/NAME", "m64/NAME" or "fuzz/NAME"."""
    need_32_bits()
    path = HOST / name
    if not UNDER_MAKE:
        HOST.mkdir(parents=True, exist_ok=True)
        # Two workers must not build at the same time.
        with open(HOST / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            target = os.path.relpath(path, ROOT)
            subprocess.run(["make", f"BUILD={os.path.relpath(BUILD, ROOT)}",
                            target], cwd=ROOT, check=True)
    assert path.exists(), f"{path} is missing: run `make host` first"
    return path


def spoilt(folder, source, old, new, name, *parts):
    """The program "asan/NAME" of tests-host/PART.c with `new` for `old` in a
    file of smc/load. Returns its path in the folder."""
    text = (ROOT / "smc/load" / source).read_text()
    assert text.count(old) == 1, f"{old} is not in {source}, or more than once"
    (folder / "spoilt.c").write_text(text.replace(old, new))
    home = program(f"asan/{name}").parent
    # Of two that define the same, the linker takes the one that is not in
    # the archive.
    subprocess.run(
        ["gcc", "-std=gnu11", "-m32", "-O1", "-g", "-fno-pie", "-no-pie",
         "-w", "-idirafter", "/usr/include/x86_64-linux-gnu", f"-I{ROOT}",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-o", folder / name, folder / "spoilt.c",
         *(home / "tests-host" / f"{part}.o" for part in (name, *parts)),
         home / "engines.a"], check=True, timeout=100)
    return folder / name


def start(name, *words, limit=100, env=None):
    """Runs a program to its end. Returns what subprocess.run does, with both
    outputs in `stdout`. timeout(1) holds even if this Python is killed."""
    return subprocess.run(
        ["timeout", "-k", "5", str(limit), program(name), *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", env={**os.environ, **(env or {})}, cwd=ROOT)


def run(name, *words, status=0, **options):
    """The same for a program that must end with `status`. Returns its
    output, and shows the end of it on failure."""
    done = start(name, *words, **options)
    meaning = " (time limit)" if done.returncode in (124, 137) else ""
    assert done.returncode == status, (
        f"{name} ended with status {done.returncode}{meaning}:\n"
        f"{done.stdout[-4000:]}")
    return done.stdout
