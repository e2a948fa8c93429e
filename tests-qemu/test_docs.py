# SPDX-License-Identifier: MIT
"""The course's pages: complete, and their links lead somewhere."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kernel import CLEAN_ENV, PASS, ROOT
from labs import LABS

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    """The anchors that a page's headings make, as GitHub makes them."""
    made = set()
    for title in re.findall(r"^#+ +(.+?) *#*$", path.read_text(), re.M):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()
        made.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return made


@pytest.mark.parametrize("name", [str(p.relative_to(ROOT)) for p in PAGES])
def test_links_resolve(name):
    page = ROOT / name
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)", without_code(page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue  # the tests do not depend on the network
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            broken.append(link)
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            broken.append(link)
    assert broken == []


def test_there_are_pages():
    assert ROOT / "README.md" in PAGES


@pytest.mark.parametrize("lab", LABS)
def test_lab_has_its_files(lab):
    for name in (f"docs/{lab}.md", f"tools/gdb/{lab}.gdb"):
        assert (ROOT / name).is_file(), f"{name} is missing"


def test_the_index_has_every_page():
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {p.name for p in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((\w+\.md)\)", index)) == pages


def test_make_help_names_every_lab():
    said = subprocess.run(["make", "-s", "help"], cwd=ROOT, env=CLEAN_ENV,
                          capture_output=True, text=True, check=True).stdout
    assert sorted(re.findall(r"^  (\w+): \S", said, re.M)) == LABS


def readme_table():
    """The rows `| [name](docs/name.md) | summary | ...`: {name: summary}."""
    rows = re.findall(r"^\| *\[`?(\w+)`?\]\(docs/\1\.md\) *\| *(.*?) *\|",
                      (ROOT / "README.md").read_text(), re.M)
    return {name: re.sub(r"[`*]", "", summary) for name, summary in rows}


def test_readme_table_equals_labs(machine):
    run = machine("exit -- labs").run().must_end(PASS)
    rows = readme_table()
    assert sorted(rows) == LABS
    for name, summary in rows.items():
        assert re.search(rf"^ *{name} +{re.escape(summary)}\s*$", run.text,
                         re.M), run.explain([f"{name}: {summary}"])


def test_the_table_of_addressing_is_measured():
    """What docs/loader.md says of i386 and x86-64 code, counted again. The
    figures are those of one release of Debian."""
    tool = ROOT / "tools" / "addressing.py"
    files = re.findall(r'"(/\S+zlib1\.dll|/\S+libz\.so\.1)"', tool.read_text())
    assert len(files) == 4
    if not all(Path(name).exists() for name in files):
        pytest.skip(f"not here: one of {', '.join(files)}")
    said = subprocess.run([sys.executable, tool], capture_output=True,
                          text=True, check=True).stdout
    page = (ROOT / "docs" / "loader.md").read_text()
    assert re.search(r"^```measured\n(.*?)^```", page, re.M | re.S)[1] == said
