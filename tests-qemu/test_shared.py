# SPDX-License-Identifier: MIT
"""Shared objects: those of Debian, and those that gcc makes here."""
import re
import zlib
from pathlib import Path

import pytest

LIBRARIES = Path("/usr/lib32")
LIBZ = LIBRARIES / "libz.so.1"
LIBGCC = LIBRARIES / "libgcc_s.so.1"
LIBM = LIBRARIES / "libm.so.6"

pytestmark = pytest.mark.skipif(
    not LIBZ.exists() or not LIBGCC.exists() or not LIBM.exists(),
    reason="no 32-bit libraries: lib32z1, lib32gcc-s1, libc6-i386")


# zlib ---------------------------------------------------------------------

def test_checksums_of_zlib(machine):
    """crc32 and adler32 call nothing: relocation alone must be right."""
    data = LIBGCC.read_bytes()
    run = machine("exit -- call libz.so.1 crc32 0 @libgcc_s.so.1 "
                  "#libgcc_s.so.1; call libz.so.1 adler32 1 @libgcc_s.so.1 "
                  "#libgcc_s.so.1; images",
                  modules=[LIBZ, LIBGCC]).run()
    assert f"crc32 returned 0x{zlib.crc32(data):08x}" in run.text
    assert f"adler32 returned 0x{zlib.adler32(data):08x}" in run.text
    assert re.search("relocations: 4 R_386_GLOB_DAT, 48 R_386_JUMP_SLOT, "
                     "28 R_386_RELATIVE", run.text)


def test_an_unknown_function_ends_its_call(machine):
    """It is bound when it is called, so that all others can be used."""
    with machine(modules=[LIBZ]).open() as console:
        console.prompt()
        said = console.run('call libz.so.1 gzopen "a" "r"')
        assert re.search(r"libz\.so\.1 called \w+, which this kernel does not "
                         r"offer \(from libz\.so\.1\+0x", said), said
        assert "0xcbf43926" in console.run(
            'call libz.so.1 crc32 0 "123456789" 9')
        assert "gone" in console.run("unload libz.so.1")
