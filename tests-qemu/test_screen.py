# SPDX-License-Identifier: MIT
"""The other console: the VGA text screen and the PS/2 keyboard, driven
from outside."""
import time

import pytest

from kernel import LOGS
from monitor import Monitor

COLUMNS, ROWS = 80, 25


def screen(monitor):
    """The characters on the text screen, read from video memory."""
    dump = LOGS / f"{monitor.name}.b8000"
    monitor.command("pmemsave", val=0xb8000, size=COLUMNS * ROWS * 2,
                    filename=str(dump))
    cells = dump.read_bytes()[::2].decode("latin-1")
    return [cells[r * COLUMNS:(r + 1) * COLUMNS].rstrip()
            for r in range(ROWS)]


def wait_for(monitor, ready, seconds=15):
    """The screen's lines, as soon as they satisfy ready(lines)."""
    end = time.monotonic() + seconds
    while True:
        lines = screen(monitor)
        if ready(lines):
            return lines
        assert time.monotonic() < end, "\n".join(lines)
        time.sleep(0.05)


def wait_for_lines(monitor, *wanted):
    """Waits until all these lines are on the screen, as often as named."""
    return wait_for(monitor, lambda lines: all(
        lines.count(line) >= wanted.count(line) for line in wanted))


@pytest.fixture
def monitor(machine):
    with Monitor(machine()) as opened:
        wait_for_lines(opened, "palimpsest>")
        yield opened


def test_keys_reach_the_shell(monitor):
    monitor.type([*"echo", "spc", "shift-a", "b", "1", "shift-2", "ret"])
    wait_for_lines(monitor, "palimpsest> echo Ab1@", "Ab1@")


def test_cursor_keys_and_control(monitor):
    monitor.type([*"echo", "spc", *"ac", "left", "b", "ret"])
    wait_for_lines(monitor, "palimpsest> echo abc", "abc")
    monitor.type([*"nonsense", "ctrl-u", *"echo", "spc", *"xyz", "ret"])
    wait_for_lines(monitor, "palimpsest> echo xyz", "xyz")
    monitor.type(["up", "up", "ret"])
    wait_for_lines(monitor, *["palimpsest> echo abc", "abc"] * 2)


def test_the_screen_scrolls(monitor):
    monitor.type([*"help", "ret"])
    lines = wait_for(monitor, lambda lines: lines[-1] == "palimpsest>")
    assert "Tab completes." in lines[-2]
