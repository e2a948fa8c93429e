// SPDX-License-Identifier: MIT
// A chained hash table. The links lie in the exports.
//
//   bucket[h & 2047] --> printf of b.o --> printf of a.o --> 0
//                        newest first: whoever loads a second printf
//                        wants that one
//
// 275 GRUB modules ask for 4 348 names and offer 1 264. Comparing each with
// each would be five million comparisons. For as many names the table is in
// fixed memory; for more it moves to the heap, with a bucket for each, until
// they have gone again.
#include "smc/load/names.h"
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/names_key.h"

#define SMALL 2048u
// Names that meet in one bucket. A thousand images may define one name; a
// file in which more meet was made for it, and would be hours of comparing.
#define CHAIN_MAX 1024u

static struct names {
    struct image_export *small[SMALL];
    struct image_export **large; // instead of small, or NULL
    uint32_t buckets;            // of large, a power of two
    uint32_t count;              // exports of published images
} tables[FAMILIES];

uint32_t names_hash(const char *name)
{
    uint32_t len = (uint32_t)strlen(name), hash = 0;

    for (uint32_t i = 0; len - i >= 4; i += 4)
        hash = names_mix(hash, names_word(name + i));
    return names_finish(name, len, hash);
}

static struct image_export **bucket_of(enum family family, uint32_t hash)
{
    struct names *names = &tables[family];

    return names->large ? &names->large[hash & (names->buckets - 1)]
                        : &names->small[hash & (SMALL - 1)];
}

// Puts a chain's links into the buckets of another table. Turned round first,
// as each goes to the head of its bucket: the newest must end there.
static void spread(struct image_export *chain, struct image_export **to,
                   uint32_t buckets)
{
    struct image_export *turned = NULL, *next;

    for (; chain; chain = next) {
        next = chain->next;
        chain->next = turned;
        turned = chain;
    }
    for (; turned; turned = next) {
        struct image_export **head = &to[turned->hash & (buckets - 1)];
        next = turned->next;
        turned->next = *head;
        *head = turned;
    }
}

// Equal names have equal hashes, and so come from one bucket: their order
// stays. Without memory the chains stay long: slow, and at last refused.
static void resize(struct names *names, uint32_t buckets)
{
    struct image_export **from = names->large ? names->large : names->small;
    struct image_export **to = names->small;
    uint32_t count = names->large ? names->buckets : SMALL;

    if (buckets > SMALL)
        to = heap_zalloc(buckets, sizeof *to);
    if (!to || to == from)
        return;
    for (uint32_t i = 0; i < count; i++) {
        struct image_export *chain = from[i];
        from[i] = NULL; // small is used again
        spread(chain, to, buckets);
    }
    heap_free(names->large);
    names->large = to == names->small ? NULL : to;
    names->buckets = buckets;
}

// Room for these before they come; no more room than needed when they go.
static void reserve(struct names *names, uint32_t count)
{
    uint32_t buckets = SMALL;

    names->count = count;
    while (buckets < count)
        buckets *= 2;
    if (buckets == SMALL || buckets > names->buckets || !names->large)
        resize(names, buckets);
}

static inline bool is_named(const struct image_export *export, uint32_t hash,
                            const char *name)
{
    return export->hash == hash &&
           names_equal(export->image->names + export->name, name, hash);
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
    return other->hash == export->hash && export->rank == EXPORT_STRONG &&
           other->rank == EXPORT_STRONG && in_set(other) &&
           is_named(other, export->hash,
                    image_export_name(export->image, export));
}

// Goes through what came before the export in its bucket. False if that is
// too long.
static bool look_back(const struct image_export *export,
                      const struct image_export **clash)
{
    const struct image_export *other = export->next;
    uint32_t count = 0;

    for (; other && count < CHAIN_MAX; other = other->next, count++)
        if (clashes(export, other))
            *clash = other;
    return !other;
}

bool names_publish(struct image *image, struct load_error *error)
{
    const struct image_export *clash = NULL, *crowd = NULL;
    struct names *names = &tables[image->family];

    reserve(names, names->count + image->exports);
    // Backwards, so that the first of several equal names is found first, as
    // in a dynamic linker's search.
    for (uint32_t i = image->exports; i-- > 0;) {
        struct image_export *export = &image->export[i], **bucket;
        if (!export->hash)
            export->hash = names_hash(image_export_name(image, export));
        bucket = bucket_of(image->family, export->hash);
        export->image = image;
        export->next = *bucket;
        *bucket = export;
        if (!crowd && !look_back(export, &clash))
            crowd = export;
    }
    image->published = true;
    if (crowd)
        return load_fail(error, "more than %u names meet where %s belongs",
                         CHAIN_MAX, image_export_name(image, crowd));
    return !clash || load_fail(error, "defines %s, and so does %s",
                               image_export_name(clash->image, clash),
                               clash->image->name);
}

void names_withdraw(struct image *image)
{
    struct names *names = &tables[image->family];

    if (!image->published)
        return;
    for (uint32_t i = 0; i < image->exports; i++) {
        struct image_export *export = &image->export[i];
        struct image_export **link = bucket_of(image->family, export->hash);
        while (*link != export)
            link = &(*link)->next;
        *link = export->next;
    }
    reserve(names, names->count - image->exports);
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

const struct image_export *names_find_in(const struct image *image,
                                         const char *name)
{
    uint32_t hash = names_hash(name);
    const struct image_export *export = *bucket_of(image->family, hash);

    while (export && (export->image != image || !is_named(export, hash, name)))
        export = export->next;
    return export;
}
