# SPDX-License-Identifier: MIT
"""The DLLs that Debian has, which pefile reads with other eyes, and programs
of a compiler for Windows."""
import re
import struct
import time
import zlib
from pathlib import Path

import pytest

from kernel import plain
from labs import ZLIB, mebibyte
from monitor import Monitor
from objects import for_windows, needs_mingw_gcc
from pe_dll import write
from pe_file import DATA, READ, RELOC, Pe, block

pefile = pytest.importorskip("pefile")

MINGW = [*Path("/usr/i686-w64-mingw32/lib").glob("*.dll"),
         *Path("/usr/lib/gcc/i686-w64-mingw32").glob("*-win32/*.dll")]
HELLO = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What MSVC makes of __declspec(thread); gcc would call a library. */
extern unsigned long _tls_index;
extern char _tls_start;
__attribute__((section(".tls$"))) int per_thread = 40;

static int *variable(void)
{
    char **copies;
    __asm__("movl %%fs:0x2c, %0" : "=r"(copies));
    return (int *)(copies[_tls_index] + ((char *)&per_thread - &_tls_start));
}

static int order(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
    int numbers[] = {5, 3, 9, -1, 7};
    char *copy = malloc(64);

    *variable() += argc;
    qsort(numbers, 5, sizeof *numbers, order);
    strcpy(copy, "sorted");
    printf("%s:", copy);
    for (int i = 0; i < 5; i++)
        printf(" %d", numbers[i]);
    printf("\nthe variable: %d, the original: %d\n", *variable(), per_thread);
    for (int i = 1; i < argc; i++)
        printf("word %d: <%s>\n", i, argv[i]);
    printf("%.3f|%5s|%-5s|%08lx\n", 3.14159, "ab", "cd", 0xbeefUL);
    free(copy);
    if (argc > 3)
        exit(7);
    return 0;
}
"""


@needs_mingw_gcc
@pytest.mark.parametrize("options", [
    (), ("-s", "-Wl,--disable-dynamicbase,--disable-reloc-section")],
    ids=["moved", "stripped"])
def test_a_console_program_runs(machine, tmp_path, options):
    """Twice: its variables begin anew. What it leaves is given back."""
    path = for_windows(tmp_path / "hello.exe", HELLO, "-Wall", *options)
    with machine(modules=[path]).open() as console:
        console.prompt()
        assert console.run("exe hello.exe").splitlines() == [
            "sorted: -1 3 5 7 9", "the variable: 41, the original: 40",
            "3.142|   ab|cd   |0000beef", "hello.exe ended with status 0"]
        before = console.run("mem")
        said = console.run('exe hello.exe a "b  c" d')
        assert "the variable: 44, the original: 40" in said
        assert "word 1: <a>\nword 2: <b  c>\nword 3: <d>" in said
        assert "hello.exe ended with status 7" in said
        assert console.run("mem") == before
        assert console.run("modules").startswith("no images")


@needs_mingw_gcc
def test_programs_that_fail_end_in_words(machine, tmp_path):
    """A crash, abort, an import that nobody offers; and files that `exe` is
    not for."""
    crash = for_windows(
        tmp_path / "crash.exe",
        "int main(void) { *(volatile int *)16 = 1; return 0; }")
    gives_up = for_windows(tmp_path / "abort.exe", "#include <stdlib.h>\n"
                           "int main(void) { abort(); }")
    window = for_windows(tmp_path / "window.exe", "#include <windows.h>\n"
                         "int main(void) { return MessageBoxA(0, 0, 0, 0); }")
    silent = for_windows(tmp_path / "silent.exe",
                         "int main(void) { return 0; }", "-mwindows")
    with machine(modules=[crash, gives_up, window, silent, ZLIB]).open(
            ) as console:
        console.prompt()
        assert "page fault: writing 0x00000010" in console.run("exe crash.exe")
        assert "abort" in console.run("exe abort.exe")
        assert "USER32.dll!MessageBoxA, which" in console.run("exe window.exe")
        assert "Subsystem is 2, not 3" in console.run("exe silent.exe")
        assert "a DLL, not a program" in console.run("exe zlib1.dll")
        assert "no such file" in console.run("exe nosuch.exe")
        assert console.run("modules").startswith("no images")


class Memory(Monitor):
    """A machine whose memory is read when its commands are done."""
    def wait(self, text):
        for _ in range(600):
            said = plain(self.log.read_bytes()) if self.log.exists() else ""
            if text in said:
                return said
            time.sleep(0.1)
        raise AssertionError(said)

    def read(self, address, size, path):
        self.command("memsave", val=address, size=size, filename=str(path))
        return path.read_bytes()


def differences(path, base, memory):
    """Bytes of the image that are not what pefile makes of the file for this
    base. Left out is what a loader puts in: addresses of imports, and the
    number of the thread-local storage."""
    pe = pefile.PE(str(path))
    slots = set()
    if hasattr(pe, "DIRECTORY_ENTRY_TLS"):
        start = pe.DIRECTORY_ENTRY_TLS.struct.AddressOfIndex - (
            pe.OPTIONAL_HEADER.ImageBase)
        slots.update(range(start, start + 4))
    for entry in getattr(pe, "DIRECTORY_ENTRY_IMPORT", []):
        for symbol in entry.imports:
            start = symbol.address - pe.OPTIONAL_HEADER.ImageBase
            slots.update(range(start, start + 4))
    pe.relocate_image(base)
    wrong = 0
    for section in pe.sections:
        start, size = section.VirtualAddress, section.Misc_VirtualSize
        wanted = section.get_data(start, size)[:size].ljust(size, b"\0")
        found = memory[start:start + size]
        if wanted != found:
            wrong += sum(a != b and start + i not in slots
                         for i, (a, b) in enumerate(zip(wanted, found)))
    return wrong


ROOM = 0x140000


def test_zlib_packs_a_mebibyte_between_moves(machine, tmp_path):
    """DllMain, compress, move, compress, at three places: the bytes that it
    leaves in memory are read from outside, and Python's zlib unpacks them."""
    data = tmp_path / "m"
    data.write_bytes(mebibyte())
    # compress2 is told the size of the room by a word in memory, and leaves
    # the size of the result there.
    holder = Pe()
    rva = holder.section(".data", struct.pack("<III", ROOM, ROOM, ROOM), DATA,
                         size=0x1000 + 3 * ROOM)
    holder.directory[RELOC] = holder.section(".reloc", block(rva, [(0, 0)]),
                                             READ)
    path = write(tmp_path / "h.dll", holder)
    sizes, rooms = 0x30000000 + rva, 0x30001000 + rva
    words = ["load h.dll at=0x30000000", "load zlib1.dll at=random:1"]
    for n in range(3):
        words += [f"call zlib1.dll compress2 {rooms + n * ROOM:#x} "
                  f"{sizes + 4 * n:#x} @m #m {(1, 6, 9)[n]}",
                  f"rebase zlib1.dll at=random:{n + 2}"]
    words += ["unload zlib1.dll", "echo all are done"]
    box = machine("-- " + "; ".join(words), modules=[ZLIB, path, data])
    with Memory(box) as memory:
        said = memory.wait("all are done\n")
        assert said.count("compress2 returned 0x00000000 (0)") == 3, said
        assert len(set(re.findall(r"zlib1.dll is at (\w+) now", said))) == 3
        assert "zlib1.dll is gone" in said
        lengths = struct.unpack("<III", memory.read(sizes, 12, tmp_path / "n"))
        for n, length in enumerate(lengths):
            packed = memory.read(rooms + n * ROOM, length, tmp_path / "packed")
            assert length < 1 << 20
            assert zlib.decompress(packed) == mebibyte()
        assert lengths[0] > lengths[1] > lengths[2] > 1 << 18


def test_every_dll_of_mingw_equals_pefiles(machine, tmp_path):
    """Byte by byte, 12 MB of them in the largest."""
    assert ZLIB in MINGW
    loads = "; ".join(f"load {path.name} init=no" for path in MINGW)
    names = " ".join(path.name for path in MINGW)
    box = machine(f"-- {loads}; modules {names}; echo all are done",
                  modules=MINGW, mem=512)
    box.limit = 200
    with Memory(box) as memory:
        said = memory.wait("all are done\n")
        for path in MINGW:
            found = re.search(rf"^{re.escape(path.name)}: PE at 0x(\w+), "
                              r"0x(\w+) bytes", said, re.M)
            assert found, (path.name, said)
            base, size = int(found[1], 16), int(found[2], 16)
            data = memory.read(base, size, tmp_path / path.name)
            assert differences(path, base, data) == 0, path.name
