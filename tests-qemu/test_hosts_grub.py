# SPDX-License-Identifier: MIT
"""What the kernel offers to the modules of GRUB: they start, their commands
work, and their own tests pass."""
import gzip
import hashlib
import re

from kernel import PASS
from labs import GRUB

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
