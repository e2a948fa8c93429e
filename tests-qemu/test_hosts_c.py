# SPDX-License-Identifier: MIT
"""What the kernel offers to C programs and to Windows' DLLs, used by
programs made here."""
import gzip
import random
import re
import subprocess
from pathlib import Path

import pytest

from labs import ZLIB
from objects import compiled, for_windows, needs_mingw_gcc


# The C library -------------------------------------------------------------

def formats(seed):
    """Lines of C that print every kind of integer and text, at random."""
    dice = random.Random(seed)
    for number in range(400):
        flags = "".join(c for c in "-+ #0" if dice.random() < .25)
        width = dice.choice(["", "", "1", "9", "14"])
        precision = dice.choice(["", "", ".", ".0", ".3", ".11"])
        size, kind = dice.choice([
            *[(s, k) for s in ("hh", "h", "", "l", "ll", "j", "z", "t")
              for k in "diuoxX"], ("", "s"), ("", "c")])
        value = dice.choice([0, 1, -1, 7, -300, 65535, 2**31 - 1, -2**31])
        if size in ("ll", "j"):
            value = f"{dice.choice([value, 2**63 - 1, 123456789012])}ll"
        if kind == "s":
            value = dice.choice(['""', '"abc"', '"a longer text"'])
        if kind == "c":
            value, precision = dice.randrange(33, 126), ""
        yield (f'printf("{number} [%{flags}{width}{precision}{size}{kind}]'
               f'\\n", {value});')


def test_printf_equals_that_of_glibc(machine, tmp_path):
    """400 random conversions, printed by one source here and on the host."""
    if not Path("/usr/lib32/crt1.o").exists():
        pytest.skip("no 32-bit Linux programs here: libc6-dev-i386")
    body = "int printf(const char *, ...);\nint show(void) {\n" + "\n".join(
        formats(4)) + "\nreturn 0; }\n"
    loaded = compiled(tmp_path / "show.o", body, "-w")
    (tmp_path / "main.c").write_text(
        body + "int main(void) { return show(); }")
    native = tmp_path / "show"
    subprocess.run(["gcc", "-m32", "-no-pie", "-w", "-fno-builtin",
                    tmp_path / "main.c", "-o", native], check=True)
    wanted = subprocess.run([native], check=True, capture_output=True,
                            text=True).stdout
    with machine(modules=[loaded]).open() as console:
        console.prompt()
        console.run("load show.o")
        said = console.run("call show.o show")
    assert said.splitlines()[:-1] == wanted.splitlines()


PROGRAM = r"""
typedef struct file FILE;
int printf(const char *, ...); int atexit(void (*)(void)); void exit(int);
FILE *fopen(const char *, const char *); char *fgets(char *, int, FILE *);
int fclose(FILE *), fprintf(FILE *, const char *, ...), fputc(int, FILE *);
void qsort(void *, unsigned, unsigned, int (*)(const void *, const void *));
int strcmp(const char *, const char *); void *malloc(unsigned);
int vanished(const char *f) { FILE *x = fopen(f, "w"); return x != 0; }
static void bye(void) { printf("bye\n"); }
static void bye_first(void) { printf("bye first\n"); }
static int by_text(const void *a, const void *b)
{ return strcmp(*(char **)a, *(char **)b); }
int leave(int n)
{ atexit(bye); atexit(bye_first); exit(n); return 0; }
int lines(const char *name)
{
    char line[80], *list[10]; int n = 0, i = 0;
    FILE *f = fopen(name, "r");
    if (!f) return -1;
    while (fgets(line, 80, f)) {
        list[n] = malloc(80);
        for (i = 0; (list[n][i] = line[i]); i++);
        n++;
    }
    qsort(list, n, sizeof *list, by_text);
    for (i = 0; i < n; i++) printf("%d %s", i, list[i]);
    return fclose(f) + n;
}
int store(void) { int n; printf("abc%n\n", &n); return n; }
"""


def test_a_program_of_the_c_library(machine, tmp_path):
    """exit is a result, its handlers run backwards; files are read and not
    written; %n is no store; what is left is freed."""
    path = compiled(tmp_path / "program.o", PROGRAM, "-w")
    (tmp_path / "list").write_text("pear\napple\nfig\n")
    with machine(modules=[path, tmp_path / "list"]).open() as console:
        console.prompt()
        blocks = re.search(r"^heap: .*$", console.run("mem"), re.M)[0]
        console.run("load program.o")
        said = console.run("call program.o leave 42")
        assert said.startswith("bye first\nbye\n")
        assert "leave returned 0x0000002a (42)" in said
        assert console.run("call program.o leave 1").count("bye") == 2
        said = console.run("call program.o lines list")
        assert said.startswith("0 apple\n1 fig\n2 pear\n")
        assert "returned 0x00000003" in said
        assert "0xffffffff" in console.run("call program.o lines nosuch")
        assert "0x00000000" in console.run("call program.o vanished list")
        assert "printed with %n, which is not offered" in console.run(
            "call program.o store")
        assert "gone" in console.run("unload program.o")
        after = re.search(r"^heap: .*$", console.run("mem"), re.M)[0]
        assert blocks.split(",")[:2] == after.split(",")[:2]


# Windows -------------------------------------------------------------------

def test_zlib_reads_a_file_by_the_dll(machine, tmp_path):
    """gzopen, gzread: through _open, _read and the rest of msvcrt."""
    (tmp_path / "text.gz").write_bytes(gzip.compress(b"to be or not to be"))
    with machine(modules=[ZLIB, tmp_path / "text.gz"]).open() as console:
        console.prompt()
        assert "51 bound, 0 lead" in console.run("load zlib1.dll")
        said = console.run("call zlib1.dll gzopen text.gz r")
        handle = re.search(r"returned (0x\w+)", said)[1]
        for character in b"to be":
            said = console.run(f"call zlib1.dll gzgetc_ {handle}")
            assert f"({character})" in said
        assert "(0)" in console.run(f"call zlib1.dll gzclose {handle}")
        assert "(0)" in console.run("call zlib1.dll gzopen absent.gz r")


WINDOWS = r"""
#include <windows.h>
#include <stdio.h>
#define EXPORT __declspec(dllexport)
EXPORT int leave(int n) { ExitProcess(n); }
EXPORT void *where(void) { return leave; }
EXPORT int find(const char *name)
{
    int (*f)(const char *) = (void *)GetProcAddress(
        LoadLibraryA("MSVCRT.DLL"), name);
    return f ? f("four") : (int)GetLastError();
}
EXPORT int writable(void *at, int protect)
{
    DWORD old = 0;
    if (!VirtualProtect(at, 1, protect, &old)) return -GetLastError();
    return old;
}
EXPORT int state(void *at)
{
    MEMORY_BASIC_INFORMATION m;
    if (!VirtualQuery(at, &m, sizeof m)) return -1;
    printf("%lx %lx %d\n", m.State, m.Protect,
           (char *)m.AllocationBase == (char *)GetModuleHandleA("own.dll"));
    return m.Type;
}
EXPORT int say(void)
{
    DWORD n;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "hello\n", 6, &n, 0);
    fprintf(stderr, "%s %d\n", GetCommandLineA() ? "words" : "none", (int)n);
    return n;
}
EXPORT int slot(int value)
{
    DWORD s = TlsAlloc();
    TlsSetValue(s, (void *)value);
    value = (int)TlsGetValue(s);
    TlsFree(s);
    TlsSetValue(99, 0);
    return value * 1000 + GetLastError();
}
EXPORT int wide(void)
{
    char out[8]; BOOL used = 2; wchar_t w[8];
    int n = WideCharToMultiByte(0, 0, L"a\x263a", -1, out, 8, 0, &used);
    int m = MultiByteToWideChar(0, 0, out, n, w, 8);
    printf("%s %d %d %d %d\n", out, n, used, m, w[1]);
    return MultiByteToWideChar(0, 0, "abc", -1, w, 2);
}
EXPORT int since(void)
{
    LARGE_INTEGER a, b, f;
    QueryPerformanceFrequency(&f);
    QueryPerformanceCounter(&a); Sleep(20); QueryPerformanceCounter(&b);
    return (b.QuadPart - a.QuadPart) * 1000 / f.QuadPart >= 20;
}
"""


@needs_mingw_gcc
def test_kernel32_by_a_dll_of_our_own(machine, tmp_path):
    path = for_windows(tmp_path / "own.dll", WINDOWS, "-w", "-shared",
                       "-static-libgcc")
    with machine(modules=[path]).open() as console:
        console.prompt()
        said = console.run("load own.dll")
        assert " 0 lead to refusing stubs" in said, said

        def call(words):
            return console.run(f"call own.dll {words}")
        code = re.search(r"returned (0x\w+)", call("where"))[1]
        assert "returned 0x00000007" in call("leave 7")
        assert "returned 0x00000004" in call("find strlen")
        assert "(127)" in call("find nosuch")       # ERROR_PROC_NOT_FOUND
        assert "0xfffffffb" in call(f"writable {code} 4")  # ACCESS_DENIED
        assert "0xfffffffb" in call(f"writable {code} 0x40")
        assert "(32)" in call(f"writable {code} 0x20")
        said = call(f"state {code}")
        assert said.startswith("1000 20 1\n") and "0x01000000" in said
        assert call("say").startswith("hello\nwords 6\n")
        assert "(5087)" in call("slot 5")       # ERROR_INVALID_PARAMETER
        said = call("wide")
        assert said.startswith("a? 3 1 3 63\n") and "(0)" in said
        assert "(1)" in call("since")
        assert re.search("^0 pages writable", console.run("audit"), re.M)
