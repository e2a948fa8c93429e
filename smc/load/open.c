// SPDX-License-Identifier: MIT
// The life of an image: load, init ... fini, unload.
//
// Only GRUB modules have an init and a fini that this kernel can run. The
// entry point of a DLL, DllMain, wants a thread block at fs:[0x18] and the
// C runtime's start-up; zlib1 works without it.
#include "smc/load/open.h"
#include "smc/load/call.h"

// Modules name the modules they need. A chain as long as this is a loop.
#define DEPTH_MAX 8
static unsigned depth;

static bool start(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->init, .argc = 1};

    // GRUB passes its own record of the module, which crypto modules ignore.
    if (image->init && !call_image(&call))
        return load_fail(error, "grub_mod_init %s", call.text);
    image->started = true;
    return true;
}

static struct image *load_and_start(const struct module *file,
                                    struct load_error *error)
{
    struct load_error unloading;
    struct image *image = image_load(file, error);

    if (image && !start(image, error)) {
        image_unload(image, &unloading);
        return NULL;
    }
    return image;
}

// Called again from inside image_load, for the modules that a module needs.
// An error then names the one that is the trouble, not the one that was asked
// for first.
struct image *open_image(const char *name, struct load_error *error)
{
    const struct module *file = module_find(name);
    struct image *image = image_find(name);

    if (image)
        return image;
    error->file = name;
    if (!file) {
        load_fail(error, "no such file among the boot modules");
    } else if (depth == DEPTH_MAX) {
        load_fail(error, "needed by a chain of %d modules", DEPTH_MAX);
    } else {
        depth++;
        image = load_and_start(file, error);
        depth--;
    }
    return image;
}

bool close_image(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->fini};

    error->file = image->name;
    // Its users first: fini may pull the ground from under them.
    if (image->users == 0 && image->started && image->fini) {
        image->started = false;
        if (!call_image(&call))
            kprintf("%s: grub_mod_fini %s\n", image->name, call.text);
    }
    return image_unload(image, error);
}

// The list is newest first, and an image only uses older ones, so that the
// first one in the list never has a user.
void close_newer(const struct image *before)
{
    struct load_error ignored;

    while (image_first() != before && close_image(image_first(), &ignored))
        ;
}
