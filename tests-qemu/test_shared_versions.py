# SPDX-License-Identifier: MIT
"""Versions of symbols, and what a shared object needs."""
import re

import pytest

from kernel import PASS
from shared_files import LOG, results

OLD = "V1 { global: f; local: *; };\n"
NEW = OLD + "V2 { global: f; } V1;\n"
BOTH = """int one(void) { return 1; } int two(void) { return 2; }
__asm__(".symver one,f@V1"); __asm__(".symver two,f@@V2");"""
USER = """int f(void); int use(void) { return f(); }
int (*p)(void) = f; int use_p(void) { return p(); }"""


@pytest.mark.parametrize("style", ["sysv", "gnu"])
def test_versions(machine, lib, style):
    """Linked with the old library, a user gets f@V1; with the new one, f@@V2;
    with one that had no versions, the oldest."""
    one = "int f(void) { return 1; }"
    old = lib("old/libv.so", one, script=OLD)
    plain = lib("plain/libv.so", one)
    other = lib("other/libv.so", one, script=OLD.replace("V1", "V9"))
    both = lib("libv.so", BOTH, f"-Wl,--hash-style={style}", script=NEW)
    users = [lib(f"libu{number}.so", USER, needs=[needs])
             for number, needs in enumerate([plain, old, both])]
    stranger = lib("libu9.so", USER, needs=[other])
    calls = "; ".join(f"call libu{n}.so {f}" for n in range(3)
                      for f in ("use", "use_p"))
    run = machine(f"exit -- {calls}; call libv.so f; load libu9.so",
                  modules=[both, *users, stranger]).run()
    assert [v for _, v in results(run.text)] == [1, 1, 1, 1, 2, 2, 2]
    assert ("libu9.so: needs version V9 of libv.so, which does not offer it"
            in run.text)


def test_needs(machine, lib, tmp_path):
    """A need that is not there, is no shared object, or is known by its
    soname though the file is called otherwise."""
    log = lib("liblog.so", LOG)
    user = lib("libuser.so", "char *said(void); "
               "char *f(void) { return said(); }", needs=[log])
    run = machine("exit -- load libuser.so", modules=[user]).run()
    assert "libuser.so: needs liblog.so, which is not among" in run.text
    (tmp_path / "other").mkdir()
    renamed = tmp_path / "other" / "renamed.so"
    renamed.write_bytes(log.read_bytes())
    run = machine("exit -- load renamed.so; call libuser.so f",
                  modules=[renamed, user]).run().must_end(PASS)
    assert "uses renamed.so" in run.text


def test_now_lists_all_that_is_unknown(machine, lib):
    source = ("int nobody(void); int noone(void); extern int nothing;"
              "int f(void) { return nobody() + noone() + nothing; }")
    run = machine("exit -- load libnow.so; load liblazy.so",
                  modules=[lib("libnow.so", source, "-Wl,-z,now"),
                           lib("liblazy.so", source)]).run()
    now, lazy = re.findall("offered neither .*: (.*)$", run.text, re.M)
    assert set(now.split(", ")) == {"nobody", "noone", "nothing"}
    assert lazy == "nothing"
