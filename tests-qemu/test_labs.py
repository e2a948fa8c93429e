# SPDX-License-Identifier: MIT
"""Every suite of checks in a machine of its own, and all in one machine."""
import re

import pytest

import tap
from kernel import FAIL, PASS
from labs import ALONE, LABS, MODULES, SUITES

# What a suite may skip, as suite/check, on -cpu max with one processor.
SKIPS = ALONE
NO_NX = ["memory/data cannot be executed", *ALONE]


@pytest.mark.parametrize("suite", SUITES)
def test_suite(machine, suite):
    """It passes, and every result says what it judged."""
    run = machine(f"check={suite} exit",
                  modules=MODULES).run().must_pass([suite], SKIPS)
    bare = [r.name for s in tap.parse(run.text) for r in s.results
            if not r.judged and not r.skip]
    assert bare == [], f"results without bytes or figures: {bare}"


@pytest.mark.timeout(240)
def test_all_suites_and_demos_in_one_machine(machine):
    """`all` is every suite of the sources, each once. None disturbs another,
    nor do the demos, and a second run meets sites that are patched and undone
    already. Everything that they patched can be taken back."""
    run = machine("check=all demo=all exit -- check all; undo all; hash",
                  limit=220, modules=MODULES).run()
    names = [s.name for s in tap.parse(run.text)]
    assert sorted(names[:len(SUITES)]) == SUITES
    assert names[len(SUITES):] == names[:len(SUITES)]
    run.must_pass(names, SKIPS)
    run.must_end(PASS, r"^\d+ patches undone$")
    now, boot, verdict = re.findall(
        r"^text ([0-9a-f]{16}), at boot ([0-9a-f]{16}): (\w+)$", run.text,
        re.M)[-1]
    assert now == boot and verdict == "equal"


# The oldest processor, one with PAE but without NX, and a machine in which
# every page counts; the first and the last at once, and each by itself. The
# second at another address at once: test_kaslr.py.
@pytest.mark.parametrize("cpu, mem", [
    ("pentium2", 16),
    pytest.param("qemu32", 128, marks=pytest.mark.long),
    pytest.param("pentium2", 128, marks=pytest.mark.long),
    pytest.param("max", 16, marks=pytest.mark.long)])
def test_all_suites_elsewhere(machine, cpu, mem):
    machine("check=all exit", cpu=cpu, mem=mem, limit=120,
            modules=MODULES).run().must_pass(
        SUITES, NO_NX if cpu != "max" else SKIPS)


def test_kernel_registers_what_the_sources_do(machine):
    run = machine("exit -- labs; check nosuch").run().must_end(FAIL)
    assert re.findall(r"^  (\w+) +\S", run.text, re.M) == LABS
    assert re.search("there are: (.*)$", run.text)[1].split() == SUITES


@pytest.mark.parametrize("lab", LABS)
def test_demo(machine, lab):
    """A demo shows bytes, and the same bytes from run to run."""
    texts = []
    for _ in range(2):
        run = machine(f"demo={lab} exit",
                  modules=MODULES).run().must_end(PASS)
        texts.append(demo_text(run.text))
    assert len(re.findall(r"\b[0-9a-f]{2}(?: [0-9a-f]{2})+\b", texts[0])) > 1
    assert texts[0] == texts[1]


def demo_text(text):
    """What follows the banner, without what differs from run to run."""
    _, _, text = text.partition(" files.\n")
    return re.sub(r" *\d+ (us|ms|ns|cycles|ticks)\b", " T", text)


@pytest.mark.parametrize("lab", LABS)
def test_bench(machine, lab):
    """Under -icount the counter counts instructions: exact, so repeatable."""
    tables = []
    for _ in range(2):
        run = machine(f"bench={lab} exit", icount="shift=0,sleep=off",
                      modules=MODULES).run().must_end(PASS)
        assert "instructions (exact)" in run.text, run.explain([])
        tables.append(bench_rows(run.text))
    assert len(tables[0]) > 1 and tables[0] == tables[1]


def bench_rows(text):
    """The rows of all bench tables: way, setup, per op, bytes, writes,
    break-even."""
    return re.findall(r"^  \S.*? +\d+ +\d+\.\d +\d+ +\d+\.\d +[\w -]+$", text,
                      re.M)


def test_failing_status_needs_a_failing_check(machine):
    """Exit codes say what happened, in either order."""
    machine("check=nosuch,door exit").run().must_end(FAIL)


def test_vbe_prints_the_mode_list(machine):
    machine("exit -- vbe").run().must_end(
        PASS, r"^VBE \d", r"^ +1[0-9a-f]{2} +\d+ ?x ?\d+")


def test_both_memory_maps_are_shown(machine):
    machine("exit -- e820").run().must_end(
        PASS, "(?i)bios", "(?i)loader", "They agree at every address")
