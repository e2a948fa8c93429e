# SPDX-License-Identifier: MIT
"""Code that nobody wrote for a test: what Debian's packages bring for i386."""
import struct
from pathlib import Path

import host

LIBRARIES = Path("/usr/lib32")
GRUB = Path("/usr/lib/grub/i386-pc")
MINGW = Path("/usr/i686-w64-mingw32/lib")
MINGW_GCC = Path("/usr/lib/gcc/i686-w64-mingw32")
FIRMWARE = ["usr/share/seabios/*.bin", "usr/share/bochs/*BIOS*",
            "usr/share/qemu/*bios*.bin", "usr/share/vgabios/*.bin"]


def files(folder, pattern, magic=b""):
    """Files that begin with `magic`, below a folder. A link is only another
    name of one of them, and libc.so is a text for the linker."""
    return [path for path in sorted(folder.glob(pattern))
            if path.is_file() and not path.is_symlink() and
            path.read_bytes().startswith(magic)]


def libraries():
    """libc6-i386 with its character sets, lib32stdc++6, and others."""
    return files(LIBRARIES, "**/*.so*", b"\x7fELF")


def grub_modules():
    return [path for pattern in ("*.mod", "efiemu32.o")
            for path in files(GRUB, pattern, b"\x7fELF")]


def dlls(threads="win32"):
    """libz-mingw-w64, and the runtime of mingw's gcc with win32's threads or,
    where that package is installed, too, with "posix" threads."""
    return files(MINGW, "*.dll", b"MZ") + [
        path for folder in sorted(MINGW_GCC.glob(f"*-{threads}"))
        for path in files(folder, "**/*.dll", b"MZ")]


def kernel():
    elf = host.BUILD / "palimpsest.elf"
    return [elf] if elf.exists() else []


def boot_images():
    return files(GRUB, "*.img")


def firmware():
    return [path for pattern in FIRMWARE for path in files(Path("/"), pattern)]


# Where code is -------------------------------------------------------------

def elf_code(data):
    """Where it begins and its size, of each section of code with bytes."""
    table, = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<2H", data, 46)
    for i in range(count):
        kind, flags, _, at, length = struct.unpack_from(
            "<5I", data, table + i * size + 4)
        if kind == 1 and flags & 4:  # PROGBITS, EXECINSTR
            yield at, length


def pe_code(data):
    """The same for a DLL, where the size may be rounded up: not in memory."""
    header, = struct.unpack_from("<I", data, 60)
    count, = struct.unpack_from("<H", data, header + 6)
    optional, = struct.unpack_from("<H", data, header + 20)
    for i in range(count):
        entry = header + 24 + optional + i * 40
        memory, _, length, at = struct.unpack_from("<4I", data, entry + 8)
        flags, = struct.unpack_from("<I", data, entry + 36)
        if flags & 0x20:  # IMAGE_SCN_CNT_CODE
            yield at, min(memory, length)


def sections(path):
    """All code of a file, as objdump -d takes it: the bytes of each section
    that is code."""
    data = path.read_bytes()
    find = elf_code if data.startswith(b"\x7fELF") else pe_code
    return [data[at:at + length] for at, length in find(data) if length]
