# SPDX-License-Identifier: MIT
"""What the sources register: labs, suites, and their files. The tests are
made from this list; a test checks that the kernel shows the same."""
import re

from pathlib import Path

from kernel import ROOT

ZLIB = Path("/usr/i686-w64-mingw32/lib/zlib1.dll")
LIBZ, LIBM, LIBGCC = (Path("/usr/lib32") / name for name in (
    "libz.so.1", "libm.so.6", "libgcc_s.so.1"))
GRUB = Path("/usr/lib/grub/i386-pc")
CRYPTO = [GRUB / f"{name}.mod" for name in
          ("crypto", "gcry_crc", "gcry_md5", "gcry_sha1", "gcry_sha256",
           "gcry_sha512")]

# The real inputs: with these no check has a reason to skip.
MODULES = [ZLIB, LIBZ, *CRYPTO]

# What `make run` brings along as well, where it is installed.
SHARED = [LIBM, LIBGCC]
RUN_MODULES = [path for path in MODULES + SHARED if path.exists()]


def mebibyte():
    """What all the zlibs compress. Farther apart than the window of deflate,
    its repetitions are of no use."""
    return (ZLIB.read_bytes() * 8)[:1 << 20]


def _registered(macro):
    found = set()
    for folder in ("kernel", "smc"):
        for path in (ROOT / folder).rglob("*.c"):
            text = path.read_text()
            found |= set(re.findall(rf"^{macro}\(\s*(\w+)", text, re.M))
    return sorted(found)


LABS = _registered("LAB")
SUITES = _registered("CHECK_SUITE")

# The checks that need a second processor.
ALONE = [
    "smp/who waits for a lock answers",
    "smp/an NMI to a CPU that has left",
    "smp/CPUs run at the same time",
    "smp/a thread goes on where there is room",
    "smp/a pinned thread keeps its CPU",
    "smp/offline and online again, under load",
    "smp/who is given up does not come later",
    "livepatch/while all stand still nobody runs",
    "aptrampoline/a CPU comes out as CPU 0 is",
    "trace/a trace that a stuck CPU keeps from its end is on",
    "poke_smp/*",  # but for the last; test_poke.py gives it several
]
