# SPDX-License-Identifier: MIT
"""Function tracing from outside: the file's entries, commands while all is
traced, several CPUs."""
import re
import subprocess

import pytest
from elftools.elf.elffile import ELFFile

from kernel import ELF, FAIL, PASS, ROOT, tail
from labs import ALONE, MODULES
from test_gdb import make_gdb

NOP = bytes([0x66, 0x66, 0x66, 0x66, 0x90])


def entries(path=ELF):
    """The function symbols of the file, with the bytes at each, and whether
    it is in the list of those with an entry."""
    elf = ELFFile(open(path, "rb"))
    symbols = elf.get_section_by_name(".symtab")
    at = {s.name: s["st_value"] for s in symbols.iter_symbols()}
    text = elf.get_section_by_name(".text")
    listed = elf.get_section_by_name(".entries").data()
    size = at["entries_end"] - at["entries_start"]
    words = {int.from_bytes(listed[i:i + 4], "little")
             for i in range(0, size, 4)}
    for s in symbols.iter_symbols():
        if s["st_info"]["type"] == "STT_FUNC":
            offset = s["st_value"] - text["sh_addr"]
            if 0 <= offset < text["sh_size"]:
                yield (s.name, at["door_start"] <= s["st_value"] <
                       at["door_end"], s["st_value"] in words,
                       text.data()[offset:offset + 5])


def test_the_file_has_one_nop_at_each_entry():
    """And none in the door, where nothing may be patched."""
    found = list(entries())
    assert sum(is_listed for _, _, is_listed, _ in found) > 1000
    for name, in_door, is_listed, head in found:
        assert is_listed == (head == NOP), name
        assert not (in_door and is_listed), name


@pytest.mark.parametrize("room, said", [
    ("\tnop\n" * 4, "room for a call that is not five bytes"),
    ("", "found 0 of 1 entries")])
def test_an_unknown_room_stops_the_build(room, said):
    text = ('\t.section __patchable_function_entries,"awo",@progbits,f\n'
            f".LPFE1:\n{room}\tpushl %ebp\n")
    done = subprocess.run(["awk", "-f", "tools/entry.awk"], cwd=ROOT,
                          input=text, capture_output=True, text=True)
    assert done.returncode != 0 and said in done.stderr, done


def test_commands_work_while_all_is_traced(machine):
    """Every function, real modules, faults, the BIOS; and the hash."""
    run = machine("exit -- undo all; trace on; ls; load gcry_crc.mod "
                  "crypto.mod; modules; unload all; bios 0x12; cpu; mem; "
                  "check machine; trace off; hash; trace",
                  modules=MODULES).run()
    run.must_end(PASS, r"^(\d+) of \1 functions traced$",
                 r"^text (\w+), at boot \1: equal$")
    assert "not ok" not in run.text


def test_a_call_is_drawn_with_the_calls_in_it(machine):
    run = machine("exit -- trace on; echo hello; trace off; "
                  "trace graph run_echo").run()
    run.must_end(PASS, r"^cpu0, thread 0:$", r"^  run_echo\(\) \{$",
                 r"^    kprintf\(\) \{$", r"^  \} +\d+ ns$")
    drawn = run.text.rpartition("run_echo() {")[2]
    assert drawn.count("{") + 1 == drawn.count("}")


def test_show_is_in_the_order_of_time(machine):
    run = machine("exit -- trace on kprintf; echo a; echo b; trace off; "
                  "trace show 1000").run().must_end(PASS)
    times = [int(t) for t in
             re.findall(r"^ +(\d+) us cpu0 thread", run.text, re.M)]
    assert len(times) >= 4 and times == sorted(times)


@pytest.mark.parametrize("line, answer", [
    ("trace on no_such_*", r"trace: no function matches no_such_\*"),
    ("trace graph no_such", "trace: no function is called no_such"),
    ("trace graph text_hash",
     "trace: no complete call of text_hash is among the events"),
    ("trace on " + "x" * 130, "trace: no memory, or a filter too long"),
    ("trace show many", "usage: trace .*"), ("trace maybe", "usage: trace .*"),
    ("trace times maybe", "usage: trace .*")])
def test_wrong_words_are_named(machine, line, answer):
    machine(f"exit -- {line}").run().must_end(FAIL, f"^{answer}$")


def test_a_backtrace_names_the_callers_of_timed_calls(machine):
    """Their return addresses are not on the stack."""
    run = machine("exit -- trace on; panic on purpose").run()
    trace = run.text.partition("backtrace:")[2]
    assert "run_panic" in trace and "command_run_line" in trace, run.text
    assert "tracer_return" not in trace.partition("journal")[0]


def test_many_cpus(machine):
    """Exact counts on each, threads that migrate, all functions."""
    machine("check=trace exit -- trace on; threads; cpus; trace off; "
            "undo all; hash", extra=["-smp", "4"], limit=120).run().must_end(
        PASS, r"^ok 16 - .*: 4 CPUs, 1000 calls each, "
        r"4000 counted$", r"^text (\w+), at boot \1: equal$")


def test_a_moved_kernel_is_traced(machine):
    machine("kaslr=3 check=trace exit").run().must_pass(["trace"], ALONE)


def test_the_tour_watches_two_cpus():
    """One arms every function, the other comes to one of them."""
    done = make_gdb("trace", "QEMU_FLAGS=-smp 2", "CMD=check trace")
    said = done.stdout
    assert re.search(r"first one's breakpoint, at: cc( \w\w){4}$", said,
                     re.M), tail(said + done.stderr)
    assert re.search(r"^\* 2 +Thread 1\.2 .* poke_int3 ", said, re.M)
    assert re.search(r"^The call is made by hand.* leads to\ntracer_entry in ",
                     said, re.M), tail(said)
