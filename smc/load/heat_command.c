// SPDX-License-Identifier: MIT
// `heat`: a picture of an image, with what the loader changes in it.
//
//   .text    ..1..31.2....4#7......   a cell is N bytes: . 1 2 ... 9 #
//            ....1.......             changes in it; a part begins a line
//   .data    81
//
// Position-independent code shows as a cold .text above a hot .got; a DLL
// that was linked for one address is hot all over.
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/report.h"
#include "smc/load/tally.h"

#define WIDTH 64u
// With the heading and the legend it fills a screen of 25 lines.
#define ROWS 20u

// Changes are counted in the smallest cells that will do for any picture of
// the largest image; larger cells are sums of these.
#define GRAIN 16u

struct heat {
    const struct module *file;
    bool plain;
    uint16_t *count; // per GRAIN bytes of the image
    uint32_t grains, total;
    bool out_of_memory;
};

static void see(const struct image *image, const struct fixup *fixup,
                void *arg)
{
    struct heat *heat = arg;
    uint32_t at = fixup->offset / GRAIN;

    if (image->file != heat->file || heat->out_of_memory)
        return;
    if (!heat->count) {
        // Now the size is known, and later it does not change.
        heat->grains = image->size / GRAIN;
        heat->count = heap_zalloc(heat->grains, sizeof *heat->count);
        heat->out_of_memory = !heat->count;
    }
    if (at < heat->grains)
        heat->count[at]++;
    heat->total++;
}

// Rounded up: the last line of a part may be short.
static uint32_t lines_of(const struct image_part *part, uint32_t cell)
{
    uint32_t line = cell * WIDTH;

    return part->size / line + (part->size % line != 0);
}

// The smallest power of two with which the parts fill no more lines than
// there are. Many parts need a line each, whatever the cell.
static uint32_t choose_cell(const struct image *image)
{
    uint32_t cell = GRAIN, lines;

    for (;; cell *= 2) {
        lines = 0;
        for (uint32_t i = 0; i < image->parts; i++)
            lines += lines_of(&image->part[i], cell);
        if (lines <= ROWS || cell * WIDTH >= image->size)
            return cell;
    }
}

static uint32_t sum(const struct heat *heat, uint32_t offset, uint32_t end)
{
    uint32_t changes = 0;

    for (; offset < end && offset / GRAIN < heat->grains; offset += GRAIN)
        changes += heat->count[offset / GRAIN];
    return changes;
}

// Bright where there is something to see. [ECMA-48 8.3.117]
static void set_colour(const struct heat *heat, enum part_kind kind,
                       uint32_t changes)
{
    static const char colour[] = {
        [PART_CODE] = '1', [PART_READ_ONLY] = '6', [PART_DATA] = '3'};

    if (!heat->plain)
        kprintf("\033[%c;3%cm", changes ? '1' : '0', colour[kind]);
}

static void end_colour(const struct heat *heat)
{
    if (!heat->plain)
        kprintf("\033[0m");
}

// Digits and not shades: they mean the same without colours.
static char mark_of(uint32_t changes)
{
    return changes == 0 ? '.' : changes < 10 ? (char)('0' + changes) : '#';
}

static void print_line(const struct heat *heat, const struct image_part *part,
                       uint32_t at, uint32_t cell)
{
    uint32_t end = part->offset + part->size, before = ~0u;

    for (uint32_t i = 0; i < WIDTH && at < end; i++, at += cell) {
        uint32_t stop = end - at < cell ? end : at + cell;
        uint32_t changes = sum(heat, at, stop);
        // A sequence only where the colour changes: a serial line is slow.
        if (i == 0 || !changes != !before)
            set_colour(heat, part->kind, changes);
        before = changes;
        kprintf("%c", mark_of(changes));
    }
    end_colour(heat);
    kprintf("\n");
}

static void print_legend(const struct heat *heat)
{
    static const char *const name[] = {
        [PART_CODE] = "code r-x",
        [PART_READ_ONLY] = "read only r--",
        [PART_DATA] = "data rw-",
    };

    kprintf("  . none  1-9 changes in a cell  # more");
    for (int kind = PART_CODE; kind <= PART_DATA && !heat->plain; kind++) {
        set_colour(heat, (enum part_kind)kind, 1);
        kprintf("  %s", name[kind]);
    }
    end_colour(heat);
    kprintf("\n");
}

static void draw(const struct image *image, void *arg)
{
    const struct heat *heat = arg;
    uint32_t cell = choose_cell(image);

    if (image->file != heat->file || heat->out_of_memory)
        return;
    kprintf("%s: %u changes in 0x%x bytes, %u bytes to a cell\n", image->name,
            heat->total, image->bytes, cell);
    for (uint32_t i = 0; i < image->parts; i++) {
        const struct image_part *part = &image->part[i];
        for (uint32_t line = 0; line < lines_of(part, cell); line++) {
            kprintf("  %-9s", line ? "" : part->name);
            print_line(heat, part, part->offset + line * cell * WIDTH, cell);
        }
    }
    print_legend(heat);
}

static int run_heat(int argc, char **argv)
{
    struct heat heat = {.plain = argc == 3};
    const struct load_watch watch = {.see = see, .done = draw, .arg = &heat};
    const struct load_options options = {.watch = &watch};
    struct load_error error;
    bool ok;

    if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "plain") != 0))
        return command_usage("heat");
    heat.file = report_file(argv[1]);
    if (!heat.file)
        return 1;
    ok = image_try(&heat.file, 1, &options, &error);
    if (!ok)
        report_error(&error);
    // Watching cannot stop a load, so the failure is only told now.
    if (heat.out_of_memory)
        kprintf("%s: no memory for the map\n", argv[1]);
    heap_free(heat.count);
    return !ok || heat.out_of_memory;
}

COMMAND(heat, "FILE [plain]", "a map of what the loader changes in a file",
        run_heat);
