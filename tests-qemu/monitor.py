# SPDX-License-Identifier: MIT
"""A machine driven through QMP: keys typed on its keyboard, memory read from
outside. With a Monitor in place of the serial dialogue, or, for reading only,
with a socket beside it."""
import json
import socket

from kernel import stop


def execute(sock, answers, name, arguments):
    """Runs one QMP command to its end; events are passed over."""
    request = {"execute": name, "arguments": arguments}
    sock.sendall(json.dumps(request).encode() + b"\n")
    while True:
        answer = json.loads(answers.readline())
        assert "error" not in answer, answer
        if "return" in answer:
            return answer["return"]


def listen(path):
    """For QEMU's command line: what read_memory connects to."""
    return ["-qmp", f"unix:{path},server=on,wait=off"]


def read_memory(path, at, size, out, command="memsave"):
    """Bytes at a virtual address, or with "pmemsave" at a physical one. They
    pass through the file `out`."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(path))
        answers = sock.makefile("r")
        answers.readline()  # the greeting
        execute(sock, answers, "qmp_capabilities", {})
        execute(sock, answers, command,
                {"val": at, "size": size, "filename": str(out)})
    return out.read_bytes()


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
        return execute(self.sock, self.answers, name, arguments)

    def type(self, keys):
        """Presses and releases keys by QEMU's names; "ctrl-u" is a chord."""
        for chord in keys:
            self.command("send-key", **{"hold-time": 20, "keys": [
                {"type": "qcode", "data": key} for key in chord.split("-")]})
