// SPDX-License-Identifier: MIT
// `relocs`: what a load would change, and where, without loading. The other
// tools that show this (readelf -r, objdump -r) show what the file asks for;
// this shows what the loader answers.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/report.h"
#include "smc/load/tally.h"
#include "smc/load/words.h"

// A DLL has a thousand; the sum says the rest.
#define SHOWN 16u

struct listing {
    const struct module *file;
    uint32_t left; // lines still to be printed
    struct tally tally;
};

static void print_fixup(const struct image *image, const struct fixup *fixup)
{
    uint32_t part = tally_part(image, fixup->offset);
    char before[12], after[12];

    // The bytes as a debugger shows them: lowest first.
    hex_bytes(before, sizeof before, &fixup->before, fixup->size);
    hex_bytes(after, sizeof after, &fixup->after, fixup->size);
    kprintf("  %06x %-8s %-13s %-11s -> %-11s %s\n", fixup->offset,
            part < image->parts ? image->part[part].name : "(none)",
            fixup->type, before, after, fixup->symbol ? fixup->symbol : "");
}

// Called for every change, before it is made in the stage. Nothing is kept of
// them: a file may have a million.
static void see(const struct image *image, const struct fixup *fixup,
                void *arg)
{
    struct listing *listing = arg;

    if (image->file != listing->file)
        return; // another member of the set
    if (listing->left) {
        listing->left--;
        print_fixup(image, fixup);
    }
    tally_add(&listing->tally, image, fixup);
}

// By now the address is final and all parts are known, the stubs included.
static void sum_up(const struct image *image, void *arg)
{
    struct listing *listing = arg;

    if (image->file != listing->file)
        return;
    kprintf("%s at 0x%08x: %u changes\n", image->name,
            (unsigned)(uintptr_t)image->base, listing->tally.total);
    tally_print(&listing->tally, image);
}

static int run_relocs(int argc, char **argv)
{
    struct listing listing = {.left = SHOWN};
    const struct load_watch watch = {
        .see = see, .done = sum_up, .arg = &listing};
    struct load_words words = {.start = true};
    struct load_error error;

    if (argc < 2)
        return command_usage("relocs");
    listing.file = report_file(argv[1]);
    if (!listing.file)
        return 1;
    // A number is the count, all else an option; in any order.
    for (int i = 2; i < argc; i++)
        if (!parse_u32(argv[i], &listing.left) &&
            words_option(&words, argv[i]) != WORD_OPTION)
            return command_usage("relocs");
    words.options.watch = &watch;
    return image_try(&listing.file, 1, &words.options, &error)
               ? 0
               : report_error(&error);
}

COMMAND(relocs, "FILE [COUNT] [at=]", "what a load would change, and how",
        run_relocs);
