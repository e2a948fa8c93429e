# SPDX-License-Identifier: MIT
"""Fuzz targets: over the corpus always, with libFuzzer in the long tests."""
import re

import pytest

import host

HERE = host.ROOT / "tests-host"
CORPUS = HERE / "corpus"
MAX_LEN = {"load": 8192}  # as in host.mk
TARGETS = sorted(path.stem.removeprefix("fuzz_")
                 for path in HERE.glob("fuzz_*.c")
                 if path.stem != "fuzz_main")


@pytest.mark.parametrize("target", TARGETS)
def test_corpus_has_no_findings(target):
    inputs = list((CORPUS / target).iterdir())
    assert inputs, f"no corpus for {target}"
    out = host.run(f"asan/fuzz_{target}", CORPUS / target)
    assert f"{len(inputs)} judged, 0 failed" in out


def test_corpus_is_small_and_has_no_strays():
    assert sorted(path.name for path in CORPUS.iterdir()) == TARGETS
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 50 * 1024


@pytest.mark.parametrize("word, finding", [
    ("fuzz-demand", "input: cd 80\nFAIL: 1 is not 2"),
    ("fuzz-overrun", "heap-buffer-overflow"),
    ("fuzz-shift", "shift exponent 32 is too large"),
])
def test_a_finding_is_seen(word, finding):
    done = host.start("asan/harness_check", word,
                      env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert done.returncode not in (0, 124, 137)
    assert finding in done.stdout


@pytest.mark.long
@pytest.mark.timeout(330)
@pytest.mark.parametrize("target", TARGETS)
def test_a_minute_of_fuzzing_finds_nothing(target, tmp_path):
    """`make fuzz ENGINE=... SECONDS=600` is the same for longer."""
    out = host.run(f"fuzz/fuzz_{target}", "-max_total_time=60",
                   f"-max_len={MAX_LEN.get(target, 64)}",
                   "-print_final_stats=1",
                   f"-artifact_prefix={tmp_path}/", tmp_path,
                   CORPUS / target, limit=300)
    executed = int(re.search(r"number_of_executed_units: (\d+)", out)[1])
    assert executed > 10_000, out[-2000:]
