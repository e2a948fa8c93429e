// SPDX-License-Identifier: MIT
// Loading an ELF32 shared object: what `gcc -shared` makes, a lib*.so.
//
// Its distances are fixed: code finds its data by them. So it is moved as a
// whole, by segments, and one number, delta, tells by how much.
//
//   p_vaddr                                image
//   00000000  r--  headers, hash, symbols  base + 0      rodata
//   00002000  r-x  .init .plt .text        base + 2000   text
//   00014000  r--  .rodata .eh_frame       base + 14000  rodata
//   0001bdf8  rw-  .dynamic .got           base + 1b000  relro: r-- at last
//   0001c000  rw-  .got.plt .data .bss     base + 1c000  data
//
// One file for each idea: shared_check (headers), shared_segments (this
// picture), shared_dynamic (which tables there are), shared_hash, _names,
// _versions and _match (names), shared_scope (who offers one),
// shared_relocate, _run, _relr and _twice (the words that change),
// shared_tls, shared_start (its own code runs), shared_lazy (calls bound at
// their first use).
// [ELF part 2], [i386 ABI chapter 5], [glibc elf/dl-*.c for what is customary]
#pragma once
#include "smc/load/build.h"
#include "smc/load/elf/elf_format.h"

extern const struct image_format elf_shared_format;

// Debian's shared objects have four; two more for old and odd linkers' ways.
#define SHARED_SEGMENTS 16
// How many objects a search for a name may visit.
#define SHARED_SCOPE 64

// A PT_LOAD.
struct shared_segment {
    uint32_t low, size;  // image offset, and bytes in memory
    const uint8_t *file; // its bytes in the file,
    uint32_t file_size;  // and how many of them: the others are zero
    uint32_t flags;      // PF_EXEC, PF_WRITE
};

// A table that the file brings along. While loading, its bytes are those of
// the file, which no relocation can change; afterwards those of the image.
struct shared_table {
    const uint8_t *at;
    uint32_t offset, size; // in the image
};

// Where the tags of the dynamic section are kept: those below 38 at their
// own number, those of GNU above.
enum {
    TAG_NEEDED = 1,
    TAG_PLTRELSZ = 2,
    TAG_PLTGOT = 3,
    TAG_HASH = 4,
    TAG_STRTAB = 5,
    TAG_SYMTAB = 6,
    TAG_RELA = 7,
    TAG_STRSZ = 10,
    TAG_SYMENT = 11,
    TAG_INIT = 12,
    TAG_FINI = 13,
    TAG_SONAME = 14,
    TAG_SYMBOLIC = 16,
    TAG_REL = 17,
    TAG_RELSZ = 18,
    TAG_RELENT = 19,
    TAG_PLTREL = 20,
    TAG_TEXTREL = 22,
    TAG_JMPREL = 23,
    TAG_BIND_NOW = 24,
    TAG_INIT_ARRAY = 25,
    TAG_FINI_ARRAY = 26,
    TAG_INIT_ARRAYSZ = 27,
    TAG_FINI_ARRAYSZ = 28,
    TAG_FLAGS = 30,
    TAG_RELRSZ = 35,
    TAG_RELR = 36,
    TAG_RELRENT = 37,
    TAG_GNU_HASH = 38,
    TAG_VERSYM = 40, // 0x6ffffff0 and up
    TAG_RELCOUNT = 50,
    TAG_FLAGS_1 = 51,
    TAG_VERDEF = 52,
    TAG_VERDEFNUM = 53,
    TAG_VERNEED = 54,
    TAG_VERNEEDNUM = 55,
    SHARED_TAGS = 56
};
enum { FLAG_TEXTREL = 4, FLAG_BIND_NOW = 8, FLAG_1_NOW = 1 };

// One object that it needs: an image, or one that the kernel stands in for.
struct shared_need {
    struct image *image; // NULL: the kernel's
    uint32_t name;       // offset in the string table
};

// A version that its symbols have or ask for, by number.
struct shared_version {
    uint32_t name;   // offset in the string table; 0: no such version
    uint32_t needed; // of one that is asked for: the file's name; else 0
    bool weak;
};

// A word or an export whose value only a function of an image can tell: an
// indirect function's resolver. Asked when images may run.
struct shared_pending {
    enum { PENDING_WORD, PENDING_EXPORT } kind;
    uint32_t at;       // image offset, or number of the export
    uint32_t resolver; // an address in code
};

struct shared {
    struct image *image;
    // While loading, else NULL:
    struct loading *in;
    const struct module *file;
    struct load_error *error;

    struct shared_segment segment[SHARED_SEGMENTS];
    uint32_t segments;
    uint32_t low;   // p_vaddr of image offset 0
    uint32_t delta; // what must be added to each address in the file
    uint32_t relro_low, relro_high; // image offsets, whole pages

    const struct elf_dynamic *dynamic;          // while loading: the list,
    const struct elf_dynamic *tag[SHARED_TAGS]; // and its entries by tag
    struct shared_table strings, symbol, sysv_hash, gnu_hash, versym;
    struct shared_table rel, jmprel, relr;
    uint32_t symbols; // entries; what lies beyond is no symbol
    uint32_t hashed;  // the first that its hash tables do not reach
    // The numbers at the heads of the hash tables, as they were judged. In the
    // image a relocation or the object's own code may have changed them.
    struct {
        uint32_t buckets, first, blooms, shift;
    } gnu;
    uint32_t sysv_buckets;
    struct shared_version *version;
    uint32_t versions;
    struct shared_need need[IMAGE_USES];
    uint32_t needs;
    uint32_t soname; // offset in the string table; 0: none
    struct shared_scope {
        struct image *image; // NULL: the kernel, as
        const char *host;    // this library
    } scope[SHARED_SCOPE];
    uint32_t scopes;
    uint32_t *value; // per symbol, while linking; SHARED_UNKNOWN
    uint32_t pltgot; // image offset of the GOT's head
    bool lazy;       // calls through the PLT are bound at the first use
    bool text_relocations;
    enum binding binding;
    bool settled; // its resolvers have been asked

    struct shared_pending *pending;
    uint32_t pendings, pending_size;
    struct {
        const struct elf_segment *header; // while loading; NULL: none
        uint32_t low, file_size, size;
        uint32_t tpoff; // the block begins at %gs:0 - tpoff
        bool reserved;
    } tls;
    uint32_t init, fini; // addresses; 0: none
    struct shared_table init_array, fini_array;

    // shared_twice.c: the stretches in which words were changed in order.
    struct shared_run {
        uint32_t low, high;
    } run[64];
    uint32_t runs;
    bool disorder;
};

#define SHARED_UNKNOWN 0xffffffffu

// "R_386_GLOB_DAT", or "R_386_?".
const char *shared_reloc_name(uint32_t type);

// The shared object behind an image, or NULL if it is something else.
struct shared *shared_of(const struct image *image);

// shared_check.c: the headers, and which segments there are.
bool shared_is(const struct module *file);
bool shared_check(struct shared *shared);

// shared_segments.c: parts and their rights, the stage.
bool shared_place(struct shared *shared);
// The segment that all of [offset, offset + size) lies in, or NULL.
const struct shared_segment *shared_segment(const struct shared *shared,
                                            uint32_t offset, uint32_t size);
// True if that address, as a number in the file, lies in code.
bool shared_is_code(const struct shared *shared, uint32_t vaddr);

// shared_dynamic.c: the tables.
bool shared_read_dynamic(struct shared *shared);
bool shared_refuse_tag(const struct shared *shared, uint32_t tag,
                       const char *why);
static inline uint32_t shared_tag(const struct shared *shared, uint32_t tag)
{
    return shared->tag[tag] ? shared->tag[tag]->d_val : 0;
}
// Finds the bytes of a table in the file, or refuses the tag.
bool shared_find_table(const struct shared *shared, uint32_t tag,
                       uint32_t size, struct shared_table *table);
// A string of the string table, or NULL if that is none.
const char *shared_string(const struct shared *shared, uint32_t offset);

// shared_hash.c, shared_names.c: symbols by number and by name.
struct shared_name {
    const char *name;
    uint32_t gnu, sysv;  // both hashes
    const char *version; // NULL: any, the default one before others
};
bool shared_check_hash(struct shared *shared);
bool shared_export(struct shared *shared);
uint32_t shared_sysv_hash(const char *name);
uint32_t shared_gnu_hash(const char *name);
const struct elf_symbol *shared_symbol(const struct shared *shared,
                                       uint32_t index);
// The symbol that others are given for this name, or NULL.
const struct elf_symbol *shared_lookup(const struct shared *shared,
                                       const struct shared_name *name);

// shared_versions.c, shared_match.c
bool shared_read_versions(struct shared *shared);
// The versions that it asks of others must be offered by them.
bool shared_check_needed_versions(const struct shared *shared);
// The name of the version that symbol `index` has or asks for, or NULL.
const char *shared_version_of(const struct shared *shared, uint32_t index);
bool shared_version_hidden(const struct shared *shared, uint32_t index);
// How well symbol `index` answers to a name: 2 it is the one, 1 only if
// nothing else is, 0 not at all.
int shared_version_fits(const struct shared *shared, uint32_t index,
                        const char *version);

// shared_scope.c: which object answers for a name.
enum shared_kind {
    SHARED_MISSING,  // a strong symbol that nobody offers
    SHARED_ADDRESS,  // value is its address; 0 for a weak one
    SHARED_INDIRECT, // value is the address of its resolver
    SHARED_TLS       // value is its offset in the block at `tpoff`
};
struct shared_found {
    enum shared_kind kind;
    uint32_t value, tpoff, size;
    const char *from; // whose it is; NULL: nobody's
    bool sizeless;    // a function of the kernel, which has no size
};
bool shared_read_needed(struct shared *shared);
bool shared_make_scope(struct shared *shared);
void shared_find(const struct shared *shared, uint32_t index,
                 struct shared_found *found);

// shared_relocate.c, shared_relr.c: carries out all relocations in the stage.
bool shared_relocate(struct shared *shared);
bool shared_relocate_relr(struct shared *shared);
void shared_each_relr(const struct shared *shared,
                      void (*see)(void *arg, uint32_t vaddr), void *arg);
// One word that a relocation may change, or NULL after refusing it.
const struct shared_segment *shared_aim(struct shared *shared,
                                        uint32_t r_offset, const char *where,
                                        uint32_t place);
bool shared_pend(struct shared *shared, struct shared_pending pending);

// shared_twice.c: no word is changed twice.
void shared_ran(struct shared *shared, uint32_t low, uint32_t high);
bool shared_judge_twice(struct shared *shared);

// shared_start.c: what runs its code.
bool shared_start(struct image *image, struct load_error *error);
bool shared_stop(struct image *image, struct load_error *error);

// shared_lazy.c
bool shared_prepare_lazy(struct shared *shared);
