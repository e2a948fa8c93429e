# SPDX-License-Identifier: MIT
"""Alternatives: the same results on every processor, by other code."""
import re

import pytest

from kernel import PASS, tail
from test_gdb import make_gdb, must_show

# What each processor of QEMU has of the features that the kernel asks for.
# pentium2 executes the long NOP, though no documentation promises it.
FEATURES = {
    "pentium2": set(),
    "pentium3": set(),
    "qemu32": {"sse2"},
    "max": {"sse2", "popcnt", "erms"},
    "max,-popcnt": {"sse2", "erms"},
    "max,-erms,-sse2": {"popcnt"},
}
ROW = re.compile(r"^  (\S+) +(\S+(?:, \S+)*) +(\S+) +((?:[0-9a-f]{2} ?)+)$",
                 re.M)


@pytest.mark.parametrize("cpu", FEATURES)
def test_every_processor_gives_the_same_results(machine, cpu):
    run = machine("check=alternative exit -- alternatives", cpu=cpu).run()
    run.must_pass(["alternative"])
    said = set(re.search(r"^features:(.*)$", run.text, re.M)[1].split())
    assert said - {"long-nop"} == FEATURES[cpu]
    rows = ROW.findall(run.text)
    assert len(rows) > 5, run.explain(["no table"])
    for where, asks, has, _ in rows:
        want = asks if asks in FEATURES[cpu] else "old"
        assert has == want, run.explain([where])


def test_the_bytes_are_those_of_the_manual(machine):
    """POPCNT %eax,%eax is F3 0F B8 C0, LFENCE 0F AE E8, RDTSC 0F 31; behind
    the first is one byte to fill."""
    run = machine("exit -- alternatives").run().must_end(PASS)
    held = {(asks, bytes_.strip()) for _, asks, has, bytes_ in
            ROW.findall(run.text) if has != "old"}
    assert held == {("popcnt", "f3 0f b8 c0 90"), ("sse2", "0f ae e8 0f 31"),
                    ("erms", "f3 a4 0f 1f 00"), ("erms", "f3 aa 0f 1f 00")}


def test_noalt_leaves_everything(machine):
    """No site is written, no prefix either, and all still works."""
    run = machine("noalt exit -- alternatives; journal all; mem").run()
    run.must_end(PASS, r"lock prefixes: (\d+) of \1 sites")
    assert {has for _, _, has, _ in ROW.findall(run.text)} == {"old"}
    assert not re.search(r"cpu0 (alternative|smp-lock)", run.text)


def test_locks_follow_the_number_of_cpus(machine):
    """They are there while a second CPU is; then not, and there again."""
    machine("exit -- alternatives; cpu 1 offline; alternatives; cpu 1"
                  " online; alternatives; check alternative",
                  extra=["-smp", "2"]).run().must_end(
        PASS, r"prefixes: (\d+) of \1 sites", "prefixes: 0 of",
        r"prefixes: (\d+) of \1 sites")


def test_everything_can_be_taken_back(machine):
    """The boot journal has each site once, and undo brings the text that was
    loaded; the kernel then runs the old forms."""
    run = machine("exit -- alternatives; undo all; hash; alternatives"
                  "").run().must_end(PASS, r"^text .*: equal$")
    before, _, after = run.text.partition(" patches undone")
    assert "popcnt   f3" in before and "popcnt   f3" not in after
    assert "old      e8" in after


def test_the_tour_watches_two_cpus():
    """LOCK goes with the second one and is back before it."""
    said = must_show(make_gdb("alternative", "QEMU_FLAGS=-smp 2",
                              "CMD=cpu 1 offline; cpu 1 online"))
    _, alone, started = re.split(r"^The second CPU .*:$", said, flags=re.M)
    for part, before, after in (alone, "f0", "3e"), (started, "3e", "f0"):
        assert re.search(r"^  2 +Thread 1\.2 \(CPU#1 \[halted", part, re.M)
        assert re.search(f"^before: {before}( \\w\\w)+$", part,
                         re.M), tail(said)
        assert re.search(f"^after: {after}( \\w\\w)+$", part,
                         re.M), tail(said)
