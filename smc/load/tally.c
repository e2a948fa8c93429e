// SPDX-License-Identifier: MIT
// A small table instead of a large matrix: real files have a dozen rows, and
// 98 parts times 64 types would be 6 272 numbers, nearly all of them 0.
//
//   part      type         count
//   .text     HIGHLOW        526      rows in the order of discovery;
//   .idata    import          51      printed in the order of the parts
#include "smc/load/tally.h"
#include "kernel/printf.h"
#include "kernel/string.h"

// Offsets below a part wrap to large differences: one comparison for both
// ends.
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

    // Types are compared as text: two formats may both call one "import".
    tally->total++;
    while (i < tally->rows && (tally->row[i].part != part ||
                               strcmp(tally->row[i].type, fixup->type) != 0))
        i++;
    // The table is full: the sum stays right, and the last row is too large.
    if (i == TALLY_ROWS)
        i--;
    if (i == tally->rows) {
        tally->row[i].part = part;
        tally->row[i].type = fixup->type;
        tally->rows++;
    }
    tally->row[i].count++;
}

// What lies in no part is a bug of the loader, and is shown all the same.
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
