# SPDX-License-Identifier: MIT
"""The harness judges others, so it is judged first: it must see a failure,
repeat a seed, and skip where it cannot run."""
import os
import re
import subprocess

import pytest

import host

HOMES = ["m32", "asan", "m64"]


@pytest.mark.parametrize("home", HOMES)
def test_kernel_functions_keep_their_contracts(home):
    out = host.run(f"{home}/harness_check", "--seed", 1)
    assert re.search(r"^\d\d judged, 0 failed, seed 1$", out, re.M), out


def test_a_failure_is_told_and_counted():
    out = host.run("m32/harness_check", "one", "two", status=1)
    assert "FAIL: one\nFAIL: two\n" in out
    assert " 2 failed" in out


def test_failures_beyond_twenty_are_only_counted():
    words = [f"w{i}" for i in range(30)]
    out = host.run("m32/harness_check", *words, status=1)
    assert out.count("FAIL: ") == 20 and " 30 failed" in out
    out = host.run("m32/harness_check", "--verbose", *words, status=1)
    assert out.count("FAIL: ") == 30


@pytest.mark.parametrize("words", [["--seed"], ["--seed", "-1"], ["--sed"],
                                   ["--count", "1x"]])
def test_unknown_words_are_refused(words):
    assert "usage: " in host.run("m32/harness_check", *words, status=2)


def test_sanitizers_are_on():
    symbols = subprocess.run(["nm", host.program("asan/harness_check")],
                             capture_output=True, text=True, check=True)
    for name in ("__asan_report_load1", "__ubsan_handle_shift"):
        assert name in symbols.stdout, name


def can_run(tmp_path, **env):
    return subprocess.run([host.ROOT / "tests-host" / "can-run.sh", tmp_path],
                          capture_output=True, text=True,
                          env={**os.environ, **env})


def test_a_machine_without_a_32_bit_compiler_says_so(tmp_path):
    done = can_run(tmp_path, HOST_CC="false")
    assert done.returncode == 1
    assert "skipped, false -m32 makes no programs here" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_cannot_run_them_says_so(tmp_path):
    host.need_32_bits()
    done = can_run(tmp_path, RUN32="false")
    assert done.returncode == 1
    assert "skipped, 32-bit programs do not run here" in done.stderr


def test_there_make_host_is_content_and_tests_skip(tmp_path):
    """The whole way, in a build directory of its own."""
    host.need_32_bits()
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    env.update(RUN32="false", BUILD=str(tmp_path))
    made = subprocess.run(["make", "host"], cwd=host.ROOT, env=env,
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "32-bit programs do not run here" in made.stderr
    tests = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-rs", "-k", "contracts",
         "tests-host/test_harness.py"], cwd=host.ROOT, env=env,
        capture_output=True, text=True)
    assert tests.returncode == 0, tests.stdout
    assert f"{len(HOMES)} skipped" in tests.stdout
    assert "32-bit programs do not run here" in tests.stdout
