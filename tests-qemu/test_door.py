# SPDX-License-Identifier: MIT
"""The door from outside: the journal, undo, the audit and the hash."""
import re

import pytest

from kernel import PASS


# Without PAE or NX the door maps its alias through other tables.
@pytest.mark.parametrize("cpu", ["max", "qemu32", "pentium3,-pae"])
def test_suite(machine, cpu):
    machine("check=door exit", cpu=cpu).run().must_pass(["door"])


def newest_patch(console):
    """The number of the last entry that wrote to the kernel's own text."""
    lines = re.findall(r"^#(\d+) .* -> .*$", console.run("journal"), re.M)
    return lines[-1]


def test_undo_twice_is_refused(machine):
    with machine().open() as console:
        console.prompt()
        console.run("demo once")
        number = newest_patch(console)
        first = console.run(f"undo {number}")
        second = console.run(f"undo {number}")
        assert "undone" in second and first != second, (first, second)


def test_journal_entry_shows_both_sides(machine):
    with machine().open() as console:
        console.prompt()
        console.run("demo once")
        number = newest_patch(console)
        entry = console.run(f"journal {number}")
        old, new = re.findall(
            r"^ +(?:old|new) +((?:[0-9a-f]{2} )*[0-9a-f]{2}) +[a-z]", entry,
            re.M)
        assert len(old) == len(new) and old != new, entry
        assert f"{old} -> {new}" in entry


def test_audit_counts_the_naive_page_while_it_lives(machine):
    """The one page that is writable and executable exists only while its
    lab runs."""
    machine("exit -- audit; demo naive; audit").run().must_end(
        PASS, "^0 pages writable and executable", "audit` would count 1",
        "audit` counts 0", "^0 pages writable and executable")
