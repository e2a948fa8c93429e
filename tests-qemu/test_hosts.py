# SPDX-License-Identifier: MIT
"""What the kernel offers to loaded code, against those who ask for it: the
libraries, DLLs and modules of Debian, and programs made here."""
import gzip
import hashlib
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kernel import PASS, ROOT
from labs import GRUB, ZLIB

HOST = ROOT / "smc/load/host"
LIB32 = Path("/usr/lib32")
FAMILIES = {"c": "host_c.c", "libc": "host_shared.c",
            "msvcrt": "host_msvcrt.c", "kernel32": "host_kernel32.c",
            "grub": "host_grub.c", "grub-refused": "host_grub_refused.c"}
elftools = pytest.importorskip("elftools.elf.elffile")


def offered(family):
    """The names in the source of a table: True for data."""
    text = (HOST / FAMILIES[family]).read_text()
    if family == "grub-refused":
        return dict.fromkeys(re.findall(r"X\((grub_\w+)\)", text), False)
    found = re.findall(r'(\{|HOST_CODE\(|HOST_DATA\(|NONE\()\s*"(\w+)"', text)
    return {name: kind != "HOST_CODE(" for kind, name in found}


def listed(text):
    return {name: kind.startswith("data") for kind, name in
            re.findall(r"^(function|data +\d+) +(\w+)$", text, re.M)}


# The tables ---------------------------------------------------------------

def test_the_page_lists_the_tables():
    """docs/hosts.md has one paragraph of names per table."""
    page = (ROOT / "docs/hosts.md").read_text()
    for family in FAMILIES:
        block = re.search(rf"^<!-- {family} -->\n(.*?)\n\n", page,
                          re.M | re.S)
        assert block, family
        names = re.findall(r"`(\w+)`", block[1])
        assert names == sorted(offered(family)), family


def test_the_kernel_lists_the_tables(machine):
    with machine().open() as console:
        console.prompt()
        for family in FAMILIES:
            said = listed(console.run(f"hosts {family}"))
            assert said == offered(family), family
        assert "no such family" in console.run("hosts posix")
        assert console.run("hosts").count("\n") == len(FAMILIES) - 1


def grub_imports():
    """What the modules import and none of them defines: how each is used,
    by type of relocation."""
    uses, defined = {}, set()
    for path in GRUB.glob("*.mod"):
        with path.open("rb") as file:
            elf = elftools.ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            symbols = list(table.iter_symbols()) if table else []
            for symbol in symbols:
                if symbol["st_shndx"] == "SHN_UNDEF":
                    uses.setdefault(symbol.name, set())
                elif symbol["st_info"]["bind"] == "STB_GLOBAL":
                    defined.add(symbol.name)
            for section in elf.iter_sections("SHT_REL"):
                for entry in section.iter_relocations():
                    symbol = symbols[entry["r_info_sym"]]
                    if symbol["st_shndx"] == "SHN_UNDEF":
                        uses[symbol.name].add(entry["r_info_type"])
    return {name: types for name, types in uses.items()
            if name and name not in defined}


def test_grub_modules_want_exactly_these():
    """All of them, and nothing else; data is what is never called."""
    wanted = grub_imports()
    table = offered("grub") | offered("grub-refused")
    assert sorted(table) == sorted(wanted)
    for name, types in wanted.items():
        assert table[name] == (types == {1}), name  # R_386_32 alone


def dynamic_imports(name):
    with (LIB32 / name).open("rb") as file:
        table = elftools.ELFFile(file).get_section_by_name(".dynsym")
        return [s for s in table.iter_symbols()
                if s["st_shndx"] == "SHN_UNDEF" and s.name]


@pytest.mark.parametrize("name", ["libz.so.1", "libm.so.6", "libgcc_s.so.1"])
def test_shared_libraries_find_what_they_must(name):
    """Every strong import but errno, which lies in thread-local storage; of
    the weak ones only the finalizer."""
    if not (LIB32 / name).exists():
        pytest.skip(f"{name} is not installed")
    table = offered("c") | offered("libc")
    for symbol in dynamic_imports(name):
        info = symbol["st_info"]
        if info["bind"] == "STB_WEAK":
            assert (symbol.name in table) == (
                symbol.name == "__cxa_finalize"), symbol.name
        elif info["type"] != "STT_TLS":
            assert table[symbol.name] == (
                info["type"] == "STT_OBJECT"), symbol.name


def versions(path):
    said = subprocess.run(["readelf", "-V", "-W", path], check=True,
                          capture_output=True, text=True).stdout
    definitions = said.partition(".gnu.version_d")[2].partition(
        "Version needs")[0]
    return set(re.findall(r"Name: GLIBC_(\S+)", definitions))


@pytest.mark.parametrize("array, name", [
    ("libc_versions", "libc.so.6"), ("loader_versions", "ld-linux.so.2")])
def test_versions_are_those_of_glibc(array, name):
    if not (LIB32 / name).exists():
        pytest.skip(f"{name} is not installed")
    text = (HOST / "host_rtld.c").read_text()
    block = re.search(rf"{array}\[\] = {{(.*?)}}", text, re.S)[1]
    assert set(re.findall(r'"(\S+?)"', block)) == versions(LIB32 / name)


def test_resolvers_of_libm_read_two_bits():
    """The layout of _rtld_global_ro that host_rtld.c draws, from the code
    that reads it and the library that defines it."""
    if not (LIB32 / "libm.so.6").exists():
        pytest.skip("libm.so.6 is not installed")
    said = subprocess.run(["objdump", "-d", LIB32 / "libm.so.6"], check=True,
                          capture_output=True, text=True).stdout
    # A resolver loads the block's address from the GOT, then tests a bit.
    read = re.findall(r"mov +-0x14\(%eax\),(%e[cd]x)\n(?:.*lea.*\n)*"
                      r".*testb +\$0x(\w+),0x(\w+)\(\1\)", said)
    assert len(read) == 10
    assert {(mask, place) for _, mask, place in read} == {
        ("10", "75"), ("4", "7b")}
    with (LIB32 / "ld-linux.so.2").open("rb") as file:
        table = elftools.ELFFile(file).get_section_by_name(".dynsym")
        block = table.get_symbol_by_name("_rtld_global_ro")[0]
    assert f"HOST_RTLD_SIZE {block['st_size']}" in (
        HOST / "host_shared.h").read_text()


# The C library ------------------------------------------------------------

def compiled(path, source, *options):
    path.with_suffix(".c").write_text(source)
    subprocess.run(["gcc", "-m32", "-O1", "-fno-pic", "-fno-pie", "-w",
                    "-fno-asynchronous-unwind-tables", "-fcf-protection=none",
                    "-fno-stack-protector", "-fno-builtin", *options,
                    path.with_suffix(".c"), "-o", path], check=True)
    return path


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
    loaded = compiled(tmp_path / "show.o", body, "-c")
    native = compiled(tmp_path / "show",
                      body + "int main(void) { return show(); }", "-no-pie")
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
    path = compiled(tmp_path / "program.o", PROGRAM, "-c")
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


# Windows ------------------------------------------------------------------

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


@pytest.mark.skipif(not shutil.which("i686-w64-mingw32-gcc"),
                    reason="gcc-mingw-w64-i686-win32 is not installed")
def test_kernel32_by_a_dll_of_our_own(machine, tmp_path):
    path = tmp_path / "own.dll"
    path.with_suffix(".c").write_text(WINDOWS)
    subprocess.run(["i686-w64-mingw32-gcc", "-O1", "-w", "-shared",
                    "-static-libgcc", "-o",
                    path, path.with_suffix(".c")], check=True)
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


# GRUB ---------------------------------------------------------------------

# It loads an interrupt table of its own, which ends this kernel's clock.
OWN_TABLE = "gdb.mod"


def everything():
    return sorted(GRUB.glob("*.mod"))


def test_nearly_every_module_starts(machine):
    """The others touch what is not there: the BIOS's data, a graphics card.
    They end in words, and the machine goes on."""
    modules = everything()
    started, ended = 0, {}
    with machine(modules=modules, mem=256, limit=120).open() as console:
        console.prompt()
        for path in modules:
            if path.name == OWN_TABLE:
                continue
            said = console.run(f"load {path.name}")
            if "relocations: " in said or "is loaded already" in said:
                started += 1
            else:
                ended[path.name] = said.splitlines()[-1]
        assert re.search("^0 pages writable", console.run("audit"), re.M)
        assert "verify_detached" in console.run("grub")
    assert started >= 250, ended
    for words in ended.values():
        assert re.search("page fault|does not offer|did not return", words)


def test_no_grub_commands_are_said_in_words(machine):
    run = machine("exit -- grub; help grub").run().must_end(PASS)
    assert "no commands; modules of GRUB that are loaded" in run.text


def test_grub_commands_do_their_work(machine, tmp_path):
    """Digests, a comparison through gzip, a dump."""
    text = b"to be or not to be\n" * 50
    (tmp_path / "text").write_bytes(text)
    (tmp_path / "text.gz").write_bytes(gzip.compress(text))
    modules = [*everything(), tmp_path / "text", tmp_path / "text.gz"]
    with machine(modules=modules, mem=256).open() as console:
        console.prompt()
        for name in ("hello", "hashsum", "gcry_sha256", "gcry_crc", "gzio",
                     "cmp", "hexdump", "cat"):
            console.run(f"load {name}.mod")
        assert console.run("grub hello") == "Hello World"
        packed = (tmp_path / "text.gz").read_bytes()
        said = console.run("grub sha256sum text text.gz").splitlines()
        assert said == [f"{hashlib.sha256(text).hexdigest()}  text",
                        f"{hashlib.sha256(packed).hexdigest()}  text.gz"]
        assert "identical" in console.run("grub cmp text text.gz")
        assert console.run("grub hexdump -n 16 text").startswith(
            "00000000  74 6f 20 62 65 20 6f 72  20 6e 6f 74 20 74 6f 20")
        assert console.run("grub cat text") == text.decode().strip()
        assert "not found" in console.run("grub cat absent")
        assert "gone" in console.run("unload hello.mod")
        assert "no loaded module" in console.run("grub hello")


TESTS = ["bswap", "cmp", "ctz", "div", "mul", "pbkdf2", "setjmp", "shift",
         "sleep", "strtoull", "xnu_uuid"]


def test_grubs_own_tests_pass(machine):
    """GRUB's unit tests are modules, too. They run here."""
    with machine(modules=everything(), mem=256, limit=110).open() as console:
        console.prompt()
        for name in ["xnu_uuid", "gcry_sha1", "gcry_sha512"]:
            console.run(f"load {name}.mod")
        for name in TESTS:
            assert "relocations" in console.run(f"load {name}_test.mod")
        said = console.run("grub functional_test", 90)
        assert "ALL TESTS PASSED" in said, said


def test_what_is_refused_ends_the_call_by_name(machine):
    """getkey waits for a key; there is no disk to iterate over."""
    run = machine("exit -- load keystatus.mod; load read.mod; grub read x; "
                  "call crypto.mod grub_password_get 0 0; "
                  "load ls.mod; grub ls (hd0)", modules=everything(),
                  mem=256).run()
    assert ("called grub_getkey, which this kernel does not offer (from "
            in run.text), run.text
    assert "no such disk" in run.text
    assert run.status != PASS
