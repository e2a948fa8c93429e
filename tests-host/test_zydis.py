# SPDX-License-Identifier: MIT
"""Oracle: Zydis is asked about the same bytes. Differences without a reason
in oracle_zydis_quirks.c fail."""
import re
import subprocess
from pathlib import Path

import pytest

import host

CODE = [*sorted(Path("/usr/lib32").glob("*.so.*")),
        *sorted(Path("/usr/lib/grub/i386-pc").glob("*.mod")),
        *sorted(Path("/usr/i686-w64-mingw32/lib").glob("*.dll"))]


def counts(out):
    """Byte strings, valid ones, unexplained differences."""
    found = re.search(r"^(\d+) byte strings, (\d+) valid in both .*, "
                      r"(\d+) unexplained differences$", out, re.M)
    assert found, out
    return [int(n) for n in found.groups()]


def flat(path, folder):
    """The bytes of a file's .text, or nothing if it has none."""
    out = folder / (path.name + ".text")
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", path, out],
                   check=True, stderr=subprocess.DEVNULL)
    return [out] if out.exists() and out.stat().st_size else []


def test_real_code(tmp_path):
    paths = [path for path in CODE
             if path.read_bytes()[:4] == b"\x7fELF" or path.suffix == ".dll"]
    if not paths:
        pytest.skip("the Debian packages with this code are not installed")
    texts = [text for path in paths if not path.is_symlink()
             for text in flat(path, tmp_path)]
    out = host.run("m64/oracle_zydis", *texts)
    print(out)
    strings, valid, unexplained = counts(out)
    assert unexplained == 0
    assert strings > 1_000_000 and valid > strings * 0.98


def random_strings(count, seed, limit):
    out = host.run("m64/oracle_zydis", "--count", count, "--seed", seed,
                   limit=limit)
    print(out)
    strings, valid, unexplained = counts(out)
    assert unexplained == 0
    # Both refuse the others; a decoder that refused all would agree, too.
    assert strings == count and valid > count * 0.4


def test_random_strings():
    random_strings(30_000_000, 1, 100)


@pytest.mark.long
def test_100_million_random_strings():
    random_strings(100_000_000, 2, 600)
