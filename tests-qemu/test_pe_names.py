# SPDX-License-Identifier: MIT
"""DLLs that find each other: exports, imports, forwarders."""
import re

import pytest

from objects import assembled
from pe_dll import (RET, calls_strlen, forwarding, jumps, load_all, poked,
                    refusals, returned, returns, with_exports, write)
from pe_file import CODE, DATA, DELAY, IMPORT, READ, RELOC, Pe, block, imports
from said import in_use


def test_exports_by_ordinal_and_in_any_order(machine, tmp_path):
    """Names need not be sorted; a function may have two names, or none and
    only a number; numbers may be left out."""
    lib = Pe()
    text = lib.section(".text", b"".join(returns(v) for v in (1, 2, 3)), CODE)
    with_exports(lib, [text, 0, text + 6, text + 12],
                 [("zulu", 0), ("alpha", 2), ("mike", 0)], base=40)
    user = Pe()
    data, slot = imports(0x1000, [("LIB.DLL", [42, 43, 40, 41, "alpha"])])
    user.directory[IMPORT] = user.section(".idata", data, DATA)
    text = user.next_rva
    code = b"".join(jumps(user.base + slot["LIB.DLL", s])
                    for s in (42, 43, 40, 41, "alpha"))
    user.section(".text", code, CODE)
    with_exports(user, [(f"f{n}", text + 6 * n) for n in range(5)])
    user.directory[RELOC] = user.section(
        ".reloc", block(text, [6 * n + 2 for n in range(5)]), READ)
    paths = [write(tmp_path / "user.dll", user),
             write(tmp_path / "lib.dll", lib)]
    with machine(modules=paths).open() as console:
        console.prompt()
        said = console.run("load user.dll")
        assert "4 bound, 1 lead to refusing stubs" in said
        assert "uses lib.dll" in said
        found = [returned(console.run(f"call user.dll f{n}"))
                 for n in (0, 1, 2, 4)]
        assert found == [2, 3, 1, 2]
        assert "LIB.DLL!#41, which" in console.run("call user.dll f3")
        assert "#43" in console.run("symbols lib.dll")
        assert returned(console.run("call lib.dll mike")) == 1
        assert returned(console.run("call lib.dll #43")) == 3
        assert "uses it" in console.run("unload lib.dll")


def test_forwarders_are_followed(machine, tmp_path):
    """By name, by number, twice in a row, to the kernel, and to nobody."""
    paths = [write(tmp_path / "a.dll", forwarding(
                 f="B.own", g="b.#1", h="B.c", m="MSVCRT.strlen",
                 n="KERNEL64.Sleep", o="B.nosuch", dots="b.dll.own")),
             write(tmp_path / "b.dll", forwarding(c="C.own")),
             write(tmp_path / "c.dll", forwarding())]
    with machine(modules=paths).open() as console:
        console.prompt()
        assert "uses b.dll" in console.run("load a.dll")
        for name in ("f", "g", "h", "dots"):
            assert returned(console.run(f"call a.dll {name}")) == 5
        assert returned(console.run('call a.dll m "four"')) == 4
        for name in ("n", "o"):
            assert "forward" in console.run(f"call a.dll {name}")
        assert "uses c.dll" in console.run("modules b.dll")
        assert "f, to B.own" in console.run("symbols a.dll")


LOOPS = {
    "self": ({"self": {"f": "SELF.f"}},
             "forwarder loop: self.dll!f -> self.dll!f"),
    "two": ({"a": {"f": "B.g"}, "b": {"g": "A.f"}},
            "forwarder loop: a.dll!f -> b.dll!g -> a.dll!f"),
    "later": ({"a": {"f": "B.g"}, "b": {"g": "C.h"}, "c": {"h": "B.g"}},
              "forwarder loop: b.dll!g -> c.dll!h -> b.dll!g"),
    "long": ({"a": {f"f{n}": f"A.f{n + 1}" for n in range(20)}},
             "forwarded more than 16 times"),
}


@pytest.mark.parametrize("kind", LOOPS)
def test_forwarder_loops_are_named(machine, tmp_path, kind):
    files, words = LOOPS[kind]
    paths = [write(tmp_path / f"{name}.dll", forwarding(**forwards))
             for name, forwards in files.items()]
    with machine(modules=paths).open() as console:
        console.prompt()
        assert words in console.run(f"load {paths[0].name}")
        assert console.run("modules").startswith("no images")


def test_dlls_may_need_each_other_in_a_circle(machine, tmp_path):
    def one(name, other):
        pe = Pe()
        data, slot = imports(0x1000, [(other, ["own"])])
        pe.directory[IMPORT] = pe.section(".idata", data, DATA)
        text = pe.next_rva
        pe.section(".text", jumps(pe.base + slot[other, "own"])
                   + returns(ord(name)), CODE)
        with_exports(pe, [("other", text), ("own", text + 6)])
        pe.directory[RELOC] = pe.section(".reloc", block(text, [2]), READ)
        return write(tmp_path / f"{name}.dll", pe)
    paths = [one("a", "B.dll"), one("b", "A.dll")]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load a.dll")
        assert returned(console.run("call a.dll other")) == ord("b")
        assert returned(console.run("call b.dll other")) == ord("a")


def answers(path, value, rest=1):
    """An object with a function that returns a constant, and more code."""
    name = path.stem
    return assembled(path, f"""
        .globl {name}
        {name}: mov answer, %eax
        ret
        .skip {rest}, 0x90
        .section .rodata,"a"
        answer: .long {value}
        """)


def test_a_dll_may_need_an_object(machine, tmp_path):
    """It is judged when two others share pages already, and gets none of
    theirs: each function finds its own constant."""
    user = Pe()
    data, slot = imports(0x1000, [("three.dll", ["three"])])
    user.directory[IMPORT] = user.section(".idata", data, DATA)
    text = user.section(".text", jumps(user.base + slot["three.dll", "three"]),
                        CODE)
    with_exports(user, [("ask", text)])
    user.directory[RELOC] = user.section(".reloc", block(text, [2]), READ)
    paths = [answers(tmp_path / "one.o", 1), answers(tmp_path / "two.o", 2),
             write(tmp_path / "user.dll", user),
             answers(tmp_path / "three.dll", 3, 6000)]
    with machine(modules=paths).open() as console:
        console.prompt()
        before = in_use(console)
        said = console.run("load one.o two.o user.dll")
        assert "three.dll" in said, said
        said = [console.run(f"call {what}") for what in (
            "one.o one", "two.o two", "user.dll ask")]
        assert [returned(call) for call in said] == [1, 2, 3]
        said = console.run("audit")
        assert re.search("^0 pages writable", said, re.M)
        assert re.search("r-x .* files linked together$", said, re.M)
        console.run("unload one.o two.o user.dll three.dll")
        assert in_use(console) == before


@pytest.mark.parametrize("how", [
    {}, {"stamp": 0xffffffff}, {"stamp": 0x12345678}, {"names_too": False},
    {"delayed": True},
], ids=["plain", "bound new", "bound old", "no names", "delayed"])
def test_imports_of_all_kinds(machine, tmp_path, how):
    path = write(tmp_path / "length.dll", calls_strlen(**how))
    said = load_all(machine, [path], ['call length.dll length "seven.."',
                                      "call length.dll nosuch",
                                      "call length.dll seven"])
    assert ("1 bound, 2 lead to refusing stubs\n    msvcrt.dll: nosuch, #7"
            in said[0])
    assert returned(said[1]) == 7
    assert "msvcrt.dll!nosuch, which this kernel does not offer" in said[2]
    assert "msvcrt.dll!#7, which this kernel does not offer" in said[3]


@pytest.mark.parametrize("delayed", [False, True])
def test_all_unknown_imports_are_named_at_once(machine, tmp_path, delayed):
    """Nothing that it calls may be missing: then it is not loaded. What is
    missing in what it needs is told, too."""
    first = Pe()
    data, _ = imports(0x1000, [("length.dll", ["length", "no"])])
    first.directory[IMPORT] = first.section(".idata", data, DATA)
    first.directory[RELOC] = (0, 0)
    paths = [write(tmp_path / "first.dll", first),
             write(tmp_path / "length.dll", calls_strlen(delayed=delayed))]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load first.dll bind=now")  # the heap takes a page
        before = console.run("mem")
        said = console.run("load first.dll bind=now").splitlines()
        assert said == [
            "first.dll: offered neither by the kernel nor by a loaded image: "
            "length.dll!no; length.dll: offered neither by the kernel nor by "
            "a loaded image: msvcrt.dll!nosuch, msvcrt.dll!#7"]
        assert console.run("mem") == before
        assert console.run("modules").startswith("no images")
        assert "2 lead to refusing" in console.run("load length.dll bind=lazy")


def test_imports_that_lead_nowhere_are_named(machine, tmp_path):
    """DLL by DLL, in lines that fit, and of all that was loaded with it."""
    names = {"lib.dll": ["absent"], "MSVCRT.dll": ["strlen"],
             "nobody.dll": [f"function_{n}" for n in range(40)],
             "other.dll": [3, "x" * 60, "y" * 60, "z"]}
    paths = []
    for name, listed in (("user", names), ("lib", {"far.dll": ["away"]})):
        pe = Pe()
        data, _ = imports(pe.next_rva, list(listed.items()))
        pe.directory[IMPORT] = pe.section(".idata", data, DATA)
        pe.directory[RELOC] = (0, 0)
        paths.append(write(tmp_path / f"{name}.dll", pe))
    with machine(modules=paths).open() as console:
        console.prompt()
        alone = console.run("load user.dll")
        console.run("unload all")
        both = console.run("load user.dll lib.dll")
    for said, heading in ((alone, "  imports: 1 bound, 45 lead to"),
                          (both, "user.dll: 45 imports lead to")):
        part = said[said.index(heading):]
        found = re.findall(r"^    (\S+\.dll): ((?:[\w#]+(?:,\s+)?)+)\n", part,
                           re.M)
        assert [(dll, re.split(r",\s+", listed)) for dll, listed in found[:3]
                ] == [("lib.dll", ["absent"]),
                      ("nobody.dll", names["nobody.dll"]),
                      ("other.dll", ["#3", *names["other.dll"][1:]])]
        assert max(map(len, said.splitlines())) < 80
        assert ("lib.dll: 1 imports lead to refusing stubs\n    far.dll: away"
                in said)


def importing(data, directory=IMPORT, at=0):
    pe = Pe()
    pe.directory[directory] = (pe.section(".idata", data, DATA) + at, 20)
    return pe


def exporting(names=(), **changes):
    pe = Pe()
    text = pe.section(".text", RET, CODE)
    with_exports(pe, [text], names, **changes)
    return pe


ONE = imports(0x1000, [("a.dll", ["f"])])[0]
LATE = imports(0x1000, [("a.dll", ["f"])], delayed=True)[0]

BAD_NAMES = {
    "noend": (importing(ONE.ljust(0xfe4, b"\0") + ONE[:20], at=0xfe4),
              "the import table: 1 entries of 20 bytes at RVA 0x1ff8 reach "
              "past the image"),
    "nothunkend": (importing(poked(ONE, 0, "<I", 0x1ffc).ljust(
        0x1000, b"\xff")), "import names: 1 entries of 4 bytes at RVA "
        "0x2000"),
    "iatend": (importing(poked(ONE, 16, "<I", 0xfffffffc)),
               "the IAT: 1 entries of 4 bytes at RVA 0xfffffffc"),
    "iathead": (importing(poked(ONE, 16, "<I", 0x100)),
                "the IAT slot at RVA 0x100 for f is in the headers"),
    "dllname": (importing(poked(ONE, 12, "<I", 0x7fffffff)),
                "the name of a DLL at RVA 0x7fffffff"),
    "unprintable": (importing(ONE.replace(b"a.dll", b"a\x1b[2J")),
                    "the name of a DLL at RVA"),
    "name": (importing(poked(ONE, 40, "<I", 0x7fffffff)),
             "the name of an import at RVA 0x80000001"),
    "bound": (importing(imports(0x1000, [("a.dll", ["f"])], 0xffffffff,
                                False)[0]),
              "OriginalFirstThunk at RVA 0x1000 is 0x0: the imports are "
              "bound"),
    "delaykind": (importing(poked(LATE, 0, "<I", 0), DELAY),
                  "Attributes at RVA 0x1000 is 0x0"),
    "delayiat": (importing(poked(LATE, 12, "<I", 0x1ffe), DELAY),
                 "the IAT: 1 entries of 4 bytes at RVA 0x1ffe"),
    "functions": (exporting(function_count=0x10001),
                  "NumberOfFunctions at RVA 0x2014 is 0x10001"),
    "base": (exporting(base=0x10000), "more than 16-bit ordinals"),
    "names": (exporting(name_count=0x10001),
              "NumberOfNames at RVA 0x2018 is 0x10001"),
    "tables": (exporting(function_table=0xfffffffc),
               "AddressOfFunctions: 1 entries of 4 bytes at RVA 0xfffffffc"),
    "index": (exporting([("f", 1)]),
              "export f at RVA 0x2030 has ordinal 1 of 1"),
    "forward": (forwarding(f="nodot"), 'is "nodot", not DLL.NAME'),
    "forward1": (forwarding(f=".x"), "not DLL.NAME"),
    "forward2": (forwarding(f="x."), "not DLL.NAME"),
    "forward3": (forwarding(f=""), "a forwarder at RVA"),
}


def test_bad_names_and_tables_are_named(machine, tmp_path):
    far = Pe()
    with_exports(far, [("f", 0x3000)])
    refusals(machine, tmp_path, {
        **BAD_NAMES, "far": (far, "export f has RVA 0x3000, outside")})


def test_a_dll_that_is_named_too_late_is_refused(machine, tmp_path):
    """A base relocation of the name's RVA makes another name of it. What the
    first one did not take into the set cannot be linked with it any more."""
    pe = Pe()
    other = LATE.replace(b"a.dll", b"b.dll")
    pe.directory[DELAY] = pe.section(".idata", LATE.ljust(0x1000, b"\0")
                                     + other, DATA)
    pe.directory[RELOC] = pe.section(".reloc", block(0x1000, [4]), READ)
    paths = [write(tmp_path / "late.dll", pe),
             write(tmp_path / "b.dll", forwarding())]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load late.dll")
        console.run("unload all")
        before = console.run("mem")
        said = console.run(f"load late.dll at=0x{pe.base + 0x1000:x}")
        assert said.splitlines() == [
            "late.dll: needs b.dll, which it did not name before it was "
            "relocated"]
        assert console.run("mem") == before
        assert console.run("modules").startswith("no images")
