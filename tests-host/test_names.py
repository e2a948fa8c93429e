# SPDX-License-Identifier: MIT
"""How names are read from foreign tables: every end, every character."""
import pytest

import host


@pytest.mark.parametrize("home", ["m32", "asan"])
def test_names_are_read_to_their_end_and_no_further(home):
    out = host.run(f"{home}/names_check")
    assert " 0 failed" in out
