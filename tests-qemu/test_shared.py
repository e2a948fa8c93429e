# SPDX-License-Identifier: MIT
"""Shared objects of Debian: zlib, and divisions of 64 bits by libgcc."""
import random
import re
import struct
import zlib

import pytest

from labs import LIBGCC, LIBM, LIBZ, mebibyte
from monitor import listen, read_memory
from shared_files import Elf, debian, dialogue, results


# zlib ----------------------------------------------------------------------

@debian
def test_checksums_of_zlib(machine):
    """crc32 and adler32 call nothing: relocation alone must be right."""
    data = LIBGCC.read_bytes()
    run = machine("exit -- call libz.so.1 crc32 0 @libgcc_s.so.1 "
                  "#libgcc_s.so.1; call libz.so.1 adler32 1 @libgcc_s.so.1 "
                  "#libgcc_s.so.1", modules=[LIBZ, LIBGCC]).run()
    assert results(run.text) == [("crc32", zlib.crc32(data)),
                                 ("adler32", zlib.adler32(data))]
    assert re.search("relocations: 4 R_386_GLOB_DAT, 48 R_386_JUMP_SLOT, "
                     "28 R_386_RELATIVE", run.text)


@debian
def test_an_unknown_function_ends_its_call(machine, lib):
    """It is bound when it is called, so that all others can be used."""
    user = lib("libuser.so", "int nobody(void); int known(int x) "
               "{ return x + 1; } int call(void) { return nobody(); }")
    with machine(modules=[user]).open() as console:
        console.prompt()
        said = console.run("call libuser.so call")
        assert re.search(r"libuser\.so called nobody, which this kernel does "
                         r"not offer \(from libuser\.so\+0x\w+ \(call", said)
        assert "(42)" in console.run("call libuser.so known 41")
        assert "gone" in console.run("unload libuser.so")


PACKER = """
int compress2(void *, unsigned *, const void *, unsigned, int);
int uncompress(void *, unsigned *, const void *, unsigned);
unsigned packed_size = 1 << 21, copy_size = 1 << 21;
unsigned char packed[1 << 21], copy[1 << 21];
int pack(const void *data, unsigned size, int level)
{ return compress2(packed, &packed_size, data, size, level); }
int unpack(void)
{ return uncompress(copy, &copy_size, packed, packed_size); }
int differs(const unsigned char *data, unsigned size)
{ if (size != copy_size) return -1;
  for (unsigned i = 0; i < size; i++) if (copy[i] != data[i]) return i + 1;
  return 0; }
unsigned size(void) { return packed_size; }
unsigned char *bytes(void) { return packed; }
"""


@debian
def test_what_zlib_compresses_decompresses_elsewhere(machine, lib, tmp_path):
    """A mebibyte through compress2 of libz.so.1 and back, by a program that
    is a shared object of our own. The compressed bytes come out through QEMU
    and must be read by Python's zlib."""
    data = mebibyte()
    (tmp_path / "mebibyte").write_bytes(data)
    packer = lib("libpacker.so", PACKER, needs=[LIBZ])
    once = ["load libz.so.1 at=random", "load libpacker.so at=random",
            "call libpacker.so pack @mebibyte #mebibyte 6",
            "call libpacker.so unpack",
            "call libpacker.so differs @mebibyte #mebibyte",
            "call libpacker.so size", "call libpacker.so bytes",
            "modules libz.so.1"]
    again = "unload libpacker.so; unload libz.so.1; "
    with machine(modules=[packer, LIBZ, tmp_path / "mebibyte"], limit=200,
                 extra=listen(tmp_path / "qmp")).open() as console:
        console.prompt()
        bases = set()
        for _ in range(3):
            text = console.run("; ".join(once), timeout=60)
            assert [v for _, v in results(text)][:3] == [0, 0, 0], text
            (_, size), (_, at) = results(text)[3:]
            packed = read_memory(tmp_path / "qmp", at, size,
                                 tmp_path / "packed")
            # The same release of zlib makes the same bytes.
            assert zlib.decompress(packed) == data and size < len(data)
            bases |= set(re.findall(r"libz\.so\.1: ELF shared at (\w+)", text))
            # 4 of them by words of data, the others at their first call.
            assert int(re.findall(r"imports: (\d+) bound", text)[-1]) > 12
            console.run(again)
        assert len(bases) == 3


# Relocated bytes against a reading of the file by other code ---------------

def expected(elf, base, addresses):
    """What each relocated word of the file must be at this base, if that can
    be known from the file: {address: word}. `addresses` are words that only
    the loader can tell, and so are left out."""
    words = {}
    for name, size in (("REL", "RELSZ"), ("JMPREL", "PLTRELSZ")):
        try:
            entries = list(elf.relocations(name, size))
        except LookupError:
            continue
        for _, where, kind, symbol in entries:
            old = elf.word(elf.place(where))
            value = elf.word(elf.symbol(symbol) + 4)
            defined = symbol and elf.half(elf.symbol(symbol) + 14)
            if kind == 8 or kind == 7:
                words[where] = old + base
            elif kind == 6 and defined:
                words[where] = value + base
            elif kind == 1 and defined:
                words[where] = value + base + old
            else:
                addresses.add(where)
    try:
        for where in elf.relr():
            words[where] = elf.word(elf.place(where)) + base
    except LookupError:
        pass
    got = elf.word(elf.tag("PLTGOT"))
    addresses |= {got + 4, got + 8}
    return words


def compare(elf, base, image):
    """Every byte of the segments is that of the file, or a relocated one."""
    unknown = set()
    words = expected(elf, base, unknown)
    wrong = []
    for offset, start, size, total, _ in elf.segments():
        wanted = bytearray(elf.data[offset:offset + size]).ljust(total, b"\0")
        got = bytearray(image[start:start + total])
        for where, word in words.items():
            if start <= where < start + total:
                struct.pack_into("<I", wanted, where - start,
                                 word & 0xffffffff)
        for where in unknown:
            if start <= where < start + total:
                wanted[where - start:where - start + 4] = \
                    got[where - start:where - start + 4]
        wrong += [hex(start + i) for i in range(total)
                  if wanted[i] != got[i]]
    return len(words), len(unknown), wrong


@debian
@pytest.mark.parametrize("path", [LIBZ, LIBGCC, LIBM],
                         ids=lambda path: path.name)
def test_relocated_bytes(machine, tmp_path, path):
    """At three bases, and nothing of it run: every byte."""
    with machine(modules=[path],
                 extra=listen(tmp_path / "qmp")).open() as console:
        console.prompt()
        for _ in range(3):
            text = console.run(f"load {path.name} at=random init=no")
            base, size = (int(word, 16) for word in re.search(
                r": ELF shared at 0x(\w+), 0x(\w+) bytes", text).groups())
            image = read_memory(tmp_path / "qmp", base, size,
                                tmp_path / "image")
            known, unknown, wrong = compare(Elf(path.read_bytes()), base,
                                            image)
            assert not wrong and known > 15, (known, unknown, wrong[:9])
            assert "gone" in console.run(f"unload {path.name}")


# Sixty-four bits -----------------------------------------------------------

EDGES = [1, 2, 3, 7, 10, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
         0x123456789abcdef, (1 << 63) - 1]


def quotient(name, a, b):
    """What C says: rounded towards zero, the remainder has a's sign."""
    if name.startswith("__u"):
        a, b = a & (1 << 64) - 1, b & (1 << 64) - 1
    q = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return (a - b * q if "mod" in name else q) & (1 << 64) - 1


@debian
def test_division_of_64_bits(machine):
    dice = random.Random(64)
    wanted = []
    for name in ("__divdi3", "__moddi3", "__udivdi3", "__umoddi3"):
        for _ in range(60):
            a, b = (dice.choice([dice.choice(EDGES),
                                 dice.getrandbits(dice.randrange(1, 63)) + 1])
                    * dice.choice([1, -1]) for _ in "ab")
            wanted.append((name, a, b))
    commands = [f"call libgcc_s.so.1 {name} {a}ll {b}ll"
                for name, a, b in wanted]
    got = re.findall(r"^(\w+) returned .*0x(\w{16})\b",
                     dialogue(machine, commands, [LIBGCC]), re.M)
    assert [(name, int(value, 16)) for name, value in got] == [
        (name, quotient(name, a, b)) for name, a, b in wanted]
