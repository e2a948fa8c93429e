# SPDX-License-Identifier: MIT
"""Decimal conversions against Python's, which are correctly rounded, too,
and share no code with ours."""
import math
import random
import re
import struct
import subprocess
from fractions import Fraction

import pytest

import host


def ask(home, questions):
    """Feeds questions to the program and returns its answers."""
    done = subprocess.run(
        ["timeout", "100", host.program(f"{home}/decimal_check")],
        input="\n".join(questions) + "\n", capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    assert len(lines) == len(questions) + 1
    return lines[:-1]


def double_bits(value):
    return struct.pack(">d", value).hex()


def from_bits(bits):
    return struct.unpack(">d", bits.to_bytes(8, "big"))[0]


def float_bits(text):
    """The nearest float, by exact arithmetic: Python has no such thing, and
    struct.pack would round a double, that is, twice."""
    sign = text.startswith("-")
    value = abs(Fraction(text))
    last = -149
    while value / Fraction(2) ** last >= 1 << 24:
        last += 1
    whole = value / Fraction(2) ** last
    bits = min(round(whole) + (last + 149 << 23), 0x7f800000)
    return f"{bits | sign << 31:08x}"


def exactly(value):
    """All digits of a double or of a fraction with such a denominator."""
    value = Fraction(value)
    power = value.denominator.bit_length() - 1
    return f"{value.numerator * 5 ** power}e-{power}"


def texts(dice, count):
    """Random ones of all sizes, and those that lie on or next to the middle
    between two neighbours."""
    for _ in range(count):
        digits = "".join(dice.choices("0123456789",
                                      k=dice.choice([1, 2, 5, 16, 17, 19,
                                                     20, 40])))
        point = dice.randrange(len(digits) + 1)
        sign = dice.choice(["", "-", "+"])
        power = dice.choice(["", f"e{dice.randint(-345, 310)}",
                             f"E+{dice.randint(0, 30)}"])
        yield f"{sign}{digits[:point]}.{digits[point:]}{power}"
    for _ in range(count):
        bits = dice.choice([dice.getrandbits(63), dice.getrandbits(52),
                            dice.getrandbits(dice.randint(1, 60)),
                            dice.randint(0, 2046) << 52])
        low = from_bits(bits)
        high = from_bits(bits + 1)
        if math.isinf(low) or math.isnan(low) or math.isinf(high):
            continue
        middle = exactly((Fraction(low) + Fraction(high)) / 2)
        digits, power = middle.split("e-")
        yield middle
        yield f"{digits}000001e-{int(power) + 6}"
        yield f"{int(digits) * 10 - 1}e-{int(power) + 1}"
        yield exactly(low)


EDGES = ["0", "-0", "0.0e9999", "1e9999", "-1e9999", "1e-9999", "4.9e-324",
         "2.4703282292062327e-324", "2.4703282292062328e-324",
         "2.2250738585072011e-308", "2.2250738585072012e-308",
         "2.2250738585072014e-308", "1.7976931348623157e308",
         "1.7976931348623158e308", "1.7976931348623159e308",
         "9007199254740993", "9007199254740992.99999999999999999999",
         "1" + "0" * 400 + "e-400",
         "0." + "0" * 400 + "1e401", ".5", "5.", "1e23", "8.5e22",
         "9007199254740993" + "0" * 1000,
         "9007199254740993." + "0" * 900 + "1",
         "0." + "0" * 2000 + "7", "3" * 3000, "3" * 3000 + "e-2999"]


@pytest.mark.parametrize("home", ["m32", "asan"])
def test_doubles_are_read_as_python_reads_them(home):
    count = 20_000 if home == "m32" else 1_000
    words = EDGES + list(texts(random.Random(754), count))
    answers = ask(home, [f"d {word}" for word in words])
    wrong = [(word, answer, double_bits(float(word)))
             for word, answer in zip(words, answers)
             if answer != double_bits(float(word))]
    assert not wrong, f"{len(wrong)} of {len(words)}: {wrong[:5]}"


def test_floats_are_rounded_once():
    dice = random.Random(32)
    words = ["16777217", "16777217.0000000000001", "3.4028235e38",
             "3.4028236e38", "1e39", "1.4e-45", "7e-46", "7.1e-46", "-0.1",
             "1.00000017881393421514957253748434595763683319091796875001"]
    for _ in range(2000):
        words.append(f"{dice.choice(['', '-'])}{dice.randrange(10 ** 12)}"
                     f"e{dice.randint(-58, 28)}")
        bits = dice.getrandbits(31) % 0x7f7fffff
        low, high = (Fraction(struct.unpack(">f", b.to_bytes(4, "big"))[0])
                     for b in (bits, bits + 1))
        words.append(exactly((low + high) / 2))
    answers = ask("m32", [f"f {word}" for word in words])
    wrong = [(word, answer, float_bits(word))
             for word, answer in zip(words, answers)
             if answer != float_bits(word)]
    assert not wrong, f"{len(wrong)} of {len(words)}: {wrong[:5]}"


@pytest.mark.parametrize("home", ["m32", "asan"])
def test_doubles_are_printed_so_that_they_come_back(home):
    """The same number, and as few digits as Python's repr takes; one more
    only at a power of two, where the gap below is half the one above."""
    dice = random.Random(17)
    values = [0, 1, 1 << 51, (1 << 52) - 1, 1 << 52, 0x7fefffffffffffff,
              *(struct.unpack(">Q", struct.pack(">d", v))[0] for v in (
                  0.1, 1 / 3, 1.5, 100.0, 1e15, 1e16, 123456789012345680.0,
                  1e-4, 1e-5, 1e22, 1e23, 9.5, 0.999999999999999, 5e-324))]
    values += [dice.getrandbits(64) for _ in range(
        5000 if home == "m32" else 300)]
    values += [power << 52 for power in range(0, 2047, 1 if home == "m32"
                                              else 50)]
    values = [v for v in values if (v >> 52 & 2047) != 2047]
    answers = ask(home, [f"p {v:x}" for v in values])
    for bits, text in zip(values, answers):
        assert double_bits(float(text)) == f"{bits:016x}", text
        power_of_two = bits & ((1 << 52) - 1) == 0
        ours, theirs = (re.sub("e.*|[-.]", "", t).strip("0")
                        for t in (text, repr(from_bits(bits))))
        assert len(ours) <= len(theirs) + power_of_two, text


def test_the_form_is_pythons():
    values = [0.5, -3.0, 1e-4, 1e-5, 1e15, 1e16, 1.5e300, 123.456, 0.0]
    answers = ask("m32", [f"p {double_bits(v)}" for v in values])
    assert answers == [repr(v) for v in values]
    assert ask("m32", ["p 7ff0000000000000", "p fff0000000000000",
                       "p 7ff8000000000000", "p 8000000000000000"]) == [
        "inf", "-inf", "nan", "-0.0"]


def test_what_is_no_number_is_refused():
    words = ["", ".", "-", "+.", "e5", "1e", "1e+", "1.2.3", "1x", "0x1p3",
             "1e5x", "--1", " 1", "1 ", "inf", "nan", "1f", "1e1.5"]
    assert set(ask("m32", [f"d {word}" for word in words])) == {"-"}
