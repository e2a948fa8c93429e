// SPDX-License-Identifier: MIT
// A small table instead of a large matrix: real files have a dozen rows.
#include "smc/load/tally.h"
#include "kernel/printf.h"
#include "kernel/string.h"

uint32_t tally_part(const struct image *image, uint32_t offset)
{
    uint32_t i = 0;

    while (i < image->parts &&
           offset - image->part[i].offset >= image->part[i].size)
        i++;
    return i;
}

void tally_add(struct tally *tally, const struct image *image,
               const struct fixup *fixup)
{
    uint32_t part = tally_part(image, fixup->offset), i = 0;

    tally->total++;
    while (i < tally->rows && (tally->row[i].part != part ||
                               strcmp(tally->row[i].type, fixup->type) != 0))
        i++;
    if (i == TALLY_ROWS)
        i--;
    if (i == tally->rows) {
        tally->row[i].part = part;
        tally->row[i].type = fixup->type;
        tally->rows++;
    }
    tally->row[i].count++;
}

static const char *part_name(const struct image *image, uint32_t part)
{
    return part < image->parts ? image->part[part].name : "(none)";
}

void tally_print(const struct tally *tally, const struct image *image)
{
    for (uint32_t part = 0; part <= image->parts; part++) {
        const char *between = "";
        for (uint32_t i = 0; i < tally->rows; i++) {
            if (tally->row[i].part != part)
                continue;
            if (!*between)
                kprintf("  %-8s ", part_name(image, part));
            kprintf("%s%u %s", between, tally->row[i].count,
                    tally->row[i].type);
            between = ", ";
        }
        if (*between)
            kprintf("\n");
    }
}
