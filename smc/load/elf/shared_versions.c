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
#include "smc/load/elf/shared_host.h"

// A chain of records, each with a chain of its own. `next` counts from the
// record, so that it goes forward only, and the segment ends it.
struct walk {
    struct shared *shared;
    uint32_t tag, number_tag;
    const uint8_t *at; // the table
    uint32_t room;     // bytes from there to the end of the segment's
};

static bool open_walk(struct walk *walk)
{
    struct shared_table table;
    const struct shared_segment *segment;

    if (!shared_find_table(walk->shared, walk->tag, 1, &table))
        return false;
    segment = shared_segment(walk->shared, table.offset, 1);
    walk->at = table.at;
    walk->room = segment->low + segment->file_size - table.offset;
    return true;
}

static bool refuse(const struct walk *walk, const char *why)
{
    return shared_refuse_tag(walk->shared, walk->tag, why);
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

// A hash that is not that of the name would be found by no linker.
static bool add_version(const struct walk *walk, uint32_t index, uint32_t hash,
                        struct shared_version version)
{
    struct shared *shared = walk->shared;
    const char *text = shared_string(shared, version.name);

    if (index == 0 || index > VER_INDEX)
        return refuse(walk, "a version in it has a number not in 1..0x7fff");
    if (!text)
        return refuse(walk, "the name of a version is no string");
    if (shared_sysv_hash(text) != hash)
        return refuse(walk, "a hash in it is not that of its name");
    if (!grow_versions(shared, index))
        return false;
    if (shared->version[index].name)
        return refuse(walk, "two versions in it have one number");
    shared->version[index] = version;
    return true;
}

static bool read_definition(const struct walk *walk, uint32_t at)
{
    const struct elf_verdef *def = (const void *)(walk->at + at);
    const struct elf_verdaux *aux;

    if (def->vd_version != 1)
        return refuse(walk, "a record in it is not of version 1");
    if (def->vd_aux > walk->room - at ||
        sizeof *aux > walk->room - at - def->vd_aux)
        return refuse(walk, "vd_aux leads past the segment's bytes");
    // The first name is the version's own, others are its parents'.
    aux = (const void *)(walk->at + at + def->vd_aux);
    return add_version(walk, def->vd_ndx, def->vd_hash,
                       (struct shared_version){.name = aux->vda_name});
}

static bool read_definitions(struct shared *shared)
{
    struct walk walk = {shared, TAG_VERDEF, TAG_VERDEFNUM, NULL, 0};
    uint32_t at = 0;

    if (!shared->tag[TAG_VERDEF])
        return true;
    if (!open_walk(&walk))
        return false;
    for (uint32_t i = 0; i < shared_tag(shared, TAG_VERDEFNUM); i++) {
        const struct elf_verdef *def = (const void *)(walk.at + at);
        if (!range_inside(at, sizeof *def, walk.room))
            return refuse(&walk, "vd_next leads past the segment's bytes");
        if (!read_definition(&walk, at))
            return false;
        if (def->vd_next == 0)
            break;
        if (def->vd_next > walk.room - at)
            return refuse(&walk, "vd_next leads past the segment's bytes");
        at += def->vd_next;
    }
    return true;
}

// The names that one file is asked for.
static bool read_wanted(const struct walk *walk, uint32_t at)
{
    const struct elf_verneed *need = (const void *)(walk->at + at);
    uint32_t step = need->vn_aux;

    if (need->vn_version != 1)
        return refuse(walk, "a record in it is not of version 1");
    if (!shared_string(walk->shared, need->vn_file))
        return refuse(walk, "the name of a file in it is no string");
    for (uint32_t i = 0; i < need->vn_cnt; i++) {
        const struct elf_vernaux *aux;
        if (step > walk->room - at || sizeof *aux > walk->room - at - step)
            return refuse(walk, "vn_aux or vna_next leads past the "
                                "segment's bytes");
        at += step;
        aux = (const void *)(walk->at + at);
        if (!add_version(walk, aux->vna_other & VER_INDEX, aux->vna_hash,
                         (struct shared_version){aux->vna_name, need->vn_file,
                                                 aux->vna_flags & VER_WEAK}))
            return false;
        step = aux->vna_next;
        if (step == 0)
            break;
    }
    return true;
}

static bool read_needs(struct shared *shared)
{
    struct walk walk = {shared, TAG_VERNEED, TAG_VERNEEDNUM, NULL, 0};
    uint32_t at = 0;

    if (!shared->tag[TAG_VERNEED])
        return true;
    if (!open_walk(&walk))
        return false;
    for (uint32_t i = 0; i < shared_tag(shared, TAG_VERNEEDNUM); i++) {
        const struct elf_verneed *need = (const void *)(walk.at + at);
        if (!range_inside(at, sizeof *need, walk.room))
            return refuse(&walk, "vn_next leads past the segment's bytes");
        if (!read_wanted(&walk, at))
            return false;
        if (need->vn_next == 0)
            break;
        if (need->vn_next > walk.room - at)
            return refuse(&walk, "vn_next leads past the segment's bytes");
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

// What versym says of a symbol: 0 and 1 are no version.
static uint32_t versym(const struct shared *shared, uint32_t index)
{
    const uint8_t *at = shared->versym.at + 2 * index;

    return shared->versym.at ? (uint32_t)(at[0] | at[1] << 8) : VER_GLOBAL;
}

const char *shared_version_of(const struct shared *shared, uint32_t index)
{
    uint32_t number = versym(shared, index) & VER_INDEX;

    return number > VER_GLOBAL && number < shared->versions &&
                   shared->version[number].name
               ? shared_string(shared, shared->version[number].name)
               : NULL;
}

int shared_version_fits(const struct shared *shared, uint32_t index,
                        const char *version)
{
    uint32_t number = versym(shared, index);
    const char *has = shared_version_of(shared, index);

    // An object without versions answers for all of them.
    if (!shared->versym.at)
        return 2;
    // Who names none was linked before there were any, so that the oldest,
    // number 2, is what it knows; else the one that is not hidden.
    if (!version)
        return (number & VER_INDEX) <= 2 ? 2 : !(number & VER_HIDDEN);
    if (!has)
        return !(number & VER_HIDDEN);
    return strcmp(has, version) == 0 ? 2 : 0;
}

// The strings were judged when they were read, but by now they may lie in
// memory that the object's own code can change.
static bool is_string(const struct shared *shared, uint32_t offset,
                      const char *text)
{
    const char *string = shared_string(shared, offset);

    return string && strcmp(string, text) == 0;
}

static bool defines(const struct shared *shared, const char *version)
{
    for (uint32_t i = 1; i < shared->versions; i++) {
        const struct shared_version *own = &shared->version[i];
        if (own->name && !own->needed && is_string(shared, own->name, version))
            return true;
    }
    // One that knows no versions at all may still serve.
    return !shared->versym.at;
}

static bool is_offered(const struct shared *shared, const char *file,
                       const char *version)
{
    for (uint32_t i = 0; i < shared->needs; i++) {
        const struct shared_need *need = &shared->need[i];
        if (is_string(shared, need->name, file))
            return need->image ? defines(shared_of(need->image), version)
                               : shared_host_version(file, version);
    }
    return false; // it is asked of a file that is not needed
}

bool shared_check_needed_versions(const struct shared *shared)
{
    for (uint32_t i = 1; i < shared->versions; i++) {
        const struct shared_version *wanted = &shared->version[i];
        const char *file, *version;
        // A weak one is needed by weak symbols only.
        if (!wanted->needed || wanted->weak)
            continue;
        file = shared_string(shared, wanted->needed);
        version = shared_string(shared, wanted->name);
        if (!is_offered(shared, file, version))
            return load_fail(shared->error,
                             "needs version %s of %s, which "
                             "does not offer it",
                             version, file);
    }
    return true;
}
