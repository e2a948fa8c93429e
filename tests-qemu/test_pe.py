# SPDX-License-Identifier: MIT
"""The PE loader against files made for one question each, and against the
DLLs that Debian has. pefile reads the same files with other eyes."""
import re
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from kernel import plain
from labs import ZLIB, mebibyte
from monitor import Monitor
from pe_file import (CLR, CODE, DATA, DELAY, EXPORT, IMPORT, READ, RELOC, TLS,
                     Pe, block, exports, imports)

pefile = pytest.importorskip("pefile")

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


# Headers ------------------------------------------------------------------

def plain_dll(**fields):
    """One function, `get`, which returns the address of its own operand's
    word, and one relocation for that."""
    pe = Pe(**fields)
    text = pe.next_rva
    pe.section(".text", returns(pe.base + text), CODE)
    with_exports(pe, [("get", text)])
    pe.directory[RELOC] = pe.section(".reloc", block(text & ~0xfff,
                                                     [(text & 0xfff) + 1]),
                                     READ)
    return pe


def test_the_writer_writes_what_pefile_reads():
    pe = pefile.PE(data=plain_dll().bytes())
    assert [e.name for e in pe.DIRECTORY_ENTRY_EXPORT.symbols] == [b"get"]
    assert [e.type for b in pe.DIRECTORY_ENTRY_BASERELOC
            for e in b.entries] == [3]


ODD_BUT_GOOD = {
    "align1": {"align": 1, "file_align": 1},
    "align4": {"align": 4, "file_align": 4},
    "align200": {"align": 0x200, "file_align": 0x200},
    "align2000": {"align": 0x2000, "file_align": 0x1000},
    "align10000": {"align": 0x10000},
    "base0": {"base": 0},
    "top": {"base": 0xffff0000},
    "lfanew4": {"e_lfanew": 0x41},
    "lfanew3fe": {"e_lfanew": 0x1fd},
    "subsystem": {"subsystem": 0},
}


def test_odd_headers_that_are_legal(machine, tmp_path):
    paths = [write(tmp_path / f"{name}.dll", plain_dll(**fields))
             for name, fields in ODD_BUT_GOOD.items()]
    said = load_all(machine, paths, [f"call {p.name} get" for p in paths])
    for load, call, fields in zip(said, said[len(paths):],
                                  ODD_BUT_GOOD.values()):
        text = plain_dll(**fields).sections[0]["rva"]
        assert returned(call) == base_of(load) + text, (load, call)
        assert "relocations: 1 HIGHLOW" in load


def sections(count):
    pe = Pe(file_align=0x1000, start=0x2000)
    pe.headers = pe.next_raw = 0x2000
    for number in range(count):
        pe.section(f".s{number}", b"x", READ)
    return pe


def test_sections_from_one_to_96(machine, tmp_path):
    paths = [write(tmp_path / f"s{n}.dll", sections(n)) for n in (1, 96)]
    for said in load_all(machine, paths):
        assert "PE at" in said, said


def test_sizes_of_sections(machine, tmp_path):
    """VirtualSize 0 means the size of the bytes; fewer bytes than that are
    followed by zeros, more are cut off."""
    pe = Pe()
    text = pe.next_rva
    pe.section(".text", b"".join(reads(pe.base + text + 0x1000 * n + at)
                                 for n, at in ((1, 0x1fc), (2, 4), (3, 4))),
               CODE)
    pe.section(".zero", b"\xaa" * 0x200, READ, size=0)
    pe.section(".more", b"\xbb" * 4, DATA, size=0x800)
    pe.section(".less", b"\xcc" * 0x200, READ, size=2)
    with_exports(pe, [("zero", text), ("more", text + 6),
                      ("less", text + 12)])
    pe.directory[RELOC] = pe.section(".reloc", block(text, [1, 7, 13]), READ)
    path = write(tmp_path / "sizes.dll", pe)
    said = load_all(machine, [path], [f"call sizes.dll {name}" for name in
                                      ("zero", "more", "less")])
    assert [returned(call) for call in said[1:]] == [0xaaaaaaaa, 0, 0]


def test_directories_may_be_fewer(machine, tmp_path):
    """With no directory nothing is exported, and nothing needs to move."""
    none = Pe(directories=0, optional_size=96)
    none.section(".text", RET, CODE)
    two = Pe(directories=2, optional_size=112)
    with_exports(two, [("get", two.section(".text", returns(7), CODE))])
    many = Pe(directories=20, optional_size=96 + 160)
    with_exports(many, [("get", many.section(".text", returns(8), CODE))])
    paths = [write(tmp_path / "none.dll", none),
             write(tmp_path / "two.dll", two),
             write(tmp_path / "many.dll", many)]
    said = load_all(machine, paths, ["symbols none.dll", "call two.dll get",
                                     "call many.dll get"])
    assert "0 defined" in said[3]
    assert [returned(call) for call in said[4:]] == [7, 8]


def changed(change):
    """A plain DLL after some change to its sections."""
    pe = plain_dll()
    change(pe.sections)
    return pe


def swap(s):
    s[0], s[1] = s[1], s[0]


def low(rights):
    """A file with two sections on one page."""
    pe = Pe(align=0x200)
    pe.section(".text", RET, CODE)
    pe.section(".other", b"x", rights)
    return pe


BAD_HEADERS = {
    "sections97": (sections(97), "NumberOfSections at offset 0x86 is 0x61"),
    "sections0": (plain_dll(sections=0), "NumberOfSections"),
    "sections65535": (plain_dll(sections=65535),
                      "NumberOfSections at offset 0x86 is 0xffff"),
    "lfanew": (poked(plain_dll().bytes(), 60, "<I", 0xfffffff0),
               "e_lfanew at offset 0x3c is 0xfffffff0"),
    "optional": (plain_dll(optional_size=88),
                 "SizeOfOptionalHeader at offset 0x94 is 0x58"),
    "magic": (plain_dll(magic=0x20b), "Magic at offset 0x98 is 0x20b"),
    "rom": (plain_dll(magic=0x107), "Magic at offset 0x98 is 0x107"),
    "machine": (plain_dll(machine=0x8664), "Machine at offset 0x84"),
    "directories": (plain_dll(directories=17),
                    "NumberOfRvaAndSizes at offset 0xf4 is 0x11"),
    "directoriesall": (plain_dll(directories=0xffffffff),
                       "NumberOfRvaAndSizes at offset 0xf4 is 0xffffffff"),
    "align0": (plain_dll(section_alignment=0),
               "SectionAlignment at offset 0xb8 is 0x0"),
    "filealign": (plain_dll(file_alignment=0x300),
                  "FileAlignment at offset 0xbc is 0x300"),
    "alignbelow": (plain_dll(section_alignment=0x100),
                   "smaller than FileAlignment"),
    "sizeofimage": (plain_dll(size_of_image=0x3800),
                    "SizeOfImage at offset 0xd0 is 0x3800"),
    "sizeofimage0": (plain_dll(size_of_image=0), "SizeOfImage"),
    "headers": (plain_dll(size_of_headers=0x100),
                "do not hold the section table"),
    "entry": (plain_dll(entry=0x80000000),
              "AddressOfEntryPoint at offset 0xa8 is 0x80000000"),
    "imagebase": (plain_dll(image_base=0x10001000), "ImageBase"),
    "object": (plain_dll(characteristics=0),
               "Characteristics at offset 0x96 is 0x0"),
    "order": (changed(swap), "overlaps the headers or the section before"),
    "overlap": (changed(lambda s: s[0].update(size=0x1001)),
                "VirtualAddress at offset 0x1ac is 0x2000: overlaps"),
    "wrap": (changed(lambda s: s[2].update(size=0xffffffff)),
             "VirtualSize at offset 0x1d0 is 0xffffffff"),
    "raw": (changed(lambda s: s[2].update(raw_size=0x10000)),
            "PointerToRawData at offset 0x1dc is 0x800: the section's bytes "
            "end past the file"),
    "rawwrap": (changed(lambda s: s[2].update(raw=0xfffffe00)),
                "PointerToRawData at offset 0x1dc is 0xfffffe00"),
    "rwx": (changed(lambda s: s[0].update(rights=CODE | DATA)),
            "both writable and executable"),
    "page": (low(DATA), "VirtualAddress at offset 0x1ac is 0x600: code and "
             "data would share a page"),
}


def test_bad_headers_are_named(machine, tmp_path):
    clr = plain_dll()
    clr.directory[CLR] = (0x1000, 72)
    refusals(machine, tmp_path, {**BAD_HEADERS, "clr": (clr, "CLR header")})


def test_constants_may_share_a_page(machine, tmp_path):
    """With code, and with data: neither makes a page writable and
    executable, which load_all asks `audit`."""
    assert "PE at" in load_all(machine, [write(tmp_path / "low.dll",
                                               low(READ))])[0]


@pytest.mark.parametrize("at", [0x1000, 0x1200, 0x1e00])
def test_small_sections_on_pages_of_their_own(machine, tmp_path, at):
    """Code and data in one small file, as long as they share no page: the
    data may begin anywhere on theirs."""
    pe = Pe(align=0x200)
    code = Code(pe)
    names = {"get": code.add(b"\xa1", at, RET),
             "set": code.add(b"\x8b\x44\x24\x04\xa3", at, RET)}
    table = code.finish()
    pe.next_rva = pe.next_raw = at
    pe.section(".data", struct.pack("<I", 0x1234), DATA)
    with_exports(pe, list(names.items()))
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    said = load_all(machine, [write(tmp_path / "small.dll", pe)],
                    ["call small.dll get", "call small.dll set 77",
                     "call small.dll get"])
    assert returned(said[1]) == 0x1234 and returned(said[3]) == 77


# Base relocations ---------------------------------------------------------

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


def test_relocations_of_all_types(machine, tmp_path):
    pe, words, target = typed_dll()
    path = write(tmp_path / "typed.dll", pe)
    said = load_all(machine, [path], [f"call typed.dll {w}" for w in words])
    assert "1 LOW, 8 HIGHLOW, 1 HIGHADJ" in said[0]
    moved = target + base_of(said[0]) - pe.base & 0xffffffff
    found = [returned(call) for call in said[1:]]
    assert found[:3] == [moved] * 3
    assert found[3] & 0xffff == moved & 0xffff
    assert found[4] & 0xffff == moved + 0x8000 >> 16
    # The bytes behind a 16-bit word are not part of it.
    assert found[3] >> 16 == found[4] >> 16 == 0


def many_relocations(order):
    """More words than the loader takes care of one by one, in this order of
    their numbers; a function sums them."""
    pe = Pe(base=0x20000000)
    count = 3000
    data = b"".join(struct.pack("<I", pe.base + 4 * i) for i in range(count))
    # xor eax,eax; mov $count,%ecx; add -4+data(,%ecx,4),%eax; loop; ret
    code = (b"\x31\xc0\xb9" + struct.pack("<I", count)
            + b"\x03\x04\x8d" + struct.pack("<I", pe.base + 0x2000 - 4)
            + b"\xe2\xf7\xc3")
    text = pe.section(".text", code, CODE)
    rva = pe.section(".data", data, DATA)
    with_exports(pe, [("sum", text)])
    table = block(text, [10])
    at = 0
    numbers = list(order(count))
    while at < len(numbers):
        page = numbers[at] * 4 & ~0xfff
        end = at
        while end < len(numbers) and numbers[end] * 4 & ~0xfff == page:
            end += 1
        table += block(rva + page, [n * 4 & 0xfff for n in numbers[at:end]])
        at = end
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe, count


@pytest.mark.parametrize("order", [
    lambda n: range(n), lambda n: reversed(range(n)),
    lambda n: [*range(1500, n), *range(1500)],
    lambda n: [*range(0, n, 2), *range(1, n, 2)],
], ids=["ascending", "descending", "two runs", "odd and even"])
def test_the_order_of_relocations_does_not_matter(machine, tmp_path, order):
    pe, count = many_relocations(order)
    said = load_all(machine, [write(tmp_path / "many.dll", pe)],
                    ["call many.dll sum"])
    assert f"{count + 1} HIGHLOW" in said[0]
    base = base_of(said[0])
    assert returned(said[1]) == sum(base + 4 * i for i in range(count)) & (
        0xffffffff)


def relocated(table, **fields):
    pe = Pe(**fields)
    pe.section(".text", bytes(16), CODE)
    pe.section(".data", bytes(0x1800), DATA)
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe


def twice(order):
    return relocated(many_relocations(order)[0].sections[-1]["data"]
                     .replace(struct.pack("<I", 0x4000),
                              struct.pack("<I", 0x3000)))


BAD_TABLES = {
    **{f"type{t}": (relocated(block(0x1000, [(t, 4)])),
                    f"has type {t}: not one of 0 to 4")
       for t in (5, 6, 7, 8, 9, 10, 15)},
    **{f"size{n}": (relocated(block(0x1000, [0], size=n)),
                    f"SizeOfBlock at RVA 0x4004 is 0x{n:x}: smaller")
       for n in range(8)},
    "odd": (relocated(block(0x1000, [0, 8], size=11)), "is 0xb: odd"),
    "past": (relocated(block(0x1000, [0], size=12)), "past the directory"),
    "wrap": (relocated(block(0x1000, [0], size=0xfffffff0)),
             "SizeOfBlock at RVA 0x4004 is 0xfffffff0"),
    "left": (relocated(block(0x1000, [0]) + b"\0" * 6),
             "ends with 6 bytes at RVA 0x400a, too few for a block"),
    "headers": (relocated(block(0, [0x3fc])), "would change the headers"),
    "table": (relocated(block(0x4000, [2])),
              "would change the table that is being read"),
    "image": (relocated(block(0x4000, [0xffd])),
              "RVA 0x4ffd in the block for page 0x4000 is outside"),
    "pagewrap": (relocated(block(0xfffff800, [0x804])), "outside the image"),
    "gap": (relocated(block(0x1000, [0x100])), "which are in no section"),
    "end": (relocated(block(0x1000, [13])), "which are in no section"),
    "same": (relocated(block(0x2000, [8, 8])), "for the second time"),
    "overlap": (relocated(block(0x2000, [8, 12]) + block(0x2000, [10])),
                "at image offset 0x200a for the second time"),
    "half": (relocated(block(0x2000, [8, (2, 11)])), "for the second time"),
    "adj": (relocated(block(0x2000, [8, (4, 16)])),
            "HIGHADJ relocation 0x4010 at RVA 0x400a is the last"),
    "stripped": (relocated(b"", characteristics=0x2103, base=0xfff00000),
                 "at 0xfff00000: the address belongs to the kernel"),
}


def test_bad_relocation_tables_are_named(machine, tmp_path):
    refusals(machine, tmp_path, BAD_TABLES)


def test_a_word_twice_is_found_in_a_long_run(machine, tmp_path):
    """Once beside the run, once behind it, once in a second long run."""
    pages = [list(range(0, 0x1000, 4)), list(range(0, 0x800, 4))]
    run = block(0x2000, pages[0]) + block(0x3000, pages[1])
    refusals(machine, tmp_path, {
        "after": (relocated(run + block(0x2000, [0x102])),
                  "0x2102 for the second time"),
        "before": (relocated(block(0x3000, [0x402]) + run),
                   "0x3400 for the second time"),
        "again": (relocated(run + run), "0x2000 for the second time"),
    })


def two_runs(*more):
    """Two sections with a long run of relocations each, and more blocks. The
    second section holds the slot of an import."""
    pe = Pe()
    pe.section(".data", bytes(0x2000), DATA)
    data = imports(pe.next_rva, [("msvcrt.dll", ["strlen"])])[0]
    pe.directory[IMPORT] = pe.section(".idata", data.ljust(0x2000, b"\0"),
                                      DATA)
    words = [range(0, 0x1000, 4), range(0, 0x1000, 4),
             range(0x100, 0x1000, 4), range(0, 0x1000, 4)]
    table = b"".join(block(0x1000 * n + 0x1000, list(part))
                     for n, part in enumerate(words))
    pe.directory[RELOC] = pe.section(".reloc", table + b"".join(more), READ)
    return pe


def test_two_long_runs(machine, tmp_path):
    """The first gives way to the second and is not forgotten."""
    good = load_all(machine, [write(tmp_path / "good.dll", two_runs())])[0]
    assert "4032 HIGHLOW" in good
    refusals(machine, tmp_path, {
        "first": (two_runs(block(0x1000, [0x202])),
                  "at image offset 0x1202 for the second time"),
        "second": (two_runs(block(0x3000, [0x202])),
                   "at image offset 0x3202 for the second time"),
        "slot": (many_with_slot(), "for the second time"),
    })


def many_with_slot():
    """One long run, without a gap, over the slot of an import."""
    pe = Pe()
    data = imports(pe.next_rva, [("msvcrt.dll", ["strlen"])])[0]
    pe.directory[IMPORT] = pe.section(".idata", data.ljust(0x2000, b"\0"),
                                      DATA)
    pe.directory[RELOC] = pe.section(
        ".reloc", block(0x1000, list(range(0, 0x1000, 4)))
        + block(0x2000, list(range(0, 0x1000, 4))), READ)
    return pe


def test_high_needs_a_move_by_64_kib(machine, tmp_path):
    """The kernel's own choice is a page, so that this shows one of the two
    ends: moved right, or refused in words."""
    said = load_all(machine, [write(tmp_path / "high.dll", relocated(
        block(0x2000, [(1, 4)])))])[0]
    if "PE at" in said:
        assert base_of(said) & 0xffff == 0
    else:
        assert "would lose a carry" in said


# Exports and imports ------------------------------------------------------

def test_exports_by_ordinal_and_in_any_order(machine, tmp_path):
    """Names need not be sorted; a function may have two names, or none and
    only a number; numbers may be left out."""
    lib = Pe()
    text = lib.section(".text", b"".join(returns(v) for v in (1, 2, 3)), CODE)
    with_exports(lib, [text, 0, text + 6, text + 12],
                 [("zulu", 0), ("alpha", 2), ("mike", 0)], base=40)
    user = Pe()
    data, slot = imports(0x1000, [("LIB.DLL", [42, 43, 40, 41, "alpha"])])
    user.directory[IMPORT] = user.section(".idata", data, DATA)
    text = user.next_rva
    code = b"".join(jumps(user.base + slot["LIB.DLL", s])
                    for s in (42, 43, 40, 41, "alpha"))
    user.section(".text", code, CODE)
    with_exports(user, [(f"f{n}", text + 6 * n) for n in range(5)])
    user.directory[RELOC] = user.section(
        ".reloc", block(text, [6 * n + 2 for n in range(5)]), READ)
    paths = [write(tmp_path / "user.dll", user),
             write(tmp_path / "lib.dll", lib)]
    with machine(modules=paths).open() as console:
        console.prompt()
        said = console.run("load user.dll")
        assert "4 bound, 1 lead to refusing stubs" in said
        assert "uses lib.dll" in said
        found = [returned(console.run(f"call user.dll f{n}"))
                 for n in (0, 1, 2, 4)]
        assert found == [2, 3, 1, 2]
        assert "LIB.DLL!#41, which" in console.run("call user.dll f3")
        assert "#43" in console.run("symbols lib.dll")
        assert returned(console.run("call lib.dll mike")) == 1
        assert returned(console.run("call lib.dll #43")) == 3
        assert "uses it" in console.run("unload lib.dll")


def forwarding(**forwards):
    """A DLL that exports `own`, returning 5, and forwarders."""
    pe = Pe()
    text = pe.section(".text", returns(5), CODE)
    with_exports(pe, [("own", text), *forwards.items()])
    return pe


def test_forwarders_are_followed(machine, tmp_path):
    """By name, by number, twice in a row, to the kernel, and to nobody."""
    paths = [write(tmp_path / "a.dll", forwarding(
                 f="B.own", g="b.#1", h="B.c", m="MSVCRT.strlen",
                 n="KERNEL64.Sleep", o="B.nosuch", dots="b.dll.own")),
             write(tmp_path / "b.dll", forwarding(c="C.own")),
             write(tmp_path / "c.dll", forwarding())]
    with machine(modules=paths).open() as console:
        console.prompt()
        assert "uses b.dll" in console.run("load a.dll")
        for name in ("f", "g", "h", "dots"):
            assert returned(console.run(f"call a.dll {name}")) == 5
        assert returned(console.run('call a.dll m "four"')) == 4
        for name in ("n", "o"):
            assert "forward" in console.run(f"call a.dll {name}")
        assert "uses c.dll" in console.run("modules b.dll")
        assert "f, to B.own" in console.run("symbols a.dll")


LOOPS = {
    "self": ({"self": {"f": "SELF.f"}},
             "forwarder loop: self.dll!f -> self.dll!f"),
    "two": ({"a": {"f": "B.g"}, "b": {"g": "A.f"}},
            "forwarder loop: a.dll!f -> b.dll!g -> a.dll!f"),
    "later": ({"a": {"f": "B.g"}, "b": {"g": "C.h"}, "c": {"h": "B.g"}},
              "forwarder loop: b.dll!g -> c.dll!h -> b.dll!g"),
    "long": ({"a": {f"f{n}": f"A.f{n + 1}" for n in range(20)}},
             "forwarded more than 16 times"),
}


@pytest.mark.parametrize("kind", LOOPS)
def test_forwarder_loops_are_named(machine, tmp_path, kind):
    files, words = LOOPS[kind]
    paths = [write(tmp_path / f"{name}.dll", forwarding(**forwards))
             for name, forwards in files.items()]
    with machine(modules=paths).open() as console:
        console.prompt()
        assert words in console.run(f"load {paths[0].name}")
        assert console.run("modules").startswith("no images")


def test_dlls_may_need_each_other_in_a_circle(machine, tmp_path):
    def one(name, other):
        pe = Pe()
        data, slot = imports(0x1000, [(other, ["own"])])
        pe.directory[IMPORT] = pe.section(".idata", data, DATA)
        text = pe.next_rva
        pe.section(".text", jumps(pe.base + slot[other, "own"])
                   + returns(ord(name)), CODE)
        with_exports(pe, [("other", text), ("own", text + 6)])
        pe.directory[RELOC] = pe.section(".reloc", block(text, [2]), READ)
        return write(tmp_path / f"{name}.dll", pe)
    paths = [one("a", "B.dll"), one("b", "A.dll")]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load a.dll")
        assert returned(console.run("call a.dll other")) == ord("b")
        assert returned(console.run("call b.dll other")) == ord("a")


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


@pytest.mark.parametrize("how", [
    {}, {"stamp": 0xffffffff}, {"stamp": 0x12345678}, {"names_too": False},
    {"delayed": True},
], ids=["plain", "bound new", "bound old", "no names", "delayed"])
def test_imports_of_all_kinds(machine, tmp_path, how):
    path = write(tmp_path / "length.dll", calls_strlen(**how))
    said = load_all(machine, [path], ['call length.dll length "seven.."',
                                      "call length.dll nosuch",
                                      "call length.dll seven"])
    assert "1 bound, 2 lead to refusing stubs" in said[0]
    assert returned(said[1]) == 7
    assert "msvcrt.dll!nosuch, which this kernel does not offer" in said[2]
    assert "msvcrt.dll!#7, which this kernel does not offer" in said[3]


@pytest.mark.parametrize("delayed", [False, True])
def test_all_unknown_imports_are_named_at_once(machine, tmp_path, delayed):
    """Nothing that it calls may be missing: then it is not loaded. What is
    missing in what it needs is told, too."""
    first = Pe()
    data, _ = imports(0x1000, [("length.dll", ["length", "no"])])
    first.directory[IMPORT] = first.section(".idata", data, DATA)
    first.directory[RELOC] = (0, 0)
    paths = [write(tmp_path / "first.dll", first),
             write(tmp_path / "length.dll", calls_strlen(delayed=delayed))]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load first.dll bind=now")  # the heap takes a page
        before = console.run("mem")
        said = console.run("load first.dll bind=now").splitlines()
        assert said == [
            "first.dll: offered neither by the kernel nor by a loaded image: "
            "length.dll!no; length.dll: offered neither by the kernel nor by "
            "a loaded image: msvcrt.dll!nosuch, msvcrt.dll!#7"]
        assert console.run("mem") == before
        assert console.run("modules").startswith("no images")
        assert "2 lead to refusing" in console.run("load length.dll bind=lazy")


def importing(data, directory=IMPORT, at=0):
    pe = Pe()
    pe.directory[directory] = (pe.section(".idata", data, DATA) + at, 20)
    return pe


def exporting(names=(), **changes):
    pe = Pe()
    text = pe.section(".text", RET, CODE)
    with_exports(pe, [text], names, **changes)
    return pe


ONE = imports(0x1000, [("a.dll", ["f"])])[0]
LATE = imports(0x1000, [("a.dll", ["f"])], delayed=True)[0]

BAD_NAMES = {
    "noend": (importing(ONE.ljust(0xfe4, b"\0") + ONE[:20], at=0xfe4),
              "the import table: 1 entries of 20 bytes at RVA 0x1ff8 reach "
              "past the image"),
    "nothunkend": (importing(poked(ONE, 0, "<I", 0x1ffc).ljust(
        0x1000, b"\xff")), "import names: 1 entries of 4 bytes at RVA "
        "0x2000"),
    "iatend": (importing(poked(ONE, 16, "<I", 0xfffffffc)),
               "the IAT: 1 entries of 4 bytes at RVA 0xfffffffc"),
    "iathead": (importing(poked(ONE, 16, "<I", 0x100)),
                "the IAT slot at RVA 0x100 for f is in the headers"),
    "dllname": (importing(poked(ONE, 12, "<I", 0x7fffffff)),
                "the name of a DLL at RVA 0x7fffffff"),
    "unprintable": (importing(ONE.replace(b"a.dll", b"a\x1b[2J")),
                    "the name of a DLL at RVA"),
    "name": (importing(poked(ONE, 40, "<I", 0x7fffffff)),
             "the name of an import at RVA 0x80000001"),
    "bound": (importing(imports(0x1000, [("a.dll", ["f"])], 0xffffffff,
                                False)[0]),
              "OriginalFirstThunk at RVA 0x1000 is 0x0: the imports are "
              "bound"),
    "delaykind": (importing(poked(LATE, 0, "<I", 0), DELAY),
                  "Attributes at RVA 0x1000 is 0x0"),
    "delayiat": (importing(poked(LATE, 12, "<I", 0x1ffe), DELAY),
                 "the IAT: 1 entries of 4 bytes at RVA 0x1ffe"),
    "functions": (exporting(function_count=0x10001),
                  "NumberOfFunctions at RVA 0x2014 is 0x10001"),
    "base": (exporting(base=0x10000), "more than 16-bit ordinals"),
    "names": (exporting(name_count=0x10001),
              "NumberOfNames at RVA 0x2018 is 0x10001"),
    "tables": (exporting(function_table=0xfffffffc),
               "AddressOfFunctions: 1 entries of 4 bytes at RVA 0xfffffffc"),
    "index": (exporting([("f", 1)]),
              "export f at RVA 0x2030 has ordinal 1 of 1"),
    "forward": (forwarding(f="nodot"), 'is "nodot", not DLL.NAME'),
    "forward1": (forwarding(f=".x"), "not DLL.NAME"),
    "forward2": (forwarding(f="x."), "not DLL.NAME"),
    "forward3": (forwarding(f=""), "a forwarder at RVA"),
}


def test_bad_names_and_tables_are_named(machine, tmp_path):
    far = Pe()
    with_exports(far, [("f", 0x3000)])
    refusals(machine, tmp_path, {
        **BAD_NAMES, "far": (far, "export f has RVA 0x3000, outside")})


# The image's own code -----------------------------------------------------

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


def test_dllmain_callbacks_and_variables(machine, tmp_path):
    paths = [write(tmp_path / f"{name}.dll", living_dll())
             for name in ("one", "two")]
    with machine(modules=paths).open() as console:
        console.prompt()
        base = base_of(console.run("load one.dll"))
        console.run("load two.dll")

        def ask(words):
            return returned(console.run(f"call {words}"))
        assert ask("one.dll calls") == 2
        assert ask("one.dll count") == 2, "callbacks come before DllMain"
        assert ask("one.dll instance") == base
        assert (ask("one.dll reason"), ask("one.dll reserved")) == (1, 0)
        assert ask("one.dll block") == ask("two.dll self") != 0
        # Two files, two copies: a relocated word, a number, and zeros.
        ask("one.dll set 77")
        assert [ask(f"one.dll get{n}") for n in (0, 1, 2)][0] == 0x1234
        assert ask("one.dll get1") == 77
        assert ask("two.dll get1") == base_of(console.run(
            "modules two.dll")) + struct.unpack("<I", living_dll().sections[2][
                "data"][28:32])[0] - 0x10000000
        assert ask("two.dll get2") == 0
        assert "gone" in console.run("unload one.dll")
        assert "gone" in console.run("unload two.dll")


def test_dllmain_may_refuse_or_fail(machine, tmp_path):
    """In words, and the machine goes on. What ran is not forgotten."""
    paths = [write(tmp_path / "false.dll", living_dll(result=0)),
             write(tmp_path / "fault.dll", living_dll(detach=b"\x0f\x0b"))]
    with machine(modules=paths).open() as console:
        console.prompt()
        assert "its DllMain returned FALSE" in console.run("load false.dll")
        assert "PE at" in console.run("load fault.dll")
        assert ("DllMain, called to detach, did not return: at fault.dll"
                in console.run("unload fault.dll"))


def with_tls(at, form, value):
    """The DLL above with one word of its TLS section changed."""
    pe = living_dll()
    pe.sections[2]["data"] = poked(pe.sections[2]["data"], at, form, value)
    return pe


B = 0x10000000
BAD_TLS = {
    "directory": (with_tls(0, "<I", 0), "StartAddressOfRawData at RVA 0x3000"),
    "end": (with_tls(4, "<I", B + 0x3010), "EndAddressOfRawData at RVA "
            "0x3004"),
    "past": (with_tls(4, "<I", B + 0x8000), "EndAddressOfRawData"),
    "index": (with_tls(8, "<I", B + 0x100), "AddressOfIndex at RVA 0x3008"),
    "indexgap": (with_tls(8, "<I", B + 0x1fff), "in no section of the image"),
    "list": (with_tls(12, "<I", B + 0x7ff0),
             "AddressOfCallBacks at RVA 0x300c"),
    "callback": (with_tls(36, "<I", B + 0x1000), "TLS callback at RVA 0x3024"),
    "far": (with_tls(32, "<I", B - 4), "TLS callback at RVA 0x3020"),
    "zeros": (with_tls(16, "<I", 0x100001), "SizeOfZeroFill at RVA 0x3010 is "
              "0x100001: more than a mebibyte"),
}


def test_bad_thread_storage_is_named(machine, tmp_path):
    outside = living_dll()
    outside.directory[TLS] = (0x5ff0, 24)
    refusals(machine, tmp_path, {
        **BAD_TLS, "outside": (outside, "the TLS directory: 1 entries of 24 "
                               "bytes at RVA 0x5ff0 reach past")})


def test_a_file_without_relocations_goes_where_it_must(machine, tmp_path):
    """And nowhere else: the second one finds the place taken."""
    pe = Pe(base=0x400000, characteristics=0x2103)
    text = pe.section(".text", reads(pe.base + 0x1001), CODE)
    with_exports(pe, [("get", text)])
    paths = [write(tmp_path / f"{n}.dll", pe) for n in ("a", "b")]
    said = load_all(machine, paths, [
        "call a.dll get", "load b.dll", "load at=0x30000000 b.dll",
        "rebase a.dll at=0x30000000", "call a.dll get"])
    assert base_of(said[0]) == 0x400000
    assert returned(said[2]) == returned(said[6]) == 0x401001
    assert "at 0x00400000: the address" in said[3]
    for refusal in said[4:6]:
        assert ("Characteristics is 0x2103: its relocations were stripped, "
                "it runs only at its ImageBase 0x400000") in refusal


# Moving after use ---------------------------------------------------------

def rebase(console, name, where):
    said = console.run(f"rebase {name} {where}")
    found = re.search(r"is at 0x(\w+) now", said)
    assert found, said
    return int(found[1], 16)


def two_pointers():
    """Two words with the same address in them, and a function that puts
    something else into the second."""
    pe = Pe()
    p, q = 0x1000, 0x1004
    pe.section(".data", struct.pack("<II", pe.base + p, pe.base + p), DATA)
    code = Code(pe)
    names = {"p": code.add(b"\xa1", p, RET), "q": code.add(b"\xa1", q, RET),
             "set": code.add(b"\x8b\x44\x24\x04\xa3", q, RET)}
    table = block(p, [0, 4]) + code.finish()
    with_exports(pe, list(names.items()))
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe


def test_data_of_the_program_are_not_moved(machine, tmp_path):
    path = write(tmp_path / "two.dll", two_pointers())
    with machine(modules=[path]).open() as console:
        console.prompt()
        console.run("load two.dll")
        for seed in (1, 2, 3):
            base = rebase(console, "two.dll", f"at=random:{seed}")
            for word in "pq":
                assert returned(console.run(f"call two.dll {word}")) == (
                    base + 0x1000)
        console.run("call two.dll set 0x12345")
        base = rebase(console, "two.dll", "at=0x30000000")
        assert base == 0x30000000
        assert returned(console.run("call two.dll p")) == base + 0x1000
        assert returned(console.run("call two.dll q")) == 0x12345
        assert re.search("^0 pages writable", console.run("audit"), re.M)


@pytest.mark.parametrize("how", [{}, {"delayed": True}],
                         ids=["imports", "delayed"])
def test_slots_and_stubs_move_along(machine, tmp_path, how):
    path = write(tmp_path / "length.dll", calls_strlen(**how))
    with machine(modules=[path]).open() as console:
        console.prompt()
        console.run("load length.dll")
        for seed in (4, 5, 6):
            rebase(console, "length.dll", f"at=random:{seed}")
            assert returned(console.run("call length.dll length four")) == 4
            assert "msvcrt.dll!nosuch, which" in console.run(
                "call length.dll nosuch")
        assert "gone" in console.run("unload length.dll")


def test_a_started_dll_is_told_that_it_moves(machine, tmp_path):
    """Detach, attach: two callbacks each. Its thread storage begins anew."""
    path = write(tmp_path / "one.dll", living_dll())
    with machine(modules=[path]).open() as console:
        console.prompt()
        console.run("load one.dll")
        console.run("call one.dll set 77")
        base = rebase(console, "one.dll", "at=random:7")
        ask = {word: returned(console.run(f"call one.dll {word}"))
               for word in ("calls", "instance", "get0", "get1")}
        variable = struct.unpack("<I", living_dll().sections[2]["data"][
            28:32])[0] - B + base
        assert ask == {"calls": 6, "instance": base, "get0": 0x1234,
                       "get1": variable}


def test_halves_of_addresses_move_by_64_kib(machine, tmp_path):
    pe, words, target = typed_dll()
    high = Pe()
    high.section(".data", struct.pack("<I", 0x12345678), DATA)
    code = Code(high)
    get = code.add(b"\xa1", 0x1000, RET)
    table = code.finish()
    with_exports(high, [("get", get)])
    high.directory[RELOC] = high.section(
        ".reloc", block(0x1000, [(1, 2)]) + table, READ)
    paths = [write(tmp_path / "typed.dll", pe),
             write(tmp_path / "high.dll", high)]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load typed.dll")
        for seed in (8, 9, 10):
            base = rebase(console, "typed.dll", f"at=random:{seed}")
            moved = target + base - pe.base & 0xffffffff
            found = [returned(console.run(f"call typed.dll {word}"))
                     for word in words]
            assert found == [moved] * 3 + [moved & 0xffff,
                                           moved + 0x8000 >> 16]
        assert "would lose a carry" in console.run(
            "load high.dll at=0x20001000")
        console.run("load high.dll at=0x20010000")
        assert returned(console.run("call high.dll get")) == (
            0x12345678 + 0x10010000)
        assert "would lose a carry" in console.run(
            "rebase high.dll at=0x30001000")
        rebase(console, "high.dll", "at=0x30000000")
        assert returned(console.run("call high.dll get")) == (
            0x12345678 + 0x20000000)


def test_what_others_use_stays(machine, tmp_path):
    paths = [write(tmp_path / "a.dll", forwarding(f="B.own")),
             write(tmp_path / "b.dll", forwarding())]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load a.dll")
        assert "1 loaded image holds its address" in console.run(
            "rebase b.dll at=0x30000000")
        rebase(console, "a.dll", "at=0x30000000")
        assert returned(console.run("call a.dll f")) == 5
        assert returned(console.run("call a.dll own")) == 5


# Files of the real world --------------------------------------------------

MINGW = [*Path("/usr/i686-w64-mingw32/lib").glob("*.dll"),
         *Path("/usr/lib/gcc/i686-w64-mingw32").glob("*-win32/*.dll")]


GCC = shutil.which("i686-w64-mingw32-gcc")
needs_gcc = pytest.mark.skipif(not GCC, reason="no compiler for Windows: "
                               "gcc-mingw-w64-i686-win32")


def compiled(path, source, *options):
    path.with_suffix(".c").write_text(source)
    subprocess.run([GCC, "-O1", "-Wall", *options, "-o", path,
                    path.with_suffix(".c")], check=True)
    return path


HELLO = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What MSVC makes of __declspec(thread); gcc would call a library. */
extern unsigned long _tls_index;
extern char _tls_start;
__attribute__((section(".tls$"))) int per_thread = 40;

static int *variable(void)
{
    char **copies;
    __asm__("movl %%fs:0x2c, %0" : "=r"(copies));
    return (int *)(copies[_tls_index] + ((char *)&per_thread - &_tls_start));
}

static int order(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
    int numbers[] = {5, 3, 9, -1, 7};
    char *copy = malloc(64);

    *variable() += argc;
    qsort(numbers, 5, sizeof *numbers, order);
    strcpy(copy, "sorted");
    printf("%s:", copy);
    for (int i = 0; i < 5; i++)
        printf(" %d", numbers[i]);
    printf("\nthe variable: %d, the original: %d\n", *variable(), per_thread);
    for (int i = 1; i < argc; i++)
        printf("word %d: <%s>\n", i, argv[i]);
    printf("%.3f|%5s|%-5s|%08lx\n", 3.14159, "ab", "cd", 0xbeefUL);
    free(copy);
    if (argc > 3)
        exit(7);
    return 0;
}
"""


@needs_gcc
@pytest.mark.parametrize("options", [
    (), ("-s", "-Wl,--disable-dynamicbase,--disable-reloc-section")],
    ids=["moved", "stripped"])
def test_a_console_program_runs(machine, tmp_path, options):
    """Twice: its variables begin anew. What it leaves is given back."""
    path = compiled(tmp_path / "hello.exe", HELLO, *options)
    with machine(modules=[path]).open() as console:
        console.prompt()
        assert console.run("exe hello.exe").splitlines() == [
            "sorted: -1 3 5 7 9", "the variable: 41, the original: 40",
            "3.142|   ab|cd   |0000beef", "hello.exe ended with status 0"]
        before = console.run("mem")
        said = console.run('exe hello.exe a "b  c" d')
        assert "the variable: 44, the original: 40" in said
        assert "word 1: <a>\nword 2: <b  c>\nword 3: <d>" in said
        assert "hello.exe ended with status 7" in said
        assert console.run("mem") == before
        assert console.run("modules").startswith("no images")


@needs_gcc
def test_programs_that_fail_end_in_words(machine, tmp_path):
    """A crash, abort, an import that nobody offers; and files that `exe` is
    not for."""
    crash = compiled(tmp_path / "crash.exe",
                     "int main(void) { *(volatile int *)16 = 1; return 0; }")
    gives_up = compiled(tmp_path / "abort.exe", "#include <stdlib.h>\n"
                        "int main(void) { abort(); }")
    window = compiled(tmp_path / "window.exe", "#include <windows.h>\n"
                      "int main(void) { return MessageBoxA(0, 0, 0, 0); }")
    silent = compiled(tmp_path / "silent.exe", "int main(void) { return 0; }",
                      "-mwindows")
    with machine(modules=[crash, gives_up, window, silent, ZLIB]).open(
            ) as console:
        console.prompt()
        assert "page fault: writing 0x00000010" in console.run("exe crash.exe")
        assert "abort" in console.run("exe abort.exe")
        assert "USER32.dll!MessageBoxA, which" in console.run("exe window.exe")
        assert "Subsystem is 2, not 3" in console.run("exe silent.exe")
        assert "a DLL, not a program" in console.run("exe zlib1.dll")
        assert "no such file" in console.run("exe nosuch.exe")
        assert console.run("modules").startswith("no images")


class Memory(Monitor):
    """A machine whose memory is read when its commands are done."""
    def wait(self, text):
        for _ in range(600):
            said = plain(self.log.read_bytes()) if self.log.exists() else ""
            if text in said:
                return said
            time.sleep(0.1)
        raise AssertionError(said)

    def read(self, address, size, path):
        self.command("memsave", val=address, size=size, filename=str(path))
        return path.read_bytes()


def differences(path, base, memory):
    """Bytes of the image that are not what pefile makes of the file for this
    base. Left out is what a loader puts in: addresses of imports, and the
    number of the thread-local storage."""
    pe = pefile.PE(str(path))
    slots = set()
    if hasattr(pe, "DIRECTORY_ENTRY_TLS"):
        start = pe.DIRECTORY_ENTRY_TLS.struct.AddressOfIndex - (
            pe.OPTIONAL_HEADER.ImageBase)
        slots.update(range(start, start + 4))
    for entry in getattr(pe, "DIRECTORY_ENTRY_IMPORT", []):
        for symbol in entry.imports:
            start = symbol.address - pe.OPTIONAL_HEADER.ImageBase
            slots.update(range(start, start + 4))
    pe.relocate_image(base)
    wrong = 0
    for section in pe.sections:
        start, size = section.VirtualAddress, section.Misc_VirtualSize
        wanted = section.get_data(start, size)[:size].ljust(size, b"\0")
        found = memory[start:start + size]
        if wanted != found:
            wrong += sum(a != b and start + i not in slots
                         for i, (a, b) in enumerate(zip(wanted, found)))
    return wrong


ROOM = 0x140000


def test_zlib_packs_a_mebibyte_between_moves(machine, tmp_path):
    """DllMain, compress, move, compress, at three places: the bytes that it
    leaves in memory are read from outside, and Python's zlib unpacks them."""
    data = tmp_path / "m"
    data.write_bytes(mebibyte())
    # compress2 is told the size of the room by a word in memory, and leaves
    # the size of the result there.
    holder = Pe()
    rva = holder.section(".data", struct.pack("<III", ROOM, ROOM, ROOM), DATA,
                         size=0x1000 + 3 * ROOM)
    holder.directory[RELOC] = holder.section(".reloc", block(rva, [(0, 0)]),
                                             READ)
    path = write(tmp_path / "h.dll", holder)
    sizes, rooms = 0x30000000 + rva, 0x30001000 + rva
    words = ["load h.dll at=0x30000000", "load zlib1.dll at=random:1"]
    for n in range(3):
        words += [f"call zlib1.dll compress2 {rooms + n * ROOM:#x} "
                  f"{sizes + 4 * n:#x} @m #m {(1, 6, 9)[n]}",
                  f"rebase zlib1.dll at=random:{n + 2}"]
    words += ["unload zlib1.dll", "echo all are done"]
    box = machine("-- " + "; ".join(words), modules=[ZLIB, path, data])
    with Memory(box) as memory:
        said = memory.wait("all are done\n")
        assert said.count("compress2 returned 0x00000000 (0)") == 3, said
        assert len(set(re.findall(r"zlib1.dll is at (\w+) now", said))) == 3
        assert "zlib1.dll is gone" in said
        lengths = struct.unpack("<III", memory.read(sizes, 12, tmp_path / "n"))
        for n, length in enumerate(lengths):
            packed = memory.read(rooms + n * ROOM, length, tmp_path / "packed")
            assert length < 1 << 20
            assert zlib.decompress(packed) == mebibyte()
        assert lengths[0] > lengths[1] > lengths[2] > 1 << 18


def test_every_dll_of_mingw_equals_pefiles(machine, tmp_path):
    """Byte by byte, 12 MB of them in the largest."""
    assert ZLIB in MINGW
    loads = "; ".join(f"load {path.name} init=no" for path in MINGW)
    names = " ".join(path.name for path in MINGW)
    box = machine(f"-- {loads}; modules {names}; echo all are done",
                  modules=MINGW, mem=512)
    box.limit = 200
    with Memory(box) as memory:
        said = memory.wait("all are done\n")
        for path in MINGW:
            found = re.search(rf"^{re.escape(path.name)}: PE at 0x(\w+), "
                              r"0x(\w+) bytes", said, re.M)
            assert found, (path.name, said)
            base, size = int(found[1], 16), int(found[2], 16)
            data = memory.read(base, size, tmp_path / path.name)
            assert differences(path, base, data) == 0, path.name
