# SPDX-License-Identifier: MIT
"""The mathematics library of Debian answers as it does on the host."""
import errno
import random
import re
import struct
import subprocess

import pytest

from kernel import PASS
from labs import LIBM
from shared_files import debian, dialogue, results

ONE = """sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp exp2
exp10 expm1 log log2 log10 log1p sqrt cbrt floor ceil rint trunc round erf
erfc tgamma lgamma j0 j1 y0 y1 logb""".split()
TWO = "pow atan2 fmod hypot remainder fdim fmax copysign nextafter".split()
FLOATS = "sinf cosf tanf expf exp2f logf log2f sqrtf cbrtf erff".split()

HOST = """
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    void *libm = dlopen("%s", RTLD_NOW);
    double x, y, r; unsigned long long bits; char name[32]; int kind;
    while (scanf("%%31s %%d %%lf %%lf", name, &kind, &x, &y) == 4) {
        void *f = dlsym(libm, name);
        if (kind == 1) r = ((double (*)(double))f)(x);
        else if (kind == 2) r = ((double (*)(double, double))f)(x, y);
        else r = ((float (*)(float))f)((float)x);
        memcpy(&bits, &r, 8);
        printf("%%s %%016llx\\n", name, bits);
    }
}
"""


def samples():
    """(function, kind, arguments): a few hundred, some out of range."""
    dice = random.Random(9)
    for name in ONE:
        for _ in range(5):
            yield name, 1, dice.uniform(-2, 8) * dice.choice([1, 1, 40]), 0.0
    for name in TWO:
        for _ in range(5):
            yield name, 2, dice.uniform(-3, 9), dice.uniform(-5, 5)
    for name in FLOATS:
        for _ in range(4):
            yield name, 3, dice.randrange(-100, 900) / 64, 0.0


@debian
def test_the_mathematics_library(machine, tmp_path):
    """Bit for bit what the same file answers on the host."""
    source = tmp_path / "host.c"
    source.write_text(HOST % LIBM)
    made = subprocess.run(["gcc", "-m32", source, "-o", tmp_path / "host"])
    if made.returncode:
        pytest.skip("no compiler for 32-bit programs")
    wanted = list(samples())
    answer = subprocess.run(
        [tmp_path / "host"], check=True, capture_output=True, text=True,
        input="".join(f"{n} {k} {x!r} {y!r}\n" for n, k, x, y in wanted))
    host = [tuple(line.split()) for line in answer.stdout.splitlines()]
    commands = []
    for name, kind, x, y in wanted:
        bits = [f"0d{struct.pack('>d', value).hex()}" for value in (x, y)]
        words = {1: bits[0], 2: " ".join(bits), 3: f"{x}f"}[kind]
        commands.append(f"call libm.so.6 {name} {words}")
    got = re.findall(r"^(\w+) returned .*\(bits (\w{16})\)",
                     dialogue(machine, commands, [LIBM]), re.M)
    assert len(got) == len(host) > 200
    assert not [(g, h, w) for g, h, w in zip(got, host, wanted) if g != h]


@debian
def test_errors_of_the_mathematics_library(machine, lib):
    """libm stores to errno, a thread-local variable of the C library."""
    user = lib("libuser.so", """double log(double); extern __thread int errno;
        int wrong(void) { errno = 0; volatile double x = log(-1.0);
                          (void)x; return errno; }""",
               "-ftls-model=initial-exec", needs=[LIBM])
    run = machine("exit -- call libuser.so wrong",
                  modules=[user, LIBM]).run().must_end(PASS)
    assert results(run.text) == [("wrong", errno.EDOM)]
