# SPDX-License-Identifier: MIT
"""DLLs that are moved after they have run."""
import re
import struct

import pytest

from pe_dll import (RET, Code, calls_strlen, forwarding, living_dll, returned,
                    typed_dll, with_exports, write)
from pe_file import DATA, READ, RELOC, Pe, block


def rebase(console, name, where):
    said = console.run(f"rebase {name} {where}")
    found = re.search(r"is at 0x(\w+) now", said)
    assert found, said
    return int(found[1], 16)


def two_pointers():
    """Two words with the same address in them, and a function that puts
    something else into the second."""
    pe = Pe()
    p, q = 0x1000, 0x1004
    pe.section(".data", struct.pack("<II", pe.base + p, pe.base + p), DATA)
    code = Code(pe)
    names = {"p": code.add(b"\xa1", p, RET), "q": code.add(b"\xa1", q, RET),
             "set": code.add(b"\x8b\x44\x24\x04\xa3", q, RET)}
    table = block(p, [0, 4]) + code.finish()
    with_exports(pe, list(names.items()))
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe


def test_data_of_the_program_are_not_moved(machine, tmp_path):
    path = write(tmp_path / "two.dll", two_pointers())
    with machine(modules=[path]).open() as console:
        console.prompt()
        console.run("load two.dll")
        for seed in (1, 2, 3):
            base = rebase(console, "two.dll", f"at=random:{seed}")
            for word in "pq":
                assert returned(console.run(f"call two.dll {word}")) == (
                    base + 0x1000)
        console.run("call two.dll set 0x12345")
        base = rebase(console, "two.dll", "at=0x30000000")
        assert base == 0x30000000
        assert returned(console.run("call two.dll p")) == base + 0x1000
        assert returned(console.run("call two.dll q")) == 0x12345
        assert re.search("^0 pages writable", console.run("audit"), re.M)


@pytest.mark.parametrize("how", [{}, {"delayed": True}],
                         ids=["imports", "delayed"])
def test_slots_and_stubs_move_along(machine, tmp_path, how):
    path = write(tmp_path / "length.dll", calls_strlen(**how))
    with machine(modules=[path]).open() as console:
        console.prompt()
        console.run("load length.dll")
        for seed in (4, 5, 6):
            rebase(console, "length.dll", f"at=random:{seed}")
            assert returned(console.run("call length.dll length four")) == 4
            assert "msvcrt.dll!nosuch, which" in console.run(
                "call length.dll nosuch")
        assert "gone" in console.run("unload length.dll")


def test_a_started_dll_is_told_that_it_moves(machine, tmp_path):
    """Detach, attach: two callbacks each. Its thread storage begins anew."""
    one = living_dll()
    path = write(tmp_path / "one.dll", one)
    with machine(modules=[path]).open() as console:
        console.prompt()
        console.run("load one.dll")
        console.run("call one.dll set 77")
        base = rebase(console, "one.dll", "at=random:7")
        ask = {word: returned(console.run(f"call one.dll {word}"))
               for word in ("calls", "instance", "get0", "get1")}
        variable = struct.unpack("<I", one.sections[2]["data"][28:32])[0] - (
            one.base - base)
        assert ask == {"calls": 6, "instance": base, "get0": 0x1234,
                       "get1": variable}


def test_halves_of_addresses_move_by_64_kib(machine, tmp_path):
    pe, words, target = typed_dll()
    high = Pe()
    high.section(".data", struct.pack("<I", 0x12345678), DATA)
    code = Code(high)
    get = code.add(b"\xa1", 0x1000, RET)
    table = code.finish()
    with_exports(high, [("get", get)])
    high.directory[RELOC] = high.section(
        ".reloc", block(0x1000, [(1, 2)]) + table, READ)
    paths = [write(tmp_path / "typed.dll", pe),
             write(tmp_path / "high.dll", high)]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load typed.dll")
        for seed in (8, 9, 10):
            base = rebase(console, "typed.dll", f"at=random:{seed}")
            moved = target + base - pe.base & 0xffffffff
            found = [returned(console.run(f"call typed.dll {word}"))
                     for word in words]
            assert found == [moved] * 3 + [moved & 0xffff,
                                           moved + 0x8000 >> 16]
        assert "would lose a carry" in console.run(
            "load high.dll at=0x20001000")
        console.run("load high.dll at=0x20010000")
        assert returned(console.run("call high.dll get")) == (
            0x12345678 + 0x10010000)
        assert "would lose a carry" in console.run(
            "rebase high.dll at=0x30001000")
        rebase(console, "high.dll", "at=0x30000000")
        assert returned(console.run("call high.dll get")) == (
            0x12345678 + 0x20000000)


def test_what_others_use_stays(machine, tmp_path):
    paths = [write(tmp_path / "a.dll", forwarding(f="B.own")),
             write(tmp_path / "b.dll", forwarding())]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run("load a.dll")
        assert "1 loaded image holds its address" in console.run(
            "rebase b.dll at=0x30000000")
        rebase(console, "a.dll", "at=0x30000000")
        assert returned(console.run("call a.dll f")) == 5
        assert returned(console.run("call a.dll own")) == 5
