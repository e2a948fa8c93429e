# SPDX-License-Identifier: MIT
"""The tables of what the kernel offers to loaded code, against those who ask
for it: the libraries, DLLs and modules of Debian."""
import re
import subprocess
from pathlib import Path

import pytest

from kernel import ROOT
from labs import GRUB

HOST = ROOT / "smc/load/host"
LIB32 = Path("/usr/lib32")
FAMILIES = {"c": "host_c.c", "libc": "host_shared.c",
            "msvcrt": "host_msvcrt.c", "kernel32": "host_kernel32.c",
            "grub": "host_grub.c", "grub-refused": "host_grub_refused.c"}
elftools = pytest.importorskip("elftools.elf.elffile")


def offered(family):
    """The names in the source of a table: True for data."""
    text = (HOST / FAMILIES[family]).read_text()
    if family == "grub-refused":
        return dict.fromkeys(re.findall(r"X\((grub_\w+)\)", text), False)
    found = re.findall(r'(\{|HOST_CODE\(|HOST_DATA\(|NONE\()\s*"(\w+)"', text)
    return {name: kind != "HOST_CODE(" for kind, name in found}


def listed(text):
    return {name: kind.startswith("data") for kind, name in
            re.findall(r"^(function|data +\d+) +(\w+)$", text, re.M)}


def test_the_page_lists_the_tables():
    """docs/hosts.md has one paragraph of names per table."""
    page = (ROOT / "docs/hosts.md").read_text()
    for family in FAMILIES:
        block = re.search(rf"^<!-- {family} -->\n(.*?)\n\n", page,
                          re.M | re.S)
        assert block, family
        names = re.findall(r"`(\w+)`", block[1])
        assert names == sorted(offered(family)), family


def test_the_kernel_lists_the_tables(machine):
    with machine().open() as console:
        console.prompt()
        for family in FAMILIES:
            said = listed(console.run(f"hosts {family}"))
            assert said == offered(family), family
        assert "no such family" in console.run("hosts posix")
        assert console.run("hosts").count("\n") == len(FAMILIES) - 1


def grub_imports():
    """What the modules import and none of them defines: how each is used,
    by type of relocation."""
    uses, defined = {}, set()
    for path in GRUB.glob("*.mod"):
        with path.open("rb") as file:
            elf = elftools.ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            symbols = list(table.iter_symbols()) if table else []
            for symbol in symbols:
                if symbol["st_shndx"] == "SHN_UNDEF":
                    uses.setdefault(symbol.name, set())
                elif symbol["st_info"]["bind"] == "STB_GLOBAL":
                    defined.add(symbol.name)
            for section in elf.iter_sections("SHT_REL"):
                for entry in section.iter_relocations():
                    symbol = symbols[entry["r_info_sym"]]
                    if symbol["st_shndx"] == "SHN_UNDEF":
                        uses[symbol.name].add(entry["r_info_type"])
    return {name: types for name, types in uses.items()
            if name and name not in defined}


def test_grub_modules_want_exactly_these():
    """All of them, and nothing else; data is what is never called."""
    wanted = grub_imports()
    table = offered("grub") | offered("grub-refused")
    assert sorted(table) == sorted(wanted)
    for name, types in wanted.items():
        assert table[name] == (types == {1}), name  # R_386_32 alone


def dynamic_imports(name):
    with (LIB32 / name).open("rb") as file:
        table = elftools.ELFFile(file).get_section_by_name(".dynsym")
        return [s for s in table.iter_symbols()
                if s["st_shndx"] == "SHN_UNDEF" and s.name]


@pytest.mark.parametrize("name", ["libz.so.1", "libm.so.6", "libgcc_s.so.1"])
def test_shared_libraries_find_what_they_must(name):
    """Every strong import but errno, which lies in thread-local storage; of
    the weak ones only the finalizer."""
    if not (LIB32 / name).exists():
        pytest.skip(f"{name} is not installed")
    table = offered("c") | offered("libc")
    for symbol in dynamic_imports(name):
        info = symbol["st_info"]
        if info["bind"] == "STB_WEAK":
            assert (symbol.name in table) == (
                symbol.name == "__cxa_finalize"), symbol.name
        elif info["type"] != "STT_TLS":
            assert table[symbol.name] == (
                info["type"] == "STT_OBJECT"), symbol.name


def versions(path):
    said = subprocess.run(["readelf", "-V", "-W", path], check=True,
                          capture_output=True, text=True).stdout
    definitions = said.partition(".gnu.version_d")[2].partition(
        "Version needs")[0]
    return set(re.findall(r"Name: GLIBC_(\S+)", definitions))


@pytest.mark.parametrize("array, name", [
    ("libc_versions", "libc.so.6"), ("loader_versions", "ld-linux.so.2")])
def test_versions_are_those_of_glibc(array, name):
    if not (LIB32 / name).exists():
        pytest.skip(f"{name} is not installed")
    text = (HOST / "host_rtld.c").read_text()
    block = re.search(rf"{array}\[\] = {{(.*?)}}", text, re.S)[1]
    assert set(re.findall(r'"(\S+?)"', block)) == versions(LIB32 / name)


def test_resolvers_of_libm_read_two_bits():
    """The layout of _rtld_global_ro that host_rtld.c draws, from the code
    that reads it and the library that defines it."""
    if not (LIB32 / "libm.so.6").exists():
        pytest.skip("libm.so.6 is not installed")
    said = subprocess.run(["objdump", "-d", LIB32 / "libm.so.6"], check=True,
                          capture_output=True, text=True).stdout
    # A resolver loads the block's address from the GOT, then tests a bit.
    read = re.findall(r"mov +-0x14\(%eax\),(%e[cd]x)\n(?:.*lea.*\n)*"
                      r".*testb +\$0x(\w+),0x(\w+)\(\1\)", said)
    assert len(read) == 10
    assert {(mask, place) for _, mask, place in read} == {
        ("10", "75"), ("4", "7b")}
    with (LIB32 / "ld-linux.so.2").open("rb") as file:
        table = elftools.ELFFile(file).get_section_by_name(".dynsym")
        block = table.get_symbol_by_name("_rtld_global_ro")[0]
    assert f"HOST_RTLD_SIZE {block['st_size']}" in (
        HOST / "host_shared.h").read_text()
