# SPDX-License-Identifier: MIT
"""What the pages quote is what the kernel prints.

A block that begins with ```console is a transcript. If it has prompts, its
commands are typed into one machine, and what they print must match line by
line; a line `...` stands for any lines. A block without a prompt is a piece of
what demos, checks and benches print. A block that begins with ```gdb is a
piece of the page's GDB tour: test_gdb.py compares those.

What differs from build to build or run to run is masked on both sides:
addresses in the kernel, times, hashes of its text, bytes that hold addresses
or distances. Other numbers of three digits and more must agree within 15 per
cent, so that a chapter's figures cannot grow old unseen; digests and shorter
numbers must be equal.
"""
import re

import pytest

from kernel import PASS, ROOT, Machine
from labs import LABS, RUN_MODULES, SHARED

PAGES = [p for p in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
         if "```console" in p.read_text()]
PROMPT = "palimpsest> "
TOLERANCE = 0.15

MASKS = [
    (r"\b(?:[0-9a-f]{2} ){3,}[0-9a-f]{2}\b", "BYTES"),
    (r"\b(?:0x)?(?:c0|ff)[0-9a-f]{6}\b", "ADDRESS"),
    (r"-0x[0-9a-f]{8}\b", "DISTANCE"),
    (r"\b[0-9a-f]{16}\b", "HASH"),
    (r"\+0x[0-9a-f]+", "+OFFSET"),
    (r"\beb [0-9a-f]{2}\b", "eb .."),
    (r"#\d+", "#N"),
    (r"\b\d+ (?=us|ns|KiB|MHz|MiB|interrupts)", "N "),
    (r"\s+", " "),
]
NUMBER = re.compile(r"(?<![\w.])\d{3,}(?:\.\d+)?(?![\w])")


class Line:
    """A line without what may differ, and its figures apart."""

    def __init__(self, line):
        for pattern, name in MASKS:
            line = re.sub(pattern, name, line)
        self.figures = [float(n) for n in NUMBER.findall(line)]
        self.text = NUMBER.sub("FIGURE", line).strip()

    def __eq__(self, other):
        return self.text == other.text and all(
            abs(a - b) <= TOLERANCE * max(a, b)
            for a, b in zip(self.figures, other.figures))

    def __str__(self):
        return f"{self.text} {self.figures or ''}"


def blocks(page, kind="console"):
    text = page.read_text()
    return [b.splitlines() for b in
            re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)]


def dialogues(page, kind="console"):
    """Each command with the lines that it must print."""
    found = []
    for block in blocks(page, kind):
        if not block[0].startswith(PROMPT):
            continue
        for line in block:
            if line.startswith(PROMPT):
                found.append((line.removeprefix(PROMPT), []))
            else:
                found[-1][1].append(line)
    return found


def differences(wanted, printed):
    """Walks both lists; `...` skips to where the next wanted line is."""
    printed = [Line(line) for line in printed if line.strip()]
    at, skipping = 0, False
    for line in wanted:
        if line == "...":
            skipping = True
            continue
        want = Line(line)
        if skipping and want in printed[at:]:
            at = printed.index(want, at)
        if at == len(printed) or printed[at] != want:
            got = printed[at] if at < len(printed) else "nothing"
            return f"the page has   {want}\nthe kernel has {got}"
        at, skipping = at + 1, False
    if at < len(printed) and not skipping:
        return f"the page lacks {printed[at]}"
    return ""


def missing(page_blocks, printed):
    """The lines of these blocks that are not among the printed ones."""
    by_text = {}
    for line in map(Line, printed):
        by_text.setdefault(line.text, []).append(line)
    return [line for block in page_blocks for line in block
            if line.strip(". ") and
            Line(line) not in by_text.get(Line(line).text, [])]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_dialogues_are_what_the_kernel_says(machine, page):
    wanted = dialogues(page)
    if not wanted:
        assert blocks(page)
        return
    lacks = [path.name for path in SHARED if not path.exists()]
    if any(name in command for name in lacks for command, _ in wanted):
        pytest.skip(f"not here: {', '.join(lacks)}")
    with machine(modules=RUN_MODULES).open() as console:
        console.prompt()
        for command, lines in wanted:
            found = differences(lines, console.run(command).splitlines())
            assert not found, f"{page.name}: {command}\n{found}"


def everything():
    """All that demos, checks and benches print. Each bench runs in a machine
    of its own: what the door costs depends on its journal."""
    lines = []
    runs = [("check=all demo=all exit", None)]
    runs += [(f"bench={lab} exit", "shift=0,sleep=off") for lab in LABS]
    for words, icount in runs:
        run = Machine(f"transcripts.{words.split()[0]}", words,
                      modules=RUN_MODULES, icount=icount,
                      limit=110).run().must_end(PASS)
        lines += run.text.splitlines()
    return lines


def test_pieces_are_printed_somewhere():
    printed = everything()
    bad = [f"{page.name}: {line}" for page in PAGES for line in missing(
        [b for b in blocks(page) if not b[0].startswith(PROMPT)], printed)]
    assert not bad, "nothing prints\n" + "\n".join(bad)
