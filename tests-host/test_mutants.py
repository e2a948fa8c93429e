# SPDX-License-Identifier: MIT
"""Damaged files through the loader, under sanitizers: no crash, no hang, no
byte left, and words for every refusal. And that a hole would be seen."""
import re
import subprocess
from pathlib import Path

import pytest

import host

GRUB = Path("/usr/lib/grub/i386-pc")
MINGW = Path("/usr/lib/gcc/i686-w64-mingw32")

# What is damaged, and what it needs. Small files, but each with all tables
# of its format.
FORMATS = {
    "object": ([GRUB / f"gcry_{name}.mod" for name in (
        "crc", "md5", "sha1", "sha256", "sha512", "rijndael", "blowfish")],
        [GRUB / "crypto.mod"]),
    "pe": (["/usr/i686-w64-mingw32/lib/zlib1.dll",
            *sorted(MINGW.glob("*-win32/libssp-0.dll")),
            *sorted(MINGW.glob("*-win32/libatomic-1.dll"))], []),
    "shared": ([Path("/lib32") / name for name in (
        "libz.so.1", "libgcc_s.so.1", "libm.so.6")], []),
}


def words(kind):
    targets, needed = FORMATS[kind]
    return [*targets, *(["with", *needed] if needed else [])]


def judge(out, count):
    """The verdict, and the table that others' loaders stand in as well."""
    print(out)
    assert "4 judged, 0 failed" in out
    row = re.search(r"^palimpsest, .* (\d+) +([\d.]+) % +([\d.]+) % +"
                    r"([\d.]+) %$", out, re.M)
    assert int(row[1]) == count and float(row[4]) == 0
    assert float(row[2]) > 20 and float(row[3]) > 20, "all alike"


@pytest.mark.parametrize("kind", FORMATS)
def test_mutants_end_in_words_or_in_an_image(kind):
    judge(host.run("asan/load_mutants", "--count", 2000, *words(kind)), 2000)


@pytest.mark.long
@pytest.mark.timeout(1230)
@pytest.mark.parametrize("kind", FORMATS)
def test_100000_mutants(kind):
    judge(host.run("asan/load_mutants", "--count", 100000, "--seed", 2,
                   *words(kind), limit=1200), 100000)


# With what the files above lack: a GOT, groups, COMMON, constructors; more
# names than the fixed table has room for, versions, an indirect function.
RARE = {
    "object": ("""
        .globl start, own
        .section .text.own,"axG",@progbits,own,comdat
        own: ret
        .text
        start: mov own@GOT(%ebx), %eax
        mov buffer@GOT(%ebx), %edx
        ret
        .section .init_array,"aw"
        .long start
        .comm buffer,64,16
        """, []),
    "shared": (".data\n.balign 4\n" + "".join(
        f".globl n{i}\nn{i}: .long n{i}\n" for i in range(3000)) + """
        .text
        .globl chosen, old
        .type chosen, @gnu_indirect_function
        chosen: lea n1@GOTOFF(%ebx), %eax
        old: ret
        .symver old, old@ONE
        .symver old, n0x@@ONE
        """, ["-shared", "--version-script", "/dev/stdin"]),
}


def assemble(path, source, *link, script=""):
    """An object file, or what ld makes of it."""
    subprocess.run(["as", "--32", "-o", path, "-"], input=source, text=True,
                   check=True)
    if link:
        made = path.rename(path.with_suffix(".object"))
        subprocess.run(["ld", "-m", "elf_i386", *link, "-o", path, made],
                       input=script, text=True, check=True)
    return path


def load_damaged(*paths):
    """The first one is damaged; the others are what it needs."""
    judged = host.run("asan/load_mutants", "--count", 500, paths[0],
                      *(["with", *paths[1:]] if paths[1:] else []))
    assert "4 judged, 0 failed" in judged


@pytest.mark.parametrize("kind", RARE)
def test_no_memory_at_any_point(kind, tmp_path):
    """The first thing that load_mutants does is to load each file with one
    request refused, the first, the second, to the last: for memory, or for
    other rights of its pages. Then with two of them, and with all behind
    it."""
    source, link = RARE[kind]
    load_damaged(assemble(tmp_path / "made", source, *link,
                          script="ONE { *; };"))


def member(name, needs, data=4):
    """An object with bytes on all kinds of pages, which uses what it needs,
    and says so as modules of GRUB do."""
    calls = "".join(f"call {other}\n" for other in needs)
    names = "".join(f'.asciz "{other}"\n' for other in needs)
    return f"""
        .globl {name}
        .text
        {name}: {calls} ret
        .section .rodata,"a"
        .long {name}
        .data
        .long {name}
        .skip {data}
        .section .moddeps
        {names}"""


def test_no_memory_for_files_that_share_pages(tmp_path):
    """Two that use each other, so that each goes while it is still used."""
    load_damaged(assemble(tmp_path / "one.mod", member("one", ["two"])),
                 assemble(tmp_path / "two.mod", member("two", ["one"])))


def shared_object(tmp_path, name, needs):
    """One that needs object files: for ld they are shared ones."""
    for other in needs:
        assemble(tmp_path / f"as-{other}", ".text\n", "-shared", "-soname",
                 other)
    return assemble(
        tmp_path / name, ".globl app\n.text\napp: ret\n", "-shared",
        "--no-as-needed", *(tmp_path / f"as-{other}" for other in needs))


def refused(*paths):
    """What is said of the first file, which needs the others."""
    return host.run("asan/load_image", *paths, status=1)


def test_objects_that_come_late(tmp_path):
    """What a shared object needs is judged when it has its own address: too
    late to share pages with each other. (No objects are what it wants, but
    that is found when all have their addresses.)"""
    path = shared_object(tmp_path, "app.so", ["c.o", "d.o", "e.o"])
    assert "app.so: needs c.o, which is no shared object" in refused(path, *(
        assemble(tmp_path / f"{name}.o", member(name, [], data))
        for name, data in (("c", 4), ("d", 4), ("e", 20000))))


def test_an_object_that_comes_when_others_share(tmp_path):
    """One whose data would not fit where the first two have theirs."""
    path = shared_object(tmp_path, "app.mod", ["c.o"])
    assert "app.mod: needs c.o, which is no shared object" in refused(
        assemble(tmp_path / "a.mod", member("a", ["b", "app"])),
        assemble(tmp_path / "b.mod", member("b", [])), path,
        assemble(tmp_path / "c.o", member("c", [], 20000)))


# In a file of the loader these words become those, and the finding is this.
HOLES = {
    "import names past the image": (
        "pe/pe_import.c", '!pe_in_image(pe, "import names", names, 1, 4)',
        "0", "pe", "crashes"),
    "SizeOfBlock 0": (
        "pe/pe_reloc.c", "block->SizeOfBlock < sizeof *block", "0", "pe",
        "hangs"),
    "a name past the string table": (
        "elf/elf_check_symbols.c", "symbol->st_name >= elf->strings_size",
        "0", "object", "crashes"),
    "a symbol that is not there": (
        "elf/object_reloc.c", "symbol >= elf->symbols", "0", "object",
        "crashes"),
    "the map of changes is kept": (
        "set.c", "heap_free(in->claimed);", "", "pe", "memory is left"),
    "a refusal without words": (
        "refuse.c", '"%s at %s 0x%x is 0x%x: %s", field, where, place,\n'
        '                     value, why', '"no"', "object",
        "hardly a reason"),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_is_seen(hole, tmp_path):
    name, old, new, kind, finding = HOLES[hole]
    path = host.spoilt(tmp_path, name, old, new, "load_mutants",
                       "load_trial", "mutate")
    done = subprocess.run(
        ["timeout", "90", path, "--count", "3000",
         "--seconds", "2", *words(kind)], capture_output=True, text=True)
    assert done.returncode == 1, done.stdout[-2000:]
    assert finding in done.stdout, done.stdout[-2000:]
