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

bool names_scan(const char *name, uint32_t *hash)
{
    const uint8_t *at = (const uint8_t *)name;
    uint32_t h = 5381, c;

    for (c = *at; c - ' ' <= '~' - ' '; c = *++at)
        h = h * 33 + c;
    *hash = h;
    return c == '\0' && at - (const uint8_t *)name <= (int)NAME_MAX;
}

static struct image_export **bucket_of(enum family family, uint32_t hash)
{
    return &table[family][hash & (BUCKETS - 1)];
}

// Most names that are compared here are equal, and so are read to their ends:
// strcmp, with a limit to look at, takes twice as long.
bool names_equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool is_named(const struct image_export *export, uint32_t hash,
                     const char *name)
{
    return export->hash == hash &&
           names_equal(export->image->names + export->name, name);
}

// Only images that are being loaded have a stage: these are linked together.
static bool in_set(const struct image_export *export)
{
    return export->image->stage;
}

// Two strong definitions, both in files that are linked together.
static bool clashes(const struct image_export *export,
                    const struct image_export *other)
{
    return export->rank == EXPORT_STRONG && other->rank == EXPORT_STRONG &&
           in_set(other) &&
           is_named(other, export->hash,
                    image_export_name(export->image, export));
}

const struct image_export *names_publish(struct image *image)
{
    const struct image_export *clash = NULL;

    // Backwards, so that the first of several equal names is found first, as
    // in a dynamic linker's search.
    for (uint32_t i = image->exports; i-- > 0;) {
        struct image_export *export = &image->export[i], **bucket, *other;
        if (!export->hash)
            export->hash = names_hash(image_export_name(image, export));
        bucket = bucket_of(image->family, export->hash);
        export->image = image;
        export->next = *bucket;
        *bucket = export;
        for (other = export->next; other; other = other->next)
            if (clashes(export, other))
                clash = other;
    }
    image->published = true;
    return clash;
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

// Newer ones are met first. Of two weak definitions the first file's counts,
// which is the older one here; of two COMMON ones the last file's, as that
// was made large enough for all (object_link.c).
static bool better(const struct image_export *export,
                   const struct image_export *best)
{
    if (!best || !in_set(export) || !in_set(best))
        return !best;
    return export->rank > best->rank ||
           (export->rank == EXPORT_WEAK && best->rank == EXPORT_WEAK);
}

const struct image_export *names_look_up(enum family family, const char *name,
                                         uint32_t hash)
{
    const struct image_export *best = NULL;

    for (const struct image_export *export = *bucket_of(family, hash); export;
         export = export->next)
        if (is_named(export, hash, name) && !export->image->broken &&
            (!export->hidden || in_set(export)) && better(export, best))
            best = export;
    return best;
}

const struct image_export *names_find(enum family family, const char *name)
{
    return names_look_up(family, name, names_hash(name));
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
