# SPDX-License-Identifier: MIT
"""A linker of our own for ELF objects, made of pyelftools and of nothing that
the kernel has: what an object must look like at an address."""
import struct

from elftools.elf.elffile import ELFFile

PAGE = 4096
EXEC, WRITE, ALLOC = 4, 1, 2
# As the kernel names the parts of an object, and what is between two of them.
CODE, CONSTANTS, DATA = ".text", ".rodata", ".data"
FILLER = {CODE: b"\xcc", CONSTANTS: b"\0", DATA: b"\0"}


class Object:
    """Sections by rights, as smc/load/elf/elf.h draws it. Where the parts go
    is for others to say: `at` has the address of each."""

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
        self.place = {}
        self.part = {
            CODE: self._gather(CODE, lambda flags: flags & EXEC),
            CONSTANTS: self._gather(CONSTANTS, lambda flags: not flags &
                                    (EXEC | WRITE)),
            DATA: self._gather(DATA, lambda flags: flags & WRITE and
                               not flags & EXEC)}

    def _gather(self, part, wanted):
        image = bytearray()
        for index, s in enumerate(self.sections):
            if not s["sh_flags"] & ALLOC or not wanted(s["sh_flags"]):
                continue
            image += bytes(-len(image) % (s["sh_addralign"] or 1))
            self.place[index] = part, len(image)
            image += (bytes(s["sh_size"]) if s["sh_type"] == "SHT_NOBITS"
                      else s["data"])
        return image

    def undefined(self):
        return {s.name for s in self.symbols[1:]
                if s["st_shndx"] == "SHN_UNDEF"}

    def defined(self, at):
        """Addresses of what other files may ask for."""
        return {s.name: self.address(s, at, {}) for s in self.symbols
                if s["st_info"]["bind"] != "STB_LOCAL" and
                s["st_shndx"] in self.place}

    def address(self, symbol, at, known):
        where = symbol["st_shndx"]
        if where == "SHN_UNDEF":
            return known[symbol.name]
        part, offset = self.place[where]
        return at[part] + offset + symbol["st_value"]

    def linked(self, at, known):
        """The bytes of the parts, and how many words were changed."""
        image = {part: bytearray(data) for part, data in self.part.items()}
        count = 0
        for target, relocations in self.relocations:
            if target not in self.place:
                continue
            part, start = self.place[target]
            for offset, kind, index in relocations:
                word, = struct.unpack_from("<I", image[part], start + offset)
                word += self.address(self.symbols[index], at, known)
                if kind == 2:  # R_386_PC32
                    word -= at[part] + start + offset
                else:
                    assert kind == 1, f"{self.name}: type {kind}"
                struct.pack_into("<I", image[part], start + offset,
                                 word & 0xffffffff)
                count += 1
        return image, count
