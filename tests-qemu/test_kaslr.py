# SPDX-License-Identifier: MIT
"""The kernel at another address: its relocation records, judged by an
independent reader and by the linker itself, and the machine that uses them."""
import re
import subprocess
import time

import pytest

import tap
from kernel import BUILD, FAIL, LOGS, PANIC, PASS, ROOT, plain
from labs import ALONE, MODULES, SUITES
from linked import PARTS, Kernel, Linked, fnv1a, word
from monitor import Monitor
from test_iso import make_iso
from test_labs import NO_NX
from test_long import bochs
from test_transcripts import dialogues, differences

DELTA = 0x345000


@pytest.fixture(scope="module")
def kernel():
    return Kernel()


def test_records_equal_the_relocations(kernel, tmp_path):
    """readelf and awk made the table; pyelftools reads another link."""
    records = kernel.records()
    assert records == Linked(tmp_path).records()
    assert len(records) > 1000
    assert all(b - a >= 4 for a, b in zip(records, records[1:]))


def test_records_are_what_the_linker_would_change(kernel, tmp_path):
    """The linker puts the kernel elsewhere. Byte for byte, what differs then
    are the words in the table, each by the distance."""
    there, records = Linked(tmp_path, DELTA), set(kernel.records())
    for part in PARTS:
        at = kernel.symbols[f"{part}_start"]
        here, moved = kernel.image(part), there.image(part)
        assert len(here) == len(moved)
        mended = bytearray(here)
        for i in range(len(here)):
            if at + i in records:
                mended[i:i + 4] = (word(here, i) + DELTA).to_bytes(4, "little")
        assert mended == moved, part


def test_a_record_costs_about_a_byte(kernel):
    """Linux keeps four: arch/x86/tools/relocs.c."""
    assert len(kernel.table()) < 1.1 * len(kernel.records())


@pytest.mark.parametrize("source, said", [
    (".text; .long kernel_main@GOT", "R_386_GOT32 at c0"),
    (".text; call _start", "only one of the two moves"),
    ('.section .boot,"ax"; call kernel_main', "only one of the two moves"),
])
def test_what_no_record_can_describe_is_refused(tmp_path, source, said):
    """The build stops, with the place and the symbol's name."""
    (tmp_path / "odd.S").write_text(f"{source}\n")
    done = subprocess.run(["gcc", "-m32", "-c", "odd.S"], cwd=tmp_path,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    linked = Linked(tmp_path, extra=[tmp_path / "odd.o"])
    table = subprocess.run(
        f"readelf -rW {linked.path} | LC_ALL=C sort -k1,1 |"
        " awk -f tools/relocs.awk", cwd=ROOT, shell=True, text=True,
        capture_output=True)
    assert table.returncode != 0 and said in table.stderr, table.stderr


def moved(text):
    """What the command `kaslr` says of a move."""
    found = re.search(
        r"^kernel moved by 0x(\w+) to 0x(\w+) \(seed 0x(\w+) (.*), one of "
        r"(\d+) places\), (\d+) words relocated$", text, re.M)
    assert found, text
    delta, to, seed = (int(found[i], 16) for i in (1, 2, 3))
    return {"delta": delta, "to": to, "seed": seed, "source": found[4],
            "places": int(found[5]), "words": int(found[6])}


def place(machine, word, **options):
    return moved(machine(f"{word} exit -- kaslr", **options).run().must_end(
        PASS).text)


def test_the_seed_decides(machine, kernel):
    """One seed, one place; other seeds, other places, all over memory."""
    seeds = ["0", "1", "2", "3", "0xdeadbeef", "4294967295"]
    first = [place(machine, f"kaslr={s}") for s in seeds]
    assert first[1:3] == [place(machine, f"kaslr={s}") for s in seeds[1:3]]
    assert [m["seed"] for m in first] == [int(s, 0) for s in seeds]
    assert len({m["to"] for m in first}) == len(seeds)
    linked = kernel.symbols["text_start"]
    for m in first:
        assert m["to"] == linked + m["delta"] and m["delta"] % 4096 == 0
        assert m["source"] == "given"
        assert m["words"] == len(kernel.records())
        assert 0 < m["delta"] < 128 << 20
    to = [m["to"] for m in first]
    assert max(to) - min(to) > 16 << 20


@pytest.mark.parametrize("cpu, source", [
    ("max", "from RDRAND"), ("pentium2", "from the time stamp counter")])
def test_without_a_seed_it_is_random_and_can_be_repeated(machine, cpu, source):
    drawn = [place(machine, "kaslr", cpu=cpu) for _ in range(3)]
    assert {m["source"] for m in drawn} == {source}
    assert len({m["seed"] for m in drawn}) > 1
    again = place(machine, f"kaslr={drawn[0]['seed']:#x}", cpu=cpu)
    assert again["to"] == drawn[0]["to"]


def test_without_the_word_it_stays(machine, kernel):
    """So that addresses match the course. After -- words are commands."""
    for words in ("", "kaslrx", "xkaslr=1", "check=kaslr"):
        run = machine(f"{words} exit -- kaslr; echo kaslr=1").run()
        assert (f"kernel at 0x{kernel.symbols['text_start']:x}, as linked"
                in run.text), run.explain([words])


@pytest.mark.parametrize("value", [
    "", "abc", "0x", "0xg", "-1", "1x", "99999999999", "4294967296",
    "0x100000000"])
def test_a_bad_seed_is_said_and_changes_nothing(machine, kernel, value):
    run = machine(f"kaslr={value} exit -- hash").run()
    line = (f"kaslr={value}: the seed is not a number of 32 bits; the kernel "
            f"stays at 0x{kernel.symbols['text_start']:x}\n")
    assert run.text.startswith(line), run.explain([line])
    assert "without the move" not in run.text


def test_no_room_is_said(machine, kernel):
    """The least memory, in MiB, that the kernel boots in: QEMU takes 128 KiB
    at the top, the kernel some pages."""
    end = kernel.symbols["linked_end"]
    mem = -(-(end + 0x40000) // 2**20)
    assert mem * 2**20 - 0x20000 - end < end - kernel.load_start()
    machine("kaslr=1 exit -- kaslr", mem=mem).run().must_end(
        PASS, r"^kaslr: no free \d+ KiB in usable memory; the kernel stays",
        "^Palimpsest")


def dump(monitor, physical, size):
    path = LOGS / f"{monitor.name}.memory"
    monitor.command("pmemsave", val=physical, size=size, filename=str(path))
    return path.read_bytes()


def wait_for_line(machine, pattern):
    end = time.monotonic() + 30
    while True:
        text = plain(machine.log.read_bytes()) if machine.log.exists() else ""
        if re.search(pattern, text, re.M):
            return text
        assert time.monotonic() < end, text
        time.sleep(0.05)


def test_memory_holds_what_the_linker_would_put_there(
        machine, kernel, tmp_path):
    """Moved by itself, or linked at that place: the same bytes."""
    booted = machine("kaslr=6 -- undo all; kaslr; echo finished")
    with Monitor(booted) as monitor:
        here = moved(wait_for_line(booted, "^finished$"))
        there = Linked(tmp_path, here["delta"])
        for part in ("text", "rodata", "tables"):
            at = kernel.symbols[f"{part}_start"] + here["delta"] - 0xc0000000
            wanted = there.image(part)
            assert dump(monitor, at, len(wanted)) == wanted, part


def test_without_its_move_the_kernel_is_the_file(machine, kernel):
    """The hash of text with every word set back is that of the ELF's."""
    linked = f"{fnv1a(kernel.image('text')):016x}"
    run = machine("kaslr=9 exit -- undo all; hash").run().must_end(
        PASS, "^text .*: equal$")
    said = re.search(r"^without the move by 0x\w+: (\w+), before it (\w+)$",
                     run.text, re.M)
    assert said and said.groups() == (linked, linked), run.explain([linked])
    assert linked not in re.search("^text .*$", run.text, re.M)[0]
    machine("exit -- undo all; hash").run().must_end(
        PASS, f"^text {linked}, at boot {linked}: equal$")


def test_the_journal_begins_with_the_move(machine, kernel):
    run = machine("kaslr=4 exit -- journal 1; undo 1; kaslr").run()
    delta = moved(run.text)["delta"]
    in_text = [r for r in kernel.records()
               if kernel.symbols["text_start"] <= r <
               kernel.symbols["text_end"]]
    old = word(kernel.image("text"),
               in_text[0] - kernel.symbols["text_start"])
    old, new = (" ".join(f"{b:02x}" for b in n.to_bytes(4, "little"))
                for n in (old, old + delta))
    run.must_end(FAIL, rf"^#1 .* kaslr .* {old} -> {new}, and so "
                 f"{len(in_text)} words of text",
                 r"^  site .* " + kernel.function_at(in_text[0]),
                 "^undo: #1 refused: the entry is not a patch")


def all_pass(machine, seed, cpu="max", mem=128):
    """Every suite, then everything taken back, at some other address."""
    run = machine(f"kaslr={seed} check=all exit -- undo all; hash; kaslr",
                  cpu=cpu, mem=mem, modules=MODULES, limit=120).run()
    run.must_pass(SUITES, NO_NX if cpu != "max" else ALONE)
    run.must_end(PASS, r"^\d+ patches undone$", r"^text .*: equal$",
                 r"^kernel moved by")


# On a processor with PAE but without NX, which test_labs.py leaves to this.
@pytest.mark.parametrize("cpu, mem", [
    ("qemu32", 128), pytest.param("max", 128, marks=pytest.mark.long),
    pytest.param("pentium2", 16, marks=pytest.mark.long)])
def test_all_suites_at_another_address(machine, cpu, mem):
    all_pass(machine, 1, cpu, mem)


@pytest.mark.long
@pytest.mark.parametrize("cpu, mem", [
    ("max", 128), ("max", 1024), ("qemu32", 32), ("pentium2", 64)])
@pytest.mark.parametrize("seed", range(2, 7))
def test_all_suites_at_many_addresses(machine, seed, cpu, mem):
    all_pass(machine, seed, cpu, mem)


def test_from_the_grub_image(machine):
    iso = make_iso("kaslr", "kaslr=3 check=memory,door,once exit -- kaslr",
                   *MODULES)
    run = machine(iso=iso).run().must_pass(["memory", "door", "once"])
    assert moved(run.text)["seed"] == 3


@pytest.mark.long
@pytest.mark.timeout(330)
def test_from_the_image_in_bochs():
    text = bochs("kaslr", "kaslr=3 check=kaslr,door exit=bochs "
                 "-- undo all; hash; kaslr")
    assert tap.verdict(text, suites=["kaslr", "door"]) == []
    assert moved(text)["seed"] == 3
    assert re.search("^text .*: equal$", text, re.M), text


def test_a_panic_right_after_the_move_has_symbols(machine, kernel):
    """Names, and addresses that are the linked ones plus the move."""
    run = machine("kaslr=8 exit -- kaslr; fault ud").run().must_end(PANIC)
    delta = moved(run.text)["delta"]
    frames = re.findall(r"^  ([0-9a-f]{8})  (\w+)\+0x([0-9a-f]+)$", run.text,
                        re.M)
    assert len(frames) >= 4 and frames[-1][1] == "high", run.explain([])
    for at, name, offset in frames:
        linked = int(at, 16) - int(offset, 16) - delta
        assert linked == kernel.symbols[name], run.explain([name])


def test_what_was_in_that_memory_does_not_matter(machine, kernel, tmp_path):
    """Emulated memory begins as zeros, and would hide a bss never cleared."""
    clean = place(machine, "kaslr=5")
    (tmp_path / "garbage").write_bytes(
        b"\xa5" * (kernel.symbols["bss_end"] - kernel.symbols["text_start"]))
    dirty = machine("kaslr=5 check=memory,door,once exit -- kaslr", extra=[
        "-device", f"loader,file={tmp_path}/garbage,force-raw=on,"
        f"addr={clean['to'] - 0xc0000000:#x}"]).run()
    dirty.must_pass(["memory", "door", "once"])
    assert moved(dirty.text) == clean


def test_nothing_that_the_loader_left_is_overwritten(machine):
    """Little memory, much in it: each place must leave all files whole."""
    for seed in range(8):
        run = machine(f"kaslr={seed} exit -- kaslr; ls; load zlib1.dll; "
                      "check memory", mem=16, modules=MODULES * 3,
                      limit=60).run().must_end(PASS)
        moved(run.text)
        for m in MODULES:
            assert len(re.findall(rf"^ *{m.stat().st_size}  {m.name}",
                                  run.text, re.M)) == 3, m.name


def at_some_place(lines):
    """Addresses and distances depend on the kernel's size: masked."""
    return [re.sub(r"by 0x\w+", "by 0x0", re.sub(
        r"\b(0x)?c[0-9a-f]{7}\b", "0xc0000000", line)) for line in lines]


def test_the_chapter_shows_a_moved_kernel(machine):
    """The page's blocks ```moved, typed into a kernel with kaslr=1."""
    wanted = dialogues(ROOT / "docs" / "kaslr.md", "moved")
    assert len(wanted) > 3
    with machine("kaslr=1", modules=MODULES).open() as console:
        console.prompt()
        for command, lines in wanted:
            found = differences(
                at_some_place(lines),
                at_some_place(console.run(command).splitlines()))
            assert not found, f"{command}\n{found}"


def text_size(objects):
    said = subprocess.run(["size", "-A", *objects], capture_output=True,
                          text=True, check=True).stdout
    return sum(map(int, re.findall(r"^\.text\S* +(\d+)", said, re.M)))


def test_what_position_independence_would_cost(tmp_path):
    """docs/kaslr.md says by how much the code would grow. The engines of
    smc/x86, as they are in the kernel and with two flags more."""
    said = re.search(r"grows by (\d+\.\d) % when it is compiled with `-fpie`",
                     (ROOT / "docs" / "kaslr.md").read_text())
    flavour = (BUILD / "flavour").read_text().split()
    # Behind the flags: the sources whose functions have an entry to patch.
    flags = [word for word in flavour if not word.endswith(".c")]
    bare = [word for word in flags if "function-entry" not in word]
    in_kernel, made = [], []
    for source in sorted((ROOT / "smc" / "x86").glob("*.c")):
        in_kernel.append(BUILD / "smc" / "x86" / f"{source.stem}.o")
        made.append(tmp_path / f"{source.stem}.o")
        usual = flags if str(source.relative_to(ROOT)) in flavour else bare
        subprocess.run([*usual, "-fpie", "-fvisibility=hidden", "-MF",
                        "/dev/null", "-c", source, "-o", made[-1]], cwd=ROOT,
                       check=True)
    fixed, pic = text_size(in_kernel), text_size(made)
    grows = 100 * (pic / fixed - 1)
    print(f"{fixed} bytes, position-independent {pic}: {grows:.1f} %")
    assert abs(grows - float(said[1])) < 1.5, grows
