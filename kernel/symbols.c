// SPDX-License-Identifier: MIT
// tools/symbols.awk makes the table from `nm` of a first link: addresses in
// ascending order, each with its name. The first link has an empty one. The
// table lies after everything in text, so the second link, which fills it,
// moves no function: the addresses of the first link are still right.
#include "kernel/symbols.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/arena.h"

// As the awk script emits it: two words, the name among the strings behind the
// table.
struct symbol {
    const uint8_t *at;
    const char *name;
};

extern const struct symbol symbols_start[], symbols_end[];

const char *symbol_name(const void *at, uint32_t *offset)
{
    const uint8_t *p = at;
    const struct symbol *low = symbols_start, *high = symbols_end;
    if (p < text_start || p >= text_end)
        return NULL;
    // Ends with low at the first symbol above p; the one before it covers p.
    // Invariant: everything below low is at or below p, everything from high
    // on is above it.
    while (low < high) {
        const struct symbol *mid = low + (high - low) / 2;
        if (mid->at <= p)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == symbols_start)
        return NULL;
    *offset = (uint32_t)(p - low[-1].at);
    return low[-1].name;
}

// Linear: the table is sorted by address, and nobody asks often.
const void *symbol_find(const char *name)
{
    for (const struct symbol *s = symbols_start; s < symbols_end; s++)
        if (strcmp(s->name, name) == 0)
            return s->at;
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
