# SPDX-License-Identifier: MIT
"""Faults on purpose: each must end in a panic that explains itself."""
import re

import pytest

from kernel import PANIC, PASS

# What the panic must say, beside the registers and the backtrace.
FAULTS = {
    "null": r"page fault: reading 0x00000000 .*null pointer",
    "null-write": r"page fault: writing 0x00000010 .*null pointer",
    "guard": r"page fault: (reading|writing) .*guard page",
    "text": r"page fault: writing .*read-only",
    "rodata": r"page fault: writing .*read-only",
    "exec": r"page fault: executing .*not executable",
    "div": r"divide error",
    "ud": r"invalid opcode",
    "stack": r"double fault.*stack overflow into the guard page",
    "wild": r"page fault: (executing|reading) 0xfffffff0 at eip 0xfffffff0",
    "free": r"heap_free",
}
REGISTERS = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip",
             "eflags", "cr2")


def test_every_kind_is_listed_here(machine):
    run = machine("exit -- fault").run().must_end(PASS)
    assert set(re.findall(r"^  (\S+) ", run.text, re.M)) == set(FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_fault_is_a_panic_in_words(machine, kind):
    run = machine(f"exit -- fault {kind}").run()
    run.must_end(PANIC, r"(?i)panic")
    assert re.search("(?i)" + FAULTS[kind], run.text), \
        run.explain([f"not said: {FAULTS[kind]}"])
    for register in REGISTERS:
        assert re.search(rf"{register}[ =:]*[0-9a-f]{{8}}", run.text), \
            run.explain([f"register {register} not printed"])


def test_backtrace_has_symbols(machine):
    run = machine("exit -- fault ud").run().must_end(PANIC)
    names = re.findall(r"^  [0-9a-f]{8}  (\w+)\+0x[0-9a-f]+$", run.text,
                       re.M)
    assert "kernel_main" in names or "high" in names, run.explain(names)
    assert len(names) >= 4, run.explain(names)


def test_panic_prints_the_journal_tail(machine):
    run = machine("check=once exit -- fault ud").run().must_end(PANIC)
    panic = run.text[run.text.lower().index("panic"):]
    assert re.search(r"once", panic), run.explain(["no journal entry"])


def test_data_can_be_executed_without_nx(machine):
    """Without NX the kernel cannot prevent it, and must not claim to."""
    run = machine("exit -- fault exec", cpu="pentium3").run()
    assert "page fault" not in run.text, run.explain(["no NX here"])
