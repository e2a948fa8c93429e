# SPDX-License-Identifier: MIT
"""A machine without a serial dialogue, driven through QMP: keys typed on its
keyboard, memory read from outside."""
import json
import socket

from kernel import stop


class Monitor:
    def __init__(self, machine):
        self.name = machine.log.stem
        self.log = machine.log
        self.sock, far = socket.socketpair()
        self.sock.settimeout(20)
        with far:
            fd = far.fileno()
            self.process = machine.start(
                ["-chardev", f"socket,id=qmp,fd={fd}",
                 "-mon", "chardev=qmp,mode=control",
                 "-serial", f"file:{machine.log}"], pass_fds=[fd])
        self.answers = self.sock.makefile("r")
        self.answers.readline()  # the greeting
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        self.answers.close()
        self.sock.close()

    def command(self, name, **arguments):
        """Runs one QMP command to its end; events are passed over."""
        request = {"execute": name, "arguments": arguments}
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self.answers.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]

    def type(self, keys):
        """Presses and releases keys by QEMU's names; "ctrl-u" is a chord."""
        for chord in keys:
            self.command("send-key", **{"hold-time": 20, "keys": [
                {"type": "qcode", "data": key} for key in chord.split("-")]})
