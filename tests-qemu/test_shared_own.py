# SPDX-License-Identifier: MIT
"""Shared objects that gcc makes here, each for one thing that a loader
does."""
import re
from pathlib import Path

import pytest

from kernel import PASS
from objects import compiled
from shared_files import LOG, Elf, results

A = """
void note(char); int from_b(int);
__attribute__((constructor(101))) static void up1(void) { note('1'); }
__attribute__((constructor(102))) static void up2(void) { note('2'); }
__attribute__((destructor(101))) static void down1(void) { note('3'); }
__attribute__((destructor(102))) static void down2(void) { note('4'); }
void start(void) { note('i'); }
void end(void) { note('f'); }
int from_a(int x) { return x ? from_b(x - 1) + 1 : 1000; }
int own(void) { return 1; } int call_own(void) { return own(); }
"""
B = """
void note(char); int from_a(int); int nobody(void) __attribute__((weak));
extern int data_of_nobody __attribute__((weak));
__attribute__((constructor)) static void up(void) { note('b'); }
__attribute__((destructor)) static void down(void) { note('B'); }
int from_b(int x) { return x ? from_a(x - 1) + 1 : 100; }
int absent(void) { return !nobody + 2 * !&data_of_nobody; }
int own(void) { return 2; }
"""


def test_a_circle_of_needs(machine, lib):
    """a needs b and b needs a; both are started, and stopped, once."""
    log = lib("liblog.so", LOG)
    hollow = lib("hollow/libb.so", "int from_b(int x) { return x; }")
    a = lib("liba.so", A, "-Wl,-init,start", "-Wl,-fini,end",
            needs=[hollow, log])
    b = lib("libb.so", B, needs=[a, log])
    with machine(modules=[log, b, a]).open() as console:
        console.prompt()
        assert "uses libb.so" in console.run("load liba.so")
        assert "(1007)" not in console.run("call liba.so from_a 7")
        assert "(1008)" in console.run("call liba.so from_a 8")
        assert "(107)" in console.run("call liba.so from_a 7")
        assert "(3)" in console.run("call libb.so absent")
        # Its own, though libb.so has one, too.
        assert "(1)" in console.run("call liba.so call_own")
        assert '"bi12"' in console.run("call liblog.so said")
        assert "use it" in console.run("unload liblog.so")


def test_init_and_fini_in_order(machine, lib):
    log = lib("liblog.so", LOG)
    b = lib("libb.so", B.replace("int from_a(int);",
                                 "static int from_a(int x) { return x; }"),
            needs=[log])
    a = lib("liba.so", A, "-Wl,-init,start", "-Wl,-fini,end", needs=[b, log])
    with machine(modules=[log, b, a]).open() as console:
        console.prompt()
        console.run("load liba.so")
        assert "uses it" in console.run("unload libb.so")
        assert "gone" in console.run("unload liba.so")
        assert "gone" in console.run("unload libb.so")
        assert '"bi1243fB"' in console.run("call liblog.so said")
        # The text lies in an image, so that it is shown; the two agree.
        (_, one), = results(console.run("call liblog.so get_pointer"))
        (_, two), = results(console.run("call liblog.so get_value"))
        assert one == two


def test_array_entries_that_are_none(machine, lib):
    """0 and -1 are skipped, as old linkers put them at the ends."""
    log = lib("liblog.so", LOG)
    source = """void note(char); static void f(void) { note('x'); }
        __attribute__((section(".init_array"), used))
        static void *const a[] = {0, (void *)-1, f, (void *)-1};"""
    with machine(modules=[log, lib("libx.so", source, needs=[log])]
                 ).open() as console:
        console.prompt()
        console.run("load libx.so")
        assert '"x"' in console.run("call liblog.so said")


@pytest.mark.parametrize("style", ["sysv", "gnu", "both"])
def test_hash_tables(machine, lib, style):
    """Sixty functions are found by name, and one that is not there is not."""
    names = [f"function_{i:02}" for i in range(60)]
    many = lib("libmany.so", "".join(
        f"int {name}(void) {{ return {1000 + i}; }}\n"
        for i, name in enumerate(names)), f"-Wl,--hash-style={style}")
    user = lib("libuser.so", "".join(f"int {name}(void);\n" for name in names)
               + "int missing(void) __attribute__((weak));"
               + "int sum(void) { return (missing ? 1 : 0) "
               + "".join(f"+ {name}()" for name in names) + "; }",
               f"-Wl,--hash-style={style}", needs=[many])
    run = machine("exit -- call libuser.so sum", modules=[many, user]).run()
    assert results(run.text) == [("sum", sum(range(1000, 1060)))]


POINTERS = ("int v[300]; int *p[300] = {" +
            ", ".join(f"&v[{i}]" for i in range(0, 300)) + "};"
            "static int w[9]; int *q[40] = {" +
            ", ".join(f"&w[{i % 9}]" if i % 3 else "0" for i in range(40)) +
            "};" """
int good(void)
{ int n = 0;
  for (int i = 0; i < 300; i++) n += p[i] == &v[i];
  for (int i = 0; i < 40; i++) n += q[i] == (i % 3 ? &w[i % 9] : 0);
  return n; }""")


@pytest.mark.parametrize("options", [
    [], ["-Wl,-z,pack-relative-relocs"], ["-Wl,-Bsymbolic"],
    ["-fvisibility=hidden", "-Wl,-z,pack-relative-relocs"],
    ["-fvisibility=protected"], ["-Wl,-z,now"], ["-Wl,-z,norelro"],
    ["-Wl,-z,noseparate-code"], ["-Wl,-Ttext-segment=0x41230000"]],
    ids=lambda o: " ".join(o).replace("-Wl,", "") or "plain")
def test_pointers(machine, lib, options):
    """RELATIVE, RELR, 32 and GLOB_DAT, as the linker's options mix them."""
    source = POINTERS.replace("int good(void)", "__attribute__((visibility("
                              "\"default\"))) int good(void)")
    run = machine("exit -- call libp.so good",
                  modules=[lib("libp.so", source, *options)]).run()
    assert results(run.text) == [("good", 340)], run.text[-600:]
    if any("pack" in option for option in options):
        assert Elf(Path(run.machine.args[-1]).read_bytes()).tag("RELR")


def test_text_relocations(machine, lib):
    """Addresses in code: R_386_32 and R_386_PC32, written by the door."""
    log = lib("liblog.so", LOG)
    source = """extern int value; void note(char); char *said(void);
        int table[4] = {1, 2, 3, 4};
        int sum(void) { return table[0] + table[3] + value; }
        char *write(void) { note('t'); return said(); }"""
    text = lib("libtext.so", source, "-Wl,-z,notext", pic="-fno-pic",
               needs=[log])
    with machine(modules=[log, text]).open() as console:
        console.prompt()
        said = console.run("load libtext.so")
        assert re.search(r"\d+ R_386_32, .*2 R_386_PC32", said), said
        assert "(10)" in console.run("call libtext.so sum")
        assert '"t"' in console.run("call libtext.so write")
        assert re.search("^0 pages writable", console.run("audit"), re.M)
        assert "loader" in console.run("journal")


SIZES = """
char own[24]; extern char other[]; int plus(void); extern int sizes[];
__asm__(".data; .globl sizes; sizes: .long own@SIZE, other@SIZE + 1000,"
        "absent@SIZE + 7, environ@SIZE + 60; .weak absent; .text");
int size(int n) { return sizes[n]; }
"""


def test_sizes_of_symbols(machine, lib):
    """R_386_SIZE32: of its own symbol, of another's, of nobody's, of a
    variable that the kernel offers. Its functions have no size."""
    other = lib("libother.so", "char other[77];")
    sizes = lib("libsizes.so", SIZES, needs=[other])
    bad = lib("libbad.so", SIZES.replace("environ", "strlen"), needs=[other])
    with machine(modules=[other, sizes, bad]).open() as console:
        console.prompt()
        assert "4 R_386_SIZE32" in console.run("load libsizes.so")
        said = "".join(console.run(f"call libsizes.so size {n}") + "\n"
                       for n in range(4))
        assert [value for _, value in results(said)] == [24, 1077, 7, 64]
        assert re.search(r"libbad.so: r_info at .*R_386_SIZE32: the kernel "
                         "knows no size", console.run("load libbad.so"))


INDIRECT = """
int count;
static int five(void) { return 5; } static int six(void) { return 6; }
static void *choose(void) { count++; return six; }
int chosen(void) __attribute__((ifunc("choose")));
static void *choose_own(void) { return five; }
static int own(void) __attribute__((ifunc("choose_own")));
int call_chosen(void) { return chosen(); }
int call_own(void) { return own(); }
int (*pointer)(void) = chosen;
int call_pointer(void) { return pointer(); }
"""


@pytest.mark.parametrize("binding", ["lazy", "now"])
def test_indirect_functions(machine, lib, binding):
    """Chosen by a resolver: for itself, for another, and for the shell."""
    other = lib("libother.so", INDIRECT, f"-Wl,-z,{binding}")
    user = lib("libuser.so", "int chosen(void); int (*p)(void) = chosen;"
               "int call(void) { return chosen(); }"
               "int call_p(void) { return p(); }", f"-Wl,-z,{binding}",
               needs=[other])
    calls = [("libuser.so", "call"), ("libuser.so", "call_p"),
             ("libother.so", "call_chosen"), ("libother.so", "call_own"),
             ("libother.so", "call_pointer"), ("libother.so", "chosen")]
    run = machine("exit -- " + "; ".join(f"call {f} {s}" for f, s in calls),
                  modules=[other, user]).run().must_end(PASS)
    assert [value for _, value in results(run.text)] == [6, 6, 6, 5, 6, 6]


def test_the_nearest_definition_is_found_first(machine, lib):
    """Breadth first: app needs a and b, a needs c; g is in b and in c. What
    a asks for is in c, and h, in a and in b, is a's."""
    c = lib("libc1.so", "int g(void) { return 3; }")
    a = lib("liba.so", "int g(void); int h(void) { return 1; }"
            "int a_g(void) { return g(); }", needs=[c])
    b = lib("libb.so", "int g(void) { return 2; } int h(void) { return 2; }")
    app = lib("libapp.so", "int g(void), h(void), a_g(void);"
              "int call(void) { return g() + 10 * h() + 100 * a_g(); }",
              needs=[a, b])
    run = machine("exit -- call libapp.so call", modules=[a, b, c, app]).run()
    assert results(run.text) == [("call", 312)]


def test_what_was_not_started_is_settled(machine, lib):
    """Loaded with init=no, and then needed: its indirect functions are
    chosen, its init functions still do not run."""
    other = lib("libother.so", INDIRECT + "int up; __attribute__(("
                "constructor)) static void start(void) { up = 10; }"
                "int get(void) { return up + call_own(); }")
    user = lib("libuser.so", "int get(void); int call(void) "
               "{ return get(); }", needs=[other])
    run = machine("exit -- load libother.so init=no; call libuser.so call",
                  modules=[other, user]).run()
    assert results(run.text) == [("call", 5)]


def test_a_lazy_call_keeps_every_register(machine, lib):
    """regparm(3) passes arguments where the resolver works, and the caller
    keeps values in the others."""
    attribute = "__attribute__((regparm(3), noinline)) "
    other = lib("libother.so", attribute + "int f(int a, int b, int c, int d)"
                "{ return a + 10 * b + 100 * c + 1000 * d; }")
    user = lib("libuser.so", attribute + "int f(int, int, int, int);"
               "int call(int a, int b, int c, int d)"
               "{ return f(a, b, c, d) + 10000 * (a + b + c + d); }",
               needs=[other])
    run = machine("exit -- call libuser.so call 1 2 3 4; "
                  "call libuser.so call 5 6 7 8", modules=[other, user]).run()
    assert results(run.text) == [("call", 104321), ("call", 268765)]


def test_an_object_binds_to_an_indirect_function(machine, lib, tmp_path):
    """Once the library is started: before, there is no address to bind to."""
    other = lib("libother.so", INDIRECT)
    user = compiled(tmp_path / "user.o", "int chosen(void); "
                    "int call(void) { return chosen(); }")
    with machine(modules=[other, user]).open() as console:
        console.prompt()
        assert re.search("user.o: offered neither .*: chosen",
                         console.run("load user.o libother.so"))
        assert "indirect chosen" in console.run("symbols libother.so cho")
        console.run("load libother.so")
        assert "defined  chosen" in console.run("symbols libother.so cho")
        assert "(6)" in console.run("call user.o call")


TLS = """
__thread int small = 7; __thread int zero; __thread char big[100] = "text";
static __thread int local = 11;
int *where(void) { return &small; }
int add(int x) { small += x; zero += x; local += x;
                 return small + 100 * zero + 10000 * local; }
char *text(void) { return big; }
"""


@pytest.mark.parametrize("model", ["global-dynamic", "local-dynamic",
                                   "initial-exec"])
def test_thread_local_variables(machine, lib, model):
    """All four relocation types, as the models mix them; the user names a
    variable of another object."""
    tls = lib("libtls.so", TLS, f"-ftls-model={model}")
    user = lib("libuser.so", "extern __thread int small; "
               "int get(void) { return small; }", f"-ftls-model={model}",
               needs=[tls])
    run = machine("exit -- call libuser.so get; call libtls.so add 3; "
                  "call libuser.so get; call libtls.so text; load libtls.so",
                  modules=[tls, user]).run()
    assert [v for _, v in results(run.text)][:3] == [7, 10 + 300 + 140000, 10]
    assert "TLS_" in run.text


def test_thread_local_space_comes_back(machine, lib):
    """More than there is in all, if it were not given back."""
    tls = lib("libtls.so", "__thread char big[6000]; "
              "char *f(void) { return big; }")
    huge = lib("libhuge.so", "__thread char big[1 << 20]; "
               "char *f(void) { return big; }")
    commands = "load libtls.so; unload libtls.so; " * 8
    run = machine("exit -- " + commands + "load libhuge.so",
                  modules=[tls, huge]).run()
    assert run.text.count("libtls.so is gone") == 8
    assert re.search(r"libhuge\.so: p_memsz at offset 0x\w+ is 0x100000: no "
                     "room for so much thread-local data", run.text)


def test_the_canary_is_there(machine, lib):
    source = """void __stack_chk_fail(void);
        __attribute__((visibility("hidden"))) void __stack_chk_fail_local(void)
        { __stack_chk_fail(); }
        int fill(int n)
        { volatile char room[16]; for (int i = 0; i < n; i++) room[i] = 'x';
          return room[n - 1]; }"""
    path = lib("libcan.so", source, "-fstack-protector-all")
    run = machine("exit -- call libcan.so fill 16; call libcan.so fill 40",
                  modules=[path]).run()
    assert results(run.text)[0] == ("fill", ord("x"))
    assert re.search("fill did not return: .*", run.text)
