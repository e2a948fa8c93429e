# SPDX-License-Identifier: MIT
"""What takes long: other emulators, other compilers, exact counts."""
import os
import re
import subprocess

import pytest

from kernel import BUILD, CLEAN_ENV, ELF, PASS, ROOT, plain
from labs import ALONE, LABS, MODULES, SUITES
from objects import compiled
from test_iso import make_iso
from test_labs import bench_rows
import tap

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

# v86 is started without a BIOS, hands over one module without a name, and
# has neither NX nor a trap flag.
V86_SKIPS = [*ALONE, "bind/*", "bios/*", "loader/*",
             "hosts/boot modules are files, read only",
             "hosts/no page becomes writable and executable",
             "memory/data cannot be executed",
             "smp/the machine's own tables list what runs",
             "smp/NMIs arrive, each once", "smp/an NMI inside an NMI",
             "smp/an NMI nobody asked for is counted",
             "once/the second pass executes nothing but the NOP",
             "once/an interrupt after every instruction changes nothing",
             "poke_refuse/owners that come and go meanwhile are no owners",
             "static_call/after each instruction of an update a site is old "
             "or new",
             "static_key/a key that is off costs exactly one NOP",
             "static_key/after every instruction of a change",
             "trace/an entry that is off costs one instruction",
             "trace/an interrupt after every instruction changes nothing"]


def green(text, suites, skips=()):
    reasons = tap.verdict(text, suites=suites, skips=skips)
    assert reasons == [], "\n".join([*reasons, text[-3000:]])


def bochs(name, cmdline, *modules, cpus=1):
    """Boots the kernel from a CD in Bochs. Returns its serial output."""
    serial = BUILD / "logs" / f"{name}.log"
    serial.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "tools" / "bochs.sh", make_iso(name, cmdline,
                                                             *modules),
                    serial, "550"], check=True,
                   env={**os.environ, "CPUS": str(cpus)})
    return plain(serial.read_bytes())


def all_suites():
    return f"check={','.join(SUITES)}"


# Each in a machine of its own, as Bochs takes minutes for all of them.
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_bochs_passes_all_checks(part):
    suites = SUITES[part::PARTS]
    text = bochs(f"bochs-{part}", f"check={','.join(suites)} exit=bochs",
                 *MODULES)
    green(text, suites, ALONE)


def test_bochs_pokes_on_four_cpus():
    """The second judge of live text: it keeps no translated code, tears no
    store, and shares no line with QEMU."""
    text = bochs("bochs-smp", "check=poke,poke_trap,poke_batch,poke_smp "
                 "exit=bochs -- stress 1000; exhibit torn; exhibit stale",
                 cpus=4)
    green(text, ["poke", "poke_trap", "poke_batch", "poke_smp"])
    assert re.search(r"^1000 flips .* on 4 CPUs", text, re.M), text[-2000:]
    assert re.search(r"^0 refused, 0 illegal, 0 lost$", text, re.M)
    assert re.search(r"^torn: 0 of \d+ executions", text, re.M), text[-2000:]
    assert re.search(r"^stale: after 0 of 100 stores", text, re.M)


def test_bochs_explores_and_tortures_on_four_cpus():
    """What the explorer shows is no peculiarity of one emulator."""
    text = bochs("bochs-explore", "check=explore,torture exit=bochs -- "
                 "torture 1 1 flips=1000 executions=10000", cpus=4)
    green(text, ["explore", "torture"])
    assert re.search(r"^seed 1, 4 CPUs", text, re.M), text[-2000:]
    assert re.search(r"^  all +\d+ +\d+ +0 +0 +0$", text, re.M), text[-2000:]


SSE = """
    void set(unsigned v) { __asm__ volatile("ldmxcsr %0" : : "m"(v)); }
    unsigned mxcsr(void) { unsigned v; __asm__("stmxcsr %0" : "=m"(v));
        return v; }
    void masked(void) { __asm__ volatile("xorps %xmm0, %xmm0;"
        "divss %xmm0, %xmm0"); }
    void unmasked(void) { set(0x1f00); masked(); }
    """


def test_bochs_raises_sse_exceptions(tmp_path):
    """QEMU's TCG never does. It ends the call, and the next one knows nothing
    of it."""
    path = compiled(tmp_path / "sse.o", SSE)
    names = ["masked", "mxcsr", "unmasked", "mxcsr"]
    text = bochs("sse", "exit=bochs -- " + "; ".join(
        f"call {path.name} {name}" for name in names), path)
    said = [line for line in text.splitlines() if re.match(
        r"\w+ (returned|did not return)", line)]
    assert [line.split()[0] for line in said] == names, text
    assert said[0].startswith("masked returned")
    assert re.match(r"unmasked did not return: at sse.o\+0x\w+ \(masked\+0x3"
                    r"\): SIMD", said[2]), said[2]
    assert "(8064)" in said[1] and "(8064)" in said[3], said


def test_bochs_starts_four_cpus():
    text = bochs("bochs-cpus", "check=aptrampoline,smp exit=bochs -- cpus",
                 cpus=4)
    green(text, ["aptrampoline", "smp"])
    assert len(re.findall(r"^CPU \d .* online ", text, re.M)) == 4


def test_v86_passes_all_checks():
    done = subprocess.run(
        ["node", ROOT / "tools" / "v86.mjs", ELF, f"{all_suites()} exit"],
        env={**os.environ, "LIMIT": "120"}, capture_output=True)
    text = plain(done.stdout)
    assert done.returncode == PASS, text[-2000:] + done.stderr.decode()
    green(text, SUITES, V86_SKIPS)


def test_v86_runs_a_moved_kernel():
    """Nobody's BIOS, nobody's memory map, and another address."""
    suites = ["memory", "door", "kaslr"]
    done = subprocess.run(
        ["node", ROOT / "tools" / "v86.mjs", ELF,
         f"kaslr=3 check={','.join(suites)} exit -- undo all; hash; kaslr"],
        env={**os.environ, "LIMIT": "120"}, capture_output=True)
    text = plain(done.stdout)
    assert done.returncode == PASS, text[-2000:] + done.stderr.decode()
    green(text, suites, V86_SKIPS)
    assert re.search(r"^text .*: equal$", text, re.M), text[-2000:]
    assert re.search(r"^kernel moved by 0x[1-9a-f]\w* to .*seed 0x3 given",
                     text, re.M), text[-2000:]


def test_v86_shows_text_without_a_bios():
    """Nobody has set a video mode: the kernel does it itself."""
    done = subprocess.run(
        ["node", ROOT / "tools" / "v86.mjs", ELF, "exit -- echo on screen"],
        env={**os.environ, "SCREEN": "1"}, capture_output=True, text=True)
    assert done.returncode == PASS, done.stderr
    assert re.search(r"^on screen$", done.stderr, re.M), done.stderr


def test_without_a_bios_it_says_so():
    done = subprocess.run(
        ["node", ROOT / "tools" / "v86.mjs", ELF,
         "exit -- bios 0x12; vbe; e820"], capture_output=True)
    text = plain(done.stdout)
    assert text.count("there is no BIOS in this machine") == 3, text


@pytest.mark.parametrize("lab", LABS)
def test_bench_counts_equal_in_qemu_and_bochs(machine, lab):
    """Two emulators that share no code count the same instructions. Exactly
    so, but for two things: setup that clears a page by `rep` (QEMU counts one
    more), and loader and kaslr, which take many pages: how far the allocator
    looks for them differs, since GRUB puts the modules elsewhere than QEMU.
    Their processors differ: `noalt` lets both run the same code."""
    run = machine(f"noalt bench={lab} exit", icount="shift=0,sleep=off",
                  limit=120, modules=MODULES).run().must_end(PASS)
    rows = bench_rows(run.text)
    others = bench_rows(bochs(f"bench-{lab}",
                              f"noalt bench={lab} exit=bochs",
                              *MODULES))
    assert rows and len(rows) == len(others)
    for row, other in zip(map(figures, rows), map(figures, others)):
        assert row["way"] == other["way"]
        for name in ("bytes", "writes"):
            assert row[name] == other[name], (row, other)
        for name in ("setup", "op"):
            slack = row[name] * 0.002 if lab in ("loader", "kaslr") else \
                name == "setup"
            assert abs(row[name] - other[name]) <= slack, (row, other)


def figures(row):
    way, setup, op, size, writes, _ = re.fullmatch(
        r"  (\S.*?) +(\d+) +([\d.]+) +(\d+) +([\d.]+) +(.+)", row).groups()
    return {"way": way, "setup": int(setup), "op": float(op),
            "bytes": int(size), "writes": float(writes)}


def make(build, *words):
    """Builds everything anew in a folder of its own."""
    done = subprocess.run(
        ["make", "-B", f"BUILD={build.relative_to(ROOT)}", *words], cwd=ROOT,
        env=CLEAN_ENV, stdin=subprocess.DEVNULL, capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("optimise", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_build_without_warnings_passes(machine, compiler, optimise):
    build = BUILD / f"{compiler}{optimise}"
    done = make(build, f"CC={compiler}", f"OPT={optimise}", "V=1",
                "WERROR=-Werror")
    assert done.stderr == ""
    # That the choice reached the compiler; a linker may come from elsewhere.
    assert f"{compiler} -m32" in done.stdout and optimise in done.stdout
    # Some 15 s on an idle machine; at -O0 some 45.
    run = machine(f"{all_suites()} exit", kernel=build / "palimpsest.elf",
                  modules=MODULES, limit=240).run()
    run.must_pass(SUITES, ALONE)


def test_two_builds_are_the_same_bytes():
    """The build has no date, path or random number in it."""
    elfs = []
    for name in ("one", "two"):
        build = BUILD / "reproduce" / name
        make(build)
        elfs.append((build / "palimpsest.elf").read_bytes())
    assert elfs[0] == elfs[1]


def test_sources_are_formatted():
    done = subprocess.run(["make", "-s", "format-check"], cwd=ROOT,
                          env=CLEAN_ENV, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
