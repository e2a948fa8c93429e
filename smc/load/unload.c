// SPDX-License-Identifier: MIT
// Unloading: one image, or several that may use each other.
//
//   one.o <--uses--> two.o <--uses-- three.o
//
// One alone cannot go, nor can two.o with it: three.o points into it. All
// three can. Linux counts references to a module and knows no circles; a
// dynamic linker has to find out who can still be reached.
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/set.h"

static bool points_to(const struct image *image, const struct image *used)
{
    for (uint32_t i = 0; i < image->uses_count; i++)
        if (image->uses[i] == used)
            return true;
    return false;
}

// Counts the images outside of the set that use this one, and writes their
// names, as far as they fit: "a.so, b.so".
static uint32_t name_users(const struct image *image, struct image *const *set,
                           uint32_t count, char *names, size_t size)
{
    uint32_t users = 0;
    size_t len = 0;

    names[0] = '\0';
    for (const struct image *other = image_first(); other;
         other = other->next) {
        uint32_t i = 0;
        while (i < count && set[i] != other)
            i++;
        if (i < count || !points_to(other, image))
            continue;
        if (len < size)
            len += (size_t)ksnprintf(names + len, size - len, "%s%s",
                                     users ? ", " : "", other->name);
        users++;
    }
    return users;
}

static bool may_go(struct image *image, struct image *const *set,
                   uint32_t count, struct load_error *error)
{
    char names[100];
    uint32_t users = name_users(image, set, count, names, sizeof names);

    load_clear(error, image->name);
    if (image->broken)
        return load_fail(error, "its init or fini did not return, and others "
                                "may point into it: it stays");
    return !users ||
           load_fail(error, "%s %s it", names, users == 1 ? "uses" : "use");
}

// Nothing is asked of the images themselves here; that is close_image.
bool image_unload_set(struct image *const *set, uint32_t count,
                      struct load_error *error)
{
    for (uint32_t i = 0; i < count; i++)
        if (!may_go(set[i], set, count, error))
            return false;
    for (uint32_t i = 0; i < count; i++)
        image_let_go(set[i]);
    for (uint32_t i = 0; i < count; i++) {
        image_remove(set[i]);
        // Its code is about to vanish, so nobody will free these blocks.
        host_free_all(set[i]);
        image_discard(set[i]);
    }
    return true;
}

bool image_unload(struct image *image, struct load_error *error)
{
    return image_unload_set(&image, 1, error);
}
