// SPDX-License-Identifier: MIT
// The shell's view of loaded images: load, unload, images, exports.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/open.h"
#include "smc/load/report.h"

int report_error(const struct load_error *error)
{
    kprintf("%s\n", error->text);
    return 1;
}

// Type by type, because the types tell the formats apart.
static void print_relocations(const struct image *image)
{
    const char *between = "";

    for (uint32_t type = 0; type < IMAGE_RELOC_TYPES; type++)
        if (image->relocations[type]) {
            kprintf("%s%u %s", between, image->relocations[type],
                    image->format->reloc_name(type));
            between = ", ";
        }
    if (!*between)
        kprintf("none");
}

void report_image(const struct image *image)
{
    kprintf("%s: %s at 0x%08x, 0x%x bytes, %u of code", image->name,
            image->format->name, (unsigned)(uintptr_t)image->base, image->size,
            image_code_bytes(image));
    if (image->preferred)
        kprintf(", linked for 0x%08x", image->preferred);
    kprintf("\n  relocations: ");
    print_relocations(image);
    kprintf("\n  imports: %u bound, %u lead to refusing stubs\n", image->bound,
            image->refused);
    if (image->broken)
        kprintf("  broken: its init or fini did not return; it stays\n");
    for (uint32_t i = 0; i < image->uses_count; i++)
        kprintf("  uses %s\n", image->uses[i]->name);
}

// Several commands load on demand. Whoever typed `call` wants to see what
// that has loaded, once.
struct image *report_open(const char *name)
{
    struct load_error error;
    // Asked before open_image makes it true.
    bool loaded = image_find(name);
    struct image *image = open_image(name, &error);

    if (!image)
        report_error(&error);
    else if (!loaded)
        report_image(image);
    return image;
}

// Loading twice is possible (the checks do it) but never what a user means.
static int run_load(int argc, char **argv)
{
    const struct image *image;

    if (argc != 2)
        return command_usage("load");
    image = image_find(argv[1]);
    if (image && !image->broken)
        kprintf("%s is loaded already; see `images`\n", argv[1]);
    return report_open(argv[1]) ? 0 : 1;
}

// Unlike report_open: to unload something, it need not be loaded first.
static struct image *find_or_say(const char *name)
{
    struct image *image = image_find(name);

    if (!image)
        kprintf("%s is not loaded; `images` lists what is\n", name);
    return image;
}

static int run_unload(int argc, char **argv)
{
    struct load_error error;
    struct image *image;

    if (argc != 2)
        return command_usage("unload");
    image = find_or_say(argv[1]);
    if (!image)
        return 1;
    if (!close_image(image, &error))
        return report_error(&error);
    // The name as typed: the image's own went with the image.
    kprintf("%s is gone\n", argv[1]);
    return 0;
}

static int run_images(int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return command_usage("images");
    for (struct image *image = image_first(); image; image = image->next)
        report_image(image);
    if (!image_first())
        kprintf("no images; `ls` lists the files that `load` can try\n");
    return 0;
}

// A DLL has hundreds of exports; the prefix is what makes this usable on a
// serial line.
static int run_exports(int argc, char **argv)
{
    const struct image *image;
    const char *prefix = argc == 3 ? argv[2] : "";
    uint32_t shown = 0;

    if (argc != 2 && argc != 3)
        return command_usage("exports");
    image = find_or_say(argv[1]);
    if (!image)
        return 1;
    for (uint32_t i = 0; i < image->exports; i++) {
        const struct image_export *export = &image->export[i];
        const char *name = image_export_name(image, export);
        if (strncmp(name, prefix, strlen(prefix)) != 0)
            continue;
        shown++;
        // A forwarder has no address of its own: "NTDLL.RtlAllocateHeap".
        if (export->address)
            kprintf("%08x  %s\n", export->address, name);
        else
            kprintf("forwarded %s\n", name);
    }
    kprintf("%u of %u exports\n", shown, image->exports);
    return 0;
}

COMMAND(load, "FILE", "load a boot module: an ELF object or a PE DLL",
        run_load);
COMMAND(unload, "NAME", "unload an image and free all it holds", run_unload);
COMMAND(images, "", "list the loaded images", run_images);
COMMAND(exports, "NAME [PREFIX]", "list the symbols of an image", run_exports);
