# SPDX-License-Identifier: MIT
"""`fuzz FILE COUNT`: damaged copies, loaded in the kernel itself."""
import re

import pytest

from labs import CRYPTO, LIBZ, MODULES, ZLIB
from said import in_use



FUZZED = [ZLIB, LIBZ, CRYPTO[0], CRYPTO[1], CRYPTO[4]]


def fuzzed(machine, path, count, limit):
    """Damaged copies in one machine: none may crash or hang it, leave a word
    where it does not belong or a page that nobody owns. Many are refused, and
    many are not: a damaged word may mean nothing."""
    with machine(modules=[*MODULES, LIBZ], limit=limit).open() as console:
        console.prompt()
        console.run("load crypto.mod")
        before, text = in_use(console), console.run("hash")
        said = console.run(f"fuzz {path.name} {count}", timeout=limit)
        row = re.search(r"this one, \S+ +(\d+) +(\d+) +(\d+) +([\d.]+) % "
                        r"+(\d+) +(\d+)$", said, re.M)
        mutants, refused, loaded = map(int, row.groups()[:3])
        assert mutants == count == refused + loaded, said
        assert row.groups()[3:] == ("0.0", "0", "0"), said
        assert refused > count // 10 and loaded > count // 10
        assert "stray words" not in said and "changed" not in said
        assert in_use(console) == before and console.run("hash") == text
        assert re.search("^0 pages writable", console.run("audit"), re.M)


@pytest.mark.parametrize("path", FUZZED, ids=lambda path: path.name)
def test_fuzz(machine, path):
    fuzzed(machine, path, 500, 60)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", FUZZED, ids=lambda path: path.name)
def test_fuzz_long(machine, path):
    fuzzed(machine, path, 10_000, 800)


def test_fuzz_words(console):
    for words, wanted in [("fuzz zlib1.dll", "usage: fuzz"),
                          ("fuzz zlib1.dll 0", "usage: fuzz"),
                          ("fuzz zlib1.dll 1 x", "usage: fuzz"),
                          ("fuzz nosuch 1", "nosuch: no such file")]:
        assert wanted in console.run(words)
    # The same seeds do the same damage.
    one = console.run("fuzz zlib1.dll 20 7").splitlines()[-2]
    assert console.run("fuzz zlib1.dll 20 7").splitlines()[-2] == one
