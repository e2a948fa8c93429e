// SPDX-License-Identifier: MIT
// Relocating: each entry names a word, a type and, mostly, a symbol.
//
//   type          the word becomes            for
//   RELATIVE      A + delta                   a pointer into the object
//   GLOB_DAT      S                           a pointer in the GOT
//   JMP_SLOT      S, or A + delta if lazy     a function's word in the GOT
//   32            S + A                       a pointer to a symbol
//   PC32          S + A - P                   a call in code: text relocation
//   SIZE32        Z + A                       the size of a symbol
//   IRELATIVE     what the function at A + delta answers, when it may run
//   TLS_*         see shared_tls.c
//
// Here is the one way on which every entry can be carried out, and where each
// is judged in words. What need not be judged again goes through the loops of
// shared_run.c.
//
// Text relocations need nothing special. The stage is data; the pages of code
// are written by the door when all words are right. [i386 ABI 4-22]
#include "smc/load/elf/shared_relocate.h"
#include "smc/load/elf/shared_tls.h"

const struct shared_segment *shared_aim(struct shared *shared,
                                        uint32_t r_offset, const char *where,
                                        uint32_t place)
{
    const struct shared_segment *segment = shared_segment(
        shared, r_offset - shared->low, 4);

    if (!segment) {
        load_refuse(shared->error, where, "offset", place, r_offset,
                    "a word that is in no segment");
        return NULL;
    }
    if (!(segment->flags & PF_WRITE) && !shared->text_relocations) {
        load_refuse(shared->error, where, "offset", place, r_offset,
                    "in a read-only segment, and there is no DT_TEXTREL");
        return NULL;
    }
    return segment;
}

static bool refuse(struct shared_relocator *work, const char *why)
{
    const struct elf_rel *rel = work->rel + work->at;
    char words[100];

    ksnprintf(words, sizeof words, "%s: %s",
              shared_reloc_name((uint8_t)rel->r_info), why);
    return REFUSE_FIELD(work->shared, rel, r_info, words);
}

// The target becomes the segment that the entry's word is in.
static bool aim(struct shared_relocator *work)
{
    const struct elf_rel *rel = work->rel + work->at;
    struct shared *shared = work->shared;
    const struct shared_segment *segment = shared_aim(
        shared, rel->r_offset, "r_offset",
        (uint32_t)((const uint8_t *)rel - shared->file->data));

    if (!segment)
        return false;
    work->target = (struct shared_target){
        .vaddr = segment->low + shared->low,
        .last = segment->size - 4,
        .stage = shared->image->stage + segment->low,
    };
    return true;
}

// The entry's symbol, which must have a name. NULL after refusing it.
static const char *name_of(struct shared_relocator *work)
{
    struct shared *shared = work->shared;
    uint32_t index = work->rel[work->at].r_info >> 8;
    const struct elf_symbol *symbol = shared_symbol(shared, index);
    const char *name;

    if (!symbol || index == 0) {
        refuse(work, index ? "no such symbol" : "it has no symbol");
        return NULL;
    }
    name = shared_string(shared, symbol->st_name);
    if (!name)
        REFUSE_FIELD(shared, symbol, st_name,
                     "not a name in the string table");
    return name;
}

// Finds the entry's symbol, and remembers its address for the loops.
static bool find(struct shared_relocator *work, struct shared_found *found)
{
    struct shared *shared = work->shared;
    uint32_t index = work->rel[work->at].r_info >> 8;
    const char *name = name_of(work);

    if (!name)
        return false;
    shared_find(shared, index, found);
    if (found->kind == SHARED_MISSING) {
        load_missing(shared->error, name);
        // Once is enough: the set will not be loaded.
        *found = (struct shared_found){.kind = SHARED_ADDRESS};
        shared->value[index] = 0;
    } else if (shared_symbol(shared, index)->st_shndx == SHN_UNDEF) {
        shared->image->bound++;
    }
    if (found->kind == SHARED_ADDRESS)
        shared->value[index] = found->value;
    return true;
}

// A call that is bound at its first use. Until then its word leads back into
// the PLT, to the instruction behind the jump.
static bool make_lazy(struct shared_relocator *work, uint32_t *value)
{
    // What the name is bound to, the first call will tell; that there is a
    // name can be told now.
    if (!name_of(work))
        return false;
    if (!shared_is_code(work->shared, *value))
        return refuse(work, "its word does not lead into the code");
    *value += work->shared->delta;
    return true;
}

// A word that only a function can tell. Code is never written again, so that
// a word in it cannot wait.
static bool wait_for(struct shared_relocator *work, uint32_t resolver)
{
    struct shared *shared = work->shared;
    const struct elf_rel *rel = work->rel + work->at;
    uint32_t offset = rel->r_offset - shared->low;

    if (!(shared_segment(shared, offset, 4)->flags & PF_WRITE))
        return refuse(work, "an indirect function's address in a read-only "
                            "segment");
    return shared_pend(
        shared, (struct shared_pending){PENDING_WORD, offset, resolver});
}

static bool relocate_indirect(struct shared_relocator *work, uint32_t value)
{
    if (!shared_is_code(work->shared, value))
        return refuse(work, "its resolver is not in the code");
    return wait_for(work, value + work->shared->delta);
}

// What is left once the symbol is known. `value` is the word's old and new
// content.
static bool relocate_symbol(struct shared_relocator *work, uint32_t *value)
{
    const struct elf_rel *rel = work->rel + work->at;
    uint8_t type = (uint8_t)rel->r_info;
    struct shared_found found;

    if (!find(work, &found))
        return false;
    if (type == R_386_SIZE32) {
        *value += found.size;
        return !found.sizeless ||
               refuse(work, "the kernel knows no size of what it offers");
    }
    if (found.kind == SHARED_TLS)
        return refuse(work, "its symbol is thread-local");
    if (found.kind == SHARED_INDIRECT)
        return type == R_386_PC32
                   ? refuse(work, "its symbol is an indirect function")
                   : wait_for(work, found.value);
    if (type == R_386_32 || type == R_386_PC32)
        found.value += *value;
    if (type == R_386_PC32)
        found.value -= rel->r_offset + work->shared->delta;
    *value = found.value;
    return true;
}

// A word that becomes read-only is bound now, whatever the mode: nobody could
// write it at the first call.
static bool may_wait(const struct shared_relocator *work)
{
    const struct shared *shared = work->shared;
    uint32_t offset = work->rel[work->at].r_offset - shared->low;

    return work->lazy &&
           (shared_segment(shared, offset, 4)->flags & PF_WRITE) &&
           (offset + 4 <= shared->relro_low || offset >= shared->relro_high);
}

static bool relocate_value(struct shared_relocator *work, uint32_t *value)
{
    switch ((uint8_t)work->rel[work->at].r_info) {
    case R_386_RELATIVE: *value += work->shared->delta; return true;
    case R_386_IRELATIVE: return relocate_indirect(work, *value);
    case R_386_JMP_SLOT:
        if (may_wait(work))
            return make_lazy(work, value);
        return relocate_symbol(work, value);
    case R_386_32:
    case R_386_PC32:
    case R_386_GLOB_DAT:
    case R_386_SIZE32: return relocate_symbol(work, value);
    case R_386_TLS_TPOFF:
    case R_386_TLS_TPOFF32:
    case R_386_TLS_DTPMOD32:
    case R_386_TLS_DTPOFF32:
        return shared_relocate_tls(work->shared, work->rel + work->at, value);
    case R_386_COPY: return refuse(work, "for programs, not for libraries");
    case R_386_TLS_DESC: return refuse(work, "descriptors are not offered");
    default: return refuse(work, "unknown type");
    }
}

static void tell(struct shared_relocator *work, uint32_t offset,
                 uint32_t before, uint32_t after)
{
    const struct elf_rel *rel = work->rel + work->at;
    const struct elf_symbol *symbol = shared_symbol(work->shared,
                                                    rel->r_info >> 8);
    struct fixup fixup = {.offset = offset,
                          .size = 4,
                          .type = shared_reloc_name((uint8_t)rel->r_info),
                          .before = before,
                          .after = after};

    if (rel->r_info >> 8 && symbol)
        fixup.symbol = shared_string(work->shared, symbol->st_name);
    build_tell(work->shared->in, &fixup);
}

// The one way on which every entry can be carried out, and each is judged.
static bool relocate_entry(struct shared_relocator *work)
{
    const struct elf_rel *rel = work->rel + work->at;
    struct shared *shared = work->shared;
    uint32_t offset = rel->r_offset - shared->low, before, value;

    if ((uint8_t)rel->r_info == R_386_NONE) {
        work->at++;
        return true;
    }
    if (!aim(work))
        return false;
    before = value = build_get(shared->image, offset);
    if (!relocate_value(work, &value))
        return false;
    build_put(shared->image, offset, value);
    shared->image->relocations[(uint8_t)rel->r_info]++;
    if (work->watched)
        tell(work, offset, before, value);
    shared_ran(shared, offset, offset + 4);
    work->at++;
    return true;
}

static bool relocate_table(struct shared *shared,
                           const struct shared_table *table, bool lazy)
{
    struct shared_relocator work = {
        .shared = shared,
        .rel = (const void *)table->at,
        .end = table->size / sizeof(struct elf_rel),
        .lazy = lazy,
        .watched = shared->in->options->watch,
    };

    while (work.at < work.end) {
        // The first entry of a run finds the segment and the symbol.
        if (!relocate_entry(&work))
            return false;
        if (work.at < work.end && work.target.stage && !work.watched)
            shared_run(&work);
    }
    return true;
}

bool shared_relocate(struct shared *shared)
{
    return shared_relocate_relr(shared) &&
           relocate_table(shared, &shared->rel, false) &&
           relocate_table(shared, &shared->jmprel, shared->lazy);
}
