# SPDX-License-Identifier: MIT
"""Runs the kernel in QEMU: as a batch that ends by itself, or by dialogue.

    run = Machine("boot", "check=intn exit").run()
    run.must_pass(["intn"])

    with Machine("shell").open() as console:
        assert "dec" in console.run("help")

Every machine has a time limit, kept by timeout(1): it still holds when this
Python is killed. The serial line is always kept, in build/logs/NAME.log.
"""
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pexpect
import pexpect.fdpexpect

import tap

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
ELF = BUILD / "palimpsest.elf"
LOGS = BUILD / "logs"
QEMU = os.environ.get("QEMU", "qemu-system-i386")

# What the kernel writes to the debug port is code; QEMU leaves with
# code * 2 + 1, so that 0 and 1 stay QEMU's own.
PASS, FAIL, PANIC = 33, 35, 37
TIMED_OUT = (124, 137)  # timeout(1): the limit was reached; SIGKILL needed
MEANING = {
    0: "QEMU ended by itself: a triple fault, a reboot, or a power-off",
    1: "QEMU failed to start, or the kernel wrote 0 to the debug port",
    FAIL: "the kernel says that something failed (status 35)",
    PANIC: "the kernel panicked (status 37)",
}

# For the tests that run make themselves: without what an outer make says to
# its children, such as a job server or a level.
CLEAN_ENV = {name: value for name, value in os.environ.items()
             if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL",
                             "MAKEOVERRIDES")}

PROMPT = "palimpsest> "
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def plain(raw):
    """Serial bytes as text: no escape sequences, no carriage returns."""
    return ANSI.sub("", raw.decode("latin-1")).replace("\r", "")


def tail(text, lines=30):
    last = text.splitlines()[-lines:]
    return "\n".join(f"  | {line}" for line in last) or "  | (nothing)"


def module_argument(module):
    """One module for -initrd. QEMU splits the list at commas, so a comma in
    a module's string is doubled."""
    words = [str(module)] if isinstance(module, (str, Path)) else module
    return " ".join(str(w) for w in words).replace(",", ",,")


class Machine:
    """A QEMU command line, and the two ways to use it."""

    def __init__(self, name, append="", *, kernel=None, iso=None, cpu="max",
                 mem=128, modules=(), icount=None, extra=(), limit=60):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.log"
        self.limit = limit
        self.args = [QEMU, "-accel", "tcg", "-cpu", cpu, "-m", str(mem),
                     "-display", "none", "-no-reboot", "-device",
                     "isa-debug-exit,iobase=0xf4,iosize=4"]
        if iso:
            self.args += ["-cdrom", str(iso)]
        else:
            self.args += ["-kernel", str(kernel or ELF)]
            if append:
                self.args += ["-append", append]
            if modules:
                self.args += ["-initrd",
                              ",".join(module_argument(m) for m in modules)]
        if icount:
            self.args += ["-icount", icount]
        self.args += [str(word) for word in extra]

    def start(self, serial, **popen):
        """Starts QEMU under timeout(1). Its messages go to NAME.qemu."""
        command = ["timeout", "-k", "2", str(self.limit), *self.args,
                   *serial]
        self.log.unlink(missing_ok=True)
        with open(self.log.with_suffix(".qemu"), "wb") as messages:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                    stdout=messages, stderr=messages,
                                    **popen)

    def run(self):
        """Runs to the end and returns what happened."""
        process = self.start(["-serial", f"file:{self.log}"])
        try:
            process.wait(self.limit + 10)
        finally:
            stop(process)
        return Run(self, process.returncode)

    def open(self):
        """Starts QEMU for a dialogue over the serial line."""
        return Console(self)

    def messages(self):
        return self.log.with_suffix(".qemu").read_text(errors="replace")


def stop(process):
    """Ends our own child, if it has not ended. timeout(1) passes SIGTERM on
    to QEMU and follows it with SIGKILL."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


class Run:
    """A machine that has ended: its status and its serial output."""

    def __init__(self, machine, status):
        self.machine = machine
        self.status = status
        self.raw = machine.log.read_bytes() if machine.log.exists() else b""
        self.text = plain(self.raw)

    def how_it_ended(self):
        if self.status in TIMED_OUT:
            return f"it hung: no end after {self.machine.limit} s"
        return MEANING.get(self.status, f"status {self.status}")

    def explain(self, reasons):
        return "\n".join([
            *reasons, f"status {self.status}, serial log {self.machine.log}:",
            tail(self.text), self.machine.messages()])

    def reasons(self, suites=None, skips=()):
        """Every reason not to call this run green."""
        found = tap.verdict(self.text, suites=suites, skips=skips)
        if self.status != PASS:
            found.insert(0, self.how_it_ended())
        return found

    def must_pass(self, suites=None, skips=()):
        found = self.reasons(suites, skips)
        assert not found, self.explain(found)
        return self

    def must_end(self, status, *patterns):
        """For runs without TAP: this status, and these patterns in order."""
        assert self.status == status, self.explain(
            [f"status {status} expected: {self.how_it_ended()}"])
        at = 0
        for pattern in patterns:
            found = re.search(pattern, self.text[at:], re.M)
            assert found, self.explain([f"not said: {pattern}"])
            at += found.end()
        return self


class Console:
    """A running machine and a dialogue with its shell.

    The serial line is one end of a socket pair: no port, no file, and the
    sender waits when the receiver is full.
    """

    def __init__(self, machine):
        self.machine = machine
        self.sock, far = socket.socketpair()
        with far:
            fd = far.fileno()
            chardev = f"socket,id=serial,fd={fd},logfile={machine.log}"
            self.process = machine.start(
                ["-chardev", chardev, "-serial", "chardev:serial"],
                pass_fds=[fd])
        self.line = pexpect.fdpexpect.fdspawn(self.sock, timeout=30)
        self.line.delaybeforesend = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        self.sock.close()

    def expect(self, pattern, timeout=-1):
        """Waits for a regular expression in the raw output. Returns what
        came before it, as plain text."""
        try:
            self.line.expect(pattern, timeout=timeout)
        except (pexpect.TIMEOUT, pexpect.EOF) as end:
            raise AssertionError(
                f"{type(end).__name__} while waiting for {pattern!r}; "
                f"{self.machine.messages()}\n"
                f"{tail(plain(self.machine.log.read_bytes()))}") from None
        return plain(self.line.before)

    def prompt(self, timeout=-1):
        """Waits for a prompt at the start of a line."""
        return self.expect(rb"(?:^|\n)" + PROMPT.encode(), timeout)

    def send(self, keys):
        self.line.send(keys)

    def run(self, line, timeout=-1):
        """Types a line at the prompt. Returns what it printed."""
        self.send(line + "\r")
        _, _, output = self.prompt(timeout).partition("\n")
        return output

    def wait(self):
        """Waits for the machine to leave. Returns a Run."""
        self.expect(pexpect.EOF, self.machine.limit + 5)
        self.process.wait(10)
        return Run(self.machine, self.process.returncode)
