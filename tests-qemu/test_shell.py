# SPDX-License-Identifier: MIT
"""The shell, by dialogue over the serial line."""
import re
import threading

import pytest

from kernel import FAIL, PASS, ROOT

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
BACKSPACE, TAB = "\x7f", "\t"


def ctrl(letter):
    return chr(ord(letter) & 0x1f)


@pytest.fixture
def shell(machine):
    with machine().open() as console:
        console.prompt()
        yield console


def test_editing_keys(shell):
    for typed, result in [
            ("echo abcx" + BACKSPACE, "abc"),
            ("echo ac" + LEFT + "b", "abc"),
            ("cho abc" + HOME + "e" + END + "d", "abcd"),
            ("cho abc" + ctrl("a") + "e" + ctrl("e") + "d", "abcd"),
            ("echo abXc" + LEFT * 2 + DELETE, "abc"),
            ("echo ab" + LEFT * 2 + RIGHT + "x", "axb"),
            ("nonsense" + ctrl("u") + "echo abc", "abc"),
            ("echo abc def" + LEFT * 4 + ctrl("k"), "abc"),
            ("echo abc def" + ctrl("w") + "x", "abc x"),
            (LEFT + BACKSPACE + DELETE + "echo abc" + RIGHT * 3, "abc")]:
        assert shell.run(typed).strip() == result, repr(typed)


def test_history(shell):
    for word in ("one", "two", "three"):
        shell.run(f"echo {word}")
    assert shell.run(UP).strip() == "three"
    assert shell.run(UP * 3).strip() == "one"    # three, two, one
    assert shell.run(UP * 3 + DOWN).strip() == "three"
    assert shell.run(UP + DOWN + "echo four").strip() == "four"
    assert shell.run(UP * 50).strip() == "one"   # stops at the oldest


def test_completion(shell):
    assert shell.run("ec" + TAB + "abc").strip() == "abc"
    assert "intn" in shell.run("demo in" + TAB)
    shell.send("j" + TAB)
    shell.expect("journal")


def test_completion_of_several_lists_them(shell):
    shell.send("l" + TAB + TAB)
    shell.expect(rb"labs")
    shell.send(ctrl("u") + "echo abc\r")
    shell.expect(rb"\nabc\r\n")


def one_line(output):
    return [line for line in output.splitlines() if line.strip()]


def test_unknown_word_is_one_line(common):
    [line] = one_line(common.run("nosuch word"))
    assert "nosuch" in line


@pytest.mark.parametrize("line, names", [
    ("demo nosuch", "nosuch"), ("check nosuch", "nosuch"),
    ("bench nosuch", "nosuch"), ("undo nosuch", "nosuch|usage"),
    ("undo 99999999", "99999999"), ("undo 4294967296", "4294967296|usage"),
    ("undo", "usage"), ("journal nosuch", "nosuch|usage"),
    ("fault nosuch", "nosuch"), ("load nosuch", "nosuch"),
    ("digest nosuch", "usage"), ("digest md5 nosuch", "nosuch"),
    ("call nosuch", "usage"), ("call nosuch f", "nosuch")])
def test_bad_argument_is_one_line(common, line, names):
    output = one_line(common.run(line))
    assert len(output) == 1 and re.search(names, output[0]), output


def test_empty_lines_and_long_lines(shell):
    assert one_line(shell.run("")) == []
    assert one_line(shell.run("   ;; ")) == []
    shell.run("echo " + "x" * 5000)   # longer than any buffer
    assert shell.run("echo abc").strip() == "abc"
    # What replaces a line that was too long is a line of its own.
    for way in (ctrl("u"), ctrl("a") + ctrl("k"), UP):
        line = "x" * 600 + way + ("" if way == UP else "echo abc")
        assert shell.run(line).strip() == "abc", repr(way)


def test_foreign_escape_sequences_type_nothing(shell):
    """Ctrl-Left, F1 on two terminals, F5, and a lone ESC before a word."""
    keys = "\x1b[1;5D" + "\x1b[[A" + "\x1bOP" + "\x1b[15~"
    assert shell.run("echo a" + keys + "b").strip() == "ab"
    assert shell.run("\x1becho abc").strip() == "abc"


def test_completion_after_help_names_commands(shell):
    assert "every write to code" in shell.run("help jour" + TAB)


def test_help_names_every_command_once(common):
    names = [line.split()[0] for line in one_line(common.run("help"))
             if re.match(r" *[a-z]", line)]
    for name in ("help", "labs", "journal", "undo", "audit", "echo"):
        assert names.count(name) == 1, names


def test_paste_of_64_kib(shell):
    """Nothing is lost however fast the sender: while the first command keeps
    the shell busy, the kernel must hold the sender back."""
    lines = [f"echo {n:04} {'.' * 20}" for n in range(2200)]
    paste = "".join(line + "\r" for line in
                    ["check memory", *lines, "echo end of paste"])
    assert len(paste) > 64 * 1024
    sender = threading.Thread(target=shell.sock.sendall,
                              args=[paste.encode()])
    sender.start()
    output = shell.expect(rb"\nend of paste", timeout=50)
    sender.join()
    printed = re.findall(r"^(\d{4}) \.{20}$", output, re.M)
    assert printed == [f"{n:04}" for n in range(2200)]


def test_script_after_two_dashes(machine):
    machine('exit -- echo first; echo "se;cond"; echo third').run().must_end(
        PASS, "^first$", "^se;cond$", "^third$")


ONLY = ("there is no such word, only check demo bench kaslr keys noalt exit "
        "patience")


def test_every_boot_word_that_is_asked_for_is_known():
    """Each author of a word has to add it to kernel/boot_words.c."""
    asked = {"check", "demo", "bench"}  # by a table, kernel/shell.c
    for folder in ("boot", "kernel", "smc"):
        for path in (ROOT / folder).rglob("*.c"):
            asked |= set(re.findall(r'boot_word\("(\w+)"', path.read_text()))
    assert asked == set(ONLY.rpartition("only ")[2].split())


@pytest.mark.parametrize("words, told", [
    ("chekc=memory", f"`chekc=memory`: {ONLY}"),
    ("kaslrx", f"`kaslrx`: {ONLY}"), ("=", f"`=`: {ONLY}"),
    ("exit=bohcs", '`exit=bohcs`: exit wants nothing, "port" or "bochs"'),
    ("patience=0", "`patience=0`: patience wants a number of seconds, "),
    ("patience", "`patience`: patience wants a number of seconds, "),
    ("x" * 300, f"`{'x' * 63}`: {ONLY}")],
    ids=["a name", "a suffix", "no name", "a way", "no time", "no value",
         "long"])
def test_bad_boot_words_are_told_and_fail(machine, words, told):
    machine(f"{words} exit -- echo still here").run().must_end(
        FAIL, f"^boot word {re.escape(told)}", "^still here$")


def test_boot_words_that_are_good_are_not_told(machine):
    run = machine("/a/path exit=port patience=3 kaslr=1 check=door "
                  "-- echo chekc=x").run().must_end(PASS, "^chekc=x$")
    assert "boot word" not in run.text


def test_failed_command_fails_the_machine(machine):
    machine("exit -- echo first; nosuch; echo last").run().must_end(
        FAIL, "^first$", "nosuch", "^last$")


def test_words_after_two_dashes_are_not_options(machine):
    run = machine("exit -- echo check=all demo=all").run()
    run.must_end(PASS, "^check=all demo=all$")
    assert "TAP" not in run.text


def test_unknown_suite_fails_the_machine(machine):
    machine("check=nosuch exit").run().must_end(FAIL, "nosuch")


def test_reboot(machine):
    """-no-reboot makes QEMU leave where a PC would start again."""
    with machine().open() as console:
        console.prompt()
        console.send("reboot\r")
        assert console.wait().status == 0


def test_without_exit_the_prompt_follows(machine):
    with machine("check=door").open() as console:
        assert "1.." in console.prompt()
        assert console.run("echo abc").strip() == "abc"
