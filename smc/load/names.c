// SPDX-License-Identifier: MIT
// A chained hash table in fixed memory. The links lie in the exports.
//
//   bucket[h & 1023] --> printf of b.o --> printf of a.o --> 0
//                        newest first: whoever loads a second printf
//                        wants that one
//
// 275 GRUB modules ask for 4 348 names and offer 1 264. Comparing each with
// each would be five million comparisons.
#include "smc/load/names.h"
#include "kernel/string.h"

#define BUCKETS 1024u

static struct image_export *table[FAMILIES][BUCKETS];

uint32_t names_hash(const char *name)
{
    uint32_t hash = 5381;

    for (; *name; name++)
        hash = hash * 33 + (uint8_t)*name;
    return hash;
}

static struct image_export **bucket_of(enum family family, uint32_t hash)
{
    return &table[family][hash & (BUCKETS - 1)];
}

void names_publish(struct image *image)
{
    // Backwards, so that the first of several equal names is found first, as
    // in a dynamic linker's search.
    for (uint32_t i = image->exports; i-- > 0;) {
        struct image_export *export = &image->export[i];
        struct image_export **bucket;
        export->hash = names_hash(image_export_name(image, export));
        bucket = bucket_of(image->family, export->hash);
        export->image = image;
        export->next = *bucket;
        *bucket = export;
    }
    image->published = true;
}

void names_withdraw(struct image *image)
{
    for (uint32_t i = 0; image->published && i < image->exports; i++) {
        struct image_export *export = &image->export[i];
        struct image_export **link = bucket_of(image->family, export->hash);
        while (*link != export)
            link = &(*link)->next;
        *link = export->next;
    }
    image->published = false;
}

static bool is_named(const struct image_export *export, uint32_t hash,
                     const char *name)
{
    return export->hash == hash &&
           strcmp(image_export_name(export->image, export), name) == 0;
}

const struct image_export *names_find(enum family family, const char *name)
{
    uint32_t hash = names_hash(name);
    const struct image_export *export = *bucket_of(family, hash);

    while (export && (export->image->broken || !is_named(export, hash, name)))
        export = export->next;
    return export;
}

const struct image_export *names_find_in(const struct image *image,
                                         const char *name)
{
    uint32_t hash = names_hash(name);
    const struct image_export *export = *bucket_of(image->family, hash);

    while (export && (export->image != image || !is_named(export, hash, name)))
        export = export->next;
    return export;
}
