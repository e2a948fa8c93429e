# SPDX-License-Identifier: MIT
"""Everything at once, every execution judged."""
import re

import pytest

from kernel import FAIL, PASS

TECHNIQUES = ["text_poke", "batch", "static_key", "static_call", "trace",
              "livepatch", "once"]
ROW = re.compile(r"^  (\S+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", re.M)


def torture(machine, cpus, words, limit, status=PASS):
    """Runs `torture` and returns its table: {technique: flips, executions,
    refused, illegal, lost}."""
    run = machine(f"exit -- torture {words}", limit=limit,
                  extra=("-smp", cpus)).run()
    run.must_end(status, rf"^seed \d+, {cpus} CPUs?, \d+ threads$",
                 "text equal$")
    return {row[0]: [int(n) for n in row[1:]] for row in ROW.findall(run.text)}


def judge(table):
    assert list(table) == [*TECHNIQUES, "all"]
    for flips, executions, refused, illegal, lost in table.values():
        assert flips > 0 and executions > 0
        assert refused == illegal == lost == 0
    assert [sum(column) for column in zip(
        *(table[name] for name in TECHNIQUES))] == table["all"]


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_suite(machine, cpus):
    machine("check=torture exit -- undo all; hash", limit=120,
            extra=("-smp", cpus)).run().must_pass(["torture"])


def test_a_hundred_thousand_executions(machine):
    table = torture(machine, 4, "3 5 flips=1000 executions=100000", 120)
    judge(table)
    assert table["all"][0] >= 1000 and table["all"][1] >= 100_000


def test_it_can_fail(machine):
    """The same with one site that is written by plain stores."""
    table = torture(machine, 4, "3 1 wrong=store", 120, FAIL)
    wrong = table.pop("wrong=store")
    assert wrong[0] > 0 and wrong[3] > 0
    assert all(table[name][3] == 0 for name in TECHNIQUES)


def test_bad_words_are_refused(machine):
    machine("exit -- torture; torture 1 2 3; torture 1 wrong=all").run() \
        .must_end(FAIL, *["usage: torture SECONDS"] * 3)


@pytest.mark.long
@pytest.mark.timeout(3700)
@pytest.mark.parametrize("cpus, flips", [(2, 10_000), (4, 100_000),
                                         (8, 5_000)])
def test_ten_million_executions(machine, cpus, flips):
    table = torture(machine, cpus,
                    f"10 9 flips={flips} executions={100 * flips}", 3600)
    judge(table)
    assert table["all"][0] >= flips and table["all"][1] >= 100 * flips


@pytest.mark.long
@pytest.mark.timeout(1300)
def test_twenty_in_a_row(machine):
    """Other seeds, one after the other in the same machine."""
    commands = "; ".join(f"torture 1 {seed}" for seed in range(20))
    run = machine(f"exit -- {commands}", limit=1200,
                  extra=("-smp", 4)).run().must_end(PASS)
    assert len(re.findall("text equal$", run.text, re.M)) == 20
