// SPDX-License-Identifier: MIT
// Symbols by number and by name: the hash tables that the file brings along.
//
// DT_HASH, of 1988: a bucket holds a symbol's number, chain[number] the next.
//
//   | nbucket | nchain | bucket ... | chain ...         |
//                          | 5        ^ [5] = 2, [2] = 0: the end
//
// DT_GNU_HASH, of 2006: symbols are sorted by bucket, so that a chain is a
// stretch of them. It holds their hashes, and bit 0 of the last one is set.
// A Bloom filter, two bits per name, says no to most names that are not there.
//
//   | buckets | first | blooms | shift | bloom ... | bucket ... | chain ... |
//                                         | 5 --> symbol 5, chain[5 - first]
//
// Debian's objects have only the second one, 386 of 406. A table is judged
// once, its chains included; lookups then cannot leave it or go on for ever.
// [ELF 2-19], [glibc elf/dl-lookup.c]
#include "kernel/string.h"
#include "smc/load/elf/shared.h"
#include "smc/load/names.h"

#define WORD_BITS 32

static uint32_t word_at(const struct shared_table *table, uint32_t index)
{
    return ((const struct word *)table->at)[index].value;
}

// Refuses one word of a hash table.
static bool refuse_word(const struct shared *shared,
                        const struct shared_table *table, uint32_t index,
                        const char *field, const char *why)
{
    const uint8_t *at = table->at + 4 * index;

    return load_refuse(shared->error, field, "offset",
                       (uint32_t)(at - shared->file->data),
                       word_at(table, index), why);
}

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

const struct elf_symbol *shared_symbol(const struct shared *shared,
                                       uint32_t index)
{
    return index < shared->symbols
               ? (const struct elf_symbol *)shared->symbol.at + index
               : NULL;
}

// Nothing says how many symbols there are. DT_HASH does by accident: it has a
// chain for each. Otherwise they end where the next table begins, at the
// latest.
static bool count_symbols(struct shared *shared)
{
    static const uint8_t tables[] = {
        TAG_HASH,   TAG_STRTAB, TAG_REL,     TAG_JMPREL,   TAG_RELR,
        TAG_VERSYM, TAG_VERDEF, TAG_VERNEED, TAG_GNU_HASH,
    };
    uint32_t start = shared_tag(shared, TAG_SYMTAB) - shared->low;
    const struct shared_segment *segment = shared_segment(shared, start, 1);
    uint32_t end = segment ? segment->low + segment->file_size : start;

    for (size_t i = 0; i < sizeof tables; i++) {
        uint32_t at = shared_tag(shared, tables[i]) - shared->low;
        if (shared->tag[tables[i]] && at > start && at < end)
            end = at;
    }
    if (end > start)
        shared->symbols = (end - start) / sizeof(struct elf_symbol);
    return shared_find_table(shared, TAG_SYMTAB,
                             shared->symbols * sizeof(struct elf_symbol),
                             &shared->symbol) &&
           (shared->symbols ||
            shared_refuse_tag(shared, TAG_SYMTAB, "no room for a symbol"));
}

// Every number in it is below nchain, and no chain is longer than nchain: a
// circle would be.
static bool check_sysv(struct shared *shared)
{
    struct shared_table *table = &shared->sysv_hash;
    uint32_t buckets, chains;

    if (!shared->tag[TAG_HASH])
        return true;
    if (!shared_find_table(shared, TAG_HASH, 8, table))
        return false;
    buckets = word_at(table, 0);
    chains = word_at(table, 1);
    if (buckets == 0)
        return refuse_word(shared, table, 0, "nbucket", "no bucket at all");
    if (buckets > IMAGE_MAX / 4 || chains > IMAGE_MAX / 4 ||
        !shared_find_table(shared, TAG_HASH, 8 + 4 * (buckets + chains),
                           table))
        return shared_refuse_tag(shared, TAG_HASH,
                                 "its buckets and chains end past the "
                                 "segment's bytes");
    if (chains > shared->symbols)
        return refuse_word(shared, table, 1, "nchain",
                           "more chains than there are symbols");
    shared->symbols = chains;
    for (uint32_t i = 0; i < buckets + chains; i++)
        if (word_at(table, 2 + i) >= chains && word_at(table, 2 + i))
            return refuse_word(shared, table, 2 + i, "a link of DT_HASH",
                               "past the symbols");
    return true;
}

// A view of the table's parts; its header has been judged.
static struct shared_gnu_hash open_gnu(const struct shared_table *table)
{
    struct shared_gnu_hash hash = {.buckets = word_at(table, 0),
                                   .first = word_at(table, 1),
                                   .blooms = word_at(table, 2),
                                   .shift = word_at(table, 3)};

    hash.bloom = (const struct word *)table->at + 4;
    hash.bucket = hash.bloom + hash.blooms;
    hash.chain = hash.bucket + hash.buckets;
    return hash;
}

static bool check_gnu_header(struct shared *shared)
{
    struct shared_table *table = &shared->gnu_hash;
    uint32_t buckets, blooms;

    if (!shared_find_table(shared, TAG_GNU_HASH, 16, table))
        return false;
    buckets = word_at(table, 0);
    blooms = word_at(table, 2);
    if (buckets == 0)
        return refuse_word(shared, table, 0, "nbuckets", "no bucket at all");
    // A lookup masks with blooms - 1.
    if (!power_of_two(blooms))
        return refuse_word(shared, table, 2, "the Bloom filter's size",
                           "not a power of two");
    // The processor would shift by shift % 32, and glibc lets it.
    if (word_at(table, 3) >= WORD_BITS)
        return refuse_word(shared, table, 3, "the Bloom filter's shift",
                           "more than 31");
    if (buckets > IMAGE_MAX / 4 || blooms > IMAGE_MAX / 4 ||
        !shared_find_table(shared, TAG_GNU_HASH, 16 + 4 * (blooms + buckets),
                           table))
        return shared_refuse_tag(shared, TAG_GNU_HASH,
                                 "its buckets end past the segment's bytes");
    return true;
}

// The last chain ends the table: the highest bucket begins it.
static bool check_gnu_chains(struct shared *shared)
{
    struct shared_table *table = &shared->gnu_hash;
    struct shared_gnu_hash hash = open_gnu(table);
    const struct shared_segment *segment = shared_segment(shared,
                                                          table->offset, 1);
    uint32_t head = (uint32_t)((const uint8_t *)hash.chain - table->at);
    uint32_t left = segment->low + segment->file_size - table->offset - head;
    uint32_t last = 0;

    for (uint32_t i = 0; i < hash.buckets; i++) {
        uint32_t start = hash.bucket[i].value;
        if (start && (start < hash.first || start >= shared->symbols))
            return refuse_word(shared, table, 4 + hash.blooms + i,
                               "a bucket of DT_GNU_HASH",
                               "not one of its symbols");
        if (start > last)
            last = start;
    }
    if (last == 0)
        return true; // it exports nothing
    for (uint32_t i = last - hash.first;; i++, last++) {
        if (last == shared->symbols || i >= left / 4)
            return shared_refuse_tag(shared, TAG_GNU_HASH,
                                     "its last chain has no end");
        if (hash.chain[i].value & 1)
            break;
    }
    shared->hashed = last + 1;
    table->size = head + 4 * (shared->hashed - hash.first);
    return true;
}

bool shared_check_hash(struct shared *shared)
{
    if (!count_symbols(shared) || !check_sysv(shared))
        return false;
    shared->hashed = shared->sysv_hash.at ? shared->symbols : 0;
    return !shared->tag[TAG_GNU_HASH] ||
           (check_gnu_header(shared) && check_gnu_chains(shared));
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
    uint32_t first = shared->gnu_hash.at ? open_gnu(&shared->gnu_hash).first
                                         : 1;

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
    struct shared_gnu_hash hash = open_gnu(&shared->gnu_hash);
    uint32_t word =
        hash.bloom[name->gnu / WORD_BITS & (hash.blooms - 1)].value;
    uint32_t bits = 1u << name->gnu % WORD_BITS |
                    1u << (name->gnu >> hash.shift) % WORD_BITS;
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
    uint32_t buckets = word_at(table, 0), best = 0;
    uint32_t index = word_at(table, 2 + name->sysv % buckets);

    // A circle of chains is left after as many steps as there are symbols.
    for (uint32_t steps = 0; index && steps < shared->symbols; steps++) {
        if (index >= shared->symbols ||
            try_symbol(shared, index, name, &best) == 2)
            break;
        index = word_at(table, 2 + buckets + index);
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
