# SPDX-License-Identifier: MIT
"""Speed, where it is promised: decoding at least as fast as Zydis in its
minimal mode, and 50 times as fast as objdump. `make time` shows the tables."""
import re
import subprocess

import pytest

import host

LIBC = "/lib32/libc.so.6"


def table(program, code, runs):
    """A program's rows: the time of each as a multiple of the first."""
    out = host.run(program, "--runs", runs, code)
    rows = re.findall(r"^  (.+?)  +[\d.]+ +[\d.]+ +[\d.]+% +([\d.]+)$", out,
                      re.M)
    assert rows and float(rows[0][1]) == 1, out
    return {name: float(time) for name, time in rows}


@pytest.fixture
def code(tmp_path):
    host.need_32_bits()
    flat = tmp_path / "libc.text"
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", LIBC, flat],
                   check=True)
    return flat


def test_the_32_bit_table_has_all_rows(code):
    rows = table("m32/time_x86", code, 1)
    assert list(rows) == ["decode", "decode, operands, effects",
                          "objdump, whole process"]


@pytest.mark.long
@pytest.mark.timeout(330)
def test_decoding_is_as_fast_as_promised(code):
    """A busy machine disturbs all rows, but not all alike: three tries."""
    for _ in range(3):
        rows = table("m64/time_x86", code, 9)
        if (rows["Zydis, minimal"] >= 1 and
                rows["objdump, whole process"] >= 50):
            return
    pytest.fail(f"times as multiples of ours: {rows}")
