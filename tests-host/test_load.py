# SPDX-License-Identifier: MIT
"""Relocated images against other people's linkers, byte for byte: every DLL of
Debian's mingw packages against pefile, every GRUB module against what
pyelftools reads from it."""
import re
import struct
import subprocess
from pathlib import Path

import pytest

import host

pefile = pytest.importorskip("pefile")
elffile = pytest.importorskip("elftools.elf.elffile")

# libz-mingw-w64 and others; the two runtimes of gcc-mingw-w64-i686.
DLLS = sorted([*Path("/usr/i686-w64-mingw32").glob("*/*.dll"),
               *Path("/usr/lib/gcc/i686-w64-mingw32").glob("*/*.dll")])
GRUB = sorted(Path("/usr/lib/grub/i386-pc").glob("*.mod"))

# Low, high, and one that is no multiple of 64 KiB, as Windows would have it.
BASES = [0x100000, 0x400ff000, 0xd0010000]


class Loaded:
    """What load_image prints and dumps."""

    def __init__(self, folder, files, *words):
        self.folder = folder
        done = host.start("m32/load_image", f"dump={folder}", *words, *files)
        self.text, self.status = done.stdout, done.returncode

    def base(self, name):
        line = rf"^image {re.escape(name)} .+ base (\w+)"
        return int(re.search(line, self.text, re.M)[1], 16)

    def bytes(self, name):
        return (self.folder / name).read_bytes()

    def addresses(self, word):
        found = re.findall(rf"^{word} (\S+) (\w+)$", self.text, re.M)
        return {name: int(address, 16) for name, address in found}


def different(ours, theirs):
    """The first place where two strings of bytes differ, in words."""
    for at, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            return f"at 0x{at:x}: ours {a:02x}, theirs {b:02x}"
    return f"lengths {len(ours)} and {len(theirs)}"


def slots(pe):
    """The RVAs of the IAT, where we have put addresses of our own."""
    return [symbol.address - pe.OPTIONAL_HEADER.ImageBase
            for dll in getattr(pe, "DIRECTORY_ENTRY_IMPORT", [])
            for symbol in dll.imports]


def without(data, places):
    data = bytearray(data)
    for at in places:
        data[at:at + 4] = bytes(4)
    return bytes(data)


def expected(pe, base):
    """The image as it should be, from the headers to the last section."""
    image = bytearray(pe.__data__[:pe.OPTIONAL_HEADER.SizeOfHeaders])
    pe.relocate_image(base)
    for s in pe.sections:
        size = s.Misc_VirtualSize or s.SizeOfRawData
        # Between sections: zeros, but traps where code ends.
        image += bytes(-len(image) % 4096)
        assert len(image) == s.VirtualAddress
        # What the file has beyond the section's end is padding.
        data = s.get_data()[:size]
        image += data + bytes(size - len(data))
        if s.Characteristics & 0x20000000:
            image += b"\xcc" * (-len(image) % 4096)
    return bytes(image)


@pytest.mark.parametrize("path", DLLS, ids=lambda p: f"{p.parts[-2]}-{p.name}")
def test_dll_is_what_pefile_makes_of_it(path, tmp_path):
    for base in [*BASES, None]:
        pe = pefile.PE(path, fast_load=True)
        pe.parse_data_directories(directories=[1, 5])
        base, bound = base or pe.OPTIONAL_HEADER.ImageBase, slots(pe)
        loaded = Loaded(tmp_path, [path], f"base=0x{base:x}")
        assert loaded.status == 0, loaded.text
        assert loaded.base(path.name) == base
        ours, theirs = loaded.bytes(path.name), expected(pe, base)
        for slot in bound:
            # Bound to one of our functions, or to a stub in the image.
            assert struct.unpack_from("<I", ours, slot)[0] > 0xffff
        ours = without(ours[:len(theirs)], bound)
        theirs = without(theirs, bound)
        assert ours == theirs, f"{base:x}: {different(ours, theirs)}"


def test_there_are_dlls():
    assert len(DLLS) >= 11


class Object:
    """An ELF object, read by pyelftools and laid out as elf.h draws it."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.elf = elffile.ELFFile(self.file)
        self.sections = list(self.elf.iter_sections())
        table = self.elf.get_section_by_name(".symtab")
        self.symbols = list(table.iter_symbols()) if table else []
        self.place, self.image, self.code_end = {}, bytearray(), 0
        for flags in (lambda f: f & 4, lambda f: not f & 5, lambda f: f & 1):
            self.image += bytes(-len(self.image) % 4096)
            self.add(flags)

    def add(self, wanted):
        """The sections with these rights, in the order of the file. Where
        code ends the page is filled with traps."""
        for index, s in enumerate(self.sections):
            if not s["sh_flags"] & 2 or not wanted(s["sh_flags"]):
                continue
            self.image += bytes(-len(self.image) % (s["sh_addralign"] or 1))
            self.place[index] = len(self.image)
            self.image += (bytes(s["sh_size"]) if s["sh_type"] == "SHT_NOBITS"
                           else s.data())
            if s["sh_flags"] & 4:
                self.code_end = len(self.image)

    def undefined(self):
        return [s.name for s in self.symbols[1:]
                if s["st_shndx"] == "SHN_UNDEF"]

    def value(self, index, base, known):
        symbol = self.symbols[index]
        where = symbol["st_shndx"]
        if where == "SHN_UNDEF":
            return known.get(symbol.name, 0)
        return base + self.place[where] + symbol["st_value"]

    def relocate(self, base, known):
        """The only two types that GRUB's modules have, and PLT32."""
        count = 0
        for s in self.sections:
            if s["sh_type"] != "SHT_REL" or s["sh_info"] not in self.place:
                continue
            for rel in s.iter_relocations():
                at = self.place[s["sh_info"]] + rel["r_offset"]
                word, = struct.unpack_from("<I", self.image, at)
                word += self.value(rel["r_info_sym"], base, known)
                if rel["r_info_type"] in (2, 4):
                    word -= base + at
                else:
                    assert rel["r_info_type"] == 1
                struct.pack_into("<I", self.image, at, word & 0xffffffff)
                count += 1
        self.image[self.code_end:(self.code_end + 4095) & ~4095] = (
            b"\xcc" * (-self.code_end % 4096))
        return bytes(self.image), count


@pytest.mark.parametrize("base", BASES)
def test_grub_modules_are_what_pyelftools_makes_of_them(base, tmp_path):
    """Those whose imports are all offered; of the others only the reason is
    known."""
    loaded_count = words = 0
    for path in GRUB:
        obj = Object(path)
        asked = [f"ask={name}" for name in obj.undefined()]
        others = [p for p in GRUB if p != path]
        run = Loaded(tmp_path, [path, *others], f"base=0x{base:x}", *asked)
        if run.status:
            assert re.search(r"^refused: \S+\.mod: .*(offered neither by|"
                             r"not offered|needs )", run.text, re.M), run.text
            continue
        known = run.addresses("export")
        known.update((name, at) for name, at in
                     run.addresses("offer grub").items() if at)
        theirs, count = obj.relocate(base, known)
        ours = run.bytes(path.name)[:len(theirs)]
        assert ours == theirs, f"{path.name}: {different(ours, theirs)}"
        loaded_count, words = loaded_count + 1, words + count
    print(f"{loaded_count} of {len(GRUB)} modules, {words} relocations")
    assert loaded_count >= 29 and words > 300


def test_names_are_found_when_there_are_many(tmp_path):
    """More than the fixed table has buckets for: each word is the address of
    another name, and it is the right one. Then all memory is back."""
    count, source = 20000, [".data\n.balign 4\n"]
    for i in range(count):
        source.append(f".globl n{i}\nn{i}: .long n{count - 1 - i}\n")
    obj, path = tmp_path / "names.o", tmp_path / "names.so"
    subprocess.run(["as", "--32", "-o", obj, "-"], input="".join(source),
                   text=True, check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-shared", "-o", path, obj],
                   check=True)
    (tmp_path / "dump").mkdir()
    run = Loaded(tmp_path / "dump", [path])
    assert run.status == 0, run.text[-500:]
    known, base = run.addresses("export"), run.base(path.name)
    image = run.bytes(path.name)
    assert len(known) >= count
    for i in range(count):
        word, = struct.unpack_from("<I", image, known[f"n{i}"] - base)
        assert word == known[f"n{count - 1 - i}"], f"n{i}"
