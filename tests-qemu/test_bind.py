# SPDX-License-Identifier: MIT
"""Binding by code patching: on what gcc and Debian make, beside glibc."""
import os
import re
import subprocess

import pytest

from kernel import PASS
from labs import CRYPTO, LIBZ

TRIP = """
int compress2(void *, unsigned *, const void *, unsigned, int);
int uncompress(void *, unsigned *, const void *, unsigned);
static unsigned char in[100000], packed[101000], out[101000];
int trip(void)
{
    unsigned size = sizeof packed, n = sizeof out;
    for (unsigned i = 0; i < sizeof in; i++) in[i] = i % 61 ^ i / 700;
    if (compress2(packed, &size, in, sizeof in, 6) ||
        uncompress(out, &n, packed, size)) return -1;
    return size;
}
"""

DEP = "int add(int a, int b) { return a + b; }"
USER = """
int add(int a, int b);
int first(int x) { return add(x, 1) + 1; }
int second(int x) { return add(x, 2) + add(x, 3); }
"""


@pytest.fixture
def pair(lib):
    """Two objects: libuser.so calls add of libdep.so from three places."""
    dep = lib("libdep.so", DEP)
    return [lib("libuser.so", USER, "-fno-optimize-sibling-calls",
                needs=[dep]), dep]


def glibc_binds(program):
    """The functions that libz.so.1 calls, as glibc binds them lazily."""
    said = subprocess.run([program], env={**os.environ,
                                          "LD_DEBUG": "bindings"},
                          capture_output=True, text=True, check=True).stderr
    return set(re.findall(r"binding file \S*libz\.so\.1 \[0\] to .*: normal "
                          r"symbol `(\w+)'", said))


@pytest.mark.skipif(not LIBZ.exists(), reason="no lib32z1")
def test_the_same_functions_are_bound_as_by_glibc(machine, lib, tmp_path):
    """In mode lazy the bound slots, in mode direct the functions whose call
    sites were rewritten."""
    trip = lib("libtrip.so", TRIP, needs=[LIBZ])
    main = tmp_path / "main.c"
    main.write_text(TRIP + "int main(void) { return trip() <= 0; }")
    subprocess.run(["gcc", "-m32", "-o", tmp_path / "main", main, LIBZ],
                   check=True)
    wanted = glibc_binds(tmp_path / "main") - {"__cxa_finalize"}
    for mode, kind in (("lazy", "slot"), ("direct", "call")):
        run = machine(f"exit -- load libtrip.so bind={mode}; call libtrip.so "
                      "trip; bind libz.so.1",
                      modules=[trip, LIBZ]).run().must_end(PASS)
        names = re.findall(rf"^  {kind}  0x\w+  (\w+) +->", run.text, re.M)
        assert set(names) == wanted and len(wanted) == 20, run.explain([])
        # A slot is bound once; one function is called at several places.
        assert (len(names) > len(wanted)) == (mode == "direct")


def objdump_calls(path):
    """Addresses of the calls of PLT entries, by another disassembler."""
    said = subprocess.run(["objdump", "-d", path], capture_output=True,
                          text=True, check=True).stdout
    return {int(at, 16) for at in re.findall(
        r"^ +(\w+):\t[^\t]*\tcall +\w+ <\w+@plt>$", said, re.M)}


@pytest.mark.skipif(not LIBZ.exists(), reason="no lib32z1")
def test_every_rewritten_site_is_a_call_for_objdump(machine, lib):
    trip = lib("libtrip.so", TRIP, needs=[LIBZ])
    run = machine("exit -- load libtrip.so bind=direct; call libtrip.so trip; "
                  "modules libz.so.1; bind libz.so.1",
                  modules=[trip, LIBZ]).run().must_end(PASS)
    base = int(re.search(r"libz\.so\.1: ELF shared at 0x(\w+)",
                         run.text)[1], 16)
    sites = {int(at, 16) - base for at in
             re.findall(r"^  call  0x(\w+) ", run.text, re.M)}
    known = objdump_calls(LIBZ)
    assert len(sites) > 20 and sites <= known
    assert len(known) == 209  # one of them by .plt.got


def test_only_what_is_called_is_rewritten(machine, pair):
    run = machine("exit -- load libuser.so bind=direct; call libuser.so first "
                  "5; bind libuser.so; call libuser.so second 5; "
                  "bind libuser.so; undo all; bind libuser.so; call "
                  "libuser.so second 7; bind libuser.so; hash",
                  modules=pair).run()
    run.must_end(PASS, r"\(7\)", "patches: 1$", r"\(15\)", "patches: 3$",
                 "patches undone", "patches: 0$", r"\(19\)", "patches: 2$",
                 "equal")


def test_a_bound_image_stays_and_goes_with_its_user(machine, pair):
    with machine(modules=pair).open() as console:
        console.prompt()
        console.run("load libuser.so bind=direct; call libuser.so first 5")
        number = re.search(r"add +-> .*#(\d+)",
                           console.run("bind libuser.so"))[1]
        assert "libuser.so uses it" in console.run("unload libdep.so")
        assert "(7)" in console.run("call libuser.so first 5")
        assert "libdep.so is gone" in console.run("unload libuser.so "
                                                  "libdep.so")
        assert re.search("gone|freed", console.run(f"undo {number}"))


# CET puts an ENDBR32 in front, and the jumps into a table of their own.
@pytest.mark.parametrize("mode", ["direct", "plt"])
def test_entries_with_endbr(machine, lib, mode):
    dep = lib("libdep.so", DEP)
    user = lib("libuser.so", USER, "-fcf-protection=branch",
               "-Wl,-z,ibtplt", "-fno-optimize-sibling-calls", needs=[dep])
    run = machine(f"exit -- load libuser.so bind={mode}; call libuser.so "
                  "second 5; call libuser.so second 6; bind libuser.so; "
                  "bind libuser.so lazy; call libuser.so second 7; "
                  "bind libuser.so",
                  modules=[user, dep]).run()
    patches = 2 if mode == "direct" else 1
    run.must_end(PASS, r"\(15\)", r"\(17\)",
                 f"slots: 0 of 1 bound; patches: {patches}$",
                 r"slots: 0 of 1 bound; patches: 0$", r"\(19\)",
                 "slots: 1 of 1 bound; patches: 0$")


IFUNC = """
static int real(int x) { return x * 3; }
static void *choose(void) { return real; }
int times(int x) __attribute__((ifunc("choose")));
"""


@pytest.mark.parametrize("mode", ["lazy", "direct", "plt"])
def test_indirect_functions(machine, lib, mode):
    dep = lib("libdep.so", IFUNC)
    user = lib("libuser.so", "int times(int); int go(int x) "
               "{ return times(x) + 1; }", needs=[dep])
    run = machine(f"exit -- load libuser.so bind={mode}; call libuser.so go 5;"
                  " bind libuser.so now; call libuser.so go 6",
                  modules=[user, dep]).run()
    run.must_end(PASS, r"\(16\)", r"\(19\)")


def test_refusals_say_why(machine, lib, pair):
    fixed = lib("libfixed.so", USER.replace("add", "abs"), "-Wl,-z,now",
                "-Wl,-z,relro")
    lacks = lib("liblacks.so", "int nobody(int), none(int); int go(int x) "
                "{ return nobody(x) + none(x); }")
    alone = lib("libalone.so", "int go(int x) { return x + 1; }")
    modules = [*pair, fixed, lacks, alone, *CRYPTO]
    with machine(modules=modules).open() as console:
        console.prompt()
        console.run("load libfixed.so liblacks.so libalone.so libuser.so "
                    "gcry_md5.mod")
        for command, words in (
                ("bind libfixed.so direct", "its slots are read-only"),
                ("bind liblacks.so now", "nobody.*none|none.*nobody"),
                ("bind liblacks.so", "liblacks.so: lazy; slots: 0 of 2"),
                ("bind libalone.so", "no calls of it go through a PLT"),
                ("bind libalone.so plt", "no PLT"),
                ("bind gcry_md5.mod now", "not called through a PLT"),
                ("bind libuser.so soon", "soon: lazy, now, direct or plt"),
                ("bind nothing.so", "not loaded"),
                ("bind", "usage: bind NAME")):
            assert re.search(words, console.run(command)), command
