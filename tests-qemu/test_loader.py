# SPDX-License-Identifier: MIT
"""The loader against the host: the same files, the same answers; and
against files that nobody should load."""
import hashlib
import random
import re
import subprocess
import zlib
from pathlib import Path

import pytest

from kernel import PASS
from labs import CRYPTO, ZLIB

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


def test_zip_round_trip(machine, tmp_path):
    """The size after compression is the host's zlib's, byte for byte."""
    names = {"text": b"to be or not to be\n" * 5000, "noise": noise(100_000),
             "one": b"x"}
    paths = []
    for name, data in names.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    run = machine("exit -- zip text; zip noise; zip one",
                  modules=[ZLIB, *paths]).run().must_end(PASS)
    for name, data in names.items():
        assert re.search(rf"^{name}: {len(data)} bytes, compressed "
                         rf"{len(zlib.compress(data))} .*identical$",
                         run.text, re.M), run.explain([name])


def in_use(console):
    """Pages and heap blocks in use: what a failed load must give back."""
    said = console.run("mem")
    return (re.search(r"(\d+) in use", said)[1],
            re.search(r"^heap: +(\d+) blocks, (\d+) bytes", said, re.M)[0])


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
        assert console.run("images").startswith("no images")
        assert re.search("^0 pages writable", console.run("audit"), re.M)


def mutants(path, count, seed):
    """The file with one 32-bit word changed, as often as asked for."""
    dice = random.Random(seed)
    data = path.read_bytes()
    # Most of the file is code, which no loader judges: favour the headers.
    for number in range(count):
        limit = dice.choice([0x400, len(data)])
        at = dice.randrange(0, min(limit, len(data)) - 4, 4)
        word = dice.choice([0, 1, 0xffffffff, 0x7fffffff, 0x80000000,
                            dice.getrandbits(32)])
        yield (f"m{number:02}", data[:at] + word.to_bytes(4, "little") +
               data[at + 4:])


@pytest.mark.parametrize("path", [ZLIB, CRYPTO[0], CRYPTO[4]],
                         ids=lambda p: p.name)
def test_mutants_never_stop_the_machine(machine, tmp_path, path):
    """Loaded or refused, but never a fault, a hang or a leak. `load` runs an
    object's init function, so a changed byte of code may end that call; it
    must not end more."""
    names = []
    for name, data in mutants(path, 20, seed=path.stat().st_size):
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
