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
// Nor are chains so long that many lookups would: linkers make a bucket for
// every few symbols, up to 32771 of them.
// [ELF 2-19], [glibc elf/dl-lookup.c]
#include "smc/load/elf/shared_hash.h"

#define CHAIN_MAX 256u

// Refuses one word of a hash table.
static bool refuse_word(const struct shared *shared,
                        const struct shared_table *table, uint32_t index,
                        const char *field, const char *why)
{
    const uint8_t *at = table->at + 4 * index;

    return load_refuse(shared->error, field, "offset",
                       (uint32_t)(at - shared->file->data),
                       shared_word(table, index), why);
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

// After this a lookup follows no circle.
static bool check_sysv_chains(struct shared *shared, uint32_t buckets)
{
    struct shared_table *table = &shared->sysv_hash;

    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t index = shared_word(table, 2 + i), count = 0;
        while (index && count++ < CHAIN_MAX)
            index = shared_word(table, 2 + buckets + index);
        if (index)
            return refuse_word(shared, table, 2 + i, "a bucket of DT_HASH",
                               "its chain is longer than 256, or a circle");
    }
    return true;
}

// Every number in it is below nchain.
static bool check_sysv(struct shared *shared)
{
    struct shared_table *table = &shared->sysv_hash;
    uint32_t buckets, chains;

    if (!shared->tag[TAG_HASH])
        return true;
    if (!shared_find_table(shared, TAG_HASH, 8, table))
        return false;
    shared->sysv_buckets = buckets = shared_word(table, 0);
    chains = shared_word(table, 1);
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
        if (shared_word(table, 2 + i) >= chains && shared_word(table, 2 + i))
            return refuse_word(shared, table, 2 + i, "a link of DT_HASH",
                               "past the symbols");
    return check_sysv_chains(shared, buckets);
}

static bool check_gnu_header(struct shared *shared)
{
    struct shared_table *table = &shared->gnu_hash;
    uint32_t buckets, blooms;

    if (!shared_find_table(shared, TAG_GNU_HASH, 16, table))
        return false;
    shared->gnu.buckets = buckets = shared_word(table, 0);
    shared->gnu.first = shared_word(table, 1);
    shared->gnu.blooms = blooms = shared_word(table, 2);
    shared->gnu.shift = shared_word(table, 3);
    if (buckets == 0)
        return refuse_word(shared, table, 0, "nbuckets", "no bucket at all");
    // A lookup masks with blooms - 1.
    if (!power_of_two(blooms))
        return refuse_word(shared, table, 2, "the Bloom filter's size",
                           "not a power of two");
    // The processor would shift by shift % 32, and glibc lets it.
    if (shared->gnu.shift >= 32)
        return refuse_word(shared, table, 3, "the Bloom filter's shift",
                           "more than 31");
    if (buckets > IMAGE_MAX / 4 || blooms > IMAGE_MAX / 4 ||
        !shared_find_table(shared, TAG_GNU_HASH, 16 + 4 * (blooms + buckets),
                           table))
        return shared_refuse_tag(shared, TAG_GNU_HASH,
                                 "its buckets end past the segment's bytes");
    return true;
}

// All chains, one behind the other, up to the end of the last one.
static bool check_gnu_lengths(struct shared *shared)
{
    struct shared_table *table = &shared->gnu_hash;
    struct shared_gnu_hash hash = shared_open_gnu(shared);
    uint32_t count = 0;

    for (uint32_t i = 0; i < shared->hashed - hash.first; i++) {
        count = hash.chain[i].value & 1 ? 0 : count + 1;
        if (count == CHAIN_MAX)
            return refuse_word(shared, table,
                               4 + hash.blooms + hash.buckets + i,
                               "a chain of DT_GNU_HASH", "longer than 256");
    }
    return true;
}

// The last chain ends the table: the highest bucket begins it.
static bool check_gnu_chains(struct shared *shared)
{
    struct shared_table *table = &shared->gnu_hash;
    struct shared_gnu_hash hash = shared_open_gnu(shared);
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
    return check_gnu_lengths(shared);
}

bool shared_check_hash(struct shared *shared)
{
    if (!count_symbols(shared) || !check_sysv(shared))
        return false;
    shared->hashed = shared->sysv_hash.at ? shared->symbols : 0;
    return !shared->tag[TAG_GNU_HASH] ||
           (check_gnu_header(shared) && check_gnu_chains(shared));
}
