# SPDX-License-Identifier: MIT
"""The emitter and the assembler against the decoder and against GNU as: never
longer than as, and the same bytes unless a difference is explained here."""
import re
import shutil
import subprocess

import pytest

import host

RECORD = 16  # ask_gnu.h: our length, our bytes
LINES = 6    # of source for each instruction


def section(obj, name, path):
    subprocess.run(["objcopy", "-O", "binary", "-j", name,
                    "--set-section-flags", f"{name}=alloc", obj, path],
                   check=True)
    return path.read_bytes()


def gnu_as(source, obj):
    """Runs as. Returns the numbers of the instructions that it refuses."""
    done = subprocess.run(["timeout", "100", "as", "--32", source, "-o", obj],
                          capture_output=True, text=True, errors="replace")
    refused = {int(n) for n in re.findall(r"\.s:(\d+): Error: ", done.stderr)}
    assert done.returncode == 0 or refused, done.stderr[-2000:]
    return {(n - 1) // LINES for n in refused}


def ask_gnu(source):
    """Yields (text, our bytes, as's bytes or None) for a source."""
    lines = source.read_text(errors="replace").split("\n")
    blocks = [lines[i:i + LINES] for i in range(0, len(lines) - 1, LINES)]
    obj = source.with_suffix(".o")
    refused = gnu_as(source, obj)
    if refused:
        for n in refused:
            yield blocks[n][0][3:], None, None
        blocks = [b for n, b in enumerate(blocks) if n not in refused]
        source.write_text("".join("\n".join(b) + "\n" for b in blocks))
        assert not gnu_as(source, obj)
    text, gnu, ours = (section(obj, name, source.with_suffix(name))
                       for name in (".text", ".gnu", ".ours"))
    assert len(gnu) == len(blocks) and len(ours) == RECORD * len(blocks)
    at = 0
    for n, block in enumerate(blocks):
        record = ours[RECORD * n:RECORD * (n + 1)]
        yield (block[0][3:], record[1:1 + record[0]], text[at:at + gnu[n]])
        at += gnu[n]


def compare(source):
    """Judges a source. Returns how many instructions as knows, and those that
    it refuses."""
    known, refused, wrong = 0, [], []
    for text, ours, gnu in ask_gnu(source):
        if ours is None:
            refused.append(text)
        elif ours != gnu and not re.match(DROPPED, text):
            wrong.append(f"{text}: ours {ours.hex()}, as {gnu.hex()}")
        known += ours is not None
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:20])
    return known, refused


# as forgets a segment prefix before a direct far jump.
DROPPED = r"([cdefgs]s|data16| )*[cdefgs]s (ljmp|lcall) \$"


@pytest.mark.parametrize("home", ["m32", "asan", "m64"])
def test_every_function_is_read_back(home):
    out = host.run(f"{home}/emit_check", "--count", 300)
    assert " 0 failed" in out


# What each program makes, how often, and how many as must then know: about 820
# forms 150 times each; branches to labels and to addresses, by name and by
# distance.
@pytest.mark.parametrize("program, count, least", [
    ("emit_check", 150, 100000), ("emit_label_check", 3000, 20000)])
def test_all_is_as_short_as_gnu_as(tmp_path, program, count, least):
    """as knows every one of them."""
    source = tmp_path / "source.s"
    host.run(f"m32/{program}", "--count", count, source)
    known, refused = compare(source)
    assert known > least and not refused, (known, refused[:20])


def test_no_function_is_left_out():
    """What emit.h defines is what the checks call."""
    done = subprocess.run(
        ["gcc", "-E", "-P", "-I.", "smc/x86/emit.h"], cwd=host.ROOT,
        capture_output=True, text=True, check=True)
    defined = set(re.findall(r"\bvoid (emit_\w+)\(struct emitter",
                             done.stdout))
    calls = subprocess.run(
        ["gcc", "-E", "-P", "-I.", "tests-host/emit_check.c",
         "tests-host/emit_label_check.c",
         "tests-host/emit_error_check.c"], cwd=host.ROOT,
        capture_output=True, text=True, check=True).stdout
    calls = re.sub(r"\bvoid emit_\w+\(struct emitter|"
                   r"inline [^{]*\{[^}]*\}", "", calls)
    called = set(re.findall(r"\b(emit_\w+)\b", calls))
    inner = {"emit_plain", "emit_modrm", "emit_alu", "emit_test", "emit_shift",
             "emit_imul", "emit_mov", "emit_xchg", "emit_segment",
             "emit_enter", "emit_far", "emit_refuse", "emit_byte"}
    assert len(defined) > 700
    assert defined - called - inner == set()


@pytest.mark.parametrize("home", ["m32", "asan", "m64"])
def test_labels_nops_and_errors(home):
    out = host.run(f"{home}/emit_label_check")
    assert " 0 failed" in out


# Mistakes in emit_label.c: another instruction, of the right length and to the
# right place, unless its line says otherwise.
WRONG_BRANCHES = {
    "jcc inverted": ("emit_one_of(e, c, 0xffff)",
                     "(emit_one_of(e, c, 0xffff) ^ 1)"),
    "long jcc inverted": ("0x0f80 + code", "0x0f80 + (code ^ 1)"),
    "loope is loopne": ("loope = {0xe1, 0}", "loope = {0xe0, 0}"),
    "loopne is loope": ("loopne = {0xe0, 0}", "loopne = {0xe1, 0}"),
    "loop is jecxz": ("loop = {0xe2, 0}", "loop = {0xe3, 0}"),
    "jecxz is loop": ("jecxz = {0xe3, 0}", "jecxz = {0xe2, 0}"),
    "call is jmp": ("call = {0, 0xe8}", "call = {0, 0xe9}"),
    "never short": ("jump = {0xeb, 0xe9}", "jump = {0, 0xe9}"),
}

# The same for the forms: in a file, these words become those; one of the
# checks must then name this instruction.
WRONG_FORMS = [
    ("emit_forms.h", "_m, RM(opcode_sized(0xfe, n)", "_m, RM(opcode_sized("
     "0xff, n)", "incb"),
    ("emit_forms.h", "_m_cl, RM(opcode_sized(0xd2, n)", "_m_cl, RM("
     "opcode_sized(0xd3, n)", "shlb"),
    ("emit_forms.h", "_m, RM(0x0f90 + COND(c)", "_m, RM(0x0f90 + ("
     "COND(c) ^ 1)", "setne"),
    ("emit_table.h", "EMIT_PLAIN(movsb, 0xa4)", "EMIT_PLAIN(movsb, 0xa5)",
     "movsb"),
    ("emit_table.h", "EMIT_PLAIN(movsl, 0xa5)", "EMIT_PLAIN(movsl, 0xa4)",
     "movsl"),
    ("emit_table.h", "EMIT_PORT(inb, 0xe4)", "EMIT_PORT(inb, 0xe5)", "inb"),
    ("emit_table.h", "EMIT_PORT(outw, 0x66e7)", "EMIT_PORT(outw, 0xe7)",
     "outw"),
    ("emit_table.h", "(movzbl, 0x0fb6,", "(movzbl, 0x0fb7,", "movzbl"),
    ("emit_table.h", "EMIT_M(fldl, 0xdd, 0)", "EMIT_M(fldl, 0xd9, 0)",
     "fldl"),
    ("emit_table.h", "(addpd, 0x660f58)", "(addpd, 0x0f58)", "addpd"),
    ("emit_table.h", "EMIT_M(call, 0xff, 2)", "EMIT_M(call, 0xff, 4)",
     "call"),
]


def spoil(folder, name, old, new):
    """Makes one mistake in a copy of an engine's file."""
    path = folder / "smc/x86" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        shutil.copy(host.ROOT / "smc/x86" / name, path)
    text = path.read_text()
    assert text.count(old) == 1, f"{old} is not in {name}, or more than once"
    path.write_text(text.replace(old, new))


def build_spoilt(folder, name, source, *others):
    """Compiles `source` with the spoilt files before the others, and links it
    with the objects of tests-host/`others` and the engines. Of two that define
    the same, the linker takes the one that is not in the archive."""
    home = host.program(f"m32/{name}").parent
    subprocess.run(
        ["gcc", "-std=gnu11", "-m32", "-fno-pie", "-no-pie",
         "-idirafter", "/usr/include/x86_64-linux-gnu", f"-I{folder}",
         f"-I{host.ROOT}", "-o", folder / name, source,
         *(home / "tests-host" / f"{other}.o" for other in others),
         home / "engines.a"], check=True, timeout=100)
    return folder / name


def run_spoilt(program, *words):
    done = subprocess.run(
        ["timeout", "60", program, "--verbose", *map(str, words)],
        capture_output=True, text=True, errors="replace")
    assert done.returncode == 1, "the mistake was not seen"
    return done.stdout


@pytest.mark.parametrize("mistake", WRONG_BRANCHES)
def test_a_wrong_branch_is_seen(tmp_path, mistake):
    spoil(tmp_path, "emit_label.c", *WRONG_BRANCHES[mistake])
    program = build_spoilt(tmp_path, "emit_label_check",
                           tmp_path / "smc/x86/emit_label.c",
                           "emit_label_check", "emit_error_check")
    run_spoilt(program, "--count", 300)


def test_a_wrong_form_is_seen(tmp_path):
    """All at once, as compiling takes long. The decoder sees each of them,
    and so does GNU as, independently."""
    for name, old, new, _ in WRONG_FORMS:
        spoil(tmp_path, name, old, new)
    program = build_spoilt(tmp_path, "emit_check",
                           host.ROOT / "tests-host/emit_check.c", "emit_text")
    source = tmp_path / "forms.s"
    out = run_spoilt(program, "--count", 40, source)
    differ = "\n".join(text for text, ours, gnu in ask_gnu(source)
                       if ours != gnu)
    for *_, name in WRONG_FORMS:
        assert re.search(rf"\b{name}: ", out), f"{name}: not by the decoder"
        assert re.search(rf"^{name}\b", differ, re.M), f"{name}: not by as"


def test_objdump_sees_one_nop(tmp_path):
    out = host.run("m32/emit_label_check", "--count", 1)
    nops = re.findall(r"^nop (\d+): ([0-9a-f ]+)$", out, re.M)
    assert [int(n) for n, _ in nops] == list(range(1, 16))
    for n, digits in nops:
        path = tmp_path / n
        path.write_bytes(bytes.fromhex(digits))
        text = subprocess.run(
            ["objdump", "-D", "-b", "binary", "-m", "i386",
             "--insn-width=15", path],
            capture_output=True, text=True, check=True).stdout
        code = re.findall(r"^ +0:\t([0-9a-f ]+)\t(.*)$", text, re.M)
        assert len(code) == 1 and len(code[0][0].split()) == int(n), text
        assert re.search(r"\b(nop[wl]?|xchg +%ax,%ax)\b", code[0][1]), text


@pytest.mark.parametrize("home", ["asan", "m64"])
def test_what_is_printed_assembles(home):
    """Random instructions, bad lines and garbage."""
    out = host.run(f"{home}/assemble_check", "--count", 20000)
    assert " 0 failed" in out


def test_random_lines_are_as_short_as_gnu_as(tmp_path):
    """as refuses many prefixes that the decoder sees; of the rest, each line
    has the same bytes."""
    source = tmp_path / "random.s"
    host.run("m32/assemble_check", "--count", 60000, source)
    known, refused = compare(source)
    assert known > 30000, (known, len(refused))


def real_lines(path):
    """The different instructions of a file, but for direct jumps, as objdump
    prints them: these depend on the address."""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path],
                         capture_output=True, text=True, check=True).stdout
    lines = set()
    for text in re.findall(r"^ *[0-9a-f]+:\t(.*)$", out, re.M):
        text = " ".join(re.sub(r"<.*?>|#.*", "", text).split())
        if not re.match(r"(j|call|loop)\S* [0-9a-f]+$|[v.]|\(bad\)|k\w+ "
                        r"|xbegin|.*%[yz]mm|.*%k[0-7]", text):
            lines.add(text)
    return sorted(lines)


def test_the_c_library_assembles_to_the_same_bytes(tmp_path):
    lines, source = tmp_path / "lines", tmp_path / "libc.s"
    texts = real_lines("/lib32/libc.so.6")
    lines.write_text("\n".join(texts) + "\n")
    assert " 0 failed" in host.run("m32/assemble_check", source, lines)
    known, refused = compare(source)
    assert known > 30000 and len(refused) < 10, (known, refused[:20])
