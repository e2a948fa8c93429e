# SPDX-License-Identifier: MIT
"""A writer of PE32 files, for those that no linker makes. Whatever a test
wants to be wrong, it can set; the rest is as the format wants it.

    pe = Pe(base=0x10000000)
    text = pe.section(".text", code, CODE)      # an RVA
    pe.directory[RELOC] = pe.section(".reloc", block(text, [1]), READ)
    path.write_bytes(pe.bytes())

[PE "COFF File Header" and following]
"""
import struct

CODE, READ, DATA = 0x60000020, 0x40000040, 0xc0000040
EXPORT, IMPORT, RELOC, TLS, DELAY, CLR = 0, 1, 5, 9, 13, 14


class Area(int):
    """An RVA that knows how long its contents are."""
    size = 0


class Pe:
    def __init__(self, base=0x10000000, align=0x1000, file_align=0x200,
                 start=None, e_lfanew=0x80, **fields):
        self.base, self.align, self.file_align = base, align, file_align
        self.e_lfanew = e_lfanew
        self.fields, self.directory = fields, {}
        self.sections = []
        self.flat = align < 0x1000
        self.headers = self.up(0x400, file_align)
        self.next_rva = self.up(start or self.headers, align)
        self.next_raw = self.next_rva if self.flat else self.headers

    @staticmethod
    def up(value, unit):
        return (value + unit - 1) // unit * unit

    def section(self, name, data, rights, size=None, **changes):
        """Adds a section at the next free RVA and returns that."""
        raw = self.up(len(data), self.file_align)
        size = len(data) if size is None else size
        entry = {"name": name.encode(), "size": size, "rva": self.next_rva,
                 "raw_size": raw, "raw": self.next_raw if raw else 0,
                 "rights": rights, "data": data, **changes}
        self.sections.append(entry)
        area = Area(self.next_rva)
        area.size = len(data)
        self.next_rva = self.up(self.next_rva + max(size, raw, 1)
                                if self.flat else
                                self.next_rva + max(size or raw, 1),
                                self.align)
        self.next_raw = self.next_rva if self.flat else self.next_raw + raw
        return area

    def header(self):
        field = {"machine": 0x14c, "sections": len(self.sections),
                 "optional_size": 224, "characteristics": 0x2102,
                 "magic": 0x10b, "entry": 0, "image_base": self.base,
                 "section_alignment": self.align,
                 "file_alignment": self.file_align,
                 "size_of_image": self.next_rva,
                 "size_of_headers": self.headers, "subsystem": 3,
                 "directories": 16, **self.fields}
        head = b"PE\0\0" + struct.pack(
            "<HHIIIHH", field["machine"], field["sections"], 0, 0, 0,
            field["optional_size"], field["characteristics"])
        head += struct.pack(
            "<HBBIIIIIIIIIHHHHHHIIIIHHIIIIII", field["magic"], 1, 0, 0, 0, 0,
            field["entry"], 0, 0, field["image_base"],
            field["section_alignment"], field["file_alignment"],
            4, 0, 0, 0, 4, 0, 0, field["size_of_image"],
            field["size_of_headers"], 0, field["subsystem"], 0,
            0x100000, 0x1000, 0x100000, 0x1000, 0, field["directories"])
        count = (field["optional_size"] - 96) // 8
        for index in range(count):
            area = self.directory.get(index, (0, 0))
            head += struct.pack("<II", *(area if isinstance(area, tuple)
                                         else (area, area.size)))
        return head

    def bytes(self):
        head = b"MZ".ljust(60, b"\0") + struct.pack("<I", self.e_lfanew)
        head = head.ljust(self.e_lfanew, b"\0")[:self.e_lfanew]
        head = bytearray(head + self.header())
        struct.pack_into("<I", head, 60, self.e_lfanew)
        for s in self.sections:
            head += struct.pack("<8sIIIIIIHHI", s["name"], s["size"],
                                s["rva"], s["raw_size"], s["raw"], 0, 0, 0,
                                0, s["rights"])
        out = bytearray(head.ljust(self.headers, b"\0"))
        for s in self.sections:
            if s["data"] and s["raw"] + len(s["data"]) < 1 << 25:
                end = s["raw"] + self.up(len(s["data"]), self.file_align)
                out = out.ljust(end, b"\0")
                out[s["raw"]:s["raw"] + len(s["data"])] = s["data"]
        return bytes(out)


def block(page, entries, size=None):
    """A block of base relocations: offsets are HIGHLOW, pairs (type, offset)
    of any type, and ("raw", word) is an entry as it stands."""
    words = []
    for entry in entries:
        if isinstance(entry, int):
            entry = (3, entry)
        words.append(entry[1] if entry[0] == "raw"
                     else entry[0] << 12 | entry[1])
    size = 8 + 2 * len(words) if size is None else size
    return struct.pack(f"<II{len(words)}H", page, size, *words)


def exports(rva, functions, names=None, base=1, **changes):
    """An export table that is to lie at this RVA. `functions` are RVAs, or
    strings for forwarders; `names` pairs of name and index."""
    names = [] if names is None else names
    at = rva + 40
    tables = {"function_table": at, "name_table": at + 4 * len(functions)}
    tables["ordinals"] = tables["name_table"] + 4 * len(names)
    at = tables["ordinals"] + 2 * len(names)
    text, rvas, name_rvas = b"", [], []
    for function in functions:
        if isinstance(function, str):
            rvas.append(at + len(text))
            text += function.encode() + b"\0"
        else:
            rvas.append(function)
    for name, _ in names:
        name_rvas.append(at + len(text))
        text += name.encode() + b"\0"
    field = {"base": base, "function_count": len(functions),
             "name_count": len(names), **tables, **changes}
    return (struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, at, field["base"],
                        field["function_count"], field["name_count"],
                        field["function_table"], field["name_table"],
                        field["ordinals"])
            + struct.pack(f"<{len(rvas)}I", *rvas)
            + struct.pack(f"<{len(names)}I", *name_rvas)
            + struct.pack(f"<{len(names)}H", *(i for _, i in names)) + text)


def imports(rva, wanted, stamp=0, names_too=True, delayed=False, thunk=0):
    """An import table at this RVA for [(dll, [name or ordinal, ...])].
    Returns its bytes and {(dll, name): RVA of the slot}. With `delayed` it is
    a table of delayed imports whose slots hold `thunk`."""
    entry = 32 if delayed else 20
    lists = rva + entry * (len(wanted) + 1)
    count = sum(len(symbols) + 1 for _, symbols in wanted)
    iat = lists + 4 * count
    at = iat + 4 * count
    text, table, names, slots, where = b"", b"", [], [], {}
    for dll, symbols in wanted:
        first = 4 * len(names)
        for symbol in symbols:
            where[dll, symbol] = iat + 4 * len(names)
            slots.append(thunk)
            if isinstance(symbol, int):
                names.append(0x80000000 | symbol)
                continue
            names.append(at + len(text))
            text += b"\0\0" + symbol.encode() + b"\0"
        names.append(0)
        slots.append(0)
        name = at + len(text)
        text += dll.encode() + b"\0"
        if delayed:
            table += struct.pack("<8I", 1, name, 0, iat + first,
                                 lists + first, 0, 0, 0)
        else:
            table += struct.pack("<5I", lists + first if names_too else 0,
                                 stamp, 0, name, iat + first)
    table += bytes(entry)
    return (table + struct.pack(f"<{count}I", *names)
            + struct.pack(f"<{count}I", *(slots if delayed else names))
            + text), where
