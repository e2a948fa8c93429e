# SPDX-License-Identifier: MIT
"""Where the kernel may move: the boot part's search for room, and its reading
of the seed, compiled as a Linux program."""
import re

import pytest

import host


@pytest.mark.parametrize("home, count", [("m32", 1000), ("asan", 100)])
def test_room_and_seeds(home, count):
    out = host.run(f"{home}/kaslr_check", "--count", count)
    judged = re.search(r"^(\d+) judged, 0 failed", out, re.M)
    assert judged and int(judged[1]) > 100 * count, out
