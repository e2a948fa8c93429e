# SPDX-License-Identifier: MIT
"""Live patches from outside: the shell, several CPUs, the tracer."""
import re

import pytest

from kernel import FAIL, PASS, tail
from labs import ALONE
from test_gdb import make_gdb


def test_many_cpus(machine):
    """Functions that belong together, under threads that sit in them."""
    run = machine("check=livepatch demo=livepatch exit -- undo all; hash",
                  extra=["-smp", "4"], limit=120).run()
    run.must_end(PASS, r"^ok 2 - .*: 4 threads with wrong means before, 0 "
                 r"while on, 4 after", r"^ok 3 - .* 0 of them mixed$",
                 r"^text (\w+), at boot \1: equal$")


def test_a_moved_kernel_is_patched(machine):
    machine("kaslr=3 check=livepatch exit").run().must_pass(
        ["livepatch"], ALONE)


def test_the_list_says_what_is_on(machine):
    run = machine("exit -- livepatch on mean; livepatch on mean_up; "
                  "livepatch; livepatch off mean_up; livepatch off mean; "
                  "undo all; hash").run().must_end(
        PASS, r"^text (\w+), at boot \1: equal$")
    listed = run.text.split("livepatch_mean -> livepatch_mean_up\n")
    assert re.search(r"^mean +on ", listed[1], re.M), run.text
    assert re.search(r"^mean_up +on ", listed[1], re.M), run.text
    assert re.search(r"^sit +off ", listed[2], re.M), run.text


@pytest.mark.parametrize("line, answer", [
    ("livepatch on nosuch", "livepatch: no patch is called nosuch"),
    ("livepatch off mean", "livepatch: mean stays off: mean is not on"),
    ("livepatch on too_short",
     "livepatch: too_short stays off: livepatch_short is shorter than a jump, "
     "which would run into its neighbour"),
    ("trace on livepatch_mean; livepatch on mean",
     r"livepatch: mean stays off: livepatch_mean is being traced "
     r"\(trace off\)"),
    ("livepatch on mean; livepatch on mean_up; livepatch off mean",
     r"livepatch: mean stays on: mean_up lies over it \(livepatch off "
     r"mean_up\)"),
    ("poke livepatch_mean int3; livepatch on mean",
     "livepatch: mean stays off: livepatch_mean has INT3 at its entry: a "
     "debugger's breakpoint\\?"),
    ("livepatch maybe mean", r"usage: livepatch \[on\|off NAME\]")])
def test_refusals_have_words(machine, line, answer):
    machine(f"exit -- {line}").run().must_end(FAIL, f"^{answer}$")


def test_a_patched_function_keeps_its_jump_while_all_is_traced(machine):
    machine("exit -- undo all; livepatch on mean; trace on; trace off; "
            "livepatch off mean; hash").run().must_end(
        PASS, r"^\d+ of \d+ functions traced; 1 left alone: somebody else has "
        r"their entries$", r"^text (\w+), at boot \1: equal$")


def test_the_tour_watches_two_cpus():
    """One sets the byte, the other stands still in its interrupt."""
    done = make_gdb("livepatch", "QEMU_FLAGS=-smp 2")
    last = done.stdout.rpartition("All stand still")[2]
    assert re.search(r"^\* 1 +Thread 1\.1 .* activate ", last, re.M), \
        tail(done.stdout + done.stderr)
    assert re.search(r"^  2 +Thread 1\.2 .*(on_still|cpus_answer|cpu_relax)",
                     last, re.M), tail(done.stdout)
