// SPDX-License-Identifier: MIT
// tools/symbols.awk makes the table from `nm` of a first link: addresses in
// ascending order, each with its name. The first link has an empty one. The
// table lies behind text and data, so the second link, which fills it, moves
// no function: the addresses of the first link are still right.
//
// It holds distances only: an address would need a relocation record for each
// of some 1400 entries, twice; a distance stays right wherever the kernel is.
#include "kernel/symbols.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/arena.h"

// As the awk script emits it. The names are strings, one after the other.
struct symbol {
    uint32_t at;   // from text_start
    uint32_t name; // from symbol_names
};

extern const struct symbol symbols_start[], symbols_end[];
extern const char symbol_names[];

// The last symbol at or before p, or NULL. Ends with low at the first symbol
// above p; the one before it covers p. Invariant: all below low is at or
// below p, everything from high on is above it.
static const struct symbol *covering(const uint8_t *p)
{
    const struct symbol *low = symbols_start, *high = symbols_end;
    if (p < text_start || p >= text_end)
        return NULL;
    uint32_t at = (uint32_t)(p - text_start);
    while (low < high) {
        const struct symbol *mid = low + (high - low) / 2;
        if (mid->at <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low == symbols_start ? NULL : low - 1;
}

const char *symbol_name(const void *at, uint32_t *offset)
{
    const struct symbol *s = covering(at);
    if (!s)
        return NULL;
    *offset = (uint32_t)((const uint8_t *)at - text_start) - s->at;
    return symbol_names + s->name;
}

bool symbol_range(const void *at, const uint8_t **start, uint32_t *size)
{
    const struct symbol *s = covering(at);
    if (!s)
        return false;
    *start = text_start + s->at;
    *size = s + 1 < symbols_end ? s[1].at - s->at
                                : (uint32_t)(text_end - *start);
    return true;
}

uint32_t symbol_size(const void *at)
{
    const uint8_t *start;
    uint32_t size;
    return symbol_range(at, &start, &size) ? size : 0;
}

// Linear: the table is sorted by address, and nobody asks often.
const void *symbol_find(const char *name)
{
    for (const struct symbol *s = symbols_start; s < symbols_end; s++)
        if (strcmp(symbol_names + s->name, name) == 0)
            return text_start + s->at;
    return NULL;
}

char *symbol_format(char *out, size_t size, const void *at)
{
    uint32_t offset;
    const char *name = symbol_name(at, &offset);
    const struct arena *arena = arena_of(at, 1);
    if (name && offset)
        ksnprintf(out, size, "%s+0x%x", name, offset);
    else if (name)
        ksnprintf(out, size, "%s", name);
    else if (arena)
        ksnprintf(out, size, "[%s]+0x%x", arena->name,
                  (uint32_t)((const uint8_t *)at - arena->base));
    else
        ksnprintf(out, size, "%p", at);
    return out;
}
