# SPDX-License-Identifier: MIT
"""The loader's commands: sets of files, places of choice, what is shown
before, and that nothing is left behind."""
import hashlib
import re
import struct
from pathlib import Path

import pytest

from kernel import LOGS, PASS, plain
from labs import CRYPTO, GRUB, MODULES, ZLIB
from monitor import Monitor
from test_loader import compiled, in_use
from test_screen import COLUMNS, ROWS, wait_for

NAMES = [path.name for path in CRYPTO]
LIBRARY = Path("/usr/lib32/libz.so.1")
WIDTH = 80


@pytest.fixture
def console(machine):
    with machine(modules=MODULES).open() as opened:
        opened.prompt()
        yield opened


def rows(said):
    """What `modules` says: the words of each line, by name."""
    return {line.split()[0]: line.split()[1:] for line in said.splitlines()
            if re.match(r"\S+ +(ELF|PE)", line)}


# Sets ---------------------------------------------------------------------

def test_a_pattern_loads_a_set(console):
    said = console.run("load *.mod")
    assert set(rows(said)) == set(NAMES)
    assert f"{len(NAMES)} images" in said
    assert rows(console.run("modules")) == rows(said)
    digest = hashlib.sha256(b"abc").hexdigest()
    assert digest in console.run('digest sha256 "abc"')


@pytest.mark.parametrize("pattern, wanted", [
    ("g*_*d*.mod", ["crypto.mod", "gcry_md5.mod"]),
    ("*5*.mod", ["crypto.mod", "gcry_md5.mod", "gcry_sha256.mod",
                 "gcry_sha512.mod"]),
    ("*rypto.mod*", ["crypto.mod"]), ("*1*d*d", None), ("crypto", None)])
def test_patterns(console, pattern, wanted):
    said = console.run(f"load {pattern} init=no")
    if wanted:
        assert sorted(rows(console.run("modules"))) == wanted
    else:
        assert f"{pattern}: no such file" in said


@pytest.mark.parametrize("place", ["", " at=random:5"])
def test_all_modules_of_grub_as_one_set(machine, place):
    """A line each, and nothing left when they are gone."""
    paths = sorted(GRUB.glob("*.mod"))
    assert len(paths) > 200
    with machine(modules=paths).open() as console:
        console.prompt()
        before, text = in_use(console), console.run("hash")
        said = console.run(f"load *.mod init=no{place}")
        assert len(rows(said)) == len(paths)
        assert rows(console.run("modules")) == rows(said)
        assert max(map(len, said.splitlines())) < WIDTH
        assert re.search("^0 pages writable", console.run("audit"), re.M)
        assert console.run("unload all").count("is gone") == len(paths)
        assert in_use(console) == before and console.run("hash") == text


def test_files_that_are_loaded_are_said_to_be(console):
    console.run("load gcry_md5.mod")
    said = console.run("load *.mod gcry_md5.mod")
    assert "gcry_md5.mod is loaded already" in said
    assert "crypto.mod is loaded already" in said
    assert "gcry_md5.mod" not in rows(said)
    assert console.run("load *.mod").count("already") == len(NAMES)


def test_what_cannot_be_loaded_is_named(console):
    before = in_use(console)
    for words, wanted in [
            ("load nosuch.mod", "nosuch.mod: no such file"),
            ("load gcry_md5.mod *.so", r"\*.so: no such file"),
            ("load", "usage: load"), ("load init=no", "usage: load"),
            ("load zlib1.dll at=", "at= takes an address"),
            ("load zlib1.dll at=0", "at= takes an address"),
            ("load zlib1.dll at=random:x", "at= takes an address"),
            ("load zlib1.dll at=randomly", "at= takes an address"),
            ("load zlib1.dll bind=later", "bind= takes lazy, now"),
            ("load zlib1.dll init=maybe", "init= takes yes or no"),
            ("unload", "usage: unload"),
            ("unload zlib1.dll", "zlib1.dll is not loaded"),
            ("modules zlib1.dll", "zlib1.dll is not loaded"),
            ("symbols nosuch", "nosuch: no such file"),
            ("relocs nosuch", "nosuch: no such file"),
            ("relocs zlib1.dll few", "usage: relocs"),
            ("heat nosuch", "nosuch: no such file"),
            ("heat zlib1.dll dark", "usage: heat"),
            ("rebase zlib1.dll", "zlib1.dll is not loaded")]:
        assert re.search(wanted, console.run(words)), words
    assert in_use(console) == before


def test_init_no_runs_nothing(console):
    """Without its init gcry_md5.mod registers nothing; with it, it would be
    the first that md5 finds."""
    said = console.run("load gcry_md5.mod crypto.mod init=no")
    assert all(words[-2:] == ["not", "run"] for words in rows(said).values())
    assert "nothing of it has run" in console.run("modules gcry_md5.mod")
    spec = console.run("call crypto.mod grub_crypto_lookup_md_by_name md5")
    assert "returned 0x00000000" in spec
    assert console.run("unload all").count("is gone") == 2


def test_unloading_a_set(console):
    console.run("load *.mod")
    refused = console.run("unload crypto.mod gcry_md5.mod")
    assert re.search(r"crypto.mod: gcry_\S+, .* use it", refused)
    assert "gcry_md5.mod," not in refused
    # Refused before any fini has run: md5 can still be found.
    spec = console.run("call crypto.mod grub_crypto_lookup_md_by_name md5")
    assert "returned 0x" in spec and "0x00000000" not in spec
    assert len(rows(console.run("modules"))) == len(NAMES)
    assert console.run("unload gcry_md5.mod gcry_md5.mod").count("gone") == 1
    assert "not loaded" in console.run("unload gcry_sha1.mod gcry_md5.mod")
    assert "gcry_sha1.mod" in rows(console.run("modules"))
    assert console.run("unload all").count("is gone") == len(NAMES) - 1
    assert console.run("unload all") == ""


def test_a_circle_goes_as_a_whole(machine, tmp_path):
    one = compiled(tmp_path / "one.o", "int two(void);"
                   "int one(void) { return 1; } int a(void) { return two(); }")
    two = compiled(tmp_path / "two.o", "int one(void);"
                   "int two(void) { return 2; } int b(void) { return one(); }")
    with machine(modules=[one, two]).open() as console:
        console.prompt()
        assert "one.o: offered neither" in console.run("load one.o")
        before = in_use(console)
        assert set(rows(console.run("load one.o two.o"))) == {"one.o",
                                                              "two.o"}
        assert "returned 0x00000002" in console.run("call one.o a")
        assert "used by two.o" in console.run("modules one.o")
        assert "two.o uses it" in console.run("unload one.o")
        assert "one.o uses it" in console.run("unload two.o")
        assert console.run("unload all").count("is gone") == 2
        assert in_use(console) == before


def test_what_is_broken_stays_with_what_it_uses(machine, tmp_path):
    path = compiled(tmp_path / "bad.mod", """
        __attribute__((section(".moddeps"), used))
        static const char needs[] = "crypto";
        __attribute__((section(".modname"), used))
        static const char name[] = "bad";
        void grub_mod_init(void) { __asm__("ud2"); }
        """, "-mregparm=3", "-mrtd")
    with machine(modules=[path, *CRYPTO]).open() as console:
        console.prompt()
        assert "grub_mod_init" in console.run("load bad.mod gcry_md5.mod")
        assert rows(console.run("modules"))["bad.mod"][-1] == "broken"
        said = console.run("unload all")
        assert "bad.mod stays: it is broken" in said
        assert "crypto.mod stays\n" in said + "\n"
        assert "nothing uses it" in console.run("load bad.mod")


# Places -------------------------------------------------------------------

@pytest.mark.parametrize("place", ["at=0x10000", "at=0x63080000",
                                   "at=0xbff00000", "at=random:3"])
def test_a_dll_runs_anywhere(console, place):
    """A mebibyte below 3 GiB, and where zlib1.dll was linked for."""
    before, text = in_use(console), console.run("hash")
    said = console.run(f"load zlib1.dll {place}")
    base = re.search(r"PE at (0x\w+)", said)[1]
    assert "random" in place or base == f"0x{int(place[3:], 16):08x}"
    assert int(base, 16) < 0xc0000000
    assert "0xcbf43926" in console.run(
        'call zlib1.dll crc32 0 "123456789" 9')
    assert "identical" in console.run("zip zlib1.dll")
    assert re.search("^0 pages writable", console.run("audit"), re.M)
    assert "gone" in console.run("unload zlib1.dll")
    assert in_use(console) == before and console.run("hash") == text


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shared_object_runs_anywhere(machine, seed):
    with machine(modules=[LIBRARY]).open() as console:
        console.prompt()
        before = in_use(console)
        said = console.run(f"load libz.so.1 at=random:{seed}")
        assert int(re.search(r"at (0x\w+)", said)[1], 16) < 0xc0000000
        assert "0xcbf43926" in console.run(
            'call libz.so.1 crc32 0 "123456789" 9')
        assert re.search("^0 pages writable", console.run("audit"), re.M)
        assert "gone" in console.run("unload libz.so.1")
        assert in_use(console) == before


def test_places_that_cannot_be(console):
    console.run("load gcry_crc.mod at=0x20000000")
    before = in_use(console)
    for place, why in [("0x20000001", "no multiple of 4096"),
                       ("0x1000", "first 64 KiB"),
                       ("0xc0000000", "belongs to the kernel"),
                       ("0xfffff000", "belongs to the kernel"),
                       ("0xbffff000", "too little room"),
                       ("0x20000000", "is taken"),
                       ("0x1fffc000", "is taken")]:
        said = console.run(f"load zlib1.dll at={place}")
        assert f"bytes at 0x{int(place, 16):08x}: the address" in said
        assert why in said
    assert in_use(console) == before


def test_random_places_are_told_and_repeated(console):
    said = console.run("load *.mod at=random")
    seed = re.search(r"^(at=random:0x\w{8})$", said, re.M)[1]
    bases = [words[1] for words in rows(said).values()]
    assert len(set(bases)) == len(NAMES) and max(bases) < "c"
    console.run("unload all")
    again = console.run(f"load *.mod {seed}")
    assert [words[1] for words in rows(again).values()] == bases
    digest = hashlib.md5(b"abc").hexdigest()
    assert digest in console.run('digest md5 "abc"')


def test_other_users_of_low_addresses_see_the_image(console):
    """`check intn` maps pages for ring 3 at 4 MiB, and takes them away."""
    console.run("load gcry_crc.mod at=0x400000")
    said = console.run("check intn")
    assert said.count("# SKIP") == 2 and "loaded at 0x400000" in said
    assert "not ok" not in said
    assert "cbf43926" in console.run('digest crc32 "123456789"')
    console.run("unload all")
    assert "loaded at" not in console.run("check intn")


def test_objects_say_that_they_cannot_move(console):
    console.run("load gcry_crc.mod")
    assert "keep no list" in console.run("rebase gcry_crc.mod at=random:1")


# What is shown ------------------------------------------------------------

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
             if line.split() and line.split()[0] in ours]
    assert len(lines) == len(ours)
    assert all(len(line) < WIDTH for line in lines), lines


# Damage -------------------------------------------------------------------

FUZZED = [ZLIB, LIBRARY, CRYPTO[0], CRYPTO[1], CRYPTO[4]]


def fuzzed(machine, path, count, limit):
    """Damaged copies in one machine: none may crash or hang it, leave a word
    where it does not belong or a page that nobody owns. Many are refused, and
    many are not: a damaged word may mean nothing."""
    with machine(modules=[*MODULES, LIBRARY], limit=limit).open() as console:
        console.prompt()
        console.run("load crypto.mod")
        before, text = in_use(console), console.run("hash")
        said = console.run(f"fuzz {path.name} {count}", timeout=limit)
        row = re.search(r"this one, \S+ +(\d+) +(\d+) +(\d+) +([\d.]+) % "
                        r"+(\d+) +(\d+)$", said, re.M)
        mutants, refused, loaded = map(int, row.groups()[:3])
        assert mutants == count == refused + loaded, said
        assert row.groups()[3:] == ("0.0", "0", "0"), said
        assert refused > count // 10 and loaded > count // 10
        assert "stray words" not in said and "changed" not in said
        assert in_use(console) == before and console.run("hash") == text
        assert re.search("^0 pages writable", console.run("audit"), re.M)


@pytest.mark.parametrize("path", FUZZED, ids=lambda path: path.name)
def test_fuzz(machine, path):
    fuzzed(machine, path, 500, 60)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", FUZZED, ids=lambda path: path.name)
def test_fuzz_long(machine, path):
    fuzzed(machine, path, 10_000, 800)


def test_fuzz_words(console):
    for words, wanted in [("fuzz zlib1.dll", "usage: fuzz"),
                          ("fuzz zlib1.dll 0", "usage: fuzz"),
                          ("fuzz zlib1.dll 1 x", "usage: fuzz"),
                          ("fuzz nosuch 1", "nosuch: no such file")]:
        assert wanted in console.run(words)
    # The same seeds do the same damage.
    one = console.run("fuzz zlib1.dll 20 7").splitlines()[-2]
    assert console.run("fuzz zlib1.dll 20 7").splitlines()[-2] == one


def test_help_fits_the_screen_and_says_what_call_does(console):
    said = console.run("help")
    assert max(map(len, said.splitlines())) < WIDTH
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
