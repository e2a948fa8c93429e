# SPDX-License-Identifier: MIT
"""Code read, assembled and replaced from the shell. GNU objdump reads the
kernel's file beside it: what `dis` shows must be what objdump shows."""
import re
import subprocess

import pytest

from kernel import ELF, PANIC, PASS
from labs import ZLIB

ROW = re.compile(r"^[* ] ([0-9a-f]{8}): ((?:[0-9a-f]{2} )+) *(.*?)$", re.M)


@pytest.fixture
def shell(machine):
    with machine().open() as console:
        console.prompt()
        yield console


def rows(listing):
    """(address, bytes, text) of each row; the text without runs of blanks."""
    return [(address, octets.strip(), " ".join(text.split()))
            for address, octets, text in ROW.findall(listing)]


def objdump(symbol):
    """The same of a function in the file, the comments removed."""
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", f"--disassemble={symbol}",
         ELF], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^([0-9a-f]{8}):\t(.*)$", listing, re.M)
    return [(address, " ".join(text.split())) for address, text in found]


# Nothing patches these before the prompt.
@pytest.mark.parametrize("symbol", ["memcmp", "kvsnprintf", "text_write",
                                    "insn_decode", "trap_common", "x86_sum"])
def test_dis_shows_what_objdump_shows(common, symbol):
    wanted = objdump(symbol)
    got = rows(common.run(f"dis {symbol} {len(wanted)}"))
    got = [(address, text) for address, _, text in got if text]
    assert wanted and got == wanted


def test_dis_takes_symbols_numbers_and_what_it_prints(common):
    listing = rows(common.run("dis x86_sum"))
    assert [text.split()[0] for _, _, text in listing] == [
        "mov", "xor", "jecxz", "add", "loop", "ret"]
    address = listing[1][0]
    for place in (address, "0x" + address, str(int(address, 16)),
                  "x86_sum+4", "x86_sum+0x4"):
        assert rows(common.run(f"dis {place} 1")) == [listing[1]], place


def test_dis_says_that_it_is_in_the_middle(common):
    start = rows(common.run("dis x86_sum 1"))[0][0]
    said = common.run("dis x86_sum+1")
    assert f"(inside the instruction at {start})" in said


def test_eight_digits_are_an_address(common):
    assert "read at 00007000" in common.run("dis 00007000 1")


def test_a_name_of_several_functions(common):
    """Each lab has a static function `demo`."""
    said = common.run("poke demo nop")
    first = re.fullmatch(r'poke: "demo" is at ([0-9a-f]{8})'
                         r"( and [0-9a-f]{8})+", said.strip())
    assert first, said
    said = common.run("dis demo 1")
    assert '"demo" is at' in said and rows(said)[0][0] == first[1]


def test_dis_marks_live_patches(shell):
    shell.run('poke x86_site "mov $7,%eax"')
    line, = re.findall(r"^\* .*$", shell.run("dis x86_site"), re.M)
    assert re.search(r"mov +\$0x7,%eax  \(#\d+, poke\)$", line), line
    shell.run("undo all")
    assert "*" not in shell.run("dis x86_site")


def test_dis_goes_on_to_the_end_of_memory(common):
    """Behind the direct map, which holds the kernel, there is a hole: the
    bytes before it are shown, and it is said where they end."""
    ranges = re.findall(r"^  ([0-9a-f]{8})-([0-9a-f]{8}) r",
                        common.run("audit"), re.M)
    starts = {int(start, 16) for start, _ in ranges}
    end = next(int(last, 16) + 1 for _, last in ranges
               if int(last, 16) + 1 not in starts)
    said = common.run(f"dis 0x{end - 8:x} 9")
    assert int(rows(said)[0][0], 16) == end - 8
    assert said.rstrip().endswith(f"{end:08x}: not mapped"), said


@pytest.mark.parametrize("line, octets, text", [
    ('asm "mov $1,%eax"', "b8 01 00 00 00", "mov $0x1,%eax"),
    ("asm nop", "90", "nop"),
    ('asm "lock incl 4(%ebx,%ecx,2)"', "f0 ff 44 4b 04",
     "lock incl 0x4(%ebx,%ecx,2)"),
    ('asm "jmp 0x1010" 0x1000', "eb 0e", "jmp 0x1010"),
    ('asm "int $0x80" x86_site', "cd 80", "int $0x80"),
    ('asm "data16 nop"', "66 90", "xchg %ax,%ax"),
    ('asm "rep nop"', "f3 90", "pause"),
    ('asm "repnz nop"', "f2 90", "repnz nop"),
    ('asm "crc32b %al,%eax"', "f2 0f 38 f0 c0", "crc32 %al,%eax"),
    ('asm "crc32w %ax,%eax"', "66 f2 0f 38 f1 c0",
     "crc32 %ax,%eax"),
    ('asm "crc32l %eax,%eax"', "f2 0f 38 f1 c0", "crc32 %eax,%eax"),
])
def test_asm_gives_bytes_and_reads_them_back(common, line, octets, text):
    (_, got, read), = rows(common.run(line))
    assert (got, read) == (octets, text)


def test_asm_knows_symbols(common):
    address = rows(common.run("dis memcmp 1"))[0][0]
    (_, _, text), = rows(common.run('asm "call memcmp" x86_site'))
    assert text == f"call {address} <memcmp>"


def test_poke_pads_undoes_and_is_journaled(shell):
    said = shell.run('poke x86_site "xor %eax,%eax"')
    (_, old, _), (_, new, _), (_, pad, text) = rows(said)
    assert old == "b8 01 00 00 00"
    assert new == "31 c0" and pad == "0f 1f 00" and text.startswith("nopl")
    number = re.search(r"`undo (\d+)` takes it back", said)[1]
    entry = shell.run(f"journal {number}")
    assert re.search(r"^  old +b8 01 00 00 00 +mov +\$0x1,%eax$", entry, re.M)
    assert re.search(r"^  new +31 c0 +xor +%eax,%eax$", entry, re.M)
    assert re.search(r"^ +0f 1f 00 +nopl +\(%eax\)$", entry, re.M)
    shell.run(f"undo {number}")
    assert rows(shell.run("dis x86_site"))[0][1] == "b8 01 00 00 00"
    assert "equal" in shell.run("undo all; hash")


def test_poke_takes_several_lines(shell):
    said = shell.run('poke x86_site "push $42" "pop %eax"')
    assert [octets for _, octets, _ in rows(said)] == [
        "b8 01 00 00 00", "6a 2a", "58", "66 90"]


def test_journal_of_a_patch_whose_surroundings_changed(shell):
    """Its site was a boundary then; now it is inside the MOV again."""
    numbers = [re.search(r"`undo (\d+)`", shell.run(line))[1] for line in
               ('poke x86_site "xor %eax,%eax"', 'poke x86_site+2 "inc %eax"')]
    for number in reversed(numbers):
        shell.run(f"undo {number}")
    entry = shell.run(f"journal {numbers[1]}")
    assert re.search(r"^  old +0f 1f 00 +nopl +\(%eax\)$", entry, re.M), entry
    assert re.search(r"^  new +40 +inc +%eax$", entry, re.M), entry


def test_journal_shows_a_generated_block(machine):
    """An arena's INT3 on one line, then what the block begins with."""
    listed = machine("exit -- load zlib1.dll; journal all", modules=[ZLIB])
    block = re.search(r"^#(\d+) .* \[zlib1.dll\].* generated", listed.run().text,
                      re.M)
    said = machine(f"exit -- load zlib1.dll; journal {block[1]}; "
                   "unload zlib1.dll", modules=[ZLIB]).run().text
    assert re.search(r"^  old +cc +int3, 16 times$", said, re.M), said
    assert re.search(r"^  new +83 ec 1c +sub +\$0x1c,%esp$", said, re.M), said


# One line each, which says what is wrong and names it.
@pytest.mark.parametrize("line, says", [
    ("dis", "usage"),
    ("dis nosuch", '"nosuch"'),
    ("dis x86_site+", r'"x86_site\+"'),
    ("dis x86_site+x", r'"x86_site\+x"'),
    ("dis +4", r'"\+4"'),
    ("dis 0", "nothing can be read at 00000000"),
    ("dis 0xffffffff", "nothing can be read at ffffffff"),
    ("dis 4294967296", '"4294967296"'),
    ("dis c010500", '"c010500"'),
    ("dis x86_site 0", '"0" is not a number of instructions'),
    ("dis x86_site -1", '"-1" is not a number of instructions'),
    ("dis x86_site 1001", '"1001" is not a number of instructions'),
    ("dis x86_site 1 2", "usage"),
    ("dis " + "x" * 100, "neither a symbol nor an address"),
    ("asm", "usage"),
    ('asm ""', "asm: "),
    ('asm "nosuch %eax"', "asm: .*nosuch"),
    ('asm "mov $1,%eaxx"', "asm: .*eaxx"),
    ('asm "mov $1,"', "asm: "),
    ('asm "jmp nosuch"', "asm: .*nosuch"),
    ("asm nop nosuch", '"nosuch"'),
    ("asm mov $1,%eax", "neither a symbol"),
    ('asm "' + "(" * 200 + '"', "asm: "),
    ("poke", "usage"),
    ("poke x86_site", "usage"),
    ("poke nosuch nop", '"nosuch"'),
    ("poke 0x1000 nop", "00001000 is not in kernel text"),
    ("poke x86_site nosuch", 'poke: "nosuch": '),
    ("poke x86_site+1 nop", "refused: no instruction begins here"),
    ("poke x86_site+5 ret", "refused: the new bytes equal|refused: the funct"),
    ('poke x86_sum+4 "mov $1,%eax"', "refused: a branch leads to"),
    ('poke x86_sum+12 "mov $1,%eax"', "refused: the function ends before"),
    ("poke memcpy nop", "refused: the door and the trap entry"),
    ('poke x86_sum ".byte 0xb8,1,0,0"', "ends inside an instruction"),
    ('poke x86_site nop ".byte 0x66"', "ends inside an instruction"),
    ('poke x86_site ".byte 0x0f,0x0a"', "no known instruction"),
    ('poke x86_site "mov $1,%eax"', "refused: the new bytes equal"),
    ('poke x86_site "mov $1,%eax" "mov $1,%eax" "mov $1,%eax" "mov $1,%eax"',
     "more than 16 bytes"),
])
def test_bad_input_is_one_line(common, line, says):
    before = common.run("hash")
    output = [text for text in common.run(line).splitlines() if text.strip()]
    assert len(output) == 1 and re.search(says, output[0]), output
    assert "text" in before and common.run("hash") == before


@pytest.mark.parametrize("kind, says", [
    ("ud", "ud2"), ("div", "div"), ("null-write", "mov"),
    ("text", "mov"), ("stack", "call|push|mov|sub")])
def test_panic_shows_the_faulting_instruction(machine, kind, says):
    run = machine(f"exit -- fault {kind}").run()
    run.must_end(PANIC, r"^  at \w+.*, bytes ([0-9a-f]{2} ?)+$",
                 rf"^  at eip [0-9a-f]{{8}}, which is {says}")


@pytest.mark.parametrize("line, says", [
    ("int3", "breakpoint at eip"), ("int $0x55", "interrupt 0x55 at eip")])
def test_panic_behind_an_interrupt_shows_what_is_next(machine, line, says):
    machine(f'exit -- poke x86_site "{line}"; demo x86').run().must_end(
        PANIC, f"^panic: {says}", r"^  at eip [0-9a-f]{8}, next is")


def test_panic_without_a_decoder_keeps_its_report(machine):
    """The journal tells what broke it, and the second panic where."""
    said = machine('exit -- poke insn_decode "ud2"; dis memcmp').run()
    said.must_end(PANIC, "^panic: invalid opcode", "bytes 0f 0b",
                  "insn_decode", r"^#\d+ .* poke ",
                  r"panic while panicking: vector 00000006 at eip c0")


def test_checks_and_demo_leave_the_users_patches(machine):
    machine('exit -- poke x86_sum "xor %ecx,%ecx"; '
            'poke x86_site "mov $7,%eax"; '
            "demo x86; check x86; dis x86_site").run().must_end(
        PASS, "^  Undone, it returns 7", r"SKIP patched by #\d+: undo it",
        r"^\* .*\$0x7,%eax")


def test_panic_at_a_wild_address_reads_nothing(machine):
    machine("exit -- fault wild").run().must_end(
        PANIC, "bytes not readable")


def test_demo_changes_nothing_for_good(machine):
    machine("demo=x86 exit -- undo all; hash").run().must_end(
        PASS, "^  It returns 0", "^  Undone, it returns 1", ": equal$")
