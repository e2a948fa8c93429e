# SPDX-License-Identifier: MIT
"""Calls into loaded code: what its thread looks like, what comes back, and
what ends it. The objects are compiled here, by the host's compiler."""
import math
import random
import re
import struct
import subprocess

from kernel import ROOT
from objects import compiled

GDT = (ROOT / "kernel/gdt.h").read_text()


def called(machine, path, *commands, words=""):
    """What each command has printed, in one boot. `call SYMBOL` is short for
    `call FILE SYMBOL`."""
    with machine(words, modules=[path]).open() as console:
        console.prompt()
        console.run(f"load {path.name}")
        return [console.run(re.sub("^call ", f"call {path.name} ", command))
                for command in commands]


def number(said):
    return int(re.search(r"returned (0x[0-9a-f]{8}) ", said)[1], 16)


# The thread ---------------------------------------------------------------

LINUX = """
    #define WORD(at) ({ unsigned v; __asm__ volatile( \
        "mov %%gs:" #at ", %0" : "=r"(v)); v; })
    unsigned self(void) { return WORD(0) - WORD(8); }
    unsigned above(void) { return *(unsigned *)(WORD(0) + 0x14) - WORD(0x14); }
    unsigned canary(void) { return WORD(0x14); }
    unsigned guard(void) { return WORD(0x18); }
    unsigned below(void) { return WORD(-4); }
    int protected(int n) { char s[20]; char *volatile p = s;
        for (int i = 0; i < 20; i++) p[i] = i; return p[n]; }
    int smash(int n) { char s[20]; char *volatile p = s;
        for (int i = 0; i < n; i++) p[i] = 0x41; return p[3]; }
    void __stack_chk_fail(void) { *(volatile int *)0x123 = 1; }
    """


def test_the_linux_block(machine, tmp_path):
    """A self pointer, a canary of 24 random bits and a zero, errno. Code
    that gcc has protected runs, and is stopped when it smashes its stack."""
    path = compiled(tmp_path / "tcb.o", LINUX, "-fstack-protector-all")
    said = called(machine, path, *(f"call {name}" for name in (
        "self", "above", "canary", "guard", "below", "canary", "protected 7",
        "smash 40")))
    values = [number(line) for line in said[:-1]]
    assert values[0] == values[1] == 0
    assert values[2] and values[2] & 0xff == 0 and values[2] == values[5]
    assert values[3] != 0 and values[4] == 0 and values[6] == 7
    assert "writing 0x00000123" in said[7]
    again = called(machine, path, "call canary")
    assert number(again[0]) != values[2]


WINDOWS = """
    #define WORD(at) ({ unsigned v; __asm__ volatile( \
        "mov %%fs:" #at ", %0" : "=r"(v)); v; })
    unsigned handlers(void) { return WORD(0); }
    void leave_handler(void)
    { __asm__ volatile("movl $0x1234, %fs:0; ud2"); }
    unsigned stack(void) { unsigned esp; __asm__("mov %%esp, %0" : "=r"(esp));
        return esp < WORD(4) && esp >= WORD(8) ? WORD(4) - WORD(8) : 0; }
    unsigned self(void) { return ((unsigned *)WORD(0x18))[6] - WORD(0x18); }
    unsigned process(void) { return WORD(0x20); }
    unsigned thread(void) { return WORD(0x24); }
    unsigned index(int i) { return ((unsigned *)WORD(0x2c))[i]; }
    unsigned debugged(void) { return ((unsigned char *)WORD(0x30))[2]; }
    unsigned image(void) { return ((unsigned *)WORD(0x30))[2]; }
    unsigned error(void) { return WORD(0x34); }
    unsigned slot(void) { return WORD(0xe10); }
    """


def test_the_windows_block(machine, tmp_path):
    path = compiled(tmp_path / "teb.o", WINDOWS)
    names = ["handlers", "leave_handler", "handlers", "stack", "self",
             "process", "thread", "index 0", "index 63", "debugged", "error",
             "slot", "image"]
    said = called(machine, path, *(f"call {name}" for name in names),
                  "modules teb.o")
    assert "invalid opcode" in said[1]
    values = [number(said[i]) for i in range(13) if i != 1]
    assert values[:2] == [0xffffffff, 0xffffffff]
    assert values[2:11] == [65536, 0, 8, 12, 0, 0, 0, 0, 0]
    assert f"ELF at 0x{values[11]:08x}" in said[13]


def test_segments_come_back_on_every_way_out(machine, tmp_path):
    """After calls that left null selectors behind, faulted with them, or
    were ended: the next one sees the right ones, and so does the kernel."""
    path = compiled(tmp_path / "segments.o", """
        unsigned both(void) { unsigned v, w; __asm__ volatile(
            "mov %%fs, %0; mov %%gs, %1" : "=r"(v), "=r"(w));
            return v << 16 | w; }
        void clear(void) { __asm__ volatile("xor %%eax, %%eax;"
            "mov %%eax, %%fs; mov %%eax, %%gs; mov %%eax, %%es; std" : : :
            "eax"); }
        void clear_and_fault(void) { clear(); __asm__ volatile("ud2"); }
        void clear_and_spin(void) { clear(); for (;;) __asm__ volatile(""); }
        int clear_and_dive(int x) { clear(); volatile int y = x;
            return clear_and_dive(y + 1) + y; }
        """)
    said = called(machine, path, "call both", "call clear", "call both",
                  "call clear_and_fault", "call both", "call clear_and_spin",
                  "call both", "call clear_and_dive", "call both",
                  "check memory loader", words="patience=1")
    fs, gs = (int(re.search(rf"GDT_THREAD_{name} (0x\w+)", GDT)[1], 16)
              for name in ("FS", "GS"))
    assert {number(line) for line in said[0:9:2]} == {fs << 16 | gs}
    assert "returned" in said[1] and "invalid opcode" in said[3]
    assert "1 s" in said[5] and "stack overflow" in said[7]
    assert "not ok" not in said[9]


# Time and stack -----------------------------------------------------------

def test_endless_loops_are_ended(machine, tmp_path):
    """Also one that halts, and one that spends its time in the kernel."""
    path = compiled(tmp_path / "spin.o", """
        unsigned strlen(const char *);
        void spin(void) { for (;;) __asm__ volatile(""); }
        void doze(void) { for (;;) __asm__ volatile("hlt"); }
        int ask(const char *s) { volatile int n = 0; for (;;) n += strlen(s); }
        """)
    said = called(machine, path, "call spin", "call doze",
                  'call ask "a text that takes time"', "call spin", "uptime",
                  words="patience=1")
    for name, line in zip(("spin", "doze", "ask", "spin"), said):
        assert re.search(rf"{name} did not return: it ran for 1 s and was "
                         rf"ended \(from spin.o\+0x\w+ \({name}\+", line), line


def test_endless_recursion_is_ended(machine, tmp_path):
    """Again and again: the double-fault task must come back each time, and
    leave no trace in the floating-point unit, whose use it has forbidden."""
    path = compiled(tmp_path / "deep.o", """
        int deep(int x) { volatile int y = x; return deep(y + 1) + y; }
        int wide(int x) { volatile int y[100]; y[x % 100] = x;
            return wide(x + 1) + y[7]; }
        int near(int n) { volatile int y = n; return n ? near(n - 1) + y : 0; }
        int third(int x) { volatile float y = x; return y / 3; }
        """, "-mfpmath=387")
    said = called(machine, path, "call deep 1", "call third 27", "call wide 1",
                  "call deep 1", "call third 30", "call near 1000",
                  "check memory")
    for name, line in (("deep", said[0]), ("wide", said[2]),
                       ("deep", said[3])):
        assert re.search(rf"{name} did not return: stack overflow: its 64 KiB "
                         rf"are used up \(from deep.o\+0x\w+ \({name}\+",
                         line), line
    assert number(said[1]) == 9 and number(said[4]) == 10
    assert number(said[5]) == 500500
    assert "not ok" not in said[6] and "ok 7" in said[6]


IN_KERNEL = """
    typedef unsigned size_t; typedef const void *key;
    size_t strlen(const char *); void *memset(void *, int, size_t);
    void *malloc(size_t); void free(void *);
    int snprintf(char *, size_t, const char *, ...);
    void qsort(void *, size_t, size_t, int (*)(key, key));
    static char kept[80], a[4];
    int spoon(int n) { volatile int x = n; return strlen("fork") + x; }
    int text(int n) { volatile int x = strlen("fork"); return text(n + 1) + x; }
    int pad(int n) { volatile char s[36]; memset((char *)s, n, sizeof s);
        return pad(n + 1) + s[n & 7]; }
    int heap(int n) { void *p = malloc(8); free(p); return heap(n + 1) + n; }
    int print(int n) { snprintf(kept, sizeof kept, "%d %s %x", n, "", n);
        return print(n + 1) + kept[0]; }
    int through(int n) { int (*volatile f)(const char *) = (void *)strlen;
        return f("x") + through(n + 1); }
    int (*table[1])(const char *) = {(void *)strlen};
    int slot(int n) { return table[n & 0]("x") + slot(n + 1); }
    int left(int room) { unsigned low; __asm__("mov %%fs:8, %0" : "=r"(low));
        __asm__ volatile("mov %0, %%esp; push %1; push %2; push %3;"
            "call snprintf; ud2" : : "r"(low + room), "r"("%d"), "i"(80),
            "r"(kept)); }
    static int less(key x, key y) { return strlen(x) - strlen(y); }
    int sort(int n) { qsort(a, 2, 1, less); return sort(n + 1) + a[0]; }
    int blocks(void) { int n = 0; void *p[64];
        for (int i = 0; i < 64; i++) n += !!(p[i] = malloc(100 + i));
        for (int i = 0; i < 64; i++) free(p[i]);
        return n; }
    """


def test_the_kernel_may_be_where_the_stack_ends(machine, tmp_path):
    """Then its function is not cut off, but the call ends all the same. Calls
    of all forms; and every distance from the end, a word at a time."""
    path = compiled(tmp_path / "deep.o", IN_KERNEL,
                    "-fno-builtin", "-fno-optimize-sibling-calls")
    names = ["text", "pad", "heap", "print", "through", "slot", "sort"]
    said = called(machine, path, *(f"call {name} 0" for name in names),
                  *(f"call left {4 * n}" for n in range(2, 60)),
                  *(f"call {name} 0" for name in names),
                  "call blocks", "call spoon 1", "check memory heap",
                  "undo all; hash")
    inside = 0
    for line in said[:-4]:
        assert re.search(r"\w+ did not return: stack overflow: its 64 KiB are "
                         r"used up \(from ", line), line
        inside += "(from deep.o" not in line
    assert inside > 50, said
    assert number(said[-4]) == 64 and number(said[-3]) == 5
    assert "not ok" not in said[-2] and "equal" in said[-1]


def test_an_interrupt_may_be_what_finds_no_room(machine, tmp_path):
    """The clock's tick meets a stack that is full but not used. It must go
    on ticking: nothing else ends the loop that follows."""
    path = compiled(tmp_path / "full.o", """
        void wait(int room) { unsigned low; __asm__("mov %%fs:8, %0"
            : "=r"(low)); __asm__ volatile("mov %0, %%esp; 1: jmp 1b" : :
            "r"(low + room)); }
        void spin(void) { for (;;) __asm__ volatile(""); }
        """)
    said = called(machine, path, "call wait 0", "call wait 4", "call wait 8",
                  "call spin", words="patience=1")
    assert all("stack overflow" in line for line in said[:3]), said
    assert "it ran for 1 s" in said[3]


# The floating-point unit --------------------------------------------------

FPU = """
    typedef unsigned short half;
    half control(void) { half v; __asm__("fnstcw %0" : "=m"(v)); return v; }
    half status(void) { half v; __asm__("fnstsw %0" : "=m"(v)); return v; }
    unsigned mxcsr(void) { unsigned v; __asm__("stmxcsr %0" : "=m"(v));
        return v; }
    static void unmask(void) { half v = 0x340;
        __asm__ volatile("fldcw %0" : : "m"(v)); }
    static void divide(void)
    { __asm__ volatile("fld1; fldz; fdivrp"); }
    void masked(void) { divide(); }
    void by_zero(void) { unmask(); divide(); __asm__ volatile("fwait"); }
    void pending(void) { unmask(); divide(); }
    void spoil(void) { unsigned v = 0x0000; unmask();
        __asm__ volatile("fldpi; ldmxcsr %0" : : "m"(v)); }
    void spoil_and_fault(void) { spoil(); divide(); __asm__ volatile("ud2"); }
    void root(void) { unmask();
        __asm__ volatile("fld1; fchs; fsqrt; fwait"); }
    """


def test_floating_point_exceptions(machine, tmp_path):
    """A masked one is no trap; an unmasked one ends the call, even when it
    is only raised by the next instruction, and the next call knows nothing
    of it."""
    path = compiled(tmp_path / "fpu.o", FPU)
    clean = ["call control", "call status", "call mxcsr"]
    said = called(machine, path, *clean, "call masked", *clean,
                  "call by_zero", *clean, "call pending", *clean,
                  "call spoil", *clean, "call spoil_and_fault", *clean,
                  "call root", *clean)
    for at in range(0, len(said), 4):
        values = [number(line) for line in said[at:at + 3]]
        assert values == [0x37f, 0, 0x1f80], at
    assert "returned" in said[3]
    for at in (7, 11):
        assert re.search("x87 error.*divide by zero", said[at]), said[at]
    assert "at fpu.o+" in said[7] and "at call_enter+" in said[11]
    assert "returned" in said[15]
    assert "invalid opcode" in said[19]
    assert re.search("x87 error.*invalid operation", said[23]), said[23]


# Arguments and results ----------------------------------------------------

def bits(value, form="d"):
    return struct.pack(">" + form, value).hex()


def floating(said):
    """A floating result: its text and its bits."""
    found = re.search(r"returned (\S+) \(bits ([0-9a-f]{16})\)", said)
    assert found, said
    return found[1], found[2]


def wide(said):
    return int(re.search(r"as 64 bits (0x[0-9a-f]{16}) ", said)[1], 16)


def test_doubles_and_floats(machine, tmp_path):
    """By value and by bits, in and out, beside the host's arithmetic."""
    path = compiled(tmp_path / "math.o", """
        double half(double x) { return x / 2; }
        double sum(double a, int b, float c, double d)
        { return a * 1000 + b * 100 + c * 10 + d; }
        double root(double x) { double y; __asm__("fsqrt" : "=t"(y) : "0"(x));
            return y; }
        float third(float x) { volatile float y = x / 3; return y; }
        long double precise(long double x, int y) { return x; }
        long double one_third(void) { return 1.0L / 3; }
        long double huge(void) { return 1e4000L; }
        double sse(double x) { __asm__("addsd %0, %0" : "+x"(x)); return x; }
        void nothing(void) {}
        int truncate(double x) { return (int)x; }
        """, "-msse2", "-mfpmath=387")
    dice = random.Random(387)
    values = [0.0, -0.0, 1e308, 5e-324, 0.1, math.pi] + [
        struct.unpack(">d", dice.randbytes(8))[0] for _ in range(20)]
    values = [value for value in values if math.isfinite(value)]
    said = called(machine, path,
                  *(f"call half {value!r}" for value in values),
                  *(f"call half 0d{bits(value)}" for value in values))
    for value, line in zip(values + values, said):
        assert floating(line)[1] == bits(value / 2), (value, line)
        assert float(floating(line)[0]) == value / 2, line
    said = called(machine, path, "call sum 1.5 -2 0.25f .125", "call root 2.",
                  "call third 1.0f", "call third 0f3f800000", "call one_third",
                  "call huge", "call nothing", "call truncate -7.9e0",
                  "call half 0dfff0000000000000", "call sse 1E3",
                  "call precise 0 0x80000000 0x3fff")
    assert floating(said[0])[1] == bits(1302.625)
    assert floating(said[1])[1] == bits(math.sqrt(2))
    third = struct.unpack(">f", bytes.fromhex("3eaaaaab"))[0]
    assert floating(said[2])[1] == floating(said[3])[1] == bits(third)
    assert floating(said[4])[1] == bits(1 / 3)
    assert "80 bits 3ffdaaaaaaaaaaaaaaab" in said[4]
    assert floating(said[5])[0] == "inf" and "80 bits 73e6" in said[5]
    assert "bits" not in said[6] and number(said[7]) == 0xfffffff9
    assert floating(said[8])[0] == "-inf" and "80 bits" not in said[8]
    assert floating(said[9])[0] == "2000.0"
    assert floating(said[10])[0] == "1.0" and "80 bits" not in said[10]


def test_64_bits(machine, tmp_path):
    """libgcc's own division, linked in: two arguments and a result of 64
    bits each."""
    whole = tmp_path / "divide.o"
    part = compiled(tmp_path / "part.o", """
        long long divide(long long a, long long b) { return a / b; }
        unsigned long long remainder(unsigned long long a,
            unsigned long long b) { return a % b; }
        long long from(double x) { return (long long)x; }
        double to(long long x) { return (double)x; }
        """)
    subprocess.run(["gcc", "-m32", "-r", "-nostdlib", part, "-lgcc", "-o",
                    whole], check=True)
    said = called(machine, whole, "call divide 1000000000000ll -7ll",
                  "call remainder 0xffffffffffffffffll 10ll",
                  "call from -1e15", "call to -5ll", "call divide 1ll 0ll")
    assert wide(said[0]) == (-142857142857) % 2 ** 64
    assert "(-142857142857)" in said[0]
    assert wide(said[1]) == (2 ** 64 - 1) % 10
    assert wide(said[2]) == (-10 ** 15) % 2 ** 64
    assert floating(said[3])[0] == "-5.0"
    assert "divide error" in said[4]


def test_buffers_are_shown(machine, tmp_path):
    path = compiled(tmp_path / "fill.o", """
        int fill(char *to, int n, const char *from)
        { for (int i = 0; i < n; i++) to[i] = from[i % 3]; return n; }
        void modf(double x, double *whole) { *whole = (int)x; }
        void fail(char *to) { *to = 'x'; *(volatile int *)4 = 1; }
        """)
    said = called(machine, path, 'call fill buf:64 20 "ab~"',
                  "call modf 3.25 buf:8", "call fill buf:16 0 abc",
                  "call fill buf:1000 1000 abc", "call fail buf:1",
                  "call fill buf:17 17 abc")
    assert re.search(r"^argument word 1, 64 bytes:\n"
                     r"  0000  61 62 7e 61 62 7e .* ab~ab~ab~ab~ab~a *\n"
                     r"  0010  62 7e 61 62 +b~ab\n  the last 44 are 0$",
                     said[0].replace("  ab~ab", " ab~ab"), re.M), said[0]
    assert "argument word 3, 8 bytes" in said[1]
    assert " 00 00 00 00 00 00 08 40 " in said[1]
    assert "all 16 are 0" in said[2]
    assert "... and 744 more" in said[3] and "are 0" not in said[3]
    assert "did not return" in said[4] and " 78 " in said[4]
    assert re.search(r"  0010  62 +b$", said[5], re.M), said[5]


def test_bad_words_are_named(machine, tmp_path):
    """Each with what is wrong; nothing is called, nothing is leaked."""
    path = compiled(tmp_path / "never.o",
                    "void never(void) { *(volatile int *)0x666 = 1; }")
    words = {
        "4294967296": "does not fit 32 bits; 4294967296ll takes 64",
        "-4294967296": "does not fit 32 bits",
        "18446744073709551615": "does not fit 32 bits",
        "18446744073709551616ll": "no number of at most 64 bits",
        "12abc": "no number", "0x": "no number", "1.5.2": "no number",
        "1e": "no number", "1.5ff": "no number", "0xfg": "no number",
        "0d3ff": "0d takes 16 hexadecimal digits",
        "0d3ff000000000000x": "0d takes 16 hexadecimal digits",
        "0f3f80000": "0f takes 8 hexadecimal digits",
        "buf:": "from 1 to 1048576 bytes", "buf:0": "from 1 to 1048576 bytes",
        "buf:1048577": "from 1 to 1048576 bytes",
        "buf:-1": "from 1 to 1048576 bytes",
        "@nosuch": "no such file", "#nosuch": "no such file",
        " ".join(["1"] * 17): "more than 16 words",
        " ".join(["1ll"] * 8 + ["x"]): "more than 16 words",
    }
    said = called(machine, path, "mem", *(
        f"call never text buf:9 {word}" for word in words), "mem")
    blocks = [re.search(r"^heap: .*blocks", line, re.M)[0]
              for line in (said[0], said[-1])]
    assert blocks[0] == blocks[1]
    for word, line in zip(words, said[1:]):
        assert words[word] in line, (word, line)
        assert "never" not in line and "666" not in line, line


def test_sixteen_words(machine, tmp_path):
    names = [f"a{i}" for i in range(16)]
    path = compiled(tmp_path / "many.o", "int many(" + ", ".join(
        f"int {name}" for name in names) + ") { return " + " + ".join(
        f"{name} * {i + 1}" for i, name in enumerate(names)) + "; }")
    said = called(machine, path,
                  "call many " + " ".join(str(i * i) for i in range(16)))
    assert number(said[0]) == sum(i * i * (i + 1) for i in range(16))


def test_thread_blocks_check_themselves(machine):
    machine("check=thread exit").run().must_pass(["thread"])
