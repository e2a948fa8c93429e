#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How code finds its data: one library, compiled for two processors and two
systems. Counts what a loader must change, and what code does to ask where it
is. docs/loader.md quotes the table."""
import re
import subprocess
import sys

FILES = ["/usr/i686-w64-mingw32/lib/zlib1.dll",
         "/usr/x86_64-w64-mingw32/lib/zlib1.dll",
         "/usr/lib32/libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"]


def binutils(*words):
    return subprocess.run(words, capture_output=True, text=True,
                          check=True).stdout


def text_section(path):
    """The addresses where .text begins and ends."""
    size, start = re.search(r"\.text +(\w+) +(\w+)",
                            binutils("objdump", "-h", path)).groups()
    return int(start, 16), int(start, 16) + int(size, 16)


def relocated(path):
    """Addresses of the words that loading changes; a DLL's from its base."""
    if path.endswith(".dll"):
        private = binutils("objdump", "-p", path)
        base = int(re.search(r"ImageBase\s+(\w+)", private)[1], 16)
        return [base + int(at, 16) for at in
                re.findall(r"\[(\w+)\] (?:HIGHLOW|DIR64)", private)]
    return [int(at, 16) for at in re.findall(
        r"^(\w+) +\w+ R_\w+", binutils("readelf", "-rW", path), re.M)]


def instructions(path):
    """All of .text: (address, words), and the end as the last one."""
    code = [(int(at, 16), words.strip()) for at, words in re.findall(
        r"^ *(\w+):\t(.*)", binutils("objdump", "-d", "--no-show-raw-insn",
                                     "-j", ".text", path), re.M)]
    return [*code, (text_section(path)[1], "")]


def asking(code):
    """How often code calls a thunk, `mov (%esp),%reg; ret`, and the bytes of
    those calls and of the additions that follow: what i386 code pays to know
    where its data are."""
    thunks = {at for (at, words), (_, after) in zip(code, code[1:])
              if re.match(r"mov +\(%esp\),%e", words) and "ret" in after}
    times = size = 0
    for i, (at, words) in enumerate(code[:-2]):
        called = re.match(r"call +(\w+)", words)
        if called and int(called[1], 16) in thunks:
            times += 1
            added = code[i + 1][1].startswith("add ")
            size += code[i + 1 + added][0] - at
    return times, size


def main():
    print(f"{'':20} {'words to change':>16} {'in code':>8} "
          f"{'(%rip)':>8} {'asking':>7} {'bytes':>6}")
    for path in FILES:
        start, end = text_section(path)
        words, code = relocated(path), instructions(path)
        times, size = asking(code)
        name = f"{path.split('/')[-1]} {'64' if 'x86_64' in path else '32'}"
        print(f"{name:20} {len(words):16} "
              f"{sum(start <= at < end for at in words):8} "
              f"{sum('(%rip)' in words for _, words in code):8} "
              f"{times:7} {size:6}")


if __name__ == "__main__":
    sys.exit(main())
