# SPDX-License-Identifier: MIT
"""What every test file may ask for."""
import os
import sys

import pytest

from kernel import ELF, Machine
from labs import MODULES
from shared_files import can_build, library

sys.dont_write_bytecode = True


@pytest.fixture
def machine(request):
    """Makes machines whose logs carry the name of the test."""
    module = request.module.__name__.removeprefix("test_")
    name = f"{module}.{request.node.name.removeprefix('test_')}"
    made = []

    def make(append="", **options):
        if "kernel" not in options and "iso" not in options:
            assert ELF.exists(), f"{ELF} is missing: run make first"
        number = f"-{len(made) + 1}" if made else ""
        made.append(Machine(name + number, append, **options))
        return made[-1]

    return make


@pytest.fixture
def console(machine):
    """The shell of a machine that has the usual files."""
    with machine(modules=MODULES).open() as opened:
        opened.prompt()
        yield opened


@pytest.fixture(scope="module")
def common(request):
    """One machine for all tests of a file that only ask, and leave nothing
    behind: they need not boot one each. Each worker has its own."""
    module = request.module.__name__.removeprefix("test_")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with Machine(f"{module}.common-{worker}", limit=600).open() as opened:
        opened.prompt()
        yield opened


@pytest.fixture
def lib(tmp_path):
    """Makes shared objects in the test's own folder."""
    if not can_build(tmp_path / "probe"):
        pytest.skip("no compiler for 32-bit shared objects")

    def make(name, source, *options, **more):
        return library(tmp_path / name, source, *options, **more)
    return make
