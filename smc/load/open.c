// SPDX-License-Identifier: MIT
// The life of an image: load, start ... stop, unload.
//
//   image_load --> start --> called, bound to --> stop --> image_unload
//                   |                              |
//                   '--- did not return: broken ---'
//
// What start is, the format knows: grub_mod_init, the init functions of a
// shared object, DllMain.
#include "smc/load/open.h"

static bool start(struct image *image, struct load_error *error)
{
    bool ok = !image->format->start || image->format->start(image, error);

    // Nobody knows what half an initialisation has left where.
    image->started = ok;
    image->broken = !ok;
    return ok;
}

// Oldest first: what an image uses is older than the image, and so is started
// when the image's own start function calls it.
static bool start_newer(struct image *image, const struct image *before,
                        struct load_error *error)
{
    if (image == before)
        return true;
    if (!start_newer(image->next, before, error))
        return false;
    load_clear(error, image->name);
    return start(image, error);
}

struct image *open_set(const struct module *const *files, uint32_t count,
                       const struct load_options *options,
                       struct load_error *error)
{
    struct image *before = image_first();
    struct image *image = image_load_set(files, count, options, error);

    if (image && !start_newer(image_first(), before, error)) {
        // All or nothing, but for what is broken and what that uses.
        close_newer(before);
        return NULL;
    }
    return image;
}

struct image *open_file(const struct module *file, struct load_error *error)
{
    return open_set(&file, 1, NULL, error);
}

struct image *open_image(const char *name, struct load_error *error)
{
    const struct module *file = module_find(name);
    struct image *image = image_find(name);

    load_clear(error, name);
    if (image && !image->broken)
        return image;
    if (image)
        load_fail(error, "its init or fini did not return; nothing uses it");
    else if (!file)
        load_fail(error, "no such file among the boot modules");
    return !image && file ? open_file(file, error) : NULL;
}

uint32_t close_users(const struct image *image, struct image *const *set,
                     uint32_t count)
{
    uint32_t users = image->users;

    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < set[i]->uses_count; k++)
            users -= set[i]->uses[k] == image;
    return users;
}

static bool has(struct image *const *set, uint32_t count,
                const struct image *image)
{
    for (uint32_t i = 0; i < count; i++)
        if (set[i] == image)
            return true;
    return false;
}

// A stop that does not return leaves as much behind as such a start.
static bool stop(struct image *image, struct load_error *error)
{
    bool stops = image->started && image->format->stop;

    load_clear(error, image->name);
    image->started = false;
    image->broken = stops && !image->format->stop(image, error);
    return !image->broken;
}

// Nobody is stopped before it is known that all may go: an image whose user
// stays must not be pulled from under it. Then in the order of the list, which
// has users before what they use.
bool close_set(struct image *const *set, uint32_t count,
               struct load_error *error)
{
    bool idle = true;

    for (uint32_t i = 0; i < count; i++)
        idle &= !set[i]->broken && close_users(set[i], set, count) == 0;
    for (struct image *i = image_first(); idle && i; i = i->next)
        if (has(set, count, i) && !stop(i, error))
            return false;
    // If they are not idle, this says why.
    return image_unload_set(set, count, error);
}

bool close_image(struct image *image, struct load_error *error)
{
    return close_set(&image, 1, error);
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
