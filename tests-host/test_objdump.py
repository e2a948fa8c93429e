# SPDX-License-Identifier: MIT
"""Oracle: objdump. All i386 code that Debian has here is decoded and printed
as objdump does it; then whatever can be encoded, made by a seed."""
import random
import re
from pathlib import Path

import pytest

import host

LIBRARIES = Path("/usr/lib32")
GRUB = Path("/usr/lib/grub/i386-pc")
MINGW = [Path("/usr/i686-w64-mingw32/lib"),
         Path("/usr/lib/gcc/i686-w64-mingw32/12-win32")]
FIRMWARE = ["/usr/share/seabios/*.bin", "/usr/share/bochs/*BIOS*",
            "/usr/share/qemu/*bios*.bin", "/usr/share/vgabios/*.bin"]

# Compilers make none of these; they are data among code.
DATA = ["LOCK where", "MOV to %cs", "SALC"]
# Has a reason, and is not our fault: docs/oracles.md.
EXPLAINED = DATA + ["FWAIT and"]


def real_files(folder, pattern):
    """Files, not links to others of them, and no linker scripts."""
    return [path for path in sorted(folder.glob(pattern))
            if not path.is_symlink() and path.stat().st_size > 1000]


def compare(words, **options):
    """Runs the oracle. Returns the number of lines and the count of each kind
    of difference."""
    out = host.run("m64/oracle_objdump", *words, **options)
    lines = int(re.search(r"^(\d+) instructions, ", out, re.M)[1])
    kinds = {name: int(count) for count, name
             in re.findall(r"^ +(\d+)  (\S.*)$", out, re.M)}
    print(out)
    return lines, kinds


def demand_the_same(words, at_least):
    if not words:
        pytest.skip("the Debian packages with this code are not installed")
    lines, kinds = compare(words)
    assert lines >= at_least
    for kind, count in kinds.items():
        if kind.startswith(tuple(DATA)):
            assert count * 50000 <= lines, kind
        elif not kind.startswith(tuple(EXPLAINED)):
            assert count == 0, kind


def test_libraries():
    """libc6-i386, lib32z1, lib32gcc-s1, lib32stdc++6 and what came along."""
    files = real_files(LIBRARIES, "*.so*")
    demand_the_same([f"-d {path}" for path in files], 1_000_000)


def test_grub_modules():
    files = real_files(GRUB, "*.mod") + real_files(GRUB, "efiemu32.o")
    demand_the_same([f"-d {path}" for path in files], 100_000)


def test_dlls():
    """libz-mingw-w64, gcc-mingw-w64-i686-win32-runtime."""
    files = [path for folder in MINGW for path in real_files(folder, "*.dll")]
    demand_the_same([f"-d {path}" for path in files], 1_000_000)


def test_kernel():
    elf = host.BUILD / "palimpsest.elf"
    if not elf.exists():
        pytest.skip("no kernel is built")
    demand_the_same([f"-d {elf}"], 20_000)


# 16-bit code is in flat files, among data: more is undefined, and nothing
# more differs.

def demand_16_bits(words, at_least):
    if not words:
        pytest.skip("the Debian packages with this code are not installed")
    lines, kinds = compare(words)
    assert lines >= at_least
    for kind in ("length differs", "text differs", "(bad) there, not here"):
        assert kinds[kind] == 0, kind
    assert kinds["undefined here, not there"] * 100000 <= lines


def flat_16(paths):
    return [f"-D -b binary -m i8086 {path}" for path in paths]


def test_16_bit_boot_code():
    demand_16_bits(flat_16(real_files(GRUB, "*.img")), 10_000)


def test_kernel_read_as_16_bit_code():
    elf = host.BUILD / "palimpsest.elf"
    if not elf.exists():
        pytest.skip("no kernel is built")
    demand_16_bits([f"-d -m i8086 {elf}"], 20_000)


@pytest.mark.long
def test_firmware():
    paths = [path for pattern in FIRMWARE
             for path in real_files(Path("/"), pattern[1:])]
    demand_16_bits(flat_16(paths), 500_000)


# What no compiler makes ---------------------------------------------------

def tail(rng):
    """What follows ModRM, and sometimes NOPs, so that both walk in step."""
    return rng.randbytes(rng.randrange(6)) + b"\x90" * rng.choice((0, 0, 9))


def legacy(rng, step):
    """Every opcode with a mandatory prefix and with every step-th ModRM."""
    for escape in (b"", b"\x0f", b"\x0f\x38", b"\x0f\x3a"):
        for prefix in (b"", b"\x66", b"\xf2", b"\xf3"):
            for opcode in range(256):
                for modrm in range(rng.randrange(step), 256, step):
                    yield prefix + escape + bytes([opcode, modrm]) + tail(rng)


def prefixed(rng, count):
    """Opcodes behind up to three of all prefixes, in any order."""
    prefixes = b"\x26\x2e\x36\x3e\x64\x65\x66\x66\x66\x67\x67\xf0\xf2\xf3"
    for escape in count * (b"", b"\x0f", b"\x0f\x38", b"\x0f\x3a"):
        for opcode in range(256):
            some = rng.choices(prefixes, k=rng.randrange(4))
            yield (bytes(some) + escape +
                   bytes([opcode, rng.randrange(256)]) + tail(rng))


def vector_bytes(rng):
    """Map, W, prefix and vvvv, which is often unused."""
    vvvv = rng.choice((0x78, 0x78, 0x40 | rng.randrange(8) << 3))
    return rng.randrange(1, 4), rng.choice((0, 0x80)) | vvvv | rng.randrange(4)


def vex(rng, count):
    for opcode in count * tuple(range(256)):
        escape, last = vector_bytes(rng)
        length = rng.choice((0, 4))
        yield (bytes([0xc4, 0xe0 | escape, last | length, opcode,
                      rng.randrange(256)]) + tail(rng))
        yield (bytes([0xc5, 0x80 | last | length, opcode,
                      rng.randrange(256)]) + tail(rng))


def evex(rng, count):
    for opcode in count * tuple(range(256)):
        escape, middle = vector_bytes(rng)
        last = (rng.choice((0, 0, 0, 0x80)) | rng.randrange(3) << 5 |
                rng.choice((0, 0, 0x10)) | 8 |
                rng.choice((0, 0, rng.randrange(8))))
        yield (bytes([0x62, 0xf0 | escape, middle | 4, last, opcode,
                      rng.choice((0, 0x40, 0x80, 0xc0, 0xc0)) |
                      rng.randrange(64)]) + tail(rng))


def sweep(tmp_path, chunks, machine):
    flat = tmp_path / "sweep.bin"
    flat.write_bytes(b"".join(chunks))
    lines, kinds = compare([f"-D -b binary -m {machine} {flat}"])
    return {kind: count / lines for kind, count in kinds.items()}


# The limits leave room for other seeds. "Undefined here" are opcodes
# that the manual says are #UD and objdump prints: docs/oracles.md.
@pytest.mark.parametrize("machine", ["i386", "i8086"])
def test_every_opcode(tmp_path, machine):
    rng = random.Random(1)
    rates = sweep(tmp_path, legacy(rng, 9), machine)
    assert rates["length differs"] < 0.00005
    assert rates["text differs"] < 0.0001
    assert rates["(bad) there, not here"] < 0.001
    assert rates["undefined here, not there"] < 0.004


def test_any_prefixes(tmp_path):
    rates = sweep(tmp_path, prefixed(random.Random(2), 100), "i386")
    assert rates["length differs"] < 0.0001
    assert rates["text differs"] < 0.0005


@pytest.mark.parametrize("make", [vex, evex])
def test_vector_encodings(tmp_path, make):
    rates = sweep(tmp_path, make(random.Random(3), 200), "i386")
    assert rates["length differs"] < 0.0001
    assert rates["text differs"] < 0.0005


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("machine", ["i386", "i8086"])
def test_every_opcode_with_every_modrm(tmp_path, machine, seed):
    rates = sweep(tmp_path, legacy(random.Random(seed), 1), machine)
    assert rates["length differs"] < 0.00005
    assert rates["text differs"] < 0.0001
