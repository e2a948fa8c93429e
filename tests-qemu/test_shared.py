# SPDX-License-Identifier: MIT
"""Shared objects: those of Debian, and those that gcc makes here."""
import errno
import json
import random
import re
import socket
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from kernel import PASS
from labs import mebibyte
from shared_files import Elf, can_build, library
from test_loader import compiled

LIBRARIES = Path("/usr/lib32")
LIBZ = LIBRARIES / "libz.so.1"
LIBGCC = LIBRARIES / "libgcc_s.so.1"
LIBM = LIBRARIES / "libm.so.6"

debian = pytest.mark.skipif(
    not LIBZ.exists() or not LIBGCC.exists() or not LIBM.exists(),
    reason="no 32-bit libraries: lib32z1, lib32gcc-s1, libc6-i386")


@pytest.fixture
def lib(tmp_path):
    """Makes shared objects in the test's own folder."""
    if not can_build(tmp_path / "probe"):
        pytest.skip("no compiler for 32-bit shared objects")

    def make(name, source, *options, **more):
        return library(tmp_path / name, source, *options, **more)
    return make


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


# zlib ---------------------------------------------------------------------

@debian
def test_checksums_of_zlib(machine):
    """crc32 and adler32 call nothing: relocation alone must be right."""
    data = LIBGCC.read_bytes()
    run = machine("exit -- call libz.so.1 crc32 0 @libgcc_s.so.1 "
                  "#libgcc_s.so.1; call libz.so.1 adler32 1 @libgcc_s.so.1 "
                  "#libgcc_s.so.1", modules=[LIBZ, LIBGCC]).run()
    assert results(run.text) == [("crc32", zlib.crc32(data)),
                                 ("adler32", zlib.adler32(data))]
    assert re.search("relocations: 4 R_386_GLOB_DAT, 48 R_386_JUMP_SLOT, "
                     "28 R_386_RELATIVE", run.text)


@debian
def test_an_unknown_function_ends_its_call(machine, lib):
    """It is bound when it is called, so that all others can be used."""
    user = lib("libuser.so", "int nobody(void); int known(int x) "
               "{ return x + 1; } int call(void) { return nobody(); }")
    with machine(modules=[user]).open() as console:
        console.prompt()
        said = console.run("call libuser.so call")
        assert re.search(r"libuser\.so called nobody, which this kernel does "
                         r"not offer \(from libuser\.so\+0x\w+ \(call", said)
        assert "(42)" in console.run("call libuser.so known 41")
        assert "gone" in console.run("unload libuser.so")


PACKER = """
int compress2(void *, unsigned *, const void *, unsigned, int);
int uncompress(void *, unsigned *, const void *, unsigned);
unsigned packed_size = 1 << 21, copy_size = 1 << 21;
unsigned char packed[1 << 21], copy[1 << 21];
int pack(const void *data, unsigned size, int level)
{ return compress2(packed, &packed_size, data, size, level); }
int unpack(void)
{ return uncompress(copy, &copy_size, packed, packed_size); }
int differs(const unsigned char *data, unsigned size)
{ if (size != copy_size) return -1;
  for (unsigned i = 0; i < size; i++) if (copy[i] != data[i]) return i + 1;
  return 0; }
unsigned size(void) { return packed_size; }
unsigned char *bytes(void) { return packed; }
"""


def memory(path, address, size, out):
    """Bytes of the machine, by QEMU's monitor on this socket."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(path))
        answers = line.makefile("r")
        answers.readline()  # the greeting
        for name, arguments in (("qmp_capabilities", {}), (
                "memsave", {"val": address, "size": size,
                            "filename": str(out)})):
            line.sendall(json.dumps({"execute": name, "arguments": arguments}
                                    ).encode() + b"\n")
            while "return" not in (answer := json.loads(answers.readline())):
                assert "error" not in answer, answer
    return out.read_bytes()


@debian
def test_what_zlib_compresses_decompresses_elsewhere(machine, lib, tmp_path):
    """A mebibyte through compress2 of libz.so.1 and back, by a program that
    is a shared object of our own. The compressed bytes come out through QEMU
    and must be read by Python's zlib."""
    data = mebibyte()
    (tmp_path / "mebibyte").write_bytes(data)
    packer = lib("libpacker.so", PACKER, needs=[LIBZ])
    once = ["load libz.so.1 at=random", "load libpacker.so at=random",
            "call libpacker.so pack @mebibyte #mebibyte 6",
            "call libpacker.so unpack",
            "call libpacker.so differs @mebibyte #mebibyte",
            "call libpacker.so size", "call libpacker.so bytes",
            "modules libz.so.1"]
    again = "unload libpacker.so; unload libz.so.1; "
    with machine(modules=[packer, LIBZ, tmp_path / "mebibyte"], limit=200,
                 extra=["-qmp", f"unix:{tmp_path}/qmp,server=on,wait=off"]
                 ).open() as console:
        console.prompt()
        bases = set()
        for _ in range(3):
            text = console.run("; ".join(once), timeout=60)
            assert [v for _, v in results(text)][:3] == [0, 0, 0], text
            (_, size), (_, at) = results(text)[3:]
            packed = memory(tmp_path / "qmp", at, size, tmp_path / "packed")
            # The same release of zlib makes the same bytes.
            assert zlib.decompress(packed) == data and size < len(data)
            bases |= set(re.findall(r"libz\.so\.1: ELF shared at (\w+)", text))
            # 4 of them by words of data, the others at their first call.
            assert int(re.findall(r"imports: (\d+) bound", text)[-1]) > 12
            console.run(again)
        assert len(bases) == 3


# Relocated bytes against a reading of the file by other code ---------------

def expected(elf, base, addresses):
    """What each relocated word of the file must be at this base, if that can
    be known from the file: {address: word}. `addresses` are words that only
    the loader can tell, and so are left out."""
    words = {}
    for name, size in (("REL", "RELSZ"), ("JMPREL", "PLTRELSZ")):
        try:
            entries = list(elf.relocations(name, size))
        except LookupError:
            continue
        for _, where, kind, symbol in entries:
            old = elf.word(elf.place(where))
            value = elf.word(elf.symbol(symbol) + 4)
            defined = symbol and elf.half(elf.symbol(symbol) + 14)
            if kind == 8 or kind == 7:
                words[where] = old + base
            elif kind == 6 and defined:
                words[where] = value + base
            elif kind == 1 and defined:
                words[where] = value + base + old
            else:
                addresses.add(where)
    try:
        for where in elf.relr():
            words[where] = elf.word(elf.place(where)) + base
    except LookupError:
        pass
    got = elf.word(elf.tag("PLTGOT"))
    addresses |= {got + 4, got + 8}
    return words


def compare(elf, base, image):
    """Every byte of the segments is that of the file, or a relocated one."""
    unknown = set()
    words = expected(elf, base, unknown)
    wrong = []
    for offset, start, size, total, _ in elf.segments():
        wanted = bytearray(elf.data[offset:offset + size]).ljust(total, b"\0")
        got = bytearray(image[start:start + total])
        for where, word in words.items():
            if start <= where < start + total:
                struct.pack_into("<I", wanted, where - start,
                                 word & 0xffffffff)
        for where in unknown:
            if start <= where < start + total:
                wanted[where - start:where - start + 4] = \
                    got[where - start:where - start + 4]
        wrong += [hex(start + i) for i in range(total)
                  if wanted[i] != got[i]]
    return len(words), len(unknown), wrong


@debian
@pytest.mark.parametrize("path", [LIBZ, LIBGCC, LIBM],
                         ids=lambda path: path.name)
def test_relocated_bytes(machine, tmp_path, path):
    """At three bases, and nothing of it run: every byte."""
    with machine(modules=[path], extra=[
            "-qmp", f"unix:{tmp_path}/qmp,server=on,wait=off"]
            ).open() as console:
        console.prompt()
        for _ in range(3):
            text = console.run(f"load {path.name} at=random init=no")
            base, size = (int(word, 16) for word in re.search(
                r": ELF shared at 0x(\w+), 0x(\w+) bytes", text).groups())
            image = memory(tmp_path / "qmp", base, size, tmp_path / "image")
            known, unknown, wrong = compare(Elf(path.read_bytes()), base,
                                            image)
            assert not wrong and known > 15, (known, unknown, wrong[:9])
            assert "gone" in console.run(f"unload {path.name}")


# Sixty-four bits ------------------------------------------------------------

EDGES = [1, 2, 3, 7, 10, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
         0x123456789abcdef, (1 << 63) - 1]


def quotient(name, a, b):
    """What C says: rounded towards zero, the remainder has a's sign."""
    if name.startswith("__u"):
        a, b = a & (1 << 64) - 1, b & (1 << 64) - 1
    q = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return (a - b * q if "mod" in name else q) & (1 << 64) - 1


@debian
def test_division_of_64_bits(machine):
    dice = random.Random(64)
    wanted = []
    for name in ("__divdi3", "__moddi3", "__udivdi3", "__umoddi3"):
        for _ in range(60):
            a, b = (dice.choice([dice.choice(EDGES),
                                 dice.getrandbits(dice.randrange(1, 63)) + 1])
                    * dice.choice([1, -1]) for _ in "ab")
            wanted.append((name, a, b))
    commands = [f"call libgcc_s.so.1 {name} {a}ll {b}ll"
                for name, a, b in wanted]
    got = re.findall(r"^(\w+) returned .*0x(\w{16})\b",
                     dialogue(machine, commands, [LIBGCC]), re.M)
    assert [(name, int(value, 16)) for name, value in got] == [
        (name, quotient(name, a, b)) for name, a, b in wanted]


# The mathematics library ----------------------------------------------------

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


# Objects of our own ---------------------------------------------------------

LOG = """
char text[64]; static int n;
void note(char c) { text[n++] = c; text[n] = 0; }
char *said(void) { return text; }
int value = 5; int *pointer = &value;
int *get_pointer(void) { return pointer; }
int *get_value(void) { return &value; }
"""
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


# Versions -------------------------------------------------------------------

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
