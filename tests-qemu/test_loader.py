# SPDX-License-Identifier: MIT
"""The loader against the host: the same files, the same answers; and
against files that nobody should load."""
import hashlib
import random
import re
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from kernel import PASS
from labs import CRYPTO, GRUB, ZLIB
from objects import compiled
from said import in_use

COREUTILS = ["md5", "sha1", "sha256", "sha512"]


def host_digest(algorithm, path):
    """The host's answer, by a program that shares no code with ours."""
    if algorithm == "crc32":
        return f"{zlib.crc32(Path(path).read_bytes()):08x}"
    return subprocess.run([f"{algorithm}sum", path], check=True, text=True,
                          capture_output=True).stdout.split()[0]


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def test_digests_equal_those_of_the_host(machine, tmp_path):
    """Sizes around the block lengths of the algorithms, and a large file."""
    paths = [ZLIB]
    for size in (1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 300_000):
        paths.append(tmp_path / f"noise{size}")
        paths[-1].write_bytes(noise(size))
    wanted = [(algorithm, path.name, host_digest(algorithm, path))
              for path in paths for algorithm in [*COREUTILS, "crc32"]]
    with machine(modules=paths + CRYPTO).open() as console:
        console.prompt()
        for algorithm, name, digest in wanted:
            said = console.run(f"digest {algorithm} {name}").splitlines()
            assert said[-1] == f"{digest}  {name}", algorithm


def test_digest_of_a_text(machine):
    digest = hashlib.sha256(b"abc").hexdigest()
    machine('exit -- digest sha256 "abc"', modules=CRYPTO).run().must_end(
        PASS, f"^{digest}")


def test_crc32_by_the_dll(machine):
    machine('exit -- call zlib1.dll crc32 0 "123456789" 9',
            modules=[ZLIB]).run().must_end(PASS, "crc32 returned 0xcbf43926")


def test_crc32_of_a_file_by_the_dll(machine):
    crc = zlib.crc32(ZLIB.read_bytes())
    machine("exit -- call zlib1.dll crc32 0 @zlib1.dll #zlib1.dll",
            modules=[ZLIB]).run().must_end(
        PASS, f"crc32 returned 0x{crc:08x}")


def test_a_text_that_is_returned_is_shown(machine):
    machine("exit -- call zlib1.dll zlibVersion", modules=[ZLIB]).run(
    ).must_end(PASS, r'zlibVersion returned 0x\w+ \(\d+\), "1\.[\d.]+"')


def test_help_fits_the_screen(machine):
    lines = machine("exit -- help").run().must_end(PASS).text.splitlines()
    ours = [line for line in lines if line[:2] == "  " and
            line[2:].partition(" ")[0] in ("call", "digest", "load", "unload",
                                           "zip")]
    assert len(ours) == 5 and all(len(line) < 80 for line in ours), ours


def test_zip_round_trip(machine, tmp_path):
    """What comes back is what went in, and text became smaller. How much
    smaller depends on the version of zlib."""
    mebibyte = b"".join(path.read_bytes() for path in
                        sorted(GRUB.glob("*.mod")))[:1 << 20]
    assert len(mebibyte) == 1 << 20
    names = {"text": b"to be or not to be\n" * 5000, "noise": noise(100_000),
             "one": b"x", "mebibyte": mebibyte}
    paths = []
    for name, data in names.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    run = machine("exit -- zip text; zip noise; zip one; zip mebibyte",
                  modules=[ZLIB, *paths]).run().must_end(PASS)
    for name, data in names.items():
        line = re.search(rf"^{name}: {len(data)} bytes, compressed (\d+) "
                         r".*identical$", run.text, re.M)
        assert line, run.explain([name])
        assert int(line[1]) < len(data) or name in ("noise", "one")


# Names --------------------------------------------------------------------

def test_two_files_of_one_name(machine, tmp_path):
    """NAME#2 is one image, however often it is asked for, and goes away by
    the name that brought it. NAME#1 is NAME."""
    copy = tmp_path / ZLIB.name
    copy.write_bytes(ZLIB.read_bytes())
    with machine(modules=[ZLIB, copy]).open() as console:
        console.prompt()
        assert "zlib1.dll#2: PE at" in console.run("load zlib1.dll#2")
        assert "already" in console.run("load zlib1.dll#2")
        assert "not loaded" in console.run("unload zlib1.dll")
        console.run("load zlib1.dll")
        assert "already" in console.run("load zlib1.dll#1")
        names = re.findall(r"^(\S+) +PE", console.run("modules"), re.M)
        assert names == ["zlib1.dll", "zlib1.dll#2"]
        assert "gone" in console.run("unload zlib1.dll#2")
        assert "gone" in console.run("unload zlib1.dll#1")
        assert console.run("modules").startswith("no images")


def test_dll_names_have_no_case(machine, tmp_path):
    """A copy of zlib1.dll that imports from ZLIB1.Dll is bound to it."""
    data = ZLIB.read_bytes().replace(b"KERNEL32.dll", b"ZLIB1.Dll\0\0\0")
    data = data.replace(b"DeleteCriticalSection\0", b"zlibVersion".ljust(
        22, b"\0"))
    user = tmp_path / "user.dll"
    user.write_bytes(data)
    with machine(modules=[ZLIB, user]).open() as console:
        console.prompt()
        console.run("load zlib1.dll")
        assert "uses zlib1.dll" in console.run("load user.dll init=no")
        assert "uses it" in console.run("unload zlib1.dll")


def test_load_and_unload_give_everything_back(machine):
    with machine(modules=[ZLIB, *CRYPTO]).open() as console:
        console.prompt()
        console.run("load zlib1.dll; unload zlib1.dll")  # the heap's own page
        before, text = in_use(console), console.run("hash")
        for _ in range(5):
            assert "zlib1.dll: PE at" in console.run("load zlib1.dll")
            assert "gone" in console.run("unload zlib1.dll")
        assert in_use(console) == before
        assert console.run("hash") == text


def test_unload_in_use_is_refused(machine):
    with machine(modules=CRYPTO).open() as console:
        console.prompt()
        console.run("load crypto.mod; load gcry_md5.mod")
        assert "uses it" in console.run("unload crypto.mod")
        assert "gone" in console.run("unload gcry_md5.mod")
        assert "gone" in console.run("unload crypto.mod")


# Objects of our own -------------------------------------------------------

def test_the_object_of_the_first_exercise(machine, tmp_path):
    source = "static int calls; int twice(int x) { calls++; return 2 * x; }"
    paths = [compiled(tmp_path / "twice.o", source),
             compiled(tmp_path / "unwind.o", source,
                      "-fasynchronous-unwind-tables"),
             compiled(tmp_path / "pic.o", source, "-fpic")]
    run = machine("exit -- call twice.o twice 21; call unwind.o twice 4; "
                  "call pic.o twice 5", modules=paths).run()
    relocations = re.findall(r"relocations: (.*)$", run.text, re.M)
    assert relocations[:2] == ["1 R_386_32", "1 R_386_32, 1 R_386_PC32"]
    assert "twice returned 0x0000002a (42)" in run.text
    assert relocations[2] == "1 R_386_PC32, 1 R_386_GOTOFF, 1 R_386_GOTPC"
    assert "twice returned 0x0000000a (10)" in run.text


def test_a_module_that_registers_and_faults_stays(machine, tmp_path):
    """crypto.mod has it in its list by then, and walks that list later."""
    path = compiled(tmp_path / "bad.mod", """
        static struct { const char *name; int word[20]; } spec = {"bad"};
        __attribute__((section(".moddeps"), used))
        static const char needs[] = "crypto";
        __attribute__((section(".modname"), used))
        static const char name[] = "bad";
        void __attribute__((regparm(3), stdcall)) grub_md_register(void *);
        void grub_mod_init(void)
        { grub_md_register(&spec); __asm__("ud2"); }
        void grub_mod_fini(void) {}
        """, "-mregparm=3", "-mrtd")
    with machine(modules=[path, *CRYPTO]).open() as console:
        console.prompt()
        assert "grub_mod_init" in console.run("load bad.mod")
        assert "stays" in console.run("unload bad.mod")
        assert "it stays" in console.run("modules bad.mod")
        digest = hashlib.sha256(b"abc").hexdigest()
        assert digest in console.run('digest sha256 "abc"')


# Garbage ------------------------------------------------------------------

def truncated(path):
    """A file cut at the places where its headers end, and near its end.
    The last 14 bytes of the DLL belong to no section."""
    data = path.read_bytes()
    cuts = [1, 2, 51, 52, 63, 64, 0x80, 0x98, 0x178, 0x200, 0x400,
            len(data) // 2, len(data) - 0x200, len(data) - 15]
    name = path.name
    return {f"{cut}-{name}": data[:cut] for cut in cuts if cut < len(data)}


GARBAGE = {
    "noise": {"noise": noise(10_000)},
    "empty-looking": {"zeros": bytes(4096), "ones": b"\xff" * 4096},
    "text": {"text.txt": b"This is not a program.\n" * 40},
    "headers": {"mz-noise": b"MZ" + noise(5000, 2),
                "elf-noise": b"\x7fELF\1\1\1" + noise(5000, 3)},
    "zlib": truncated(ZLIB),
    "crypto": truncated(CRYPTO[0]),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_refused_in_words(machine, tmp_path, kind):
    """One line with the file's name and a reason; nothing kept; the machine
    goes on."""
    for name, data in GARBAGE[kind].items():
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / name for name in GARBAGE[kind]]
    with machine(modules=paths).open() as console:
        console.prompt()
        console.run(f"load {paths[0].name}")   # the heap takes its own page
        before = in_use(console)
        for path in paths:
            said = console.run(f"load {path.name}").splitlines()
            assert len(said) == 1 and path.name in said[0], said
            assert len(said[0]) > len(path.name) + 10, said
        assert in_use(console) == before
        assert console.run("modules").startswith("no images")
        assert re.search("^0 pages writable", console.run("audit"), re.M)


def tables(data):
    """Where the records of a file lie that a loader reads, as ranges: the
    section headers, symbols and relocations of an object, at its end; the
    headers of a DLL, at its start."""
    if data[:4] != b"\x7fELF":
        return [(0, 0x400), (0x400, len(data))]
    start, count = struct.unpack_from("<I", data, 32)[0], data[48]
    found = [(0, 52), (start, start + 40 * count)]
    for number in range(count):
        kind, at, size = struct.unpack_from("<4xI8xII", data,
                                            start + 40 * number)
        if kind in (2, 9) and size >= 4:
            found.append((at, at + size))
    return found


def mutants(path, count, seed):
    """The file with one to three 32-bit words changed. An object's init and
    fini are renamed: no loader can judge code, so that a changed word of it
    must not be run here."""
    dice = random.Random(seed)
    whole = path.read_bytes()
    for name in (b"grub_mod_init", b"grub_mod_fini"):
        whole = whole.replace(name + b"\0", name[:-1] + b"x\0")
    ranges = tables(whole)
    for number in range(count):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            start, end = dice.choice(ranges)
            at = dice.randrange(start, min(end, len(data)) - 3)
            word = dice.choice([0, 1, 0xffffffff, 0x7fffffff, 0x80000000,
                                dice.randrange(len(data)),
                                dice.getrandbits(32)])
            struct.pack_into("<I", data, at, word)
        yield f"m{number:02}", data


@pytest.mark.parametrize("path", [ZLIB, CRYPTO[0], CRYPTO[4]],
                         ids=lambda p: p.name)
def test_mutants_never_stop_the_machine(machine, tmp_path, path):
    """Loaded or refused, but never a fault, a hang or a leak."""
    names = []
    for name, data in mutants(path, 40, seed=path.stat().st_size):
        (tmp_path / name).write_bytes(data)
        names.append(name)
    modules = [CRYPTO[0]] + [tmp_path / name for name in names]
    with machine(modules=modules).open() as console:
        console.prompt()
        console.run("load crypto.mod")
        console.run(f"load {names[0]}; unload {names[0]}")
        before = in_use(console)
        for name in names:
            said = console.run(f"load {name}")
            assert name in said, said
            if f"{name}: PE at" in said or f"{name}: ELF at" in said:
                assert "gone" in console.run(f"unload {name}")
        assert in_use(console) == before
        assert re.search("^0 pages writable", console.run("audit"), re.M)
