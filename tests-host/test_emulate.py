# SPDX-License-Identifier: MIT
"""The emulator against the processor that runs the test."""
import re

import pytest

import host

# Outcomes that random states must meet, or they are not random enough.
WANTED = ("done", "to be repeated", "software interrupt", "vector 0",
          "vector 6", "vector 12", "vector 13", "vector 14")


def judge(out, least_forms, least_runs):
    """The program's last lines: what was tried and what came of it."""
    found = re.search(r"^(\d+) forms, (\d+) runs, (\d+) differences$", out,
                      re.M)
    assert found, out[-2000:]
    forms, runs, differences = map(int, found.groups())
    assert forms >= least_forms and runs >= least_runs
    assert differences == 0
    assert " 0 failed" in out
    for outcome in WANTED:
        count = re.search(rf"^ *(\d+) {outcome}$", out, re.M)
        assert count and int(count[1]) > least_runs // 2000, outcome


def test_every_form_does_what_the_processor_does():
    judge(host.run("m32/emulate_check", "--count", 300, limit=90), 630,
          200_000)


@pytest.mark.long
def test_every_form_in_a_thousand_states():
    judge(host.run("m32/emulate_check", limit=90), 630, 690_000)


def test_under_sanitizers():
    out = host.run("asan/emulate_check", "--count", 50, "--seed", 2)
    judge(out, 630, 34_500)


def test_a_wrong_emulator_is_seen():
    """The program's own mistakes: one flag, register, byte or fault each."""
    for mistake in ("flag", "register", "memory", "fault"):
        done = host.start("m32/emulate_check", "--count", 20, mistake)
        assert done.returncode == 1, mistake
        assert "differs" in done.stdout


@pytest.mark.long
@pytest.mark.timeout(300)
def test_ten_thousand_states():
    out = host.run("m32/emulate_check", "--count", 10_000, "--seed", 3,
                   limit=280)
    judge(out, 630, 6_900_000)
