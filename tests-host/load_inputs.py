#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes files with a million relocations of one kind each, and of each a twin
that says it has none: the difference of their loads is what relocating costs.

    load_inputs.py FOLDER

    relative.so   R_386_RELATIVE, 4 MB of words that point into themselves
    relr.so       the same words by DT_RELR, a bit each
    symbols.so    R_386_32 against 100 000 symbols, ten times each
    symbol.so     R_386_32 against one symbol
    calls.so      R_386_PC32 in code, against one symbol
    highlow.dll   HIGHLOW, the same words as in relative.so
    NAME-none.*   the twins
"""
import struct
import subprocess
import sys
from pathlib import Path

COUNT = 1_000_000
SYMBOLS = 100_000

# Dynamic tags by what they say: of tables that move, only the size.
RELSZ, RELCOUNT, RELRSZ = 18, 0x6ffffffa, 35


def words(target):
    return (f".data\n.balign 4\nwords: .rept {COUNT}\n.long {target}\n"
            ".endr\n")


def symbols():
    names = [f"s{i}" for i in range(SYMBOLS)]
    yield ".data\n.balign 4\n"
    for name in names:
        yield f".globl {name}\n{name}:\n" + f".long {name}\n" * (
            COUNT // SYMBOLS)


SOURCES = {
    "relative": (words("words"), []),
    "relr": (words("words"), ["-z", "pack-relative-relocs"]),
    "symbols": ("".join(symbols()), []),
    "symbol": (".globl one\none = words\n" + words("one"), []),
    # In a section of its own, or the assembler knows the distance.
    "calls": (f'.globl one\n.section .one, "ax"\none: ret\n.text\n.rept '
              f"{COUNT}\n.byte 0xe8\n.long one - . - 4\n.endr\n",
              ["-z", "notext"]),
}


def shared_object(folder, name):
    source, flags = SOURCES[name]
    obj, path = folder / f"{name}.o", folder / f"{name}.so"
    subprocess.run(["as", "--32", "-o", obj, "-"], input=source, text=True,
                   check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-shared", "--hash-style=both",
                    *flags, "-o", path, obj], check=True)
    obj.unlink()
    return path


def without_elf(data):
    """The same with the tables' sizes 0: RELATIVE, RELR and the others."""
    data = bytearray(data)
    phoff, = struct.unpack_from("<I", data, 28)
    phnum, = struct.unpack_from("<H", data, 44)
    found = 0
    for i in range(phnum):
        kind, offset, _, _, size = struct.unpack_from("<5I", data,
                                                      phoff + 32 * i)
        for at in range(offset, offset + size, 8) if kind == 2 else []:
            tag, = struct.unpack_from("<I", data, at)
            if tag in (RELSZ, RELCOUNT, RELRSZ):
                struct.pack_into("<I", data, at + 4, 0)
                found += 1
    assert found
    return bytes(data)


def section(name, size, rva, raw, rights):
    return struct.pack("<8s6IHHI", name, size, rva, size, raw, 0, 0, 0, 0,
                       rights)


def pe(relocated):
    """Headers, a section of words, and their table: 1024 words a page."""
    pages = -(-COUNT // 1024)
    base, rva, size = 0x10000000, 0x1000, pages * 4096
    data = struct.pack("<I", base + rva) * (size // 4)
    table = b"".join(
        struct.pack("<II", rva + 4096 * p, 8 + 2 * n) +
        struct.pack(f"<{n}H", *(0x3000 + 4 * i for i in range(n)))
        for p in range(pages) for n in [min(1024, COUNT - 1024 * p)])
    length = len(table)
    table += bytes(-length % 4096)
    end = rva + size + len(table)
    header = struct.pack(
        "<IHHIIIHH" "HBB9I6H4I2H6I", 0x4550, 0x14c, 2, 0, 0, 0, 96 + 16 * 8,
        0x2102, 0x10b, 0, 0, 0, 0, 0, 0, 0, 0, base, 4096, 512,
        4, 0, 0, 0, 4, 0, 0, end, 1024, 0, 3, 0, 0, 0, 0, 0, 0, 16)
    header += bytes(5 * 8) + struct.pack(
        "<II", rva + size, length if relocated else 0) + bytes(10 * 8)
    header += section(b".data", size, rva, 1024, 0xc0000040)
    header += section(b".reloc", len(table), rva + size, 1024 + size,
                      0x42000040)
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    return (dos + header).ljust(1024, b"\0") + data + table


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in SOURCES:
        data = shared_object(folder, name).read_bytes()
        (folder / f"{name}-none.so").write_bytes(without_elf(data))
    (folder / "highlow.dll").write_bytes(pe(True))
    (folder / "highlow-none.dll").write_bytes(pe(False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
