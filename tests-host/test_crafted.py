# SPDX-License-Identifier: MIT
"""Files of about a mebibyte that are made to keep a loader busy: each thing
in them meets each other one, or reads the same long name again. The loader
must take them or refuse them in about the time of reading them."""
import functools
import resource
import struct

import pytest

import host

MOST = 1.5  # seconds of the processor; without a limit they take 5 to 500
NULL, PROGBITS, SYMTAB, STRTAB, GROUP = 0, 1, 2, 3, 17
ALLOC, WRITE = 2, 1
GLOBAL, WEAK = 0x10, 0x20


def elf_object(sections):
    """An ELF object of [(name offset, type, flags, bytes, link, info, entry
    size)]; the first one is the string table of all names. What has None for
    its bytes shares those of the one before."""
    head, last = b"", None
    # Section 0 holds the count, which may be more than 16 bits hold.
    table = struct.pack("<10I", *[0] * 5, len(sections) + 1, *[0] * 4)
    for name, kind, flags, data, link, info, entry in sections:
        at = 52 + len(head)
        if data is None:
            at, data = last
        else:
            head += data
        last = at, data
        table += struct.pack("<10I", name, kind, flags, 0, at, len(data),
                             link, info, 1, entry)
    return struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 1, 3, 1, 0, 0,
                       52 + len(head), 0, 52, 0, 0, 40, 0, 1) + head + table


def with_symbols(strings, symbols, *more):
    """Symbols are (name offset, binding and type, section)."""
    data = bytes(16) + b"".join(
        struct.pack("<IIIBBH", name, 0, 0, info, 0, section)
        for name, info, section in symbols)
    return elf_object([
        (0, STRTAB, 0, strings, 0, 0, 0), (0, SYMTAB, 0, data, 1, 1, 16),
        (0, PROGBITS, ALLOC | WRITE, bytes(4), 0, 0, 0), *more])


def one_weak_name():
    return with_symbols(b"\0name\0", [(1, WEAK, 3)] * 60_000)


def mix(value, word):
    """As smc/load/names_key.h."""
    return ((value << 5 | value >> 27) & 0xffffffff ^ word) * 0x9e3779b9 & (
        0xffffffff)


@functools.cache
def colliding(count):
    """Names of eight characters with one key."""
    inverse, names, n = pow(0x9e3779b9, -1, 1 << 32), [], 0
    while len(names) < count:
        first = bytes(0x30 + (n >> 6 * i & 63) for i in range(4))
        half = mix(0, struct.unpack("<I", first)[0])
        word = (half << 5 | half >> 27) & 0xffffffff ^ 0x12345678 * inverse & (
            0xffffffff)
        last = struct.pack("<I", word)
        if all(0x20 <= c < 0x7f for c in last):
            names.append(first + last)
        n += 1
    return names


def one_key():
    names = colliding(20_000)
    return with_symbols(b"\0" + b"".join(n + b"\0" for n in names), [
        (1 + 9 * i, GLOBAL, 3) for i in range(len(names))])


def long_signature():
    """Groups whose signature, of a local symbol, is most of the file."""
    return with_symbols(b"\0" + b"x" * 500_000 + b"\0", [(1, 0, 3)], *(
        (0, GROUP, 0, b"\1\0\0\0" if i == 0 else None, 2, 1, 4)
        for i in range(10_000)))


def shared_members():
    """Ten thousand groups, all with the same hundred thousand members."""
    return with_symbols(b"\0name\0", [(1, GLOBAL, 3)], *(
        (0, GROUP, 0, b"\0\0\0\0" + b"\3\0\0\0" * 100_000 if i == 0
         else None, 2, 1, 4) for i in range(10_000)))


def signatures_of_one_bucket():
    names = colliding(20_000)
    return with_symbols(
        b"\0" + b"".join(n + b"\0" for n in names),
        [(1 + 9 * i, 0, 3) for i in range(len(names))], *(
            (0, GROUP, 0, b"\1\0\0\0" if i == 0 else None, 2, 1 + i, 4)
            for i in range(len(names))))


def functions(name_of, count):
    names = b"\0" + b"".join(name_of(i) for i in range(count))
    at, more = 1, []
    for i in range(count):
        more.append((at, PROGBITS, ALLOC, b"\0\0\0\0" if i == 0 else None, 0,
                     0, 0))
        at += len(name_of(i))
    return with_symbols(names, [], *more)


def priorities():
    """Each function comes before all others that came before it."""
    return functions(lambda i: b".init_array.%05d\0" % (20_000 - i), 20_000)


def long_number():
    more = [(1, PROGBITS, ALLOC, b"\0\0\0\0" if i == 0 else None, 0, 0, 0)
            for i in range(4_000)]
    return with_symbols(b"\0.init_array." + b"0" * 900_000 + b"\0", [], *more)


def shared_object(strings, symbols, tables, words=0, values=()):
    """A shared object of one writable segment. Symbols are (name offset,
    binding and type, section), tables {tag: bytes}, values (tag, number);
    `words` is the room for relocated words at the start of the third page."""
    tables = {6: bytes(16) + b"".join(
        struct.pack("<IIIBBH", name, 0x2000, 0, info, 0, section)
        for name, info, section in symbols), 5: strings, **tables}
    data, tags = bytes(0x2000 + words - 116), list(values)
    for tag, table in tables.items():
        data += bytes(-len(data) % 4)
        tags.append((tag, 116 + len(data)))
        data += table
    data += bytes(-len(data) % 4)
    dynamic = 116 + len(data)
    tags += [(10, len(strings)), (11, 16), (19, 8), (18, len(tables.get(
        17, b""))), (0, 0)]
    data += b"".join(struct.pack("<II", *tag) for tag in tags)
    size = 116 + len(data)
    return (struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 3, 3, 1, 0, 52,
                        0, 0, 52, 32, 2, 40, 0, 0)
            + struct.pack("<8I", 1, 0, 0, 0, size, size, 6, 4096)
            + struct.pack("<8I", 2, dynamic, dynamic, dynamic, 8 * len(tags),
                          8 * len(tags), 6, 4) + data)


def asked_for(numbers):
    """DT_REL: a GLOB_DAT for each symbol."""
    return b"".join(struct.pack("<II", 0x2000 + 4 * i, number << 8 | 6)
                    for i, number in enumerate(numbers))


COUNT = 15_000
MANY = range(1, COUNT + 1)
# Two names that differ in their last character.
LONG = b"\0" + b"x" * 200 + b"a\0" + b"x" * 200 + b"b\0"
# An absolute one, as those are not put into the loader's own table as well.
OFFERED, WANTED = (1, GLOBAL, 0xfff1), (203, WEAK, 0)


def one_bucket():
    chains = [0, *(i + 1 for i in MANY[:-1]), *[0] * (COUNT + 1)]
    return shared_object(
        LONG, [OFFERED] * COUNT + [WANTED] * COUNT,
        {4: struct.pack(f"<3I{len(chains)}I", 1, len(chains), 1, *chains),
         17: asked_for(i + COUNT for i in MANY)}, 4 * COUNT)


def gnu_hash(name):
    value = 5381
    for char in name:
        value = value * 33 + char & 0xffffffff
    return value


def one_gnu_bucket():
    chain = [gnu_hash(b"x" * 200 + b"b") & ~1] * COUNT
    chain[-1] |= 1
    return shared_object(
        LONG, [WANTED] * COUNT + [OFFERED] * COUNT,
        {0x6ffffef5: struct.pack(f"<6I{COUNT}I", 1, COUNT + 1, 1, 0,
                                 0xffffffff, COUNT + 1, *chain),
         17: asked_for(MANY)}, 4 * COUNT)


def sysv_hash(name):
    value = 0
    for char in name:
        value = (value << 4) + char
        value = (value ^ (value & 0xf0000000) >> 24) & 0x0fffffff
    return value


def versions():
    """The object asks for its own last version, under thousands of numbers."""
    first, last = (sysv_hash(b"x" * 200 + end) for end in (b"a", b"b"))
    strings = LONG + b"crafted\0"
    defined = b"".join(
        struct.pack("<HHHHIII", 1, 0, i, 1, last if i == COUNT else first,
                    20 * (COUNT - i + 1) + 8 * (i == COUNT),
                    20 * (i < COUNT)) for i in MANY)
    defined += struct.pack("<IIII", 1, 0, 203, 0)
    wanted = struct.pack("<HHIII", 1, COUNT, 405, 16, 0) + b"".join(
        struct.pack("<IHHII", last, 0, i + COUNT, 203, 16 * (i < COUNT))
        for i in MANY)
    return shared_object(
        strings, [OFFERED],
        {4: struct.pack("<5I", 1, 2, 1, 0, 0), 0x6ffffff0: bytes(4),
         0x6ffffffc: defined, 0x6ffffffe: wanted},
        values=[(1, 405), (0x6ffffffd, COUNT), (0x6fffffff, 1)])


CRAFTED = {
    "weak": (one_weak_name, "names meet"),
    "key": (one_key, "names meet"),
    "signature": (long_signature, "signature"),
    "members": (shared_members, "together are larger than the file"),
    "signatures": (signatures_of_one_bucket, "signatures"),
    "priorities": (priorities, "tables of functions"),
    "bucket": (one_bucket, "longer than 256"),
    "gnu bucket": (one_gnu_bucket, "longer than 256"),
    "versions": (versions, "not a number of its own"),
    "number": (long_number, "image crafted ELF"),
}


def seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("case", CRAFTED)
def test_a_crafted_file_takes_no_longer(case, tmp_path):
    make, words = CRAFTED[case]
    path = tmp_path / "crafted"
    path.write_bytes(make())
    host.program("m32/load_image")  # built now, if it must be
    before = seconds()
    done = host.start("m32/load_image", path, limit=300)
    took = seconds() - before
    print(f"{path.stat().st_size} bytes, {took:.2f} s: {done.stdout[:300]}")
    assert took < MOST, "it was long at work"
    assert words in done.stdout
