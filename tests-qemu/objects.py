# SPDX-License-Identifier: MIT
"""Objects for the loader, made by the host's compiler and assembler; DLLs and
programs made by a compiler for Windows."""
import shutil
import subprocess

import pytest

MINGW_GCC = shutil.which("i686-w64-mingw32-gcc")
needs_mingw_gcc = pytest.mark.skipif(
    not MINGW_GCC, reason="gcc-mingw-w64-i686-win32 is not installed")


def compiled(path, source, *options):
    """An object made as docs/loader.md says."""
    path.with_suffix(".c").write_text(source)
    subprocess.run(["gcc", "-m32", "-O1", "-fno-pic", "-ffreestanding",
                    "-fno-asynchronous-unwind-tables", "-fcf-protection=none",
                    "-fno-stack-protector", *options, "-c",
                    path.with_suffix(".c"), "-o", path], check=True)
    return path


def assembled(path, source):
    path.with_suffix(".s").write_text(source)
    subprocess.run(["as", "--32", path.with_suffix(".s"), "-o", path],
                   check=True)
    return path


def for_windows(path, source, *options):
    """A program, or with -shared a DLL."""
    path.with_suffix(".c").write_text(source)
    subprocess.run([MINGW_GCC, "-O1", *options, "-o", path,
                    path.with_suffix(".c")], check=True)
    return path
