# SPDX-License-Identifier: MIT
"""The runner's own test: broken kernels, each of which it must call red for
the right reason, and a good one. A runner that has never seen a failure has
not been tested."""
import os
import subprocess

import pytest

import tap
from kernel import BUILD, PANIC, PASS, ROOT

SOURCES = ROOT / "tests-qemu" / "broken"

BROKEN = {
    "hang": ["it hung: no end after 2 s", "planned 3 results, got 0"],
    "panic": ["panicked", "no TAP at all"],
    "short": ["planned 3 results, got 2"],
    "not_ok": ["not ok 2 - subtraction: 2 - 2 = 4"],
    "silent": ["no TAP at all"],
    "reset": ["QEMU ended by itself: a triple fault"],
    "skip": ["undeclared SKIP of 'addition': not in the mood"],
}


def build(name):
    """Makes one tiny kernel. Each has about ten instructions and a header
    that must lie in the file's first 8 KiB."""
    out = BUILD / "broken" / f"{name}.elf"
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [os.environ.get("CC", "gcc"), "-m32", "-nostdlib", "-static",
         "-fno-pie", "-no-pie", "-Wl,-Ttext=0x100020,--build-id=none,-n",
         "-Wl,-z,noexecstack,--section-start=.multiboot=0x100000",
         "-o", out, SOURCES / f"{name}.S"], check=True)
    return out


@pytest.mark.parametrize("name", BROKEN)
def test_broken_kernel_is_red(machine, name):
    reasons = machine(kernel=build(name), limit=2).run().reasons(
        ["tiny"], skips=["tiny/division"])
    for expected in BROKEN[name]:
        assert any(expected in reason for reason in reasons), reasons


def test_good_kernel_is_green(machine):
    run = machine(kernel=build("good")).run()
    run.must_pass(["tiny"], skips=["tiny/division"])
    assert run.status == PASS


def test_every_broken_kernel_is_listed():
    assert {p.stem for p in SOURCES.glob("*.S")} == {*BROKEN, "good"}


def test_wrong_suite_is_red(machine):
    run = machine(kernel=build("good")).run()
    assert any("['other'] expected" in r for r in
               run.reasons(["other"], skips=["tiny/division"]))


def test_wrong_status_is_red_and_shows_the_serial_line(machine):
    run = machine(kernel=build("good")).run()
    with pytest.raises(AssertionError, match="ok 3 - subtraction"):
        run.must_end(PANIC)


def test_dialogue_with_a_dead_machine_fails_at_once(machine):
    with machine(kernel=build("panic")).open() as console:
        with pytest.raises(AssertionError, match="EOF.*\n.*panic: too early"):
            console.prompt()


HEAD = "# suite s\nTAP version 13\n"


@pytest.mark.parametrize("text, reason", [
    (HEAD + "ok 1 - a: b\n1..1\n", "the plan does not follow"),
    (HEAD + "hello\n1..1\nok 1 - a: b\n", "the plan does not follow"),
    (HEAD + "1..2\nok 1 - a\nok 3 - b\n", "number 2 expected, not 3"),
    (HEAD + "1..1\nok 1 - a\nok 2 - b\n", "planned 1 results, got 2"),
    (HEAD + "1..1\nok 1 - a\n1..1\n", "a plan out of place"),
    (HEAD + "1..0\n", "an empty plan"),
    (HEAD + "1..1\nok - a\n", "malformed result"),
    (HEAD + "1..1\nok 1 a\n", "malformed result"),
    (HEAD, "no plan"),
    ("TAP version 13\n1..1\nok 1 - a\n", "no `# suite NAME`"),
    ("ok 1 - a\n", "result before any TAP"),
    (HEAD + "1..1\nok 1 - a # SKIP\n", "SKIP without a reason"),
    (HEAD + "1..1\nnot ok 1 - a # SKIP why\n", "not ok 1 - a"),
])
def test_strict_reader(text, reason):
    reasons = tap.verdict(text)
    assert any(reason in r for r in reasons), reasons


def test_reader_accepts_comments_and_two_suites():
    text = (HEAD + "1..1\n# a note\nok 1 - a: 1: 2\n" +
            HEAD + "1..1\nok 1 - b\n")
    assert tap.verdict(text, suites=["s", "s"]) == []
    assert tap.parse(text)[0].results[0].judged == "1: 2"
