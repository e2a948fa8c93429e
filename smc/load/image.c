// SPDX-License-Identifier: MIT
// The list of loaded images, and their two ends: load and unload.
#include "smc/load/image.h"
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/build.h"
#include "smc/load/elf/elf.h"
#include "smc/load/host/host.h"
#include "smc/load/open.h"
#include "smc/load/pe/pe.h"

static struct image *images;

struct image *image_first(void)
{
    return images;
}

struct image *image_find(const char *name)
{
    const struct module *file = module_find(name);
    struct image *image = images;

    while (image && image->file != file && strcmp(image->name, name) != 0)
        image = image->next;
    return image;
}

// Two boot modules may have one name. `ls` calls the second NAME#2, and so do
// the commands, so that `unload` means what `load` meant.
static void name_image(struct image *image, const struct module *file)
{
    uint32_t number = 1;
    size_t i;

    for (i = 0; i < module_count() && module_at(i) != file; i++)
        number += strcmp(module_at(i)->name, file->name) == 0;
    if (i == module_count())
        number = 1; // no boot module: the checks load copies
    image->file = file;
    strlcpy(image->name, file->name, sizeof image->name);
    if (number > 1)
        ksnprintf(image->name, sizeof image->name, "%s#%u", file->name,
                  number);
}

// One comparison for both ends: an address below the base wraps to a large
// distance.
struct image *image_of(uint32_t address)
{
    struct image *image = images;

    while (image && address - (uintptr_t)image->base >= image->size)
        image = image->next;
    return image;
}

// Half of the memory that an image takes while it is loaded is only for
// loading. It goes as soon as the arena holds the result.
static void forget_stage(struct image *image)
{
    heap_free(image->stage);
    heap_free(image->claimed);
    image->stage = NULL;
    image->claimed = NULL;
}

// Frees an image that is in no list, loaded or half loaded.
static void discard(struct image *image)
{
    for (uint32_t i = 0; i < image->uses_count; i++)
        // First: an image that could not be loaded must not keep others.
        image->uses[i]->users--;
    forget_stage(image);
    // The pages become plain data again. No call can be in there: calls end
    // before a command does, and unloading is a command.
    arena_destroy(image->arena);
    heap_free(image->refusal);
    heap_free(image->export);
    heap_free(image->names);
    heap_free(image);
}

// A file says what it is by its first bytes; its name counts for nothing.
static bool load_by_format(struct loading *in)
{
    if (elf_is(in->file))
        return elf_load(in);
    if (pe_is(in->file))
        return pe_load(in);
    return load_fail(in->error,
                     "%u bytes that start neither with 7f 'ELF' "
                     "nor with 'MZ'",
                     in->file->size);
}

// All or nothing. The only trace of a file that was refused is *error.
struct image *image_load(const struct module *file, struct load_error *error)
{
    struct loading in = {file, heap_zalloc(1, sizeof(struct image)), error};
    struct image *before = images;

    error->file = file->name;
    error->text[0] = '\0';
    if (!in.image) {
        load_fail(error, "no memory for the image");
        return NULL;
    }
    name_image(in.image, file);
    if (!load_by_format(&in) || !build_commit(&in)) {
        discard(in.image);
        // What was loaded on the way, because this image needs it, goes too.
        close_newer(before);
        return NULL;
    }
    forget_stage(in.image);
    // Only a complete image is ever in the list, and so findable by name, by
    // address (in a fault report) or as an exporter.
    in.image->next = images;
    images = in.image;
    return in.image;
}

// Nothing is asked of the image itself here; that is close_image.
bool image_unload(struct image *image, struct load_error *error)
{
    struct image **link = &images;

    error->file = image->name;
    if (image->broken)
        return load_fail(error, "its init or fini did not return, and others "
                                "may point into it: it stays");
    if (image->users)
        return load_fail(error, "%u loaded image%s it", image->users,
                         image->users == 1 ? " uses" : "s use");
    // It must be there; a walk past the end would be a broken invariant.
    while (*link != image)
        link = &(*link)->next;
    *link = image->next;
    // Its code is about to vanish, so nobody will free these blocks.
    host_free_all(image);
    discard(image);
    return true;
}

const char *image_export_name(const struct image *image,
                              const struct image_export *export)
{
    return image->names + export->name;
}

// The first of several equal names wins, as in a dynamic linker's search.
const struct image_export *image_export(const struct image *image,
                                        const char *name)
{
    for (uint32_t i = 0; i < image->exports; i++)
        if (strcmp(image_export_name(image, &image->export[i]), name) == 0)
            return &image->export[i];
    return NULL;
}

uint32_t image_symbol(const struct image *image, const char *name)
{
    const struct image_export *export = image_export(image, name);

    return export ? export->address : 0;
}

// Local functions have no names here, so a fault in one is told relative to
// the export before it. The distance shows how much that means.
const struct image_export *image_nearest(const struct image *image,
                                         uint32_t address)
{
    const struct image_export *best = NULL;

    for (uint32_t i = 0; i < image->exports; i++) {
        const struct image_export *export = &image->export[i];
        if (export->address && export->address <= address &&
            (!best || export->address > best->address))
            best = export;
    }
    return best;
}

uint32_t image_code_bytes(const struct image *image)
{
    uint32_t bytes = 0;

    for (uint32_t i = 0; i < image->parts; i++)
        if (image->part[i].kind == PART_CODE)
            bytes += image->part[i].size;
    return bytes;
}
