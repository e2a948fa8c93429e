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

// The last symbol at or before p, or NULL. Ends with low at the first symbol
// above p; the one before it covers p. Invariant: all below low is at or
// below p, everything from high on is above it.
static const struct symbol *covering(const uint8_t *p)
{
    const struct symbol *low = symbols_start, *high = symbols_end;
    if (p < text_start || p >= text_end)
        return NULL;
    while (low < high) {
        const struct symbol *mid = low + (high - low) / 2;
        if (mid->at <= p)
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
    *offset = (uint32_t)((const uint8_t *)at - s->at);
    return s->name;
}

bool symbol_range(const void *at, const uint8_t **start, uint32_t *size)
{
    const struct symbol *s = covering(at);
    if (!s)
        return false;
    const uint8_t *end = s + 1 < symbols_end ? s[1].at : text_end;
    *start = s->at;
    *size = (uint32_t)(end - s->at);
    return true;
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
