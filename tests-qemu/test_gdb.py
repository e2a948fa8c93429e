# SPDX-License-Identifier: MIT
"""The GDB tours: each stops at the moment of modification, and prints what
its page quotes of it."""
import os
import re
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

from kernel import BUILD, CLEAN_ENV, ROOT, tail
from labs import LABS
from test_transcripts import blocks, missing


def kill_marked(mark):
    """Ends whoever has these bytes in the environment. A gdb that is killed
    leaves its machine running, in a session of its own."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)
        except OSError:  # it has ended, or is somebody else's
            pass


def make_gdb(lab, *words):
    """Runs the tour of a lab without a terminal. After the script gdb reads
    commands: `kill` ends the machine, which a detached gdb would wait for."""
    mark = f"tour-{uuid.uuid4()}"
    try:
        return subprocess.run(
            ["timeout", "-k", "5", "60", "make", "-s", "gdb", f"LAB={lab}",
             f"BUILD={os.path.relpath(BUILD, ROOT)}", *words], cwd=ROOT,
            text=True, env={**CLEAN_ENV, "TOUR": mark}, input="kill\n",
            capture_output=True)
    finally:
        kill_marked(mark.encode())


def shown(output, when):
    """The bytes on the lines that a tour prints as `before:` or `after:`."""
    return re.findall(rf"^{when}: .*?((?:\b[0-9a-f]{{2}} ?)+)", output, re.M)


def must_show(done):
    """The tour ended well, and each patch is seen before and after."""
    output = done.stdout
    assert done.returncode == 0, tail(output + done.stderr)
    before, after = shown(output, "before"), shown(output, "after")
    assert before and len(before) == len(after), tail(output)
    for old, new in zip(before, after):
        assert len(old) == len(new) and old != new, tail(output)
    return output


@pytest.mark.parametrize("lab", LABS)
def test_tour_shows_before_and_after(lab):
    output = must_show(make_gdb(lab))
    bad = missing(blocks(ROOT / "docs" / f"{lab}.md", "gdb"),
                  output.splitlines())
    assert not bad, "the tour does not print\n" + "\n".join(bad)


def test_only_labs_quote_tours():
    quoting = {page.stem for page in ROOT.glob("docs/*.md")
               if blocks(page, "gdb")}
    assert quoting and quoting <= set(LABS)


def follows(lab, seed):
    """The tour of a kernel that has moved, with its symbols."""
    output = must_show(make_gdb(lab, f"KASLR={seed}"))
    moved = int(re.search(r"^The kernel has moved by 0x(\w+)", output,
                          re.M)[1], 16)
    last = output.rpartition("The kernel has moved")[2]
    seen = [int(at, 16) for at in re.findall(
        r"reakpoint \d+ at 0x(c\w{7}): file", last)]
    assert moved and seen and min(seen) >= 0xc0101000 + moved, tail(output)


def test_gdb_follows_the_kernel():
    follows("once", 7)


@pytest.mark.long
@pytest.mark.parametrize("lab", LABS)
def test_every_tour_follows_the_kernel(lab):
    follows(lab, 5)
