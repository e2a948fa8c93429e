# SPDX-License-Identifier: MIT
"""What the pages quote is what the kernel prints.

A block that begins with ```console is a transcript. If it has prompts, its
commands are typed into one machine, and what they print must match line by
line; a line `...` stands for any lines. A block without a prompt is a piece of
what demos, checks and benches print. A block that begins with ```gdb is a
piece of the page's GDB tour.

What differs from build to build or run to run is masked on both sides:
addresses, times, hashes, counts of three digits and more, and the bytes that
hold addresses or distances.
"""
import re

import pytest

from kernel import PASS, ROOT, Machine
from labs import LABS, MODULES
from test_gdb import make_gdb

PAGES = [p for p in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
         if "```console" in p.read_text()]
PROMPT = "palimpsest> "

MASKS = [
    (r"\b(?:[0-9a-f]{2} ){3,}[0-9a-f]{2}\b", "BYTES"),
    (r"\b0x[0-9a-f]+|\b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b", "ADDRESS"),
    (r"\beb [0-9a-f]{2}\b", "eb .."),
    (r"#\d+", "#N"),
    (r"\b\d{3,}(?:\.\d+)?\b|\b\d+\.\d+\b|\b\d+ (?=us|KiB|MiB|interrupts)",
     "N "),
    (r"\s+", " "),
]


def masked(line):
    for pattern, name in MASKS:
        line = re.sub(pattern, name, line)
    return line.strip()


def blocks(page, kind="console"):
    text = page.read_text()
    return [b.splitlines() for b in
            re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)]


def dialogues(page):
    """Each command with the lines that it must print."""
    found = []
    for block in blocks(page):
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
    printed = [masked(line) for line in printed if line.strip()]
    at, skipping = 0, False
    for line in wanted:
        if line == "...":
            skipping = True
            continue
        want = masked(line)
        if skipping and want in printed[at:]:
            at = printed.index(want, at)
        if at == len(printed) or printed[at] != want:
            got = printed[at] if at < len(printed) else "nothing"
            return f"the page has   {want}\nthe kernel has {got}"
        at, skipping = at + 1, False
    if at < len(printed) and not skipping:
        return f"the page lacks {printed[at]}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_dialogues_are_what_the_kernel_says(machine, page):
    wanted = dialogues(page)
    if not wanted:
        assert blocks(page)
        return
    with machine(modules=MODULES).open() as console:
        console.prompt()
        for command, lines in wanted:
            found = differences(lines, console.run(command).splitlines())
            assert not found, f"{page.name}: {command}\n{found}"


def everything():
    """All that demos, checks and benches print, masked. Each bench runs in a
    machine of its own: what the door costs depends on its journal."""
    lines = set()
    runs = [("check=all demo=all exit", None)]
    runs += [(f"bench={lab} exit", "shift=0,sleep=off") for lab in LABS]
    for words, icount in runs:
        run = Machine(f"transcripts.{words.split()[0]}", words,
                      modules=MODULES, icount=icount).run().must_end(PASS)
        lines |= {masked(line) for line in run.text.splitlines()}
    return lines


def test_pieces_are_printed_somewhere():
    printed = everything()
    missing = [f"{page.name}: {line}" for page in PAGES
               for block in blocks(page) if not block[0].startswith(PROMPT)
               for line in block
               if line.strip(". ") and masked(line) not in printed]
    assert not missing, "nothing prints\n" + "\n".join(missing)


TOURS = [p for p in PAGES if blocks(p, "gdb")]


@pytest.mark.parametrize("page", TOURS, ids=lambda p: p.name)
def test_tours_print_what_the_page_says(page):
    printed = {masked(line) for line in
               make_gdb(page.stem).stdout.splitlines()}
    missing = [line for block in blocks(page, "gdb") for line in block
               if line.strip(". ") and masked(line) not in printed]
    assert not missing, "the tour does not print\n" + "\n".join(missing)
