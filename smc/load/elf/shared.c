// SPDX-License-Identifier: MIT
// A shared object from file to image: in which order the steps come.
//
//   lay out   headers --> parts, stage, address --> tables --> exports, needs
//   link      scope --> versions --> relocations --> no word twice
//   start     resolvers, init functions                (shared_start.c)
//
// The tables are read where the file has them: no relocation can change what
// is still to be read. When the file goes, they are those of the image.
#include "smc/load/elf/shared.h"
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/elf/shared_tls.h"

const char *shared_reloc_name(uint32_t type)
{
    static const char *const name[] = {
        [R_386_NONE] = "R_386_NONE",
        [R_386_32] = "R_386_32",
        [R_386_PC32] = "R_386_PC32",
        [R_386_COPY] = "R_386_COPY",
        [R_386_GLOB_DAT] = "R_386_GLOB_DAT",
        [R_386_JMP_SLOT] = "R_386_JUMP_SLOT",
        [R_386_RELATIVE] = "R_386_RELATIVE",
        [R_386_TLS_TPOFF] = "R_386_TLS_TPOFF",
        [R_386_TLS_DTPMOD32] = "R_386_TLS_DTPMOD32",
        [R_386_TLS_DTPOFF32] = "R_386_TLS_DTPOFF32",
        [R_386_TLS_TPOFF32] = "R_386_TLS_TPOFF32",
        [R_386_SIZE32] = "R_386_SIZE32",
        [R_386_TLS_DESC] = "R_386_TLS_DESC",
        [R_386_IRELATIVE] = "R_386_IRELATIVE",
    };

    return type < sizeof name / sizeof name[0] && name[type] ? name[type]
                                                             : "R_386_?";
}

bool shared_pend(struct shared *shared, struct shared_pending pending)
{
    uint32_t size = shared->pending_size;
    struct shared_pending *moved;

    if (shared->pendings == size) {
        size = size ? 2 * size : 16;
        moved = heap_resize(shared->pending, size * sizeof *moved);
        if (!moved)
            return load_fail(shared->error,
                             "no memory for indirect functions");
        shared->pending = moved;
        shared->pending_size = size;
    }
    shared->pending[shared->pendings++] = pending;
    return true;
}

static bool shared_lay_out(struct loading *in)
{
    struct shared *shared = heap_zalloc(1, sizeof *shared);

    in->work = in->image->detail = shared;
    if (!shared)
        return load_fail(in->error, "no memory to read the file");
    shared->image = in->image;
    shared->in = in;
    shared->file = in->file;
    shared->error = in->error;
    return shared_check(shared) && shared_place(shared) &&
           shared_read_dynamic(shared) && shared_check_hash(shared) &&
           shared_read_versions(shared) && shared_reserve_tls(shared) &&
           shared_export(shared) && shared_read_needed(shared);
}

// Per symbol its address, once it was asked for.
static bool make_values(struct shared *shared)
{
    uint32_t bytes = shared->symbols * sizeof *shared->value;

    shared->value = heap_alloc(bytes);
    if (!shared->value)
        return load_fail(shared->error, "no memory for the symbols");
    // All ones is SHARED_UNKNOWN.
    memset(shared->value, 0xff, bytes);
    return true;
}

// For those who watch: every name that is asked of others, those included
// that a lazy call would ask for later.
static void tell_lookups(const struct shared *shared)
{
    const struct load_watch *watch = shared->in->options->watch;

    for (uint32_t i = 1; watch && watch->look && i < shared->symbols; i++) {
        const struct elf_symbol *symbol = shared_symbol(shared, i);
        struct lookup lookup = {
            .name = shared_string(shared, symbol->st_name)};
        struct shared_found found;
        if (symbol->st_shndx != SHN_UNDEF || !lookup.name)
            continue;
        shared_find(shared, i, &found);
        lookup.from = found.from;
        lookup.address = found.value;
        build_tell_lookup(shared->in, &lookup);
    }
}

static bool shared_link(struct loading *in)
{
    struct shared *shared = in->work;

    if (!shared_make_scope(shared))
        return false;
    tell_lookups(shared);
    return shared_check_needed_versions(shared) && make_values(shared) &&
           shared_prepare_lazy(shared) && shared_relocate(shared) &&
           shared_judge_twice(shared);
}

static void move_table(const struct image *image, struct shared_table *table)
{
    if (table->at)
        table->at = image->base + table->offset;
}

// From the file to the image, where the same bytes are now.
static void shared_drop(struct loading *in)
{
    struct shared *shared = in->work;

    if (!shared)
        return;
    heap_free(shared->value);
    shared->value = NULL;
    shared->in = NULL;
    shared->file = NULL;
    shared->error = NULL;
    shared->dynamic = NULL;
    memset(shared->tag, 0, sizeof shared->tag);
    move_table(in->image, &shared->strings);
    move_table(in->image, &shared->symbol);
    move_table(in->image, &shared->sysv_hash);
    move_table(in->image, &shared->gnu_hash);
    move_table(in->image, &shared->versym);
    move_table(in->image, &shared->jmprel);
    move_table(in->image, &shared->init_array);
    move_table(in->image, &shared->fini_array);
}

static void shared_forget(struct image *image)
{
    struct shared *shared = image->detail;

    if (!shared)
        return;
    shared_release_tls(shared);
    heap_free(shared->version);
    heap_free(shared->pending);
    heap_free(shared);
}

const struct image_format elf_shared_format = {
    .name = "ELF shared",
    .is = shared_is,
    .lay_out = shared_lay_out,
    .link = shared_link,
    .drop = shared_drop,
    .start = shared_start,
    .stop = shared_stop,
    .forget = shared_forget,
    .reloc_name = shared_reloc_name,
};
