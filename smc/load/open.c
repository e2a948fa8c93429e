// SPDX-License-Identifier: MIT
// The life of an image: load, init ... fini, unload.
//
//   image_load --> init --> called, bound to --> fini --> image_unload
//                   |                             |
//                   '--- did not return: broken --'
//
// Only GRUB modules have an init and a fini that this kernel can run. The
// entry point of a DLL, DllMain, wants a thread block at fs:[0x18] and the
// C runtime's start-up; zlib1 works without it.
#include "smc/load/open.h"
#include "smc/load/call.h"

// Modules name the modules they need. A chain as long as this is a loop.
#define DEPTH_MAX 8
static unsigned depth;

// An init that faults half-way may have registered itself before: crypto.mod
// then has it in a list, and to free it leaves a pointer to nothing there.
// Its fini cannot be trusted to undo one half of what init does. So it stays,
// and with it what it uses; Linux keeps a module whose init has oopsed, too.
static bool start(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->init, .argc = 1};

    // GRUB passes its own record of the module, which crypto modules ignore.
    if (image->init && !call_image(&call)) {
        image->broken = true;
        return load_fail(error, "grub_mod_init %s", call.text);
    }
    image->started = true;
    return true;
}

struct image *open_file(const struct module *file, struct load_error *error)
{
    struct image *image = NULL;

    if (depth == DEPTH_MAX) {
        load_fail(error, "needed by a chain of %d modules", DEPTH_MAX);
        return NULL;
    }
    depth++;
    image = image_load(file, error);
    depth--;
    return image && start(image, error) ? image : NULL;
}

// Called again from inside image_load, for the modules that a module needs.
// An error then names the one that is the trouble, not the one that was asked
// for first.
struct image *open_image(const char *name, struct load_error *error)
{
    const struct module *file = module_find(name);
    struct image *image = image_find(name);

    error->file = name;
    if (image && !image->broken)
        return image;
    if (image)
        load_fail(error, "its init or fini did not return; nothing uses it");
    else if (!file)
        load_fail(error, "no such file among the boot modules");
    else
        image = open_file(file, error);
    return image && !image->broken ? image : NULL;
}

// A fini that does not return leaves as much behind as such an init.
bool close_image(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->fini};

    error->file = image->name;
    // Its users first: fini may pull the ground from under them.
    if (image->users == 0 && image->started && image->fini) {
        image->started = false;
        if (!call_image(&call)) {
            image->broken = true;
            return load_fail(error, "grub_mod_fini %s", call.text);
        }
    }
    return image_unload(image, error);
}

// The list is newest first and an image only uses older ones, so that one
// pass meets the users of an image before the image. What cannot be closed,
// because it is broken, is passed over together with what it uses.
void close_newer(const struct image *before)
{
    struct image *image = image_first(), *next;
    struct load_error ignored;

    for (; image && image != before; image = next) {
        next = image->next;
        close_image(image, &ignored);
    }
}
