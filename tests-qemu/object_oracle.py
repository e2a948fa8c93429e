# SPDX-License-Identifier: MIT
"""A linker of our own for ELF objects, made of pyelftools and of nothing that
the kernel has: what an object must look like at an address."""
import struct

from elftools.elf.elffile import ELFFile

PAGE = 4096
EXEC, WRITE, ALLOC = 4, 1, 2


class Object:
    """Sections by rights, each kind on pages of its own, as
    smc/load/elf/elf.h draws it."""

    def __init__(self, path):
        self.name = path.name
        with open(path, "rb") as file:
            elf = ELFFile(file)
            self.sections = [dict(s.header, data=s.data())
                             for s in elf.iter_sections()]
            table = elf.get_section_by_name(".symtab")
            self.symbols = list(table.iter_symbols()) if table else []
            self.relocations = [
                (s["sh_info"], [(r["r_offset"], r["r_info_type"],
                                 r["r_info_sym"])
                                for r in s.iter_relocations()])
                for s in elf.iter_sections() if s["sh_type"] == "SHT_REL"]
        self.place, self.image = {}, bytearray()
        self._add(lambda flags: flags & EXEC, b"\xcc")
        self._add(lambda flags: not flags & (EXEC | WRITE), b"\0")
        self._add(lambda flags: flags & WRITE and not flags & EXEC, b"\0")
        if not self.image:
            self.image = bytearray(b"\xcc" * PAGE)

    def _add(self, wanted, rest):
        for index, s in enumerate(self.sections):
            if not s["sh_flags"] & ALLOC or not wanted(s["sh_flags"]):
                continue
            self.image += bytes(-len(self.image) % (s["sh_addralign"] or 1))
            self.place[index] = len(self.image)
            self.image += (bytes(s["sh_size"]) if s["sh_type"] == "SHT_NOBITS"
                           else s["data"])
        self.image += rest * (-len(self.image) % PAGE)

    def undefined(self):
        return {s.name for s in self.symbols[1:]
                if s["st_shndx"] == "SHN_UNDEF"}

    def defined(self, base):
        """Addresses of what other files may ask for."""
        return {s.name: self.address(s, base, {}) for s in self.symbols
                if s["st_info"]["bind"] != "STB_LOCAL" and
                s["st_shndx"] in self.place}

    def address(self, symbol, base, known):
        where = symbol["st_shndx"]
        if where == "SHN_UNDEF":
            return known[symbol.name]
        return base + self.place[where] + symbol["st_value"]

    def linked(self, base, known):
        """The image's bytes, and how many words were changed."""
        image, count = bytearray(self.image), 0
        for target, relocations in self.relocations:
            if target not in self.place:
                continue
            for offset, kind, index in relocations:
                at = self.place[target] + offset
                word, = struct.unpack_from("<I", image, at)
                word += self.address(self.symbols[index], base, known)
                if kind == 2:  # R_386_PC32
                    word -= base + at
                else:
                    assert kind == 1, f"{self.name}: type {kind}"
                struct.pack_into("<I", image, at, word & 0xffffffff)
                count += 1
        return bytes(image), count
