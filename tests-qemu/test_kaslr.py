# SPDX-License-Identifier: MIT
"""The kernel at another address: its relocation records, judged by an
independent reader and by the linker itself, and the machine that uses them."""
import subprocess

import pytest

from kernel import ROOT
from linked import PARTS, Kernel, Linked, word

DELTA = 0x345000


@pytest.fixture(scope="module")
def kernel():
    return Kernel()


def test_records_equal_the_relocations(kernel, tmp_path):
    """readelf and awk made the table; pyelftools reads another link."""
    records = kernel.records()
    assert records == Linked(tmp_path).records()
    assert len(records) > 1000
    assert all(b - a >= 4 for a, b in zip(records, records[1:]))


def test_records_are_what_the_linker_would_change(kernel, tmp_path):
    """The linker puts the kernel elsewhere. Byte for byte, what differs then
    are the words in the table, each by the distance."""
    there, records = Linked(tmp_path, DELTA), set(kernel.records())
    for part in PARTS:
        at = kernel.symbols[f"{part}_start"]
        here, moved = kernel.image(part), there.image(part)
        assert len(here) == len(moved)
        mended = bytearray(here)
        for i in range(len(here)):
            if at + i in records:
                mended[i:i + 4] = (word(here, i) + DELTA).to_bytes(4, "little")
        assert mended == moved, part


def test_a_record_costs_about_a_byte(kernel):
    """Linux keeps four: arch/x86/tools/relocs.c."""
    assert len(kernel.table()) < 1.1 * len(kernel.records())


@pytest.mark.parametrize("source, said", [
    (".text; .long kernel_main@GOT", "R_386_GOT32 at c0"),
    (".text; call _start", "only one of the two moves"),
    ('.section .boot,"ax"; call kernel_main', "only one of the two moves"),
])
def test_what_no_record_can_describe_is_refused(tmp_path, source, said):
    """The build stops, with the place and the symbol's name."""
    (tmp_path / "odd.S").write_text(f"{source}\n")
    done = subprocess.run(["gcc", "-m32", "-c", "odd.S"], cwd=tmp_path,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    linked = Linked(tmp_path, extra=[tmp_path / "odd.o"])
    table = subprocess.run(
        f"readelf -rW {linked.path} | LC_ALL=C sort -k1,1 |"
        " awk -f tools/relocs.awk", cwd=ROOT, shell=True, text=True,
        capture_output=True)
    assert table.returncode != 0 and said in table.stderr, table.stderr
