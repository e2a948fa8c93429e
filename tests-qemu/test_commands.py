# SPDX-License-Identifier: MIT
"""The shell's commands for images: sets of them, and where they go."""
import hashlib
import re

import pytest

from labs import CRYPTO, GRUB, LIBZ
from objects import compiled
from said import WIDTH, in_use, rows

NAMES = [path.name for path in CRYPTO]


# Sets ----------------------------------------------------------------------

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


def test_long_names_are_not_cut(machine, tmp_path):
    """Two that differ only behind the column that names have."""
    paths = [compiled(tmp_path / f"a_name_with_35_characters_or_so_{n}.o",
                      f"int f{n}(void) {{ return 1; }}") for n in (1, 2)]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run(f"load {paths[0].name} {paths[1].name}")
        lines = console.run("modules").splitlines()
    assert lines[1::2] == [path.name for path in reversed(paths)]
    for line in lines[2::2]:
        assert line.index("ELF") == lines[0].index("format"), lines


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


# Places --------------------------------------------------------------------

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
    with machine(modules=[LIBZ]).open() as console:
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
