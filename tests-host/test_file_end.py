# SPDX-License-Identifier: MIT
"""Objects that end with their names. Names are read by words, and in most
files something lies behind them; here it is nothing, or a few bytes."""
import itertools
import re
import struct
import subprocess

import pytest

import host

PROGBITS, SYMTAB, STRTAB = 1, 2, 3
ALLOC, WRITE = 2, 1
LOCAL, GLOBAL, WEAK = 0x00, 0x10, 0x20
UNDEFINED, DATA = 0, 3
NAMES = [b"x" * n for n in (*range(9), 255, 256, 300)] + [
    b"grub_mod", b"grub_mod_", b"grub_mod_in", b"grub_mod_init",
    b"grub_mod_fini", b"grub_mod_initx", b".mod", b".modnam", b".modname",
    b".moddeps", b".modname2"]


def object_of(name, before=b"\0", behind=0, info=GLOBAL, section=DATA,
              named_section=False):
    """One string table for all names, last in the file but for `behind`
    bytes. Its own last string is the name of the symbol and, perhaps, of a
    section without bytes."""
    strings, at = before + name + b"\0", len(before)
    sections = [(0, STRTAB, 0, strings, 0, 0, 0),
                (0, SYMTAB, 0, bytes(16) + struct.pack(
                    "<IIIBBH", at, 0, 0, info, 0, section), 1, 1, 16),
                (0, PROGBITS, ALLOC | WRITE, bytes(4), 0, 0, 0)]
    if named_section:
        sections.append((at, PROGBITS, 0, b"", 0, 0, 0))
    count = len(sections) + 1
    offset, table, body = 52 + 40 * count, bytes(40), b""
    end = offset + sum(len(section[3]) for section in sections[1:])
    for index, (label, kind, flags, data, link, more, entry) in enumerate(
            sections):
        place = end if index == 0 else offset + len(body)
        body += data if index else b""
        table += struct.pack("<10I", label, kind, flags, 0, place, len(data),
                             link, more, 1, entry)
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 1, 3, 1, 0, 0,
                         52, 0, 52, 0, 0, 40, count, 1)
    return header + table + body + strings + b"A" * behind


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    for i, (name, before, behind, info, section, named) in enumerate(
            itertools.product(NAMES, (b"\0", b"\0y\0"), range(5),
                              (LOCAL, GLOBAL, WEAK), (UNDEFINED, DATA),
                              (False, True))):
        (folder / str(i)).write_bytes(
            object_of(name, before, behind, info, section, named))
    return folder


def test_nothing_is_read_behind_the_file(objects):
    """AddressSanitizer watches the byte behind each."""
    count = len(list(objects.iterdir()))
    out = host.run("asan/fuzz_load", objects)
    assert count > 1000 and f"{count} judged, 0 failed" in out


# In a file of the loader these words become those, and it reads too far.
HOLES = {
    "the end": ("elf/elf_check_symbols.c", "strings->sh_size <\n"
                "                        3", "0 < 0"),
    "two bytes are enough": ("elf/elf_check_symbols.c", "strings->sh_size <\n"
                             "                        3",
                             "strings->sh_size < 2"),
    "a life cycle": ("elf/object_link.c", 'room < sizeof "grub_mod_init"',
                     "0"),
    "a section's name": (
        "elf/elf_check.c",
        'elf->names->sh_size - section->sh_name < sizeof ".modname"', "0"),
}


@pytest.mark.parametrize("hole", HOLES)
def test_reading_on_is_seen(hole, objects, tmp_path):
    path = host.spoilt(tmp_path, *HOLES[hole], "fuzz_load", "load_trial",
                       "fuzz_main", "fuzz")
    done = subprocess.run(["timeout", "90", path, objects],
                          capture_output=True, text=True)
    assert "heap-buffer-overflow" in done.stderr, done.stdout[-2000:]


def loaded(path, **what):
    path.write_bytes(object_of(**what))
    return host.start("m32/load_image", path).stdout


@pytest.mark.parametrize("behind", range(4))
def test_names_are_known_to_the_last_character(behind, tmp_path):
    def family(name):
        text = loaded(tmp_path / "f.o", name=name, behind=behind,
                      info=LOCAL, named_section=True)
        return re.search(r"^family (\w+)", text, re.M)[1]

    def life(name):
        text = loaded(tmp_path / "l.o", name=name, behind=behind)
        base = re.search(r" base (\w+) ", text)[1]
        return [address == base for address in re.search(
            r"init (\w+), fini (\w+)", text).groups()]

    assert family(b".modname") == "grub"
    for other in (b".modname2", b".modnam", b".mod", b".moddepz"):
        assert family(other) == "c"
    assert life(b"grub_mod_init") == [True, False]
    assert life(b"grub_mod_fini") == [False, True]
    for other in (b"grub_mod_initx", b"grub_mod_inix", b"grub_mod_ini",
                  b"grub_mod", b"grub_moe_init"):
        assert life(other) == [False, False]


@pytest.mark.parametrize("behind", range(4))
def test_names_are_up_to_255_characters(behind, tmp_path):
    for len_, good in ((255, True), (256, False), (300, False)):
        text = loaded(tmp_path / "n.o", name=b"x" * len_, behind=behind)
        assert ("export " + "x" * len_ + " " in text) == good
        assert ("not a name of up to 255" in text) != good
