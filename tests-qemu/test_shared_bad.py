# SPDX-License-Identifier: MIT
"""What can be wrong with a shared object: one field at a time. Each has an
error of its own that names the field, its place and its value; nothing is
kept of the file, and the machine goes on."""
import re
import struct

import pytest

from said import in_use
from shared_files import LOAD, Elf, can_build, library
from shared_spoilt import instead, spoilt

OTHER = "int f(void) { return 1; }"
SOURCE = """
int f(void); int shared(int); extern int elsewhere __attribute__((weak));
__thread int local = 3; int count; int *const relro = &count;
int *pointers[40] = {&count, &count, &count, 0, &count};
static int table[9]; int *inner[40] = {table, table, table, table, table,
    table, 0, 0, table, table + 1, table + 2, table + 3, table, table, table,
    table, table, table, table, table, table, table, table, table, table,
    table, table, table, table, table, table, table, table, table, table};
__attribute__((constructor)) static void up(void) { count++; }
__attribute__((destructor)) static void down(void) { count--; }
void start(void) { count++; } void end(void) { count--; }
int call(void) { return f() + shared(1) + &elsewhere + local; }
int shared(int x) { return x + 1; }
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """An object that has one of everything, and what it needs."""
    folder = tmp_path_factory.mktemp("bad")
    if not can_build(folder / "probe"):
        pytest.skip("no compiler for 32-bit shared objects")
    other = library(folder / "libother.so", OTHER,
                    script="V1 { global: f; };")
    path = library(folder / "libgood.so",
                   SOURCE.replace("&elsewhere", "!!&elsewhere"),
                   "-Wl,--hash-style=both", "-Wl,-z,pack-relative-relocs",
                   "-Wl,-init,start", "-Wl,-fini,end",
                   "-ftls-model=initial-exec", needs=[other],
                   script="X1 { global: *; };")
    return other, path


def test_every_bad_field_is_named(machine, good, tmp_path):
    other, path = good
    made = spoilt(path, tmp_path)
    with machine(modules=[other, path, *(file for file, _ in made)],
                 limit=120).open() as console:
        console.prompt()
        assert "libgood.so: ELF shared at" in console.run("load libgood.so")
        assert "gone" in console.run("unload libgood.so")
        before, text = in_use(console), console.run("hash")
        wrong = []
        for file, words in made:
            said = console.run(f"load {file.name}")
            if (not said.startswith(file.name + ": ") or
                    not re.search(words, said)):
                wrong.append((words, said[:200]))
            if "ELF shared at" in said:
                console.run(f"unload {file.name}; unload libother.so")
        assert not wrong
        assert in_use(console) == before
        assert console.run("hash") == text


def test_truncated_at_every_border(machine, good, tmp_path):
    other, path = good
    data = path.read_bytes()
    elf = Elf(data)
    cuts = {1, 4, 15, 16, 17, 18, 51, 52, 53, 52 + 31, 52 + 32,
            *(offset + size + delta for offset, _, size, _, _ in
              elf.segments() for delta in (-1, -4))}
    files = []
    for cut in sorted(cuts):
        files.append(tmp_path / f"cut{cut}.so")
        files[-1].write_bytes(data[:cut])
    with machine(modules=[other, *files]).open() as console:
        console.prompt()
        for file in files:
            said = console.run(f"load {file.name}")
            assert said.startswith(file.name + ": ") and len(said) > 40, said
            assert "ELF shared at" not in said
        assert "0 pages writable" in console.run("audit")


def test_a_hash_chain_that_is_a_circle(machine, tmp_path):
    """In DT_HASH every bucket leads to the second symbol, and that to itself:
    whoever looks for another one would come to no end. In GNU's table 255
    names may follow the first of a chain."""
    path = library(tmp_path / "libround.so", """
        int absent(void) __attribute__((weak)); int other(void) { return 8; }
        int call(void) { return absent ? absent() : 4; }
        """, "-Wl,--hash-style=sysv")
    elf = Elf(path.read_bytes())
    at = elf.table("HASH")
    buckets = elf.word(at)
    for number in range(buckets):
        elf.put(at + 8 + 4 * number, 1)
    elf.put(at + 8 + 4 * buckets + 4, 1)
    path.write_bytes(elf.data)
    with machine(modules=[path]).open() as console:
        console.prompt()
        said = console.run("load libround.so", timeout=20)
        assert said.startswith("libround.so: a bucket of DT_HASH at offset ")
        assert "is 0x1: its chain is longer than 256, or a circle" in said
        assert console.run("modules").startswith("no images")


@pytest.mark.parametrize("style, words", [("gnu", 4), ("sysv", 2)])
def test_a_hash_table_that_relocates_its_own_head(machine, tmp_path, style,
                                                  words):
    """Its counts were judged as the file has them. In the image they are
    other numbers, which who looks for a name must not follow."""
    other = library(tmp_path / "libother.so", "static int x; int *p[] = {"
                    "&x, &x, &x, &x}; int f(void) { return 9; }",
                    f"-Wl,--hash-style={style}")
    user = library(tmp_path / "libuser.so", """
        int f(void); int absent(void) __attribute__((weak));
        int call(void) { return f() + !!absent; }""", needs=[other])
    elf = Elf(other.read_bytes())
    table = elf.tag("GNU_HASH" if style == "gnu" else "HASH")
    places = [at for at, _, kind, _ in elf.relocations("REL", "RELSZ")
              if kind == 8]
    for number in range(words):
        elf.put(places[number], elf.word(table) + 4 * number)
    instead("RELCOUNT", "TEXTREL")(elf)
    other.write_bytes(elf.data)
    with machine(modules=[other, user]).open() as console:
        console.prompt()
        assert "ELF shared at" in console.run("load libother.so")
        assert "ELF shared at" in console.run("load libuser.so")
        assert "returned 0x00000009" in console.run("call libuser.so call")


@pytest.mark.parametrize("style", ["gnu", "sysv"])
def test_hash_chains_up_to_256(machine, tmp_path, style):
    """As many names as one chain may have, and one more."""
    files = []
    for count in (256, 257):
        path = library(tmp_path / f"lib{count}.so", "".join(
            f"int n{i}(void) {{ return {i}; }}" for i in range(count)),
            f"-Wl,--hash-style={style}")
        elf = Elf(path.read_bytes())
        if style == "sysv":
            at = elf.table("HASH")
            buckets, chains = elf.word(at), elf.word(at + 4)
            for number in range(buckets):
                elf.put(at + 8 + 4 * number, 1)
            for number in range(1, chains):
                elf.put(at + 8 + 4 * (buckets + number),
                        (number + 1) % chains)
        else:
            at = elf.table("GNU_HASH")
            buckets, blooms = elf.word(at), elf.word(at + 8)
            for number in range(count):
                word = at + 16 + 4 * (blooms + buckets + number)
                elf.put(word, elf.word(word) & ~1 | (number == count - 1))
        files.append(path)
        path.write_bytes(elf.data)
    with machine(modules=files).open() as console:
        console.prompt()
        assert "ELF shared at" in console.run("load lib256.so")
        assert "returned 0x00000011" in console.run("call lib256.so n17")
        assert "longer than 256" in console.run("load lib257.so")


def test_segments_up_to_sixteen(machine, tmp_path):
    """An object of nothing but PT_LOADs, each a word of zeros on a page."""
    files = []
    for count in (16, 17):
        data = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 3, 3, 1, 0,
                           52, 0, 0, 52, 32, count, 0, 0, 0)
        for number in range(count):
            data += struct.pack("<8I", LOAD, 0, number << 12, 0, 0, 4, 6, 4096)
        files.append(tmp_path / f"{count}.so")
        files[-1].write_bytes(data)
    with machine(modules=files).open() as console:
        console.prompt()
        assert "16.so: no PT_DYNAMIC" in console.run("load 16.so")
        assert (f"p_type at offset {52 + 16 * 32:#x} is 0x1: more than 16 "
                "PT_LOAD segments") in console.run("load 17.so")


# What shows only when it runs ------------------------------------------------

def spoilt_one(good, folder, spoil):
    elf = Elf(good[1].read_bytes())
    spoil(elf)
    path = folder / "libgood.so"
    path.write_bytes(elf.data)
    return path


def plt_push(elf):
    """Where the second PLT entry pushes its offset: 68 imm32 e9."""
    at = re.search(rb"\x68\x08\0\0\0\xe9", bytes(elf.data)).start() + 1
    return at


@pytest.mark.parametrize("offset, words", [
    (9, "lazy call with offset 0x9, which is no entry"),
    (0x7fff8, "lazy call with offset 0x7fff8, which is no entry"),
    (-8, "lazy call with offset 0xfffffff8, which is no entry")])
def test_a_lazy_call_with_a_bad_offset(machine, good, tmp_path, offset,
                                       words):
    path = spoilt_one(good, tmp_path,
                      lambda elf: elf.put(plt_push(elf), offset))
    with machine(modules=[good[0], path]).open() as console:
        console.prompt()
        said = console.run("call libgood.so call")
        assert f"libgood.so: {words}" in said, said
        assert "(3)" in console.run("call libgood.so shared 2")


def test_an_init_function_outside_of_the_code(machine, good, tmp_path):
    def spoil(elf):
        elf.put(elf.table("INIT_ARRAY"), 0x10)
    path = spoilt_one(good, tmp_path, spoil)
    with machine(modules=[good[0], path]).open() as console:
        console.prompt()
        said = console.run("load libgood.so")
        assert re.search("libgood.so: DT_INIT_ARRAY: 0x\\w+ is not in its "
                         "code", said), said
        assert "it stays" in console.run("unload libgood.so")
