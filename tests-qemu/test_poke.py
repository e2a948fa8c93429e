# SPDX-License-Identifier: MIT
"""Live text: code that other processors execute while it changes."""
import re

import pytest

from kernel import FAIL, PASS
from labs import ALONE, MODULES

# A busy host keeps emulated processors waiting for each other.
pytestmark = pytest.mark.timeout(420)

POKE = ["poke", "poke_trap", "poke_batch", "poke_refuse", "poke_smp"]


@pytest.mark.parametrize("count", [2, 4])
def test_suites(machine, count):
    machine(f"check={','.join(POKE)} exit -- undo all; hash", limit=240,
            extra=("-smp", count)).run().must_pass(POKE)


def test_users_of_pokes_on_several_processors(machine):
    """What was written before there were several: once-only blocks, and calls
    that bind themselves."""
    suites = ["once", "once_cpus", "bind"]
    machine(f"check={','.join(suites)} exit", limit=240, modules=MODULES,
            extra=("-smp", 4)).run().must_pass(
        suites, ["once/an interrupt after every instruction changes nothing"])


def test_a_batch_is_undone_as_one(machine):
    """With other CPUs online. The static keys are a batch of the boot's."""
    machine("exit -- undo all; hash; journal all", extra=("-smp", 2)) \
        .run().must_end(
            PASS, ": equal$",
            r"^#\d+ .* static_key .* \(undoes #\d+\) and \d+ more to #\d+")


# Two page tables, and without the long NOP another one is written.
@pytest.mark.parametrize("cpu", ["qemu32", "pentium3,-pae"])
def test_suites_on_other_processors(machine, cpu):
    machine(f"check={','.join(POKE)} exit", cpu=cpu, limit=240).run() \
        .must_pass(POKE, ALONE)


def test_exhibits(machine):
    """What QEMU 7.2 shows of code that changes, and Bochs does not: how often
    depends on the host, so that here only the counting is asked."""
    run = machine("exit -- exhibit torn 100; exhibit stale 20", limit=200,
                  extra=("-smp", 2)).run()
    run.must_end(PASS, r"^torn: \d+ of \d+ executions saw .* in 100 stores$",
                 r"^stale: after \d+ of 20 stores the old byte was executed")
    machine("-- exhibit torn; exit").run().must_end(
        FAIL, "exhibit: this needs a second CPU")


def stress(machine, cpus, words, limit):
    """Runs `stress` and returns its figures: flips, executions, in NMIs."""
    run = machine(f"exit -- stress {words}", limit=limit,
                  extra=("-smp", cpus)).run()
    run.must_end(PASS, "^0 refused, 0 illegal, 0 lost$")
    flips, executions, on, in_nmis = map(int, re.search(
        r"^(\d+) flips by CPU 0, (\d+) executions by \d+ threads on (\d) "
        r"CPUs, (\d+) of them in NMIs$", run.text, re.M).groups())
    assert on == cpus
    return flips, executions, in_nmis


def test_a_thousand_flips_under_fire(machine):
    """The scale of the hundred thousand below: a hundred executions for each
    flip."""
    flips, executions, in_nmis = stress(machine, 4, "1000 100000", 400)
    assert flips == 1000 and executions >= 100_000 and in_nmis > 0


@pytest.mark.long
@pytest.mark.timeout(1900)
@pytest.mark.parametrize("cpus, wanted", [(2, 10_000), (4, 100_000),
                                          (8, 2_000)])
def test_a_hundred_thousand_flips_under_fire(machine, cpus, wanted):
    """All of them on four CPUs; the others' part is the number of CPUs."""
    flips, executions, in_nmis = stress(machine, cpus,
                                        f"{wanted} {100 * wanted}", 1800)
    assert flips == wanted and executions >= 100 * wanted and in_nmis > 0
