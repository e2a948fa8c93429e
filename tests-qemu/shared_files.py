# SPDX-License-Identifier: MIT
"""Shared objects for tests: those of Debian, and those made by the host's
compiler; taken apart byte by byte, spoilt field by field."""
import re
import struct
import subprocess

import pytest

from labs import LIBGCC, LIBM, LIBZ

debian = pytest.mark.skipif(
    not LIBZ.exists() or not LIBGCC.exists() or not LIBM.exists(),
    reason="no 32-bit libraries: lib32z1, lib32gcc-s1, libc6-i386")

PLAIN = ["-m32", "-O1", "-nostdlib", "-fno-stack-protector",
         "-fcf-protection=none", "-fno-asynchronous-unwind-tables"]


def library(path, source, *options, needs=(), script=None, pic="-fpic"):
    """A shared object whose soname is its file's name. `needs` are objects
    to link with, `script` is a version script."""
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".c").write_text(source)
    command = ["gcc", *PLAIN, pic, "-shared", f"-Wl,-soname,{path.name}",
               "-Wl,--no-as-needed", *options, "-o", path,
               path.with_suffix(".c"), *needs]
    if script:
        path.with_suffix(".map").write_text(script)
        command.insert(1, f"-Wl,--version-script={path.with_suffix('.map')}")
    subprocess.run(command, check=True)
    return path


def can_build(folder):
    """Does this machine's compiler make 32-bit shared objects?"""
    try:
        library(folder / "probe.so", "int probe;")
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


# A diary that other objects write to; and a variable behind a pointer.
LOG = """
char text[64]; static int n;
void note(char c) { text[n++] = c; text[n] = 0; }
char *said(void) { return text; }
int value = 5; int *pointer = &value;
int *get_pointer(void) { return pointer; }
int *get_value(void) { return &value; }
"""


def results(text):
    """(function, what it returned as a number) in order."""
    return [(name, int(value, 16)) for name, value in re.findall(
        r"^(\w+) returned 0x(\w+) ", text, re.M)]


def dialogue(machine, commands, modules):
    """All that many commands print: as many as fit in each line."""
    said, lines = "", [""]
    for command in commands:
        if len(lines[-1]) + len(command) > 480:
            lines.append("")
        lines[-1] += f"{'; ' if lines[-1] else ''}{command}"
    with machine(modules=modules, limit=200).open() as console:
        console.prompt()
        for line in lines:
            said += console.run(line) + "\n"
    return said


LOAD, DYNAMIC, TLS, RELRO = 1, 2, 7, 0x6474e552
TAGS = {"NEEDED": 1, "PLTRELSZ": 2, "PLTGOT": 3, "HASH": 4, "STRTAB": 5,
        "SYMTAB": 6, "RELA": 7, "STRSZ": 10, "SYMENT": 11, "INIT": 12,
        "FINI": 13, "SONAME": 14, "REL": 17, "RELSZ": 18, "RELENT": 19,
        "PLTREL": 20, "TEXTREL": 22, "JMPREL": 23, "INIT_ARRAY": 25,
        "FINI_ARRAY": 26, "INIT_ARRAYSZ": 27, "FINI_ARRAYSZ": 28,
        "RELRSZ": 35, "RELR": 36, "RELRENT": 37, "GNU_HASH": 0x6ffffef5,
        "VERSYM": 0x6ffffff0, "RELCOUNT": 0x6ffffffa, "VERDEF": 0x6ffffffc,
        "VERDEFNUM": 0x6ffffffd, "VERNEED": 0x6ffffffe,
        "VERNEEDNUM": 0x6fffffff}


class Elf:
    """A shared object in memory. Places are offsets in the file."""

    def __init__(self, data):
        self.data = bytearray(data)

    def word(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def half(self, at):
        return struct.unpack_from("<H", self.data, at)[0]

    def put(self, at, value, form="<I"):
        struct.pack_into(form, self.data, at, value & 0xffffffff)

    def headers(self, kind):
        """Where the program headers of this type are."""
        start, count = self.word(28), self.half(44)
        return [start + 32 * i for i in range(count)
                if self.word(start + 32 * i) == kind]

    def segments(self):
        """(offset, address, bytes in the file, in memory, flags)"""
        return [(self.word(at + 4), self.word(at + 8), self.word(at + 16),
                 self.word(at + 20), self.word(at + 24))
                for at in self.headers(LOAD)]

    def place(self, address):
        """Where the file has the bytes of this address."""
        for offset, start, size, _, _ in self.segments():
            if start <= address < start + size:
                return offset + address - start
        raise LookupError(hex(address))

    def entries(self):
        """Where the entries of the dynamic section are, up to DT_NULL."""
        at = self.place(self.word(self.headers(DYNAMIC)[0] + 8))
        while self.word(at):
            yield at
            at += 8

    def tag(self, name):
        """Where the value of a dynamic entry is."""
        for at in self.entries():
            if self.word(at) == TAGS[name]:
                return at + 4
        raise LookupError(name)

    def table(self, name):
        """Where the table is that a dynamic entry names."""
        return self.place(self.word(self.tag(name)))

    def relocations(self, name, size):
        """(place of the entry, r_offset, type, symbol)"""
        start = self.table(name)
        for at in range(start, start + self.word(self.tag(size)), 8):
            info = self.word(at + 4)
            yield at, self.word(at), info & 255, info >> 8

    def relr(self):
        """The addresses that DT_RELR names."""
        start = self.table("RELR")
        where = 0
        for at in range(start, start + self.word(self.tag("RELRSZ")), 4):
            entry = self.word(at)
            if entry & 1 == 0:
                yield entry
                where = entry + 4
                continue
            for bit in range(31):
                if entry >> (bit + 1) & 1:
                    yield where + 4 * bit
            where += 31 * 4

    def symbol(self, index):
        return self.table("SYMTAB") + 16 * index

    def name(self, index):
        start = self.table("STRTAB") + self.word(self.symbol(index))
        return self.data[start:self.data.index(0, start)].decode()

    def find(self, name):
        """The number of a symbol."""
        index = 1
        while self.name(index) != name:
            index += 1
        return index
