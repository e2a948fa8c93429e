# SPDX-License-Identifier: MIT
"""Static keys from outside: the bytes in the file, the boot word, the shell."""
import re
import struct

import pytest
from elftools.elf.elffile import ELFFile

from kernel import ELF, FAIL, PASS, tail
from test_gdb import make_gdb

# By the length of the site; see smc/patch/static_key/static_key_site.h.
NOPS = {2: "6690", 5: "6666666690"}


class Sites:
    """The table in the file, and the bytes of the sites in the file."""

    def __init__(self, path=ELF):
        self.elf = ELFFile(open(path, "rb"))
        symbols = self.elf.get_section_by_name(".symtab")
        self.addresses = {s.name: s["st_value"]
                          for s in symbols.iter_symbols()}
        self.names = {s["st_value"]: s.name for s in symbols.iter_symbols()
                      if s["st_info"]["type"] == "STT_OBJECT"}

    def read(self, address, size):
        for segment in self.elf.iter_segments():
            at = address - segment["p_vaddr"]
            if 0 <= at < segment["p_filesz"]:
                return segment.data()[at:at + size]
        raise AssertionError(f"{address:#x} is not in the file")

    def __iter__(self):
        """Each site: its key's name, is the key on, likely, the bytes, and
        the bytes of the jump."""
        start, end = (self.addresses[f"static_key_sites_{w}"]
                      for w in ("start", "end"))
        for row in struct.iter_unpack("<IIiBBxx",
                                      self.read(start, end - start)):
            key, site, distance, length, likely = row
            users = struct.unpack("<i", self.read(key + 4, 4))[0]
            jump = (b"\xeb" + struct.pack("<b", distance) if length == 2
                    else b"\xe9" + struct.pack("<i", distance))
            yield (self.names[key], users > 0, bool(likely),
                   self.read(site, length), jump)


def test_the_file_holds_each_key_s_first_state():
    """Before the door opens the assembler's bytes are all there is. The old
    style does not know how its key begins."""
    seen = set()
    for key, on, likely, site, jump in Sites():
        if "_old_" in key:
            continue
        wanted = jump.hex() if on != likely else NOPS[len(site)]
        assert site.hex() == wanted, (key, on, likely)
        seen.add((on, likely, len(site)))
    assert {(on, likely) for on, likely, _ in seen} == {
        (False, False), (False, True), (True, False), (True, True)}
    assert {length for _, _, length in seen} == {2, 5}


def test_the_sites_of_a_key_are_side_by_side():
    keys = [key for key, *_ in Sites()]
    runs = [k for i, k in enumerate(keys) if not i or keys[i - 1] != k]
    assert len(runs) == len(set(runs)) and "heap_poison" in runs
    assert keys.count("lab_many") == 1000


def test_keys_and_sites_agree_with_the_file(machine):
    """What `keys` lists is what the file has, and no site is astray."""
    run = machine("exit -- keys").run().must_end(PASS)
    listed = {name: (state, int(sites)) for name, state, sites in re.findall(
        r"^  (\w+) +(on|off) +\d+ users?  ? +(\d+) sites?$", run.text, re.M)}
    of_file = {}
    for key, on, *_ in Sites():
        state, count = of_file.get(key, ("on" if on else "off", 0))
        of_file[key] = state, count + 1
    assert listed == of_file, run.explain([])


def test_a_boot_word_turns_keys_on_before_the_door_opens(machine):
    run = machine("keys=heap_poison,nosuch,irq_stats exit -- keys "
                  "heap_poison; keys irq_stats; keys command_times").run()
    run.must_end(PASS, r'^keys: there is no key "nosuch"$',
                 r"^  heap_poison +on +1 user +2 sites$",
                 r"^  irq_stats +on +1 user +3 sites$",
                 r"^  command_times +off +0 users +1 site$")
    states = re.findall(r"^    unlikely (\w+) +\S+ +((?:\w\w ?)+)$",
                        run.text, re.M)
    assert [s for s, _ in states] == ["on"] * 5 + ["off"], run.text
    assert all(b.startswith(("eb", "e9")) for _, b in states[:5])


def test_a_moved_kernel_has_its_keys(machine):
    machine("kaslr=5 keys=irq_stats check=static_key exit -- undo all; check "
            "static_key").run().must_pass(["static_key"] * 2)


@pytest.mark.parametrize("cpus", [2, 4])
def test_suite_on_several_cpus(machine, cpus):
    """Each change waits for every CPU three times."""
    machine("check=static_key exit", extra=["-smp", cpus],
            limit=120).run().must_pass(["static_key"])


RACE = (r"^(\d) threads on (\d) CPUs?, (\d+) rounds: 0 sites found off, 0 "
        r"refusals, (\d+) writes; at the end 0 users, 0 sites on$")


@pytest.mark.long
@pytest.mark.timeout(930)
@pytest.mark.parametrize("cpus, rounds", [(2, 10000), (4, 1000)])
def test_a_long_race_loses_no_count(machine, cpus, rounds):
    run = machine(f"exit -- keyrace {rounds}; keys lab_race",
                  extra=["-smp", cpus], limit=900).run()
    run.must_end(PASS, r"^  lab_race +off +0 users +4 sites$")
    threads, on, total, writes = map(int, re.search(RACE, run.text,
                                                    re.M).groups())
    assert threads == on == cpus and total == rounds * cpus
    assert writes % 4 == 0 and writes > total // 100


def test_a_race_on_one_cpu(machine):
    run = machine("exit -- keyrace 300").run()
    run.must_end(PASS, RACE.replace(r"(\d) threads on (\d)", "2 threads on 1"))


def test_key_switches_and_says_so(machine):
    run = machine("exit -- key command_times on; key command_times on; "
                  "echo a; key command_times off; echo b").run()
    run.must_end(PASS, r"^  command_times +on +1 user ",
                 r"^a\necho took \d+ us$", r"^  command_times +off +0 users")
    assert not re.search(r"^b\n.* took", run.text, re.M), run.text


@pytest.mark.parametrize("line, answer", [
    ("key", "usage: key KEY on|off"),
    ("key heap_poison maybe", "usage: key KEY on|off"),
    ("key nosuch on", 'key: there is no key "nosuch"'),
    ("keys nosuch", 'keys: there is no key "nosuch"'),
    ("keys a b", r"usage: keys \[KEY\]")])
def test_wrong_words_are_named(machine, line, answer):
    answer = answer.replace("|", r"\|")
    machine(f"exit -- {line}").run().must_end(FAIL, f"^{answer}$")


def test_nobody_else_may_patch_a_site(machine):
    """Sites are kept for the keys: another technique is refused by name, and
    the key works on."""
    site = re.search(r"heap_alloc\+0x\w+",
                     machine("exit -- keys heap_poison").run().text)[0]
    run = machine(f'exit -- poke {site} "int3"; key heap_poison on; '
                  "keys heap_poison").run()
    run.must_end(FAIL, "^poke: .*static_key",
                 r"^  heap_poison +on +1 user +2 sites$",
                 r"^    unlikely on +heap_alloc")


def test_undo_all_is_seen_and_healed(machine):
    run = machine("exit -- key irq_stats on; undo all; keys irq_stats; hash; "
                  "key irq_stats off; keys irq_stats; key irq_stats on; "
                  "irqs; undo all; hash").run()
    run.must_end(PASS,
                 r"^  irq_stats +on +1 user +3 sites, 3 of them astray$",
                 r"^  irq_stats +off +0 users +3 sites$",
                 r"^counting is on$")
    assert len(re.findall("^text .*: equal$", run.text, re.M)) == 2


def test_the_tour_watches_two_cpus():
    """One CPU waits for all, the other meets its breakpoint."""
    done = make_gdb("static_key", "QEMU_FLAGS=-smp 2", "CMD=keyrace 20000")
    assert re.search(r"met another's breakpoint, at: cc \w\w\ncount_on \+ 7",
                     done.stdout), tail(done.stdout + done.stderr)
    assert len(re.findall(r"^[* ] +\d +Thread 1\.\d", done.stdout, re.M)) == 2
    assert re.search(r"goes on at 0xc01\w{5}\.$", done.stdout, re.M)
