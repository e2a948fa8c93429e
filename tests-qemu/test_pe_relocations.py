# SPDX-License-Identifier: MIT
"""Base relocations: of every type, in any order, and what can be wrong."""
import struct

import pytest

from pe_dll import (base_of, load_all, refusals, returned, typed_dll,
                    with_exports, write)
from pe_file import CODE, DATA, IMPORT, READ, RELOC, Pe, block, imports


def test_relocations_of_all_types(machine, tmp_path):
    pe, words, target = typed_dll()
    path = write(tmp_path / "typed.dll", pe)
    said = load_all(machine, [path], [f"call typed.dll {w}" for w in words])
    assert "1 LOW, 8 HIGHLOW, 1 HIGHADJ" in said[0]
    moved = target + base_of(said[0]) - pe.base & 0xffffffff
    found = [returned(call) for call in said[1:]]
    assert found[:3] == [moved] * 3
    assert found[3] & 0xffff == moved & 0xffff
    assert found[4] & 0xffff == moved + 0x8000 >> 16
    # The bytes behind a 16-bit word are not part of it.
    assert found[3] >> 16 == found[4] >> 16 == 0


def many_relocations(order):
    """More words than the loader takes care of one by one, in this order of
    their numbers; a function sums them."""
    pe = Pe(base=0x20000000)
    count = 3000
    data = b"".join(struct.pack("<I", pe.base + 4 * i) for i in range(count))
    # xor eax,eax; mov $count,%ecx; add -4+data(,%ecx,4),%eax; loop; ret
    code = (b"\x31\xc0\xb9" + struct.pack("<I", count)
            + b"\x03\x04\x8d" + struct.pack("<I", pe.base + 0x2000 - 4)
            + b"\xe2\xf7\xc3")
    text = pe.section(".text", code, CODE)
    rva = pe.section(".data", data, DATA)
    with_exports(pe, [("sum", text)])
    table = block(text, [10])
    at = 0
    numbers = list(order(count))
    while at < len(numbers):
        page = numbers[at] * 4 & ~0xfff
        end = at
        while end < len(numbers) and numbers[end] * 4 & ~0xfff == page:
            end += 1
        table += block(rva + page, [n * 4 & 0xfff for n in numbers[at:end]])
        at = end
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe, count


@pytest.mark.parametrize("order", [
    lambda n: range(n), lambda n: reversed(range(n)),
    lambda n: [*range(1500, n), *range(1500)],
    lambda n: [*range(0, n, 2), *range(1, n, 2)],
], ids=["ascending", "descending", "two runs", "odd and even"])
def test_the_order_of_relocations_does_not_matter(machine, tmp_path, order):
    pe, count = many_relocations(order)
    said = load_all(machine, [write(tmp_path / "many.dll", pe)],
                    ["call many.dll sum"])
    assert f"{count + 1} HIGHLOW" in said[0]
    base = base_of(said[0])
    assert returned(said[1]) == sum(base + 4 * i for i in range(count)) & (
        0xffffffff)


def relocated(table, **fields):
    pe = Pe(**fields)
    pe.section(".text", bytes(16), CODE)
    pe.section(".data", bytes(0x1800), DATA)
    pe.directory[RELOC] = pe.section(".reloc", table, READ)
    return pe


def twice(order):
    return relocated(many_relocations(order)[0].sections[-1]["data"]
                     .replace(struct.pack("<I", 0x4000),
                              struct.pack("<I", 0x3000)))


BAD_TABLES = {
    **{f"type{t}": (relocated(block(0x1000, [(t, 4)])),
                    f"has type {t}: not one of 0 to 4")
       for t in (5, 6, 7, 8, 9, 10, 15)},
    **{f"size{n}": (relocated(block(0x1000, [0], size=n)),
                    f"SizeOfBlock at RVA 0x4004 is 0x{n:x}: smaller")
       for n in range(8)},
    "odd": (relocated(block(0x1000, [0, 8], size=11)), "is 0xb: odd"),
    "past": (relocated(block(0x1000, [0], size=12)), "past the directory"),
    "wrap": (relocated(block(0x1000, [0], size=0xfffffff0)),
             "SizeOfBlock at RVA 0x4004 is 0xfffffff0"),
    "left": (relocated(block(0x1000, [0]) + b"\0" * 6),
             "ends with 6 bytes at RVA 0x400a, too few for a block"),
    "headers": (relocated(block(0, [0x3fc])), "would change the headers"),
    "table": (relocated(block(0x4000, [2])),
              "would change the table that is being read"),
    "image": (relocated(block(0x4000, [0xffd])),
              "RVA 0x4ffd in the block for page 0x4000 is outside"),
    "pagewrap": (relocated(block(0xfffff800, [0x804])), "outside the image"),
    "gap": (relocated(block(0x1000, [0x100])), "which are in no section"),
    "end": (relocated(block(0x1000, [13])), "which are in no section"),
    "same": (relocated(block(0x2000, [8, 8])), "for the second time"),
    "overlap": (relocated(block(0x2000, [8, 12]) + block(0x2000, [10])),
                "at image offset 0x200a for the second time"),
    "half": (relocated(block(0x2000, [8, (2, 11)])), "for the second time"),
    "adj": (relocated(block(0x2000, [8, (4, 16)])),
            "HIGHADJ relocation 0x4010 at RVA 0x400a is the last"),
    "stripped": (relocated(b"", characteristics=0x2103, base=0xfff00000),
                 "at 0xfff00000: the address belongs to the kernel"),
}


def test_bad_relocation_tables_are_named(machine, tmp_path):
    refusals(machine, tmp_path, BAD_TABLES)


def test_a_word_twice_is_found_in_a_long_run(machine, tmp_path):
    """Once beside the run, once behind it, once in a second long run."""
    pages = [list(range(0, 0x1000, 4)), list(range(0, 0x800, 4))]
    run = block(0x2000, pages[0]) + block(0x3000, pages[1])
    refusals(machine, tmp_path, {
        "after": (relocated(run + block(0x2000, [0x102])),
                  "0x2102 for the second time"),
        "before": (relocated(block(0x3000, [0x402]) + run),
                   "0x3400 for the second time"),
        "again": (relocated(run + run), "0x2000 for the second time"),
    })


def two_runs(*more):
    """Two sections with a long run of relocations each, and more blocks. The
    second section holds the slot of an import."""
    pe = Pe()
    pe.section(".data", bytes(0x2000), DATA)
    data = imports(pe.next_rva, [("msvcrt.dll", ["strlen"])])[0]
    pe.directory[IMPORT] = pe.section(".idata", data.ljust(0x2000, b"\0"),
                                      DATA)
    words = [range(0, 0x1000, 4), range(0, 0x1000, 4),
             range(0x100, 0x1000, 4), range(0, 0x1000, 4)]
    table = b"".join(block(0x1000 * n + 0x1000, list(part))
                     for n, part in enumerate(words))
    pe.directory[RELOC] = pe.section(".reloc", table + b"".join(more), READ)
    return pe


def test_two_long_runs(machine, tmp_path):
    """The first gives way to the second and is not forgotten."""
    good = load_all(machine, [write(tmp_path / "good.dll", two_runs())])[0]
    assert "4032 HIGHLOW" in good
    refusals(machine, tmp_path, {
        "first": (two_runs(block(0x1000, [0x202])),
                  "at image offset 0x1202 for the second time"),
        "second": (two_runs(block(0x3000, [0x202])),
                   "at image offset 0x3202 for the second time"),
        "slot": (many_with_slot(), "for the second time"),
    })


def many_with_slot():
    """One long run, without a gap, over the slot of an import."""
    pe = Pe()
    data = imports(pe.next_rva, [("msvcrt.dll", ["strlen"])])[0]
    pe.directory[IMPORT] = pe.section(".idata", data.ljust(0x2000, b"\0"),
                                      DATA)
    pe.directory[RELOC] = pe.section(
        ".reloc", block(0x1000, list(range(0, 0x1000, 4)))
        + block(0x2000, list(range(0, 0x1000, 4))), READ)
    return pe


def test_high_needs_a_move_by_64_kib(machine, tmp_path):
    """The kernel's own choice is a page, so that this shows one of the two
    ends: moved right, or refused in words."""
    said = load_all(machine, [write(tmp_path / "high.dll", relocated(
        block(0x2000, [(1, 4)])))])[0]
    if "PE at" in said:
        assert base_of(said) & 0xffff == 0
    else:
        assert "would lose a carry" in said
