# SPDX-License-Identifier: MIT
"""Oracle: objdump. The i386 code that Debian's packages bring is decoded and
printed as objdump does it; then whatever can be encoded, made by a seed."""
import random
import re

import pytest

import host
import real_code

# Compilers make none of these: they are data among code.
DATA = ("LOCK where", "MOV to %cs", "SALC", "x87 instructions")
# Two instructions, shown as one. Has a reason: docs/oracles.md.
FWAIT = "FWAIT and"

# DLLs keep tables of constructors and of exceptions, and strings, in .text.
# How many lines of each are such data; 0 in any other file.
DATA_IN_CODE = {"libgnat": 80, "libstdc++": 30, "libgnarl": 20,
                "libgfortran": 5, "libquadmath": 2, "zlib1": 2}


def compare(words, **options):
    """Runs the oracle. Returns the number of lines and the count of each kind
    of difference."""
    out = host.run("m64/oracle_objdump", *words, **options)
    print(out)
    return counts(out)


def counts(out):
    lines = int(re.search(r"^(\d+) instructions, ", out, re.M)[1])
    kinds = {name: int(count) for count, name
             in re.findall(r"^ +(\d+)  (\S.*)$", out, re.M)}
    return lines, kinds


def sum_of(kinds, beginning):
    return sum(count for kind, count in kinds.items()
               if kind.startswith(beginning))


def judge(paths, data):
    """All files together: nothing differs but `data` lines at most, and
    FWAITs, where the line begins with one. Returns the number of lines."""
    out = host.run("m64/oracle_objdump", "--verbose",
                   *(f"-d {path}" for path in paths))
    print(out)
    lines, kinds = counts(out)
    assert sum_of(kinds, DATA) <= data
    shown = re.findall(rf"^{FWAIT} .*: [0-9a-f]+: (\w\w) ", out, re.M)
    assert set(shown) <= {"9b"} and len(shown) == sum_of(kinds, FWAIT)
    assert len(shown) * 4000 <= lines
    for kind, count in kinds.items():
        if not kind.startswith((*DATA, FWAIT)):
            assert count == 0, kind
    return lines


def demand_the_same(paths, at_least):
    """Files that hold data are judged one by one, each by its own limit."""
    if not paths:
        pytest.skip("the Debian packages with this code are not installed")
    limits = {path: DATA_IN_CODE[name] for path in paths
              for name in [path.name.split("-")[0].removesuffix(".dll")]
              if path.suffix == ".dll" and name in DATA_IN_CODE}
    lines = judge([path for path in paths if path not in limits], 0)
    lines += sum(judge([path], limit) for path, limit in limits.items())
    print(f"together: {lines} instructions in {len(paths)} files")
    assert lines >= at_least


def test_libraries():
    demand_the_same(real_code.libraries(), 1_000_000)


def test_grub_modules():
    demand_the_same(real_code.grub_modules(), 250_000)


def test_dlls():
    demand_the_same(real_code.dlls(), 1_000_000)


@pytest.mark.long
def test_dlls_with_posix_threads():
    demand_the_same(real_code.dlls("posix"), 1_000_000)


def test_kernel():
    demand_the_same(real_code.kernel(), 20_000)


# 16-bit code is in flat files, among data: more is undefined, and nothing
# more differs.

def demand_16_bits(words, at_least, **options):
    if not words:
        pytest.skip("the Debian packages with this code are not installed")
    lines, kinds = compare(words, **options)
    assert lines >= at_least
    for kind in ("length differs", "text differs", "(bad) there, not here"):
        assert kinds[kind] == 0, kind
    assert kinds["undefined here, not there"] * 100000 <= lines


def flat_16(paths):
    return [f"-D -b binary -m i8086 {path}" for path in paths]


def test_16_bit_boot_code():
    demand_16_bits(flat_16(real_code.boot_images()), 10_000)


def test_kernel_read_as_16_bit_code():
    demand_16_bits([f"-d -m i8086 {elf}" for elf in real_code.kernel()],
                   20_000)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_firmware():
    demand_16_bits(flat_16(real_code.firmware()), 500_000, limit=380)


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


def sweep(tmp_path, chunks, machine, **options):
    flat = tmp_path / "sweep.bin"
    flat.write_bytes(b"".join(chunks))
    lines, kinds = compare([f"-D -b binary -m {machine} {flat}"],
                           **options)
    return {kind: count / lines for kind, count in kinds.items()}


LIMITED = ("length differs", "text differs", "(bad) there, not here",
           "undefined here, not there", "not in our tables: the length only")


def demand_rates(rates, *limits):
    for kind, limit in zip(LIMITED, limits, strict=True):
        assert rates[kind] < limit, kind


# The seeds are fixed, and the limits little more than what they give.
# "Undefined here" are opcodes that the manual says are #UD and objdump prints:
# docs/oracles.md.
@pytest.mark.parametrize("machine", ["i386", "i8086"])
def test_every_opcode(tmp_path, machine):
    rng = random.Random(1)
    rates = sweep(tmp_path, legacy(rng, 9), machine)
    demand_rates(rates, 0.00001, 0.00001, 0.0003, 0.0008, 0.00001)


def test_any_prefixes(tmp_path):
    rates = sweep(tmp_path, prefixed(random.Random(2), 100), "i386")
    demand_rates(rates, 0.00001, 0.00005, 0.00015, 0.0006, 0.00001)


@pytest.mark.parametrize("make", [vex, evex])
def test_vector_encodings(tmp_path, make):
    rates = sweep(tmp_path, make(random.Random(3), 200), "i386")
    demand_rates(rates, 0.00001, 0.00008, 0.00003, 0.0009, 0.001)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("machine", ["i386", "i8086"])
def test_every_opcode_with_every_modrm(tmp_path, machine, seed):
    rates = sweep(tmp_path, legacy(random.Random(seed), 1), machine,
                  limit=380)
    assert rates["length differs"] < 0.00005
    assert rates["text differs"] < 0.0001
