# SPDX-License-Identifier: MIT
"""The explorer: no third behaviour in the right way, one in each wrong way."""
import re

import pytest

from kernel import PASS

WAYS = ["straight", "INT n", "stepped", "NMI", "other CPU"]
ROW = re.compile(r"^  (\D.{17}) ((?:[0-9a-f]{2} )*[0-9a-f]{2}) +(\S.*)$")
BUGS = {"none": set(), "store": {"torn"}, "store_nop": {"#PF"},
        "two_nops": {"#PF"}, "call_as_nop": {"no call"},
        "no_gap": {"no return"}, "no_sync": {"mixed"}, "cleared": {"#BP"}}


def rows(text):
    """Label, bytes and the cells of each row."""
    found = [ROW.match(line) for line in text.splitlines()]
    return [(m[1].strip(), m[2].strip(), re.split(r" {2,}", m[3].strip()))
            for m in found if m]


def column_is_sound(cells):
    """Old, then new for good."""
    return re.fullmatch(r"(old )+(new )+", "".join(f"{c} " for c in cells))


@pytest.mark.parametrize("cpus", [2, 4])
def test_suite_on_several_cpus(machine, cpus):
    machine("check=explore exit -- undo all; hash", limit=120,
            extra=("-smp", cpus)).run().must_pass(["explore"])


@pytest.mark.parametrize("name, sizes", [
    ("static_key", [10, 10, 13, 13]), ("static_call", [27] * 12),
    ("trace", [13, 13])])
def test_matrix_is_complete(machine, name, sizes):
    """Every change has all its rows, every row five cells; and the bytes that
    are shown change by one at a time."""
    run = machine(f"exit -- explore {name}", limit=120,
                  extra=("-smp", 2)).run().must_end(PASS)
    # Each matrix begins with "before".
    matrices = []
    for row in rows(run.text):
        if row[0] == "before":
            matrices.append([])
        matrices[-1].append(row)
    assert [len(m) for m in matrices] == sizes
    for matrix in matrices:
        for column in zip(*(cells for _, _, cells in matrix), strict=True):
            assert column_is_sound(column), run.explain([str(column)])
        for (_, a, cells), (_, b, _) in zip(matrix, matrix[1:]):
            assert len(cells) == len(WAYS)
            assert sum(x != y for x, y in zip(a.split(), b.split())) <= 1


def test_wrong_ways_fail_each_in_its_manner(machine):
    commands = "; ".join(f"explore {name}" for name in BUGS)
    run = machine(f"exit -- {commands}; undo all; hash",
                  extra=("-smp", 2)).run().must_end(PASS, "equal$")
    said = re.split(r"^  \d+ rows, .* neither$", run.text, flags=re.M)
    for (name, wanted), text in zip(BUGS.items(), said):
        cells = [cell for _, _, row in rows(text) for cell in row]
        assert set(cells) - {"old", "new"} == wanted, name
        assert all(len(row) == len(WAYS) for _, _, row in rows(text)), name


def test_the_door_refuses_what_cannot_be_done_rightly(machine):
    run = machine("exit -- explore two_nops; explore store").run()
    run.must_end(PASS, "door: the old bytes are not one instruction",
                 "door: done, by the protocol")


@pytest.mark.parametrize("cpu", ["pentium2,-apic", "qemu32"])
def test_elsewhere(machine, cpu):
    """Without NMIs, without the long NOP, with other page tables."""
    machine("check=explore exit", cpu=cpu, mem=16).run() \
        .must_pass(["explore"])
