# SPDX-License-Identifier: MIT
"""What the pages about instructions list is what the engines know."""
import re

import pytest

import host

DOCS = host.ROOT / "docs"


def known(kind):
    """The mnemonics of one class of privilege, by the decoder."""
    out = host.run("m64/list_privileges")
    count, names = re.search(rf"^{kind} (\d+):(.*)", out, re.M).groups()
    assert len(names.split()) == int(count) > 0
    return names.split()


def test_sensitive_instructions_are_the_listed_ones():
    page = (DOCS / "sensitive.md").read_text()
    cells = re.findall(r"^\|([^|]*)\|", page, re.M)
    listed = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert sorted(listed) == known("sensitive")
    assert int(re.search(r"\*\*(\d+) mnemonics\*\*", page)[1]) == len(listed)


def test_instructions_for_io_are_the_listed_ones():
    page = (DOCS / "sensitive.md").read_text()
    listed = re.search(r"\*\*I/O\*\*.*?\.", page, re.S)[0]
    assert sorted(re.findall(r"`(\w+)`", listed)) == known("io")


def test_nops_are_the_listed_ones():
    source = (host.ROOT / "smc" / "x86" / "nop.c").read_text()
    emitted = {int(n): bytes.fromhex(code.replace("\\x", ""))
               for n, code in re.findall(r'\[(\d+)\] = "((?:\\x\w\w)+)"',
                                         source)}
    page = (DOCS / "x86.md").read_text()
    listed = {int(n): bytes.fromhex(code) for n, code in
              re.findall(r"^\| (\d+) \| `([0-9a-f ]+)` \|", page, re.M)}
    assert listed == emitted and len(listed) == 15


def plain(text):
    """Text without regard to lines and capitals."""
    return " ".join(text.split()).lower()


def reasons(name, table):
    """The texts in one table of a program, each put together again."""
    source = (host.ROOT / "tests-host" / name).read_text()
    rows = re.search(rf"^static const .*{table}\[\w*\] = {{(.*?)^}};", source,
                     re.M | re.S)[1]
    return {"".join(re.findall(r'"([^"]*)"', words))
            for words in re.findall(r'(?:"[^"]*"\s*)+', rows)}


@pytest.mark.parametrize("name, table", [
    ("oracle_zydis_quirks.c", "quirks"), ("oracle_objdump.c", "kinds")])
def test_every_difference_is_explained(name, table):
    page = plain((DOCS / "oracles.md").read_text())
    listed = reasons(name, table) - {"the same"}
    assert len(listed) > 5
    missing = [words for words in sorted(listed) if plain(words) not in page]
    assert missing == []
