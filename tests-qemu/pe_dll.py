# SPDX-License-Identifier: MIT
"""DLLs of the tests, made of sections and machine code, and what a machine
says of them."""
import re
import struct

from pe_file import (CODE, DATA, DELAY, EXPORT, IMPORT, READ, RELOC, TLS, Pe,
                     block, exports, imports)

RET = b"\xc3"


def returns(value):
    """mov $value, %eax; ret. The operand is at offset 1."""
    return b"\xb8" + struct.pack("<I", value & 0xffffffff) + RET


def reads(address):
    """mov address, %eax; ret. The operand is at offset 1."""
    return b"\xa1" + struct.pack("<I", address & 0xffffffff) + RET


def jumps(slot):
    """jmp *slot: how a DLL calls an import. The operand is at offset 2."""
    return b"\xff\x25" + struct.pack("<I", slot & 0xffffffff)


def poked(data, at, form, value):
    data = bytearray(data)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def write(path, pe):
    data = pe if isinstance(pe, bytes) else pe.bytes()
    path.write_bytes(data)
    return path


def with_exports(pe, listed, names=None, **changes):
    """Adds an export table; pairs of name and RVA unless `names` is given."""
    if names is None:
        names = [(name, i) for i, (name, _) in enumerate(listed)]
        listed = [rva for _, rva in listed]
    data = exports(pe.next_rva, listed, names, **changes)
    pe.directory[EXPORT] = pe.section(".edata", data, READ)


class Code:
    """Machine code in which an integer stands for the address of an RVA, and
    becomes a base relocation."""
    def __init__(self, pe):
        self.pe, self.rva, self.data, self.words = pe, pe.next_rva, b"", []

    def add(self, *parts):
        start = self.rva + len(self.data)
        for part in parts:
            if isinstance(part, int):
                self.words.append(len(self.data))
                part = struct.pack("<I", self.pe.base + part)
            self.data += part
        return start

    def finish(self):
        self.pe.section(".text", self.data, CODE)
        return block(self.rva, self.words)


def typed_dll():
    """Words of all types, at odd places, one of them across two pages, and a
    function for each that returns it."""
    pe = Pe(base=0x40000000)
    text, data = 0x1000, 0x2000
    body = bytearray(0x2000)
    target = pe.base + 0x9234  # its low half is negative
    words = {"highlow": (0x501, "<I", target), "across": (0xffe, "<I", target),
             "unaligned": (0x10ff, "<I", target),
             "low": (0x603, "<H", target & 0xffff),
             "highadj": (0x705, "<H", target + 0x8000 >> 16)}
    for at, form, value in words.values():
        struct.pack_into(form, body, at, value)
    code = b"".join(reads(pe.base + data + at) for at, _, _ in words.values())
    assert pe.section(".text", code, CODE) == text
    assert pe.section(".data", bytes(body), DATA, size=0x9000) == data
    with_exports(pe, [(name, text + 6 * i) for i, name in enumerate(words)])
    table = block(text, [6 * i + 1 for i in range(5)])
    # An odd VirtualAddress and an odd number of entries, so that the next
    # block is not aligned either; one for address 0; padding anywhere.
    table += block(data + 0x500, [(0, 0), 1, (2, 0x103), (4, 0x205),
                                  ("raw", target & 0xffff)])
    table += block(0, [(0, 0x123)]) + block(data + 0xfff, [0x100])
    table += block(data + 0xffe, [0])
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe, words, target


def forwarding(**forwards):
    """A DLL that exports `own`, returning 5, and forwarders."""
    pe = Pe()
    text = pe.section(".text", returns(5), CODE)
    with_exports(pe, [("own", text), *forwards.items()])
    return pe


def calls_strlen(stamp=0, names_too=True, delayed=False):
    """A DLL with one function that is msvcrt's strlen."""
    pe = Pe()
    # A thunk that must never run: UD2.
    data, slot = imports(0x1000, [("msvcrt.dll", ["strlen", "nosuch", 7])],
                         stamp, names_too, delayed, pe.base + 0x200e)
    pe.directory[DELAY if delayed else IMPORT] = pe.section(".idata", data,
                                                            DATA)
    text = pe.next_rva
    pe.section(".text", b"".join(
        jumps(pe.base + at) for at in slot.values()) + b"\x0f\x0b", CODE)
    with_exports(pe, [("length", text), ("nosuch", text + 6),
                      ("seven", text + 12)])
    table = block(text, [2, 8, 14])
    if delayed:
        table = block(0x1000, [at - 0x1000 for at in slot.values()]) + table
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe


def living_dll(result=1, detach=b"", **fields):
    """A DLL that keeps what it is told: the callbacks count in `calls`, and
    DllMain keeps the count, its arguments and the thread block."""
    pe = Pe(**fields)
    calls, count, instance, reason, reserved, block_at, index = (
        0x1000 + 4 * n for n in range(7))
    pe.section(".data", bytes(64), DATA)
    code = Code(pe)
    callback = code.add(b"\xff\x05", calls, b"\xc2\x0c\0")
    main = code.add(
        b"\x8b\x44\x24\x08\x85\xc0\x75" + bytes([len(detach)]), detach,
        b"\xa3", reason, b"\x8b\x44\x24\x04\xa3", instance,
        b"\x8b\x44\x24\x0c\xa3", reserved, b"\xa1", calls, b"\xa3", count,
        b"\x64\xa1\x18\0\0\0\xa3", block_at,
        b"\xb8" + struct.pack("<I", result) + b"\xc2\x0c\0")
    names = {name: code.add(b"\xa1", rva, RET) for name, rva in (
        ("calls", calls), ("count", count), ("instance", instance),
        ("reason", reason), ("reserved", reserved), ("block", block_at))}
    names["self"] = code.add(b"\x64\xa1\x18\0\0\0", RET)
    variable = b"\x8b\x0d", index, b"\x64\xa1\x2c\0\0\0\x8b\x04\x88"
    for n in range(3):
        names[f"get{n}"] = code.add(*variable, b"\x8b\x40" + bytes([4 * n]),
                                    RET)
    names["set"] = code.add(*variable, b"\x8b\x4c\x24\x04\x89\x48\x04", RET)
    table = code.finish()
    at = pe.next_rva
    tls = struct.pack("<6I", pe.base + at + 24, pe.base + at + 32,
                      pe.base + index, pe.base + at + 32, 4, 0)
    tls += struct.pack("<5I", 0x1234, pe.base + names["calls"],
                       pe.base + callback, pe.base + callback, 0)
    pe.directory[TLS] = pe.section(".tls", tls, DATA)
    table += block(at, [0, 4, 8, 12, 28, 32, 36])
    with_exports(pe, list(names.items()))
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    pe.fields.setdefault("entry", main)
    return pe


def load_all(machine, paths, commands=()):
    """Loads each file and runs the commands. What was said, file by file."""
    with machine(modules=paths).open() as console:
        console.prompt()
        said = [console.run(f"load {path.name}") for path in paths]
        said += [console.run(command) for command in commands]
        assert re.search("^0 pages writable", console.run("audit"), re.M)
    return said


def base_of(said):
    return int(re.search(r"PE at 0x(\w+)", said)[1], 16)


def returned(said):
    found = re.search(r"returned 0x(\w+)", said)
    assert found, said
    return int(found[1], 16)


def refusals(machine, tmp_path, cases):
    """Loads what must be refused: {name: (file, words)}. All in one boot;
    one line each, and the memory is as before."""
    paths = [write(tmp_path / f"{name}.dll", pe)
             for name, (pe, _) in cases.items()]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run(f"load {paths[0].name}")  # the heap takes its own page
        before = console.run("mem")
        for path, (_, words) in zip(paths, cases.values()):
            said = console.run(f"load {path.name}").splitlines()
            assert len(said) == 1 and said[0].startswith(path.name), said
            assert words in said[0], (words, said[0])
        assert console.run("mem") == before
        assert console.run("modules").startswith("no images")
