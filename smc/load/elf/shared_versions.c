// SPDX-License-Identifier: MIT
// Versions of symbols: memcpy@GLIBC_2.2.5 and memcpy@@GLIBC_2.14 are two
// functions of one name. A library keeps the old one for old programs.
//
//   symbol       3: memcpy          7: deflate
//   versym      [3] = 4            [7] = 2            a number, local to it
//   verneed      4: GLIBC_2.14      |                 asked of libc.so.6
//                   of libc.so.6    |
//   verdef                         2: ZLIB_1.2.0      what it defines itself
//
// Bit 15 in versym hides a symbol from those who ask for no version.
// [LSB "Symbol Versioning"], [glibc elf/dl-lookup.c check_match]
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/elf/shared.h"

// Each version that is asked for is compared with those that are offered.
// glibc, which keeps all of them, has 40.
#define VERSION_MAX 1023u

// A chain of records, each with a chain of its own. `next` counts from the
// record, so that it goes forward only, and the segment ends it. A verneed is
// smaller than a verdef: both have names behind them.
struct walk {
    struct shared *shared;
    uint32_t tag;
    const uint8_t *at; // the table
    uint32_t room;     // bytes from there to the end of the segment's
};

static bool open_walk(struct walk *walk)
{
    struct shared_table table;
    const struct shared_segment *segment;

    if (!shared_find_table(walk->shared, walk->tag, sizeof(struct elf_verdef),
                           &table))
        return false;
    segment = shared_segment(walk->shared, table.offset, 1);
    walk->at = table.at;
    walk->room = segment->low + segment->file_size - table.offset;
    return true;
}

// Room for `index` in the array of versions.
static bool grow_versions(struct shared *shared, uint32_t index)
{
    uint32_t want = (index | 15) + 1;
    struct shared_version *moved;

    if (index < shared->versions)
        return true;
    moved = heap_resize(shared->version, want * sizeof *moved);
    if (!moved)
        return load_fail(shared->error, "no memory for the versions");
    memset(moved + shared->versions, 0,
           (want - shared->versions) * sizeof *moved);
    shared->version = moved;
    shared->versions = want;
    return true;
}

// Keeps a version under its number.
static bool keep(struct shared *shared, uint32_t index, uint32_t name,
                 struct shared_version version)
{
    version.name = name;
    if (!grow_versions(shared, index))
        return false;
    shared->version[index] = version;
    return true;
}

static bool is_free(const struct shared *shared, uint32_t index)
{
    return index && index <= VERSION_MAX &&
           (index >= shared->versions || !shared->version[index].name);
}

// A hash that is not that of the name would be found by no linker.
static bool has_hash(const struct shared *shared, uint32_t name, uint32_t hash)
{
    const char *text = shared_string(shared, name);

    return text && shared_sysv_hash(text) == hash;
}

static bool read_definition(const struct walk *walk, uint32_t at)
{
    struct shared *shared = walk->shared;
    const struct elf_verdef *def = (const void *)(walk->at + at);
    const struct elf_verdaux *aux;

    if (def->vd_version != 1)
        return REFUSE_FIELD(shared, def, vd_version, "not 1");
    if (def->vd_aux > walk->room - at ||
        sizeof *aux > walk->room - at - def->vd_aux)
        return REFUSE_FIELD(shared, def, vd_aux, "past the segment's bytes");
    // The first name is the version's own, others are its parents'.
    aux = (const void *)(walk->at + at + def->vd_aux);
    if (!shared_string(shared, aux->vda_name))
        return REFUSE_FIELD(shared, aux, vda_name,
                            "not a name in the string table");
    if (!has_hash(shared, aux->vda_name, def->vd_hash))
        return REFUSE_FIELD(shared, def, vd_hash, "not that of its name");
    if (!is_free(shared, def->vd_ndx))
        return REFUSE_FIELD(shared, def, vd_ndx,
                            "not a number of its own in 1..1023");
    return keep(shared, def->vd_ndx, aux->vda_name,
                (struct shared_version){0});
}

static bool read_definitions(struct shared *shared)
{
    struct walk walk = {shared, TAG_VERDEF, NULL, 0};
    uint32_t at = 0;

    if (!shared->tag[TAG_VERDEF])
        return true;
    if (!open_walk(&walk))
        return false;
    for (uint32_t i = 0; i < shared_tag(shared, TAG_VERDEFNUM); i++) {
        const struct elf_verdef *def = (const void *)(walk.at + at);
        // There is room for it: see vd_next below, and the first one.
        if (!read_definition(&walk, at))
            return false;
        if (def->vd_next == 0)
            break;
        if (def->vd_next > walk.room - at ||
            sizeof *def > walk.room - at - def->vd_next)
            return REFUSE_FIELD(shared, def, vd_next,
                                "past the segment's bytes");
        at += def->vd_next;
    }
    return true;
}

static bool read_name(const struct walk *walk, const struct elf_verneed *need,
                      uint32_t at)
{
    struct shared *shared = walk->shared;
    const struct elf_vernaux *aux = (const void *)(walk->at + at);
    uint32_t index = aux->vna_other & VER_INDEX;

    if (!shared_string(shared, aux->vna_name))
        return REFUSE_FIELD(shared, aux, vna_name,
                            "not a name in the string table");
    if (!has_hash(shared, aux->vna_name, aux->vna_hash))
        return REFUSE_FIELD(shared, aux, vna_hash, "not that of its name");
    if (!is_free(shared, index))
        return REFUSE_FIELD(shared, aux, vna_other,
                            "not a number of its own in 1..1023");
    return keep(shared, index, aux->vna_name,
                (struct shared_version){.needed = need->vn_file,
                                        .weak = aux->vna_flags & VER_WEAK});
}

// The names that one file is asked for.
static bool read_wanted(const struct walk *walk, uint32_t at)
{
    struct shared *shared = walk->shared;
    const struct elf_verneed *need = (const void *)(walk->at + at);
    const struct elf_vernaux *aux;

    if (need->vn_version != 1)
        return REFUSE_FIELD(shared, need, vn_version, "not 1");
    if (!shared_string(shared, need->vn_file))
        return REFUSE_FIELD(shared, need, vn_file,
                            "not a name in the string table");
    if (need->vn_aux > walk->room - at ||
        sizeof *aux > walk->room - at - need->vn_aux)
        return REFUSE_FIELD(shared, need, vn_aux, "past the segment's bytes");
    at += need->vn_aux;
    for (uint32_t i = 0; i < need->vn_cnt; i++) {
        aux = (const void *)(walk->at + at);
        if (!read_name(walk, need, at))
            return false;
        if (aux->vna_next == 0)
            break;
        if (aux->vna_next > walk->room - at ||
            sizeof *aux > walk->room - at - aux->vna_next)
            return REFUSE_FIELD(shared, aux, vna_next,
                                "past the segment's bytes");
        at += aux->vna_next;
    }
    return true;
}

static bool read_needs(struct shared *shared)
{
    struct walk walk = {shared, TAG_VERNEED, NULL, 0};
    uint32_t at = 0;

    if (!shared->tag[TAG_VERNEED])
        return true;
    if (!open_walk(&walk))
        return false;
    for (uint32_t i = 0; i < shared_tag(shared, TAG_VERNEEDNUM); i++) {
        const struct elf_verneed *need = (const void *)(walk.at + at);
        if (!read_wanted(&walk, at))
            return false;
        if (need->vn_next == 0)
            break;
        if (need->vn_next > walk.room - at ||
            sizeof *need > walk.room - at - need->vn_next)
            return REFUSE_FIELD(shared, need, vn_next,
                                "past the segment's bytes");
        at += need->vn_next;
    }
    return true;
}

bool shared_read_versions(struct shared *shared)
{
    if (!shared->tag[TAG_VERSYM])
        return true;
    return shared_find_table(shared, TAG_VERSYM, 2 * shared->symbols,
                             &shared->versym) &&
           read_definitions(shared) && read_needs(shared);
}
