# SPDX-License-Identifier: MIT
"""Ways to spoil a shared object, one field at a time, and what the loader
must say of each."""
import struct

from shared_files import DYNAMIC, LOAD, RELRO, TAGS, TLS, Elf


def header(offset, value, form="<H"):
    return lambda elf: elf.put(offset, value, form)


def program(kind, number, field, value):
    """A field of the program header `number` of this type."""
    place = {"type": 0, "offset": 4, "vaddr": 8, "filesz": 16, "memsz": 20,
             "flags": 24, "align": 28}[field]

    def spoil(elf):
        at = elf.headers(kind)[number] + place
        elf.put(at, value(elf.word(at)) if callable(value) else value)
    return spoil


def tag(name, value):
    def spoil(elf):
        at = elf.tag(name)
        elf.put(at, value(elf.word(at)) if callable(value) else value)
    return spoil


def instead(old, new):
    """One tag becomes another."""
    return lambda elf: elf.put(elf.tag(old) - 4, TAGS[new])


def table(name, offset, value, form="<I"):
    """A word at an offset in the table that a tag names."""
    def spoil(elf):
        at = elf.table(name) + offset
        elf.put(at, value(elf.word(at)) if callable(value) else value, form)
    return spoil


def relocation(name, size, kind, field, value):
    """A field of the first relocation of this type."""
    def spoil(elf):
        at, where, _, symbol = next(r for r in elf.relocations(name, size)
                                    if r[2] == kind)
        if field == "offset":
            elf.put(at, value(elf, where) if callable(value) else value)
        else:
            elf.put(at + 4, value(symbol) if callable(value) else value)
    return spoil


def rel(kind, field, value):
    return relocation("REL", "RELSZ", kind, field, value)


def plt(field, value):
    return relocation("JMPREL", "PLTRELSZ", 7, field, value)


def no_end(elf):
    """No link of DT_GNU_HASH ends its chain."""
    at = elf.table("GNU_HASH")
    buckets, first, blooms = struct.unpack_from("<III", elf.data, at)
    chain = at + 16 + 4 * (blooms + buckets)
    for number in range(elf.word(elf.table("HASH") + 4) - first):
        elf.put(chain + 4 * number, elf.word(chain + 4 * number) & ~1)


def no_null(elf):
    at = elf.headers(DYNAMIC)[0] + 16
    elf.put(at, 8 * len(list(elf.entries())))


def export_outside(elf):
    elf.put(elf.symbol(elf.find("shared")) + 4, 0x00700000)


def nameless(elf):
    elf.put(elf.symbol(elf.find("shared")), 0x00ffffff)


def not_tls(elf):
    rel(14, "info", lambda _: elf.find("shared") << 8 | 14)(elf)


def slot_astray(elf):
    _, where, _, _ = next(elf.relocations("JMPREL", "PLTRELSZ"))
    elf.put(elf.place(where), 0x20)


def relr_word(elf):
    """A bitmap in a row that leads past the end of the image."""
    at, size = elf.table("RELR"), elf.word(elf.tag("RELRSZ"))
    for place in range(at + 4, at + size, 4):
        elf.put(place, 0xffffffff)
    elf.put(at, elf.word(elf.headers(LOAD)[-1] + 8) +
            (elf.word(elf.headers(LOAD)[-1] + 20) & ~3) - 8)


def read_only(elf, _):
    return elf.word(elf.headers(LOAD)[0] + 8) + 0x40


def a_pointer(elf):
    return next(r[1] for r in elf.relocations("REL", "RELSZ") if r[2] == 1)


def last_bytes(elf, _):
    at = elf.headers(LOAD)[-1]
    return elf.word(at + 8) + elf.word(at + 20) - 3


BAD = {
    "class": (header(4, 2, "<B"), "EI_CLASS at offset 0x4 is 0x2: not 1"),
    "data": (header(5, 2, "<B"), "EI_DATA at offset 0x5 is 0x2: not 1"),
    "version": (header(6, 0, "<B"), "EI_VERSION at offset 0x6 is 0x0"),
    "type": (header(16, 2), "e_type at offset 0x10 is 0x2"),
    "machine": (header(18, 62), "e_machine at offset 0x12 is 0x3e"),
    "e_version": (header(20, 2), "e_version at offset 0x14 is 0x2"),
    "ehsize": (header(40, 64), "e_ehsize at offset 0x28 is 0x40"),
    "phentsize": (header(42, 0), "e_phentsize at offset 0x2a is 0x0"),
    "phnum 0": (header(44, 0), "e_phnum at offset 0x2c is 0x0"),
    "phnum": (header(44, 0xffff), "e_phoff at .*headers end past the file"),
    "phoff": (header(28, -8, "<I"), "e_phoff at offset 0x1c is 0xfffffff8"),
    "offset": (program(LOAD, 1, "offset", 0x7ffff000),
               "p_offset at .* is 0x7ffff000: the segment ends past"),
    "filesz": (program(LOAD, 1, "filesz", lambda v: v + 1),
               "p_filesz at .*: more than p_memsz"),
    "memsz": (program(LOAD, 3, "memsz", 0x7fffffff),
              "p_memsz at .* is 0x7fffffff: more than 32 MiB"),
    "wrap": (program(LOAD, 3, "vaddr", 0xffffff00),
             "p_vaddr at .* is 0xffffff00: the segment wraps"),
    "far": (program(LOAD, 3, "vaddr", lambda v: v + 0x4000000),
            "p_vaddr at .*: the segments need more than 32 MiB"),
    "align 3": (program(LOAD, 0, "align", 3),
                "p_align at .* is 0x3: not a power of two"),
    "align": (program(LOAD, 0, "align", 0x10000),
              "p_align at .* is 0x10000: more than 4096"),
    "congruent": (program(LOAD, 1, "vaddr", lambda v: v + 4),
                  "p_vaddr at .*: not congruent to p_offset"),
    "overlap": (program(LOAD, 3, "vaddr", lambda v: v & 0xfff),
                "p_vaddr at .*: inside or below the segment before"),
    "rwx": (program(LOAD, 3, "flags", 7),
            "p_flags at .* is 0x7: both writable and executable"),
    "relro": (program(RELRO, 0, "vaddr", 0),
              "p_vaddr at .* is 0x0: not in a writable segment"),
    "relro size": (program(RELRO, 0, "memsz", 0x100000),
                   "p_memsz at .* is 0x100000: past its segment"),
    "no load": (lambda elf: [elf.put(at, 4) for at in elf.headers(LOAD)],
                "no PT_LOAD segment"),
    "no dynamic": (program(DYNAMIC, 0, "type", 4), "no PT_DYNAMIC"),
    "dynamic": (program(DYNAMIC, 0, "vaddr", 0x700000),
                "p_vaddr at .* is 0x700000: the dynamic section is not"),
    "no null": (no_null, "p_filesz at .*: the dynamic section has no DT_NULL"),
    "tls align": (program(TLS, 0, "align", 0x2000),
                  "p_align at .* is 0x2000: more than 4096"),
    "tls vaddr": (program(TLS, 0, "vaddr", 0x700000),
                  "p_vaddr at .* is 0x700000: its first values are in no"),
    "tls memsz": (program(TLS, 0, "memsz", 0x100000),
                  "p_memsz at .* is 0x100000: no room for so much"),
    "no tls": (program(TLS, 0, "type", 4),
               "offered neither .*: local"),
    "strtab": (tag("STRTAB", 0x700000),
               "DT_STRTAB at .* is 0x700000: the table is not inside"),
    "strsz": (tag("STRSZ", 0x7ffffff0), "DT_STRTAB at .* is not inside"),
    "strsz 0": (tag("STRSZ", 0), "no DT_STRTAB, DT_STRSZ or DT_SYMTAB"),
    "symtab": (tag("SYMTAB", 0x700000), "DT_SYMTAB at .* is 0x700000"),
    "syment": (tag("SYMENT", 24), "DT_SYMENT at .* is 0x18: not 16"),
    "relent": (tag("RELENT", 12), "DT_RELENT at .* is 0xc: not 8"),
    "relrent": (tag("RELRENT", 8), "DT_RELRENT at .* is 0x8: not 4"),
    "pltrel": (tag("PLTREL", 7), r"DT_PLTREL at .* is 0x7: not 17"),
    "relsz": (tag("RELSZ", lambda v: v + 4),
              "DT_RELSZ at .*: not a whole number of entries"),
    "rel": (tag("REL", 0xfffffff0), "DT_REL at .* is 0xfffffff0: the table"),
    "jmprel": (tag("JMPREL", 0x700000), "DT_JMPREL at .* is 0x700000"),
    "relr": (tag("RELR", 0x700000), "DT_RELR at .* is 0x700000"),
    "relrsz": (tag("RELRSZ", 3), "DT_RELRSZ at .* is 0x3: not a whole"),
    "rela": (instead("RELENT", "RELA"), "DT_RELA at .*: RELA is not in"),
    "twice": (instead("INIT", "FINI"), "DT_FINI at .*: a second entry"),
    "init": (tag("INIT", 0x10), "DT_INIT at .* is 0x10: not in an exec"),
    "fini": (tag("FINI", 0x700000), "DT_FINI at .* is 0x700000: not in an"),
    "init_array": (tag("INIT_ARRAY", 0x700000), "DT_INIT_ARRAY at .* is 0x7"),
    "init_arraysz": (tag("INIT_ARRAYSZ", 6), "DT_INIT_ARRAYSZ at .* is 0x6"),
    "fini_array": (tag("FINI_ARRAY", 0x700000), "DT_FINI_ARRAY at .* is 0x7"),
    "pltgot": (tag("PLTGOT", 0x700000),
               "DT_PLTGOT at .* is 0x700000: no three words of a writable"),
    "soname": (tag("SONAME", 0xffffff), "DT_SONAME at .* is 0xffffff"),
    "needed": (tag("NEEDED", 0xffffff), "DT_NEEDED at .* is 0xffffff"),
    "hash": (tag("HASH", 0x700000), "DT_HASH at .* is 0x700000"),
    "nbucket": (table("HASH", 0, 0), "nbucket at .* is 0x0: no bucket at all"),
    "nbucket far": (table("HASH", 0, 0x100000),
                    "DT_HASH at .*: its buckets and chains end past"),
    "nchain": (table("HASH", 4, lambda v: v + 2), "nchain at .*: more chains"),
    "chain": (table("HASH", 8, 0x1000), "a link of DT_HASH at .* is 0x1000"),
    "gnu_hash": (tag("GNU_HASH", 0x700000), "DT_GNU_HASH at .* is 0x700000"),
    "nbuckets": (table("GNU_HASH", 0, 0), "nbuckets at .* is 0x0: no bucket"),
    "nbuckets far": (table("GNU_HASH", 0, 0x100000),
                     "DT_GNU_HASH at .*: its buckets end past"),
    "bloom 0": (table("GNU_HASH", 8, 0),
                "the Bloom filter's size at .* is 0x0: not a power of two"),
    "bloom 3": (table("GNU_HASH", 8, 3),
                "the Bloom filter's size at .* is 0x3: not a power of two"),
    "shift": (table("GNU_HASH", 12, 32),
              "the Bloom filter's shift at .* is 0x20: more than 31"),
    "bucket": (table("GNU_HASH", 4, 900),
               "a bucket of DT_GNU_HASH at .*: not one of its symbols"),
    "no end": (no_end, "DT_GNU_HASH at .*: its last chain has no end"),
    "versym": (tag("VERSYM", 0x700000), "DT_VERSYM at .* is 0x700000"),
    "verdef": (tag("VERDEF", 0x700000), "DT_VERDEF at .* is 0x700000"),
    "vd_version": (table("VERDEF", 0, 2, "<H"), "vd_version at .* is 0x2"),
    "vd_ndx": (table("VERDEF", 4, 0, "<H"), "vd_ndx at .* is 0x0: not a num"),
    "vd_hash": (table("VERDEF", 8, 1), "vd_hash at .* is 0x1: not that of"),
    "vd_aux": (table("VERDEF", 12, 0x7fffffff), "vd_aux at .* past the seg"),
    "vd_next": (table("VERDEF", 16, -20), "vd_next at .*: past the segment"),
    "vda_name": (table("VERDEF", 20, 0xffffff), "vda_name at .* is 0xffffff"),
    "verneed": (tag("VERNEED", 0x700000), "DT_VERNEED at .* is 0x700000"),
    "vn_version": (table("VERNEED", 0, 9, "<H"), "vn_version at .* is 0x9"),
    "vn_file": (table("VERNEED", 4, 0xffffff), "vn_file at .* is 0xffffff"),
    "vn_aux": (table("VERNEED", 8, -1), "vn_aux at .* is 0xffffffff: past"),
    "vn_next": (table("VERNEED", 12, 0x7fffffff), "vn_next at .*: past the"),
    "vna_hash": (table("VERNEED", 16, 3), "vna_hash at .* is 0x3: not that"),
    "vna_other": (table("VERNEED", 22, 0, "<H"), "vna_other at .* is 0x0"),
    "vna_name": (table("VERNEED", 24, 0xffffff), "vna_name at .* is 0xfffff"),
    "r_offset": (rel(6, "offset", 0xfffffffc),
                 "r_offset at .* is 0xfffffffc: a word that is in no segment"),
    "r_offset end": (rel(6, "offset", last_bytes),
                     "r_offset at .*: a word that is in no segment"),
    "read-only": (rel(6, "offset", read_only),
                  "r_offset at .* in a read-only segment, and there is no"),
    "second": (rel(6, "offset", lambda e, v: a_pointer(e)),
               "the word at 0x.* is relocated for the second time"),
    "overlap by 1": (rel(6, "offset", lambda e, v: a_pointer(e) + 3),
                     "is relocated for the second time"),
    "symbol": (rel(6, "info", 0x7fff06), "r_info at .*GLOB_DAT: no such symb"),
    "no symbol": (rel(6, "info", 6), "r_info at .*GLOB_DAT: it has no symbol"),
    "r_type": (rel(6, "info", lambda s: s << 8 | 99),
             r"r_info at .*R_386_\?: unknown type"),
    "copy": (rel(6, "info", lambda s: s << 8 | 5),
             "r_info at .*R_386_COPY: for programs, not for libraries"),
    "desc": (rel(6, "info", lambda s: s << 8 | 41),
             "r_info at .*R_386_TLS_DESC: descriptors are not offered"),
    "not tls": (not_tls, "r_info at .*: its symbol is not thread-local"),
    "tls as data": (rel(14, "info", lambda s: s << 8 | 6),
                    "r_info at .*GLOB_DAT: its symbol is thread-local"),
    "resolver": (rel(6, "info", 42),
                 "r_info at .*IRELATIVE: its resolver is not in the code"),
    "jump slot": (plt("offset", 0xfffffffe), "r_offset at .* is 0xfffffffe"),
    "slot": (slot_astray, "r_info at .*JUMP_SLOT: its word does not lead in"),
    "slot symbol": (plt("info", 0x7fff07), "r_info at .*: no such symbol"),
    "relr odd": (table("RELR", 0, 3), "DT_RELR's first word at .* is 0x3: a"),
    "relr even": (table("RELR", 0, 0x700000),
                  "DT_RELR's word at .* is 0x700000: a word that is in no"),
    "relr bitmap": (relr_word, "DT_RELR's word at .*: a word that is in no"),
    "st_name": (nameless, "st_name at .* is 0xffffff: not a name in"),
    "st_value": (export_outside, "st_value at .* is 0x700000: outside of"),
}


def spoilt(path, folder):
    """One file for each way: [(file, what must be said)]"""
    made = []
    for number, (spoil, words) in enumerate(BAD.values()):
        elf = Elf(path.read_bytes())
        spoil(elf)
        made.append((folder / f"bad{number:03}.so", words))
        made[-1][0].write_bytes(elf.data)
    return made
