# SPDX-License-Identifier: MIT
"""What holds for all tests of the host programs."""
import sys

sys.dont_write_bytecode = True
