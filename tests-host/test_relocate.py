# SPDX-License-Identifier: MIT
"""Moving instructions: what is moved does the same, and every refusal is
true. The runs come from the C library and from random bytes; functions of
our own are executed before and after."""
import re
import subprocess

import pytest

import host

LIBC = "/lib32/libc.so.6"


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """The C library's code, flat."""
    host.need_32_bits()
    flat = tmp_path_factory.mktemp("relocate") / "libc.text"
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", LIBC, flat],
                   check=True)
    return flat


@pytest.mark.parametrize("home, count", [("m32", 50000), ("asan", 8000)])
@pytest.mark.parametrize("seed", [1, 2])
def test_moved_code_does_the_same(text, home, count, seed):
    out = host.run(f"{home}/relocate_check", "--seed", seed, "--count", count,
                   text)
    judged = re.search(r"^(\d+) judged, 0 failed", out, re.M)
    assert judged and int(judged[1]) > 3 * count, out
