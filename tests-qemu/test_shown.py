# SPDX-License-Identifier: MIT
"""What the shell shows of images: `modules`, `symbols`, `relocs`, `heat`, and
their help."""
import re
import struct

import pytest

from kernel import LOGS, PASS, plain
from labs import MODULES, ZLIB
from monitor import Monitor
from objects import compiled
from said import WIDTH, in_use
from test_screen import COLUMNS, ROWS, wait_for



def test_modules_show_what_there_is(console):
    console.run("load gcry_crc.mod at=0x20000000")
    said = console.run("modules gcry_crc.mod crypto.mod")
    assert re.search(r"\.text +at 0x20000000, \d+ bytes, r-x", said)
    assert re.search(r"\.rodata +at 0x2000\w+, \d+ bytes, r--", said)
    assert re.search(r"\.data +at 0x2000\w+, \d+ bytes, rw-", said)
    assert "uses crypto.mod" in said and "used by gcry_crc.mod" in said


def test_symbols_of_a_file_and_of_an_image(console):
    before = in_use(console)
    said = console.run("symbols gcry_md5.mod")
    assert re.search(r"\w{8}   import   grub_md_register, from crypto.mod",
                     said)
    assert "grub_memset, from the kernel" in said
    offset = re.search(r"\+(\w+)  defined  _gcry_digest_spec_md5", said)[1]
    assert in_use(console) == before
    console.run("load gcry_md5.mod at=0x30000000")
    said = console.run("symbols gcry_md5.mod _gcry_dig")
    assert said.splitlines()[0].split() == [
        f"{0x30000000 + int(offset, 16):08x}", "defined",
        "_gcry_digest_spec_md5"]


def test_symbols_of_a_dll(console):
    said = console.run("symbols zlib1.dll _")
    assert re.search("msvcrt.dll!_lock, from the kernel|"
                     "refused  msvcrt.dll!_lock", said)
    assert re.search(r"\d+ of 140 symbols: 89 defined, 51 asked for, "
                     r"\d+ of them offered by nobody", said), said


def test_symbols_that_are_missing(machine, tmp_path):
    path = compiled(tmp_path / "want.o", "int absent(void);"
                    "__attribute__((weak)) int perhaps(void);"
                    "int ask(void) { return absent() + perhaps(); }")
    run = machine("exit -- symbols want.o", modules=[path]).run()
    assert "refused  absent" in run.text and "refused  perhaps" in run.text
    assert re.search("offered neither .*: absent$", run.text, re.M)


def relocated(data, base):
    """The words of a DLL that pefile would change: RVA, before, after."""
    import pefile
    pe = pefile.PE(data=data)
    delta = base - pe.OPTIONAL_HEADER.ImageBase
    return [(entry.rva, was, (was + delta) % 2**32)
            for block in pe.DIRECTORY_ENTRY_BASERELOC
            for entry in block.entries if entry.type == 3
            for was in [pe.get_dword_at_rva(entry.rva)]]


def test_relocs_are_those_of_another_reader(console):
    pytest.importorskip("pefile")
    said = console.run("relocs zlib1.dll 2000 at=0x10000000")
    found = [(int(at, 16), *(struct.unpack("<I", bytes.fromhex(b))[0]
                             for b in (was, now)))
             for at, was, now in re.findall(
                 r"^ +(\w{6}) +\S+ +HIGHLOW +(.{11}) -> (.{11})", said,
                 re.M)]
    assert found == relocated(ZLIB.read_bytes(), 0x10000000)


def test_relocs_are_as_many_as_load_makes(console):
    said = console.run("relocs gcry_sha1.mod 100 at=0x10000000")
    lines = re.findall(r"^ +(\w{6}) \S+ +(R_386_\w+) +.{11} -> (.{11})",
                       said, re.M)
    total = int(re.search(r"(\d+) changes", said)[1])
    loaded = console.run("load gcry_sha1.mod at=0x10000000")
    counts = re.findall(r"(\d+) (R_386_\w+)", loaded)
    assert len(lines) == total == sum(int(n) for n, _ in counts)
    assert len(console.run("relocs gcry_sha1.mod 3").splitlines()) < total
    kinds = re.findall(r"(\d+) R_386_\w+", said.split("changes")[1])
    assert sum(map(int, kinds)) == total
    # An absolute one leads into this image or into the kernel's own memory.
    for at, kind, now in lines:
        word = struct.unpack("<I", bytes.fromhex(now))[0]
        assert kind == "R_386_PC32" or word >> 16 == 0x1000 or \
            word >= 0xc0000000, (at, kind, now)


@pytest.mark.parametrize("words", ["", " plain"])
def test_heat_fits_the_screen(console, words):
    before = in_use(console)
    for path in MODULES:
        console.send(f"heat {path.name}{words}\r")
        raw = console.line
        raw.expect(rb"(?:^|\n)palimpsest> ")
        text = raw.before
        assert (b"\x1b[1;31m" in text) == (not words)
        lines = plain(text).splitlines()[1:]
        assert len(lines) <= 25
        assert max(map(len, lines)) < WIDTH, lines
    assert in_use(console) == before


def test_names_of_sections_cannot_move_the_cursor(machine, tmp_path):
    data = ZLIB.read_bytes().replace(b".rdata\0\0", b"\x1b[2J\x1b[1m", 1)
    (tmp_path / "odd.dll").write_bytes(data)
    run = machine("exit -- heat odd.dll plain; relocs odd.dll 900; "
                  "load odd.dll init=no; modules odd.dll",
                  modules=[tmp_path / "odd.dll"]).run()
    assert b"\x1b[2J" not in run.raw and b"\x1b[1m" not in run.raw
    assert run.text.count("?[2J?[1") >= 3


def test_heat_counts_every_change(console):
    """The marks add up to what `relocs` counts: in cells of 16 bytes there
    are at most four words, so no mark says "more"."""
    said = console.run("heat gcry_md5.mod plain").splitlines()
    total = int(re.search(r"(\d+) changes .*, 16 bytes to a cell",
                          said[0])[1])
    marks = "".join(line[11:] for line in said[1:-1])
    assert sum(int(mark) for mark in marks if mark != ".") == total
    assert f"{total} changes" in console.run("relocs gcry_md5.mod")


def test_heat_in_colour_on_the_text_screen(machine):
    """Red, bright where something changes, and the rest as it was."""
    with Monitor(machine(modules=MODULES)) as monitor:
        wait_for(monitor, lambda lines: "palimpsest>" in lines)
        monitor.type([*"heat", "spc", *"zlib1", "dot", *"dll", "ret"])
        lines = wait_for(monitor, lambda lines: any(
            "# more" in line for line in lines))
        dump = LOGS / f"{monitor.name}.cells"
        monitor.command("pmemsave", val=0xb8000, size=COLUMNS * ROWS * 2,
                        filename=str(dump))
    cells = dump.read_bytes()
    row = next(i for i, line in enumerate(lines) if ".text" in line)
    colours = {cells[2 * (row * COLUMNS + column)]: cells[
        2 * (row * COLUMNS + column) + 1] for column in range(11, 75)}
    assert colours[ord("#")] == 0x0c and colours[ord(".")] == 0x04
    assert cells[2 * (row * COLUMNS + 3) + 1] == 0x07
    assert max(map(len, lines)) < WIDTH


def test_help_lines_fit_the_screen(machine):
    ours = ("load", "unload", "modules", "rebase", "symbols", "relocs",
            "heat", "fuzz")
    text = machine("exit -- help").run().must_end(PASS).text
    lines = [line for line in text.splitlines()
             if line[:2] == "  " and line[2:].partition(" ")[0] in ours]
    assert len(lines) == len(ours)
    assert all(len(line) < WIDTH for line in lines), lines


def test_help_fits_the_screen_and_says_what_call_does(console):
    said = console.run("help")
    lines = said.splitlines()[:-1]
    assert max(map(len, lines)) < WIDTH
    # What it does has a column, or behind a wide usage a line.
    assert [line for line, after in zip(lines, lines[1:] + [""])
            if not after.startswith(" " * 34)
            and not re.match(".{33} [^ ]", line)] == []
    assert re.search(r"^  call +NAME SYMBOL \[ARGS\.\.\.\] +run it with ",
                     said, re.M)


def test_the_journal_names_nobody_for_memory_that_is_gone(console):
    """The next image may lie there by then."""
    console.run("load zlib1.dll at=0x20000000")
    assert re.search(r"\[zlib1.dll\].* generated", console.run("journal"))
    console.run("unload all")
    console.run("load gcry_crc.mod at=0x20000000")
    freed = [line for line in console.run("journal").splitlines()
             if line.endswith("freed")]
    assert freed and not any("[" in line for line in freed)
    number = freed[0].split()[0].lstrip("#")
    assert "[" not in console.run(f"journal {number}").splitlines()[2]
