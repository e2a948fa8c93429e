// SPDX-License-Identifier: MIT
// `symbols`: what a file offers and what it asks for, loaded or not.
//
// Both come from a dry run: the file is laid out and linked as `load` would
// do it, and then forgotten. An image keeps no names of its imports, since
// nobody needs them once their addresses are in place.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/report.h"

struct listing {
    const struct module *file;
    const struct image *loaded; // or NULL
    const char *prefix;
    uint32_t defined, asked, nobody, shown;
};

static bool is_wanted(struct listing *listing, const char *name)
{
    bool wanted = strncmp(name, listing->prefix, strlen(listing->prefix)) == 0;

    listing->shown += wanted;
    return wanted;
}

// A DLL's import that nobody offers leads to a refusing stub, and a weak
// symbol of an object is 0. The error says it if it is neither.
static void print_lookup(const struct image *image,
                         const struct lookup *lookup, void *arg)
{
    struct listing *listing = arg;

    if (image->file != listing->file)
        return; // another member of the set
    listing->asked++;
    listing->nobody += !lookup->from;
    if (!is_wanted(listing, lookup->name))
        return;
    if (lookup->from)
        kprintf("  %08x   import   ", lookup->address);
    else
        kprintf("  -          refused  ");
    kprintf("%s%s%s", lookup->dll ? lookup->dll : "", lookup->dll ? "!" : "",
            lookup->name);
    if (lookup->from)
        kprintf(", from %s", lookup->from);
    kprintf("\n");
}

// In an image that is not loaded a symbol has an offset, not an address.
static void print_exports(const struct image *image, void *arg)
{
    struct listing *listing = arg;

    if (image->file != listing->file)
        return;
    if (listing->loaded)
        image = listing->loaded;
    listing->defined = image->exports;
    for (uint32_t i = 0; i < image->exports; i++) {
        const struct image_export *export = &image->export[i];
        const char *name = image_export_name(image, export);
        uint32_t base = listing->loaded ? 0 : (uintptr_t)image->base;
        if (!is_wanted(listing, name))
            continue;
        // A forwarder has no address of its own, but the name of another
        // DLL's function: "NTDLL.RtlAllocateHeap". Nor has an indirect
        // function, until its library is started and chooses one.
        if (export->forward)
            kprintf("  -          forwarded %s, to %s\n", name,
                    image->names + export->forward);
        else if (!export->address)
            kprintf("  -          indirect %s\n", name);
        else
            kprintf("  %s%08x  defined  %s\n", listing->loaded ? " " : "+",
                    export->address - base, name);
    }
}

static int run_symbols(int argc, char **argv)
{
    struct listing listing = {.prefix = argc == 3 ? argv[2] : ""};
    const struct load_watch watch = {
        .look = print_lookup, .done = print_exports, .arg = &listing};
    const struct load_options options = {.watch = &watch};
    struct load_error error;
    bool ok;

    // The prefix makes this usable on a serial line: DLLs have hundreds.
    if (argc != 2 && argc != 3)
        return command_usage("symbols");
    listing.file = report_file(argv[1]);
    if (!listing.file)
        return 1;
    listing.loaded = image_find(argv[1]);
    ok = image_try(&listing.file, 1, &options, &error);
    if (!ok)
        report_error(&error);
    kprintf(
        "%u of %u symbols: %u defined, %u asked for, %u of them offered by "
        "nobody\n",
        listing.shown, listing.defined + listing.asked, listing.defined,
        listing.asked, listing.nobody);
    return !ok;
}

COMMAND(symbols, "FILE [PREFIX]", "what a file offers and asks for",
        run_symbols);
