// SPDX-License-Identifier: MIT
// Symbols by name: what an object offers, found through the hash tables that
// it brings along. shared_hash.c draws them, and has judged them.
#include "kernel/string.h"
#include "smc/load/elf/shared_hash.h"

uint32_t shared_sysv_hash(const char *name)
{
    uint32_t hash = 0, high;

    for (; *name; name++) {
        hash = (hash << 4) + (uint8_t)*name;
        high = hash & 0xf0000000;
        hash = (hash ^ high >> 24) & ~high;
    }
    return hash;
}

uint32_t shared_gnu_hash(const char *name)
{
    uint32_t hash = 5381;

    for (; *name; name++)
        hash = hash * 33 + (uint8_t)*name;
    return hash;
}

const struct elf_symbol *shared_symbol(const struct shared *shared,
                                       uint32_t index)
{
    return index < shared->symbols
               ? (const struct elf_symbol *)shared->symbol.at + index
               : NULL;
}

// What others may be given: defined, not local, and not for inner use.
static bool is_offered(const struct elf_symbol *symbol)
{
    uint32_t type = symbol->st_info & 15, binding = symbol->st_info >> 4;
    uint32_t visibility = symbol->st_other & 3;

    return symbol->st_shndx != SHN_UNDEF &&
           (binding == STB_GLOBAL || binding == STB_WEAK ||
            binding == STB_GNU_UNIQUE) &&
           (type <= STT_FUNC || type == STT_COMMON || type == STT_TLS ||
            type == STT_IFUNC) &&
           visibility != STV_HIDDEN && visibility != STV_INTERNAL;
}

// One symbol that others may ask for. An indirect function has no address
// until its resolver was asked, and a thread-local variable never has one.
static bool export_symbol(struct shared *shared, uint32_t index)
{
    const struct elf_symbol *symbol = shared_symbol(shared, index);
    const char *name = shared_string(shared, symbol->st_name);
    uint32_t type = symbol->st_info & 15, address = symbol->st_value;
    struct shared_pending later = {PENDING_EXPORT, shared->image->exports,
                                   address + shared->delta};

    if (!name)
        return REFUSE_FIELD(shared, symbol, st_name,
                            "not a name in the string table");
    // Old versions of a name are for those who ask for them by version, and
    // nobody is bound to a number that is no address.
    if (!is_offered(symbol) || type == STT_TLS || !*name ||
        shared_version_hidden(shared, index) || symbol->st_shndx == SHN_ABS)
        return true;
    // The end of a segment counts as inside: `extern char end[]`.
    if (!shared_segment(shared, address - shared->low, 0))
        return REFUSE_FIELD(shared, symbol, st_value,
                            "outside of every segment");
    if (type != STT_IFUNC)
        return build_export(shared->in, name, address + shared->delta);
    if (!shared_is_code(shared, address))
        return REFUSE_FIELD(shared, symbol, st_value,
                            "a resolver outside of the code");
    return build_export(shared->in, name, 0) && shared_pend(shared, later);
}

// What the hash tables reach, and no more: what lies below is asked of others.
bool shared_export(struct shared *shared)
{
    uint32_t first = shared->gnu_hash.at ? shared->gnu.first : 1;

    for (uint32_t i = first; i < shared->hashed; i++)
        if (!export_symbol(shared, i))
            return false;
    return true;
}

// Compares one symbol, and keeps it in *best if it is the best so far.
static int try_symbol(const struct shared *shared, uint32_t index,
                      const struct shared_name *name, uint32_t *best)
{
    const struct elf_symbol *symbol = shared_symbol(shared, index);
    const char *text = shared_string(shared, symbol->st_name);
    int fits;

    if (!is_offered(symbol) || !text || strcmp(text, name->name) != 0)
        return 0;
    fits = shared_version_fits(shared, index, name->version);
    if (fits == 2 || (fits && !*best))
        *best = index;
    return fits;
}

static uint32_t find_gnu(const struct shared *shared,
                         const struct shared_name *name)
{
    struct shared_gnu_hash hash = shared_open_gnu(shared);
    uint32_t word = hash.bloom[name->gnu / 32 & (hash.blooms - 1)].value;
    uint32_t bits = 1u << name->gnu % 32 |
                    1u << (name->gnu >> hash.shift) % 32;
    uint32_t index = hash.bucket[name->gnu % hash.buckets].value, best = 0;

    // Below `first` only after the image was changed by its own code.
    if ((word & bits) != bits || index < hash.first)
        return 0;
    for (; index && index < shared->hashed; index++) {
        uint32_t chain = hash.chain[index - hash.first].value;
        // Bit 0 marks the end and is no part of the hash.
        if (((chain ^ name->gnu) >> 1) == 0 &&
            try_symbol(shared, index, name, &best) == 2)
            break;
        if (chain & 1)
            break;
    }
    return best;
}

static uint32_t find_sysv(const struct shared *shared,
                          const struct shared_name *name)
{
    const struct shared_table *table = &shared->sysv_hash;
    uint32_t buckets = shared->sysv_buckets, best = 0;
    uint32_t index = shared_word(table, 2 + name->sysv % buckets);

    // A circle of chains is left after as many steps as there are symbols.
    for (uint32_t steps = 0; index && steps < shared->symbols; steps++) {
        if (index >= shared->symbols ||
            try_symbol(shared, index, name, &best) == 2)
            break;
        index = shared_word(table, 2 + buckets + index);
    }
    return best;
}

const struct elf_symbol *shared_lookup(const struct shared *shared,
                                       const struct shared_name *name)
{
    uint32_t index = 0;

    if (shared->gnu_hash.at)
        index = find_gnu(shared, name);
    else if (shared->sysv_hash.at)
        index = find_sysv(shared, name);
    return index ? shared_symbol(shared, index) : NULL;
}
