// SPDX-License-Identifier: MIT
// The list of loaded images, and what can be asked of them.
#include "smc/load/image.h"
#include "kernel/string.h"
#include "smc/load/elf/elf.h"
#include "smc/load/elf/shared.h"
#include "smc/load/names.h"
#include "smc/load/pe/pe.h"
#include "smc/load/set.h"

const struct image_format *const image_formats[] = {
    &elf_shared_format, &elf_object_format, &pe_format, NULL};
static struct image *images;

struct image *image_first(void)
{
    return images;
}

struct image *image_find(const char *name)
{
    struct image *image = images;
    const struct module *file = image ? module_find(name) : NULL;

    while (image && image->file != file && strcmp(image->name, name) != 0)
        image = image->next;
    return image;
}

void image_add(struct image *image)
{
    image->next = images;
    images = image;
}

// It must be there; a walk past the end would be a broken invariant.
void image_remove(struct image *image)
{
    struct image **link = &images;

    while (*link != image)
        link = &(*link)->next;
    *link = image->next;
}

// Two boot modules may have one name. `ls` calls the second NAME#2, and so do
// the commands, so that `unload` means what `load` meant.
void image_name(struct image *image, const struct module *file)
{
    image->file = file;
    strlcpy(image->name, file->name, sizeof image->name);
    // Copies that the checks load have no number.
    if (file->number > 1)
        ksnprintf(image->name, sizeof image->name, "%s#%u", file->name,
                  file->number);
}

// One comparison for both ends: an address below the base, or the part, wraps
// to a large distance. Between two parts on shared pages lie those of others.
static bool holds(const struct image *image, uint32_t address)
{
    uint32_t offset = address - (uint32_t)(uintptr_t)image->base;

    if (offset >= image->size || !image->arena->whole ||
        offset < image->arena->size)
        return offset < image->size;
    for (uint32_t i = 0; i < image->parts; i++)
        if (offset - image->part[i].offset < image->part[i].size)
            return true;
    return false;
}

struct image *image_of(uint32_t address)
{
    struct image *image = images;

    while (image && !holds(image, address))
        image = image->next;
    return image;
}

const char *image_export_name(const struct image *image,
                              const struct image_export *export)
{
    return image->names + export->name;
}

const struct image_export *image_export(const struct image *image,
                                        const char *name)
{
    return names_find_in(image, name);
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
        // A forwarder's address is in another image.
        if (export->address && !export->forward &&
            export->address <= address &&
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
