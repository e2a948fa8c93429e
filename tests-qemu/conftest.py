# SPDX-License-Identifier: MIT
"""What every test file may ask for."""
import sys

import pytest

from kernel import ELF, Machine

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
