# SPDX-License-Identifier: MIT
"""What a DLL runs by itself, DllMain and callbacks, and its thread storage."""
import struct

from pe_dll import (base_of, living_dll, load_all, poked, reads, refusals,
                    returned, with_exports, write)
from pe_file import CODE, TLS, Pe


def test_dllmain_callbacks_and_variables(machine, tmp_path):
    paths = [write(tmp_path / f"{name}.dll", living_dll())
             for name in ("one", "two")]
    with machine(modules=paths).open() as console:
        console.prompt()
        base = base_of(console.run("load one.dll"))
        console.run("load two.dll")

        def ask(words):
            return returned(console.run(f"call {words}"))
        assert ask("one.dll calls") == 2
        assert ask("one.dll count") == 2, "callbacks come before DllMain"
        assert ask("one.dll instance") == base
        assert (ask("one.dll reason"), ask("one.dll reserved")) == (1, 0)
        assert ask("one.dll block") == ask("two.dll self") != 0
        # Two files, two copies: a relocated word, a number, and zeros.
        ask("one.dll set 77")
        assert [ask(f"one.dll get{n}") for n in (0, 1, 2)][0] == 0x1234
        assert ask("one.dll get1") == 77
        assert ask("two.dll get1") == base_of(console.run(
            "modules two.dll")) + struct.unpack("<I", living_dll().sections[2][
                "data"][28:32])[0] - 0x10000000
        assert ask("two.dll get2") == 0
        assert "gone" in console.run("unload one.dll")
        assert "gone" in console.run("unload two.dll")


def test_dllmain_may_refuse_or_fail(machine, tmp_path):
    """In words, and the machine goes on. What ran is not forgotten."""
    paths = [write(tmp_path / "false.dll", living_dll(result=0)),
             write(tmp_path / "fault.dll", living_dll(detach=b"\x0f\x0b"))]
    with machine(modules=paths).open() as console:
        console.prompt()
        assert "its DllMain returned FALSE" in console.run("load false.dll")
        assert "PE at" in console.run("load fault.dll")
        assert ("DllMain, called to detach, did not return: at fault.dll"
                in console.run("unload fault.dll"))


def with_tls(at, form, value):
    """The DLL above with one word of its TLS section changed."""
    pe = living_dll()
    pe.sections[2]["data"] = poked(pe.sections[2]["data"], at, form, value)
    return pe


B = 0x10000000


BAD_TLS = {
    "directory": (with_tls(0, "<I", 0), "StartAddressOfRawData at RVA 0x3000"),
    "end": (with_tls(4, "<I", B + 0x3010), "EndAddressOfRawData at RVA "
            "0x3004"),
    "past": (with_tls(4, "<I", B + 0x8000), "EndAddressOfRawData"),
    "index": (with_tls(8, "<I", B + 0x100), "AddressOfIndex at RVA 0x3008"),
    "indexgap": (with_tls(8, "<I", B + 0x1fff), "in no section of the image"),
    "list": (with_tls(12, "<I", B + 0x7ff0),
             "AddressOfCallBacks at RVA 0x300c"),
    "callback": (with_tls(36, "<I", B + 0x1000), "TLS callback at RVA 0x3024"),
    "far": (with_tls(32, "<I", B - 4), "TLS callback at RVA 0x3020"),
    "zeros": (with_tls(16, "<I", 0x100001), "SizeOfZeroFill at RVA 0x3010 is "
              "0x100001: more than a mebibyte"),
}


def test_bad_thread_storage_is_named(machine, tmp_path):
    outside = living_dll()
    outside.directory[TLS] = (0x5ff0, 24)
    refusals(machine, tmp_path, {
        **BAD_TLS, "outside": (outside, "the TLS directory: 1 entries of 24 "
                               "bytes at RVA 0x5ff0 reach past")})


def test_a_file_without_relocations_goes_where_it_must(machine, tmp_path):
    """And nowhere else: the second one finds the place taken."""
    pe = Pe(base=0x400000, characteristics=0x2103)
    text = pe.section(".text", reads(pe.base + 0x1001), CODE)
    with_exports(pe, [("get", text)])
    paths = [write(tmp_path / f"{n}.dll", pe) for n in ("a", "b")]
    said = load_all(machine, paths, [
        "call a.dll get", "load b.dll", "load at=0x30000000 b.dll",
        "rebase a.dll at=0x30000000", "call a.dll get"])
    assert base_of(said[0]) == 0x400000
    assert returned(said[2]) == returned(said[6]) == 0x401001
    assert "at 0x00400000: the address" in said[3]
    for refusal in said[4:6]:
        assert ("Characteristics is 0x2103: its relocations were stripped, "
                "it runs only at its ImageBase 0x400000") in refusal
