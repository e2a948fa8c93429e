# SPDX-License-Identifier: MIT
"""Many CPUs: they start, they stop, and a panic on one is one of all."""
import re

import pytest

from kernel import FAIL, PANIC, PASS
from labs import ALONE, MODULES, SUITES


def cpus(machine, count, append, **kwargs):
    return machine(append, extra=("-smp", count), **kwargs)


def online(text):
    """The numbers of the CPUs that the last `cpus` shows online."""
    last = text[text.rindex(" by the "):]
    return [int(n) for n in re.findall(r"^CPU (\d)  .* online ", last, re.M)]


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_all_come_up(machine, count):
    run = cpus(machine, count, "exit -- cpus").run().must_end(PASS)
    assert online(run.text) == list(range(count)), run.explain([])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_suite(machine, count):
    run = cpus(machine, count, "check=aptrampoline,smp exit", limit=120).run()
    run.must_pass(["aptrampoline", "smp"], ALONE if count == 1 else ())
    assert "an NMI that nobody has asked for; 1 since boot" in run.text


def test_offline_and_online_again(machine):
    run = cpus(machine, 4, "exit -- cpu 2 offline; cpus; cpu 2 online; "
               "cpu 3 offline; cpus").run().must_end(PASS)
    first, _, _ = run.text.partition("CPU 3  APIC 3   offline")
    assert re.search(r"CPU 2  APIC 2   offline", first), run.explain([])
    assert online(run.text) == [0, 1, 2], run.explain([])


@pytest.mark.parametrize("command, words", [
    ("cpu 0 offline", "it stays: the devices interrupt it"),
    ("cpu 9 online", "there is no such CPU"),
    ("cpu 1 online", "it is online already"),
    ("cpu 1 sideways", "usage: cpu"),
])
def test_refusals(machine, command, words):
    run = cpus(machine, 2, f"-- {command}; exit").run()
    assert words in run.text, run.explain([f"not said: {words}"])


def test_more_than_fit_are_left_alone(machine):
    run = cpus(machine, 10, "exit -- cpus").run()
    run.must_end(PASS, "8 CPUs by the MADT, 2 more than fit")


def test_reboot_with_others_running(machine):
    run = cpus(machine, 4, "exit -- reboot").run()
    assert run.status == 0, run.explain([])


def test_without_apic_there_is_one(machine):
    run = cpus(machine, 2, "exit -- cpus", cpu="max,-apic").run()
    run.must_end(PASS, "1 CPU: the processor has no local APIC")


def test_mp_table_serves_as_well(machine):
    """Without ACPI. SeaBIOS lists one processor for each package."""
    run = machine("exit -- cpus", extra=("-smp", "4,sockets=4", "-machine",
                                         "pc,acpi=off")).run()
    run.must_end(PASS, "4 CPUs by the MP table")
    assert online(run.text) == [0, 1, 2, 3], run.explain([])


def test_panic_names_the_cpu_and_stops_the_others(machine):
    run = cpus(machine, 4, "exit -- fault ud").run().must_end(
        PANIC, "panic on CPU 0, in the thread shell")
    assert len(re.findall(r"^CPU \d was in the thread idle/\d, backtrace:",
                          run.text, re.M)) == 3, run.explain([])


@pytest.mark.parametrize("kind, words", [
    ("ud", "invalid opcode"),
    ("stack", "double fault.*stack overflow into the guard page"),
    ("free", "was freed before"),
])
def test_panic_on_another_cpu(machine, kind, words):
    """Its own task state, stacks and number, in the double-fault task too."""
    run = cpus(machine, 4, f"exit -- fault {kind} 2").run().must_end(
        PANIC, "panic on CPU 2, in the thread fault", words)
    assert re.search("CPU 0 was in the thread shell, backtrace:", run.text)
    assert "command_run_line" in run.text, run.explain([])


def test_fault_on_no_cpu(machine):
    cpus(machine, 2, "-- fault ud 5; exit").run().must_end(
        FAIL, "fault: there is no CPU 5 online")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_all_suites_with_company(machine):
    """Three CPUs that do nothing of it disturb no technique, and all of it
    can still be taken back."""
    run = cpus(machine, 4, "check=all exit -- undo all; hash", limit=560,
               modules=MODULES).run()
    # Stepped through, a poke with its waits would take for ever.
    run.must_pass(SUITES, ["once/an interrupt after every instruction "
                           "changes nothing"])
    run.must_end(PASS, r"^\d+ patches undone$", r"^text .*: equal$")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("count, times", [(2, 5), (4, 5), (8, 1)])
def test_suite_again_and_again(machine, count, times):
    cpus(machine, count, "exit -- " + "check smp; " * times + "echo",
         limit=560).run().must_pass(["smp"] * times)
