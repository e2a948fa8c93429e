# SPDX-License-Identifier: MIT
"""PE files made for one question each: their headers and sections."""
import struct

import pytest

from pe_dll import (RET, Code, base_of, load_all, poked, reads, refusals,
                    returned, returns, with_exports, write)
from pe_file import CLR, CODE, DATA, READ, RELOC, Pe, block

pefile = pytest.importorskip("pefile")


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
