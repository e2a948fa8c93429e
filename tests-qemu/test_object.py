# SPDX-License-Identifier: MIT
"""ELF objects: all of GRUB's against a linker of our own, and small ones made
by the host's compiler for what GRUB's do not have."""
import re
import subprocess

import pytest

from labs import GRUB
from monitor import listen, read_memory
from objects import assembled, compiled
from said import in_use, rows

pytest.importorskip("elftools")
from object_oracle import (CODE, CONSTANTS, DATA, FILLER, PAGE,  # noqa: E402
                           Object)

MODULES = sorted(GRUB.glob("*.mod"))
PIC = ("-fpic",)


def offered_by_the_kernel(console, objects, defined):
    """The addresses of names that no module has, from `symbols`."""
    known = {}
    for obj in objects:
        if not obj.undefined() - defined.keys() - known.keys():
            continue
        said = console.run(f"symbols {obj.name}")
        known |= {name: int(at, 16) for at, name in re.findall(
            r"^ +(\w{8}) +import +(\S+), from the kernel$", said, re.M)}
    return known


def places(console, obj):
    """Where the kernel says that the parts are: {".text": 0xc0400000}."""
    said = re.findall(r"^  (\.\w+) +at 0x(\w+), (\d+) bytes, (\S+)$",
                      console.run(f"modules {obj.name}"), re.M)
    assert {(part, int(size)) for part, _, size, _ in said} == {
        (part, len(data)) for part, data in obj.part.items() if data}
    assert {(part, rights) for part, _, _, rights in said} <= {
        (CODE, "r-x"), (CONSTANTS, "r--"), (DATA, "rw-")}
    return {part: int(at, 16) for part, at, _, _ in said}


def pages_of(objects, at, known):
    """Every page with a part on it, and the words that were changed."""
    pages, taken, words = {}, {}, 0
    for obj in objects:
        image, count = obj.linked(at[obj.name], known)
        words += count
        for part, start in at[obj.name].items():
            for i, byte in enumerate(image[part], start):
                page = pages.setdefault(i // PAGE, bytearray(
                    FILLER[part] * PAGE))
                page[i % PAGE] = byte
                assert taken.setdefault(i // PAGE, part) == part
    return pages, words


def test_all_grub_modules_are_what_pyelftools_makes_of_them(machine,
                                                            tmp_path):
    """In one boot and as one set; every byte of their pages, which they
    share."""
    objects = [Object(path) for path in MODULES]
    with machine(modules=MODULES,
                 extra=listen(tmp_path / "qmp")).open() as console:
        console.prompt()
        assert f"{len(MODULES)} images" in console.run("load *.mod init=no",
                                                       60)
        at = {obj.name: places(console, obj) for obj in objects}
        defined = {}
        for obj in objects:
            defined |= obj.defined(at[obj.name])
        known = offered_by_the_kernel(console, objects, defined) | defined
        pages, words = pages_of(objects, at, known)
        low, high = min(pages), max(pages) + 1
        ours = read_memory(tmp_path / "qmp", low * PAGE - 0xc0000000,
                           (high - low) * PAGE, tmp_path / "memory",
                           "pmemsave")
        for number, page in pages.items():
            start = (number - low) * PAGE
            assert ours[start:start + PAGE] == page, hex(number * PAGE)
        assert "gone" in console.run("unload all", 60)
    assert len(objects) >= 275 and words >= 37378
    # On pages of their own it would be three times as many.
    own = sum(-(-len(data) // PAGE) for obj in objects
              for data in obj.part.values())
    assert len(pages) * 2.5 < own
    print(f"{len(objects)} modules, {words} relocations, {len(pages)} pages")


def test_one_of_those_that_share_pages_goes(machine, tmp_path):
    """Its code traps from then on, and the other's works as before; with the
    last one the pages go."""
    paths = [compiled(tmp_path / f"{name}.o", f"""
        static int count; const char said[] = "{name}";
        int {name}(int x) {{ count += x; return count + said[0]; }}
        void {name}_faults(void) {{ ((void (*)(void))&count)(); }}
        """.replace("said", f"{name}_said")) for name in ("left", "right")]
    with machine(modules=paths,
                 extra=listen(tmp_path / "qmp")).open() as console:
        console.prompt()
        before = in_use(console)
        console.run("load left.o right.o")
        at = {name: re.findall(r"^  \.\w+ +at 0x(\w+), (\d+) bytes",
                               console.run(f"modules {name}.o"), re.M)
              for name in ("left", "right")}
        for (left, _), (right, _) in zip(at["left"], at["right"]):
            assert left[:-3] == right[:-3], "each on a page of its own"
        assert called(console, "left.o", "left", 5) == 5 + ord("l")
        assert called(console, "right.o", "right", 7) == 7 + ord("r")
        for name in ("left", "right"):  # left's data is in right's reach
            assert re.search(rf"did not return: at {name}.o\+0x\w+ .*"
                             "not executable",
                             console.run(f"call {name}.o {name}_faults"))
        start, size = int(at["left"][0][0], 16), int(at["left"][0][1])
        assert "gone" in console.run("unload left.o")
        code = read_memory(tmp_path / "qmp", start, size, tmp_path / "left")
        assert code == b"\xcc" * size
        assert re.search(rf"arena .* {size} bytes generated",
                         console.run("journal"))
        assert called(console, "right.o", "right", 1) == 8 + ord("r")
        assert re.search("^0 pages writable", console.run("audit"), re.M)
        assert "gone" in console.run("unload right.o")
        assert in_use(console) == before


# Position-independent code -------------------------------------------------

def called(console, file, function, *arguments):
    words = " ".join(str(a) for a in arguments)
    said = console.run(f"call {file} {function} {words}")
    found = re.search(rf"{function} returned 0x(\w+)", said)
    assert found, said
    return int(found[1], 16)


@pytest.mark.parametrize("options", [PIC, (*PIC, "-fno-plt"), ("-fno-plt",),
                                     ("-fPIC", "-O0")], ids=" ".join)
def test_what_needs_a_global_offset_table(machine, tmp_path, options):
    """GOTPC, GOTOFF, GOT32X, PLT32, thunks in groups; across two files."""
    one = compiled(tmp_path / "one.o", """
        extern int shared; int other(int); static int count; int own = 5;
        int one(int x) { count++; shared += own; return other(x) + count; }
        int (*pointer(void))(int) { return other; }
        """, *options)
    two = compiled(tmp_path / "two.o", """
        int shared = 100; int one(int); static int table[3] = {7, 8, 9};
        int other(int x) { return shared + table[x]; }
        int twice(int x) { return 2 * one(x); }
        """, *options)
    with machine(modules=[one, two]).open() as console:
        console.prompt()
        assert "2 images" in console.run("load one.o two.o")
        assert called(console, "one.o", "one", 1) == 105 + 8 + 1
        assert called(console, "two.o", "twice", 2) == 2 * (110 + 9 + 2)
        # They need each other, so that they only go together.
        assert "it" in console.run("unload one.o")
        assert "gone" in console.run("unload one.o two.o")


def test_an_operand_without_a_base_register(machine, tmp_path):
    path = assembled(tmp_path / "bare.o", """
        .globl bare, value
        bare:   movl value@GOT, %ecx
                movl (%ecx), %eax
                call *function@GOT
                ret
        function: incl %eax
                ret
        .data
        value:  .long 41
        """)
    with machine(modules=[path]).open() as console:
        console.prompt()
        assert called(console, "bare.o", "bare") == 42


def test_places_of_one_and_two_bytes_and_sizes(machine, tmp_path):
    """The numbers are symbols of another file, so that nobody but the loader
    can fill them in."""
    small = assembled(tmp_path / "small.o", """
        .globl small
        small:  movl $0, %eax
                movb $byte, %al
                addw $half + 3, %ax
                addl $buffer@SIZE, %eax
                .byte 0xe3, 0           # jecxz +0
                .byte 0xeb              # jmp
                .byte near - . - 1
                ud2
                .section .text.near, "ax"
        near:   ret
        """)
    numbers = assembled(tmp_path / "numbers.o", """
        .globl byte, half, buffer
        byte = 0x7f
        half = 0x1000
        .type buffer, @object
        .size buffer, 24
        .data
        buffer: .zero 24
        """)
    with machine(modules=[small, numbers]).open() as console:
        console.prompt()
        assert "2 images" in console.run("load small.o numbers.o")
        assert called(console, "small.o", "small") == 0x7f + 0x1003 + 24


# Symbols -------------------------------------------------------------------

def test_common_symbols_are_one_variable(machine, tmp_path):
    """As large as the largest; a definition wins."""
    a = compiled(tmp_path / "a.o", """
        int room[1]; int *a(void) { return room; }
        char first; int defined; int seen(void) { return defined; }
        """, "-fcommon")
    b = compiled(tmp_path / "b.o", """
        int room[64]; int last(void) { return room[63] = 5; }
        int *b(void) { return room; }
        """, "-fcommon")
    c = compiled(tmp_path / "c.o", """
        int room[8]; char guard[4] = {1}; int defined = 77;
        int *c(void) { return room; }
        """, "-fcommon")
    with machine(modules=[a, b, c]).open() as console:
        console.prompt()
        console.run("load a.o b.o c.o")
        assert called(console, "b.o", "last") == 5
        # The last file has the variable, with room for all 64 words.
        data = re.search(r"\.data +at 0x(\w+), (\d+) bytes",
                         console.run("modules c.o"))
        assert (called(console, "c.o", "c") + 4 * 64 <=
                int(data[1], 16) + int(data[2]))
        places = {called(console, f"{x}.o", x) for x in "abc"}
        assert len(places) == 1 and 0 not in places
        assert called(console, "a.o", "seen") == 77


def test_weak_definitions_give_way(machine, tmp_path):
    source = """
        __attribute__((weak)) int who(void) {{ return {0}; }}
        __attribute__((weak)) int nobody(void);
        int ask{0}(void) {{ return nobody ? 99 : who(); }}
        """
    weak = [compiled(tmp_path / f"weak{n}.o", source.format(n), "-O0")
            for n in (1, 2)]
    strong = compiled(tmp_path / "strong.o", "int who(void) { return 3; }")
    with machine(modules=[*weak, strong]).open() as console:
        console.prompt()
        console.run("load weak1.o weak2.o")
        assert called(console, "weak1.o", "ask1") == 1
        assert called(console, "weak2.o", "ask2") == 1  # the first file's
        for order in ("weak1.o weak2.o strong.o", "strong.o weak1.o weak2.o"):
            console.run(f"unload all; load {order}")
            assert called(console, "weak1.o", "ask1") == 3
            assert called(console, "weak2.o", "ask2") == 3


def test_two_definitions_are_refused(machine, tmp_path):
    paths = [compiled(tmp_path / f"{name}.o", "int same(void) { return 1; }")
             for name in ("left", "right")]
    with machine(modules=paths).open() as console:
        console.prompt()
        before = in_use(console)
        said = console.run("load left.o right.o")
        assert "right.o: defines same, and so does left.o" in said
        assert in_use(console) == before
        # One after the other they are two programs, not one.
        assert "left.o: ELF at" in console.run("load left.o")
        assert "right.o: ELF at" in console.run("load right.o")


def test_hidden_symbols_end_with_the_set(machine, tmp_path):
    owner = compiled(tmp_path / "owner.o", """
        __attribute__((visibility("hidden"))) int hidden(void) { return 6; }
        __attribute__((visibility("protected"))) int seen(void)
        { return 7; }""")
    user = compiled(tmp_path / "user.o", """
        int hidden(void), seen(void);
        int user(void) { return hidden() + seen(); }""")
    with machine(modules=[owner, user]).open() as console:
        console.prompt()
        console.run("load owner.o user.o")
        assert called(console, "user.o", "user") == 13
        console.run("unload all; load owner.o")
        said = console.run("load user.o")
        assert re.search(r"offered neither by .*: hidden$", said, re.M), said


def test_everything_that_is_missing_is_told_at_once(machine, tmp_path):
    paths = [compiled(tmp_path / f"{x}.o", f"void {x}1(void), {x}2(void);"
                      f"void {x}(void) {{ {x}1(); {x}2(); }}") for x in "xyz"]
    with machine(modules=paths).open() as console:
        console.prompt()
        said = console.run("load x.o y.o z.o")
        for x in "xyz":
            assert re.search(rf"{x}\.o: offered.*: {x}1, {x}2", said), said


def test_families_do_not_see_each_other(machine, tmp_path):
    """The same name in a C object is not what a GRUB module asks for."""
    c = compiled(tmp_path / "c.o", "int only_in_c(void) { return 1; }")
    grub = compiled(tmp_path / "grub.mod", """
        __attribute__((section(".modname"), used))
        static const char name[] = "grub";
        int only_in_c(void); int in_grub(void) { return only_in_c(); }""")
    user = compiled(tmp_path / "user.o", """
        int in_grub(void); int user(void) { return in_grub(); }""")
    with machine(modules=[c, grub, user]).open() as console:
        console.prompt()
        assert ": only_in_c" in console.run("load c.o grub.mod")
        assert ": in_grub" in console.run("load user.o")
        assert "c.o: ELF at" in console.run("load c.o")
        assert ": only_in_c" in console.run("load grub.mod")


def test_an_answer_is_for_one_family(machine, tmp_path):
    """What a C object of the same set was told is not told a GRUB module."""
    c = compiled(tmp_path / "c.o", """
        __attribute__((section(".moddeps"), used))
        static const char needs[] = "grub";
        unsigned strlen(const char *); unsigned in_c(void)
        { return strlen((const char *)in_c); }""", "-fno-builtin")
    grub = compiled(tmp_path / "grub.mod", """
        __attribute__((section(".modname"), used))
        static const char name[] = "grub";
        unsigned strlen(const char *); unsigned in_grub(void)
        { return strlen((const char *)in_grub); }""", "-fno-builtin")
    with machine(modules=[c, grub]).open() as console:
        console.prompt()
        said = console.run("load c.o")
        assert "grub.mod: " in said and said.rstrip().endswith(": strlen")


# Sections ------------------------------------------------------------------

GROUPED = """
        .globl use{0}
use{0}: movl $once, %eax
        ret
        .section .text.once, "axG", @progbits, once, comdat
        .weak once
once:   movl ${0}, %eax
        ret
local:  nop
        {1}
"""


def test_one_copy_of_a_group(machine, tmp_path):
    paths = [assembled(tmp_path / f"g{n}.o", GROUPED.format(n, extra))
             for n, extra in [
                 (1, ""), (2, '.section .eh_frame, "a"; .long local, 5'),
                 (3, '.data; .long local')]]
    with machine(modules=paths).open() as console:
        console.prompt()
        assert "2 images" in console.run("load g1.o g2.o")
        once = called(console, "g1.o", "use1")
        assert called(console, "g2.o", "use2") == once
        # The second one's code is its own ten bytes and no more.
        assert re.search(r"\.text .*, 6 bytes", console.run("modules g2.o"))
        console.run("unload all")
        said = console.run("load g1.o g3.o")
        assert re.search(r"g3\.o: r_info .*copy is used", said), said
        # Alone it has nothing to give way to.
        assert "g3.o: ELF at" in console.run("load g3.o")


def test_functions_that_are_called_at_the_start_and_at_the_end(machine,
                                                               tmp_path):
    """By priority; the end is the start backwards. .ctors are older."""
    diary = compiled(tmp_path / "diary.o", """
        static unsigned notes, count; void note(int n)
        { notes = notes * 10 + n; count++; }
        unsigned read(void) { unsigned was = notes; notes = 0; return was; }
        """)
    path = compiled(tmp_path / "life.o", """
        void note(int);
        #define AT(when, priority, n) __attribute__((when(priority))) \\
            static void when##priority(void) { note(n); }
        AT(constructor, 300, 2) AT(constructor, 200, 1)
        AT(destructor, 300, 8) AT(destructor, 200, 9)
        __attribute__((constructor)) static void start(void) { note(3); }
        __attribute__((destructor)) static void end(void) { note(7); }
        static void old1(void) { note(4); }
        static void old2(void) { note(5); }
        __attribute__((section(".ctors"), used)) static void (*const old[])
            (void) = {old2, old1, 0, (void (*)(void))-1};
        static void first(void) { note(6); }
        __attribute__((section(".preinit_array"), used)) static void
            (*const before[])(void) = {first};
        """)
    with machine(modules=[diary, path]).open() as console:
        console.prompt()
        console.run("load diary.o; load life.o")
        assert called(console, "diary.o", "read") == 612453
        console.run("unload life.o")
        assert called(console, "diary.o", "read") == 789


def test_an_init_function_that_is_none(machine, tmp_path):
    path = compiled(tmp_path / "bad.o", """
        static int data = 1; int f(void) { return data; }
        __attribute__((section(".init_array"), used)) static int *at = &data;
        """)
    with machine(modules=[path]).open() as console:
        console.prompt()
        assert "is in no code" in console.run("load bad.o")


def test_variables_larger_than_the_memory(machine, tmp_path):
    """30 MiB that the file has no byte of, in a machine of 32 MiB: less than
    the limit of a section, and refused all the same."""
    path = compiled(tmp_path / "big.o", """
        char big[30 << 20]; int n = 3;
        int f(void) { return big[5] + n; }
        """)
    twice = [tmp_path / "two.o", path]
    subprocess.run(["cp", path, twice[0]], check=True)
    with machine(modules=twice, mem=32).open() as console:
        console.prompt()
        before = in_use(console)
        for words in ("load big.o", "load two.o big.o", "heat big.o"):
            assert re.search(r"^(two|big)\.o: no memory for 0x1e0\w+ bytes$",
                             console.run(words), re.M)
        assert in_use(console) == before
    with machine(modules=[path], mem=64).open() as console:
        console.prompt()
        assert called(console, "big.o", "f") == 3


def test_more_sections_than_16_bits_count(machine, tmp_path):
    """e_shnum is 0, e_shstrndx and st_shndx are 0xffff."""
    path = assembled(tmp_path / "many.o", """
        .altmacro
        .macro one n
        .section .data.\\n, "aw"
        .endm
        .set i, 0
        .rept 65300
        one %i
        .set i, i + 1
        .endr
        .section .data.last, "aw"
        .globl last
last:   .long 42
        .section .text.last, "ax"
        .globl many
many:   movl last, %eax
        ret
        """)
    with machine(modules=[path], limit=120).open() as console:
        console.prompt()
        assert called(console, "many.o", "many") == 42
