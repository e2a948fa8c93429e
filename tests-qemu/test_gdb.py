# SPDX-License-Identifier: MIT
"""The GDB tours: each stops at the moment of modification."""
import os
import re
import subprocess

import pytest

from kernel import BUILD, CLEAN_ENV, ROOT, tail
from labs import LABS


def make_gdb(lab):
    """Runs the tour of a lab without a terminal. After the script gdb reads
    commands: `kill` ends the machine, which a detached gdb would wait for."""
    return subprocess.run(
        ["timeout", "-k", "5", "60", "make", "-s", "gdb", f"LAB={lab}",
         f"BUILD={os.path.relpath(BUILD, ROOT)}"], cwd=ROOT, text=True,
        env=CLEAN_ENV, input="kill\n", capture_output=True)


def shown(output, when):
    """The bytes on the lines that a tour prints as `before:` or `after:`."""
    return re.findall(rf"^{when}: .*?((?:\b[0-9a-f]{{2}} ?)+)", output, re.M)


@pytest.mark.parametrize("lab", LABS)
def test_tour_shows_before_and_after(lab):
    done = make_gdb(lab)
    output = done.stdout
    assert done.returncode == 0, tail(output + done.stderr)
    before, after = shown(output, "before"), shown(output, "after")
    assert before and len(before) == len(after), tail(output)
    for old, new in zip(before, after):
        assert len(old) == len(new) and old != new, tail(output)
