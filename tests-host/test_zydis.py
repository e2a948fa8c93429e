# SPDX-License-Identifier: MIT
"""Oracle: Zydis is asked about the same bytes. Differences without a reason
in oracle_zydis_quirks.c fail."""
import re

import pytest

import host
import real_code


def counts(out):
    """Byte strings, valid ones, unexplained differences."""
    found = re.search(r"^(\d+) byte strings, (\d+) valid in both .*, "
                      r"(\d+) unexplained differences$", out, re.M)
    assert found, out
    return [int(n) for n in found.groups()]


def walk(paths, tmp_path):
    """Every section of code of these files, from end to end."""
    if not paths:
        pytest.skip("the Debian packages with this code are not installed")
    flat, size = [], 0
    for path in paths:
        for code in real_code.sections(path):
            flat.append(tmp_path / f"{len(flat)}-{path.name}")
            size += flat[-1].write_bytes(code)
    out = host.run("m64/oracle_zydis", *flat)
    print(out)
    strings, valid, unexplained = counts(out)
    assert unexplained == 0
    # Instructions have three or four bytes, on average.
    assert strings > size / 5 and valid > strings * 0.99


def test_real_code(tmp_path):
    """What objdump is asked about in test_objdump.py."""
    walk(real_code.libraries() + real_code.grub_modules() + real_code.dlls() +
         real_code.kernel(), tmp_path)


@pytest.mark.long
def test_dlls_with_posix_threads(tmp_path):
    walk(real_code.dlls("posix"), tmp_path)


def random_strings(count, seed, limit):
    out = host.run("m64/oracle_zydis", "--count", count, "--seed", seed,
                   limit=limit)
    print(out)
    strings, valid, unexplained = counts(out)
    assert unexplained == 0
    # Both refuse the others; a decoder that refused all would agree, too.
    assert strings == count and valid > count * 0.4


def test_random_strings():
    """Seven seconds, if nothing else runs."""
    random_strings(10_000_000, 1, 100)


@pytest.mark.long
@pytest.mark.timeout(700)
@pytest.mark.parametrize("millions, seed", [(30, 1), (30, 2), (100, 3)])
def test_millions_of_random_strings(millions, seed):
    random_strings(millions * 1_000_000, seed, 680)
