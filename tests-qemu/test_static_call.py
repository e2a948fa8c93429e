# SPDX-License-Identifier: MIT
"""Static calls: the table of sites that the build makes, and the keys that
the kernel itself has."""
import re
import subprocess

from kernel import BUILD, PASS, tail
from test_gdb import make_gdb

SITE = re.compile(r"^    (call|tail) +(\S+)\+?(?:0x(\w+))? +((?:\w\w ?){5})$",
                  re.M)


def test_no_site_is_missing(machine):
    """objdump finds as many CALLs and JMPs of trampolines in the image as the
    kernel has sites; nobody goes by a trampoline after boot."""
    listing = subprocess.run(
        ["objdump", "-d", "-j", ".text", BUILD / "palimpsest.elf"],
        capture_output=True, text=True, check=True).stdout
    linked = re.findall(r"\b(call|jmp) +[0-9a-f]+ <static_call_tramp_\w+>",
                        listing)
    run = machine("exit -- static_calls").run().must_end(PASS)
    sites = SITE.findall(run.text)
    assert len(sites) == len(linked) > 5
    assert ([s[0] for s in sites].count("tail") == linked.count("jmp"))
    assert all(s[3][:2] == ("e8" if s[0] == "call" else "e9") for s in sites)


def test_screen_off_costs_a_nop(machine):
    """And back: the same bytes as before."""
    run = machine("exit -- static_calls; screen off; static_calls; screen on;"
                  " static_calls").run().must_end(PASS)
    before, off, after = run.text.split("console_screen: ")[1:]
    assert off.startswith("NULL\n")
    sites = SITE.findall(off.split("cpu_idle:")[0])
    assert {(kind, code.strip()) for kind, _, _, code in sites} == {
        ("call", "0f 1f 44 00 00")}
    assert re.search(r"trampoline .*screen +c3 cc cc cc cc$", off, re.M)
    assert before.split("screen:")[0] == after


def test_without_the_long_nop_it_is_lea(machine):
    """pentium2 of QEMU executes 0f 1f, so what is looked for is either."""
    run = machine("check=static_call exit -- screen off; static_calls",
                  cpu="pentium2").run()
    run.must_pass(["static_call"])
    assert re.search(r"call +console_\S+ +(0f 1f 44 00 00|3e 8d 74 26 00)",
                     run.text)


def test_idle_by_polling(machine):
    """The shell still gets its keys, and can go back."""
    with machine().open() as console:
        console.prompt()
        assert "idle: poll" in console.run("idle poll")
        assert "idle_poll" in console.run("static_calls")
        assert "idle: halt" in console.run("idle halt")


def test_everything_can_be_taken_back(machine):
    """Updates and boot patches undone, the text is what was loaded, and all
    goes by the trampolines."""
    run = machine("exit -- screen off; idle poll; undo all; hash; screen on;"
                  " idle halt; static_calls").run().must_end(
        PASS, r"^text .*: equal$", "screen: on", "idle: halt")
    assert "console_screen: vga_putc" in run.text


def test_on_four_cpus(machine):
    """Three of them use the sites while the fourth rewrites them."""
    run = machine("check=static_call exit", extra=["-smp", "4"]).run()
    run.must_pass(["static_call"])
    assert "3 threads, 60 updates" in run.text


def test_it_moves_with_the_kernel(machine):
    """The table holds distances, so it needs no relocation."""
    machine("kaslr=7 check=static_call exit").run().must_pass(["static_call"])


def test_the_tour_watches_two_cpus():
    """One rewrites the sites, the other meets its breakpoint."""
    done = make_gdb("static_call", "QEMU_FLAGS=-smp 2",
                    "CMD=check static_call")
    said = done.stdout
    assert re.search(r"first one's breakpoint, at: cc( \w\w){4}$", said,
                     re.M), tail(said + done.stderr)
    assert re.search(r"^\* 2 +Thread 1\.2 .* poke_int3 ", said, re.M)
    assert re.search(r"^By hand it goes on at 0x\w+", said, re.M), tail(said)
