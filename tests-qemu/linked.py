# SPDX-License-Identifier: MIT
"""The kernel as the linker sees it: what it would be at another place, and
where its relocations are. The oracle of everything about `kaslr`.

    Linked(tmp_path, 0x5000).image("text")     the bytes, 0x5000 higher up
"""
import subprocess
from bisect import bisect_right

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from kernel import BUILD, ELF, ROOT

MOVED = 0xc0100000  # what is linked from here up moves
PARTS = ("text", "rodata", "data", "tables")
FLAGS = ["-m", "elf_i386", "-nostdlib", "-z", "max-page-size=4096",
         "--build-id=none", "--no-warn-rwx-segments", "--emit-relocs",
         "--strip-debug"]


class Linked:
    """The same objects, linked once more; all but the boot part `delta`
    bytes higher, and perhaps with more objects."""

    def __init__(self, folder, delta=0, extra=()):
        script = (ROOT / "linker.ld").read_text()
        here = ". = . + KERNEL_BASE;"
        assert script.count(here) == 1
        (folder / "moved.ld").write_text(
            script.replace(here, f". = . + KERNEL_BASE + {delta};"))
        objects = (BUILD / "objects").read_text().split()
        self.path = folder / f"moved-{delta:x}.elf"
        subprocess.run(["ld", *FLAGS, "-T", folder / "moved.ld", "-o",
                        self.path, *objects, BUILD / "tables.o",
                        *extra], cwd=ROOT, check=True)
        self.elf = ELFFile(open(self.path, "rb"))

    def image(self, part):
        return self.elf.get_section_by_name("." + part).data()

    def records(self):
        """Places of words that hold an address of the part that moves."""
        places = []
        for section in self.elf.iter_sections():
            if not isinstance(section, RelocationSection):
                continue
            symbols = self.elf.get_section(section["sh_link"])
            for r in section.iter_relocations():
                value = symbols.get_symbol(r["r_info_sym"])["st_value"]
                if r["r_info_type"] == 1 and value >= MOVED:  # R_386_32
                    places.append(r["r_offset"])
        return sorted(places)


class Kernel:
    """The ELF that boots, and the table in it."""

    def __init__(self, path=ELF):
        self.elf = ELFFile(open(path, "rb"))
        table = self.elf.get_section_by_name(".symtab")
        # A function's name, where data have the same.
        self.symbols = {s.name: s["st_value"] for s in sorted(
            table.iter_symbols(),
            key=lambda s: s["st_info"]["type"] == "STT_FUNC")}
        self.functions = sorted(
            (s["st_value"], s.name) for s in table.iter_symbols()
            if s["st_info"]["type"] == "STT_FUNC")

    def image(self, part):
        return self.elf.get_section_by_name("." + part).data()

    def function_at(self, address):
        return self.functions[
            bisect_right(self.functions, (address, "\xff")) - 1][1]

    def table(self):
        tables = self.elf.get_section_by_name(".tables")
        start = self.symbols["relocs_start"] - tables["sh_addr"]
        end = self.symbols["relocs_end"] - tables["sh_addr"]
        return tables.data()[start:end]

    def records(self):
        """The table's places, read by the definition of ULEB128."""
        places, at, value, shift = [], 0x100000, 0, 0
        for byte in self.table():
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                at += value
                places.append(at if at < self.load_start() else
                              at + 0xc0000000)
                value = shift = 0
        assert shift == 0, "the last record has no end"
        return places

    def load_start(self):
        return self.symbols["text_start"] - 0xc0000000


def fnv1a(data):
    """As text_hash of smc/door/text.c."""
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 % 2**64
    return h


def word(data, at):
    return int.from_bytes(data[at:at + 4], "little")
