// SPDX-License-Identifier: MIT
// Building an image in staging memory, and committing it.
//
// Relocating in place would need pages that are writable and executable, or
// one door write per word. In a staging buffer the words are plain data;
// the door is opened once per code section. Windows relocates in place and
// changes the protection of every page twice; Linux relocates a module while
// its pages are still writable data and makes them executable last.
//
//   build_stage   heap: zeros                    arena: nothing
//   (the format)  heap: bytes of the file
//   build_place   heap: the same                 arena: an address, data
//   (the format)  heap: relocated for it
//   build_commit  heap: the same                 arena: code r-x, data r--
//                 `-- freed by image_load
//
// Where the size is known before the first byte, the arena's pages can be the
// staging memory themselves, as they are data until build_commit turns them
// (build_in_place). That saves a copy of everything.
//
// Until build_commit a file can be refused at any point, and all that there
// is to undo is memory that nobody has the address of.
#include "smc/load/build.h"
#include "kernel/heap.h"
#include "kernel/one_page.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/names.h"
#include "smc/load/names_key.h"

static bool judge_size(struct loading *in, uint32_t size)
{
    return (size && size <= IMAGE_MAX) ||
           load_fail(in->error,
                     "the image would take 0x%x bytes; "
                     "1 to 0x%x are allowed",
                     size, IMAGE_MAX);
}

bool build_stage(struct loading *in, uint32_t size)
{
    struct image *image = in->image;

    if (!judge_size(in, size))
        return false;
    image->stage = heap_zalloc(1, PAGE_ALIGN_UP(size));
    return image->stage ||
           load_fail(in->error, "no memory to stage 0x%x bytes", size);
}

// An address that was drawn depends on the seed and the name, not on which
// file of a set comes first.
static uint32_t draw(const struct loading *in)
{
    uint32_t seed = in->options->seed ^ names_hash(in->image->name);

    return arena_draw(in->image->size, &seed);
}

// Without a wish the kernel chooses, as first fit gives it. Nothing depends on
// which address it is: that is what this lab is about.
bool build_place(struct loading *in, uint32_t size)
{
    struct image *image = in->image;
    uint32_t base = in->base;
    const char *why;

    image->size = image->bytes = PAGE_ALIGN_UP(size);
    if (!base && in->options->seed)
        base = draw(in);
    why = base ? arena_refuse_at(base, image->size) : NULL;
    if (why)
        return load_fail(in->error, "0x%x bytes at 0x%08x: the address %s",
                         image->size, base, why);
    // All of it at once, as data. What will be code is made so when it is
    // complete.
    image->arena = arena_create_data(image->name, base, image->size);
    if (image->arena)
        image->base = arena_reserve(image->arena, image->size, PAGE_SIZE);
    return image->base ||
           load_fail(in->error, "no memory for 0x%x bytes", size);
}

bool build_in_place(struct loading *in, uint32_t size)
{
    if (!judge_size(in, size) || !build_place(in, size))
        return false;
    in->image->stage = in->image->base;
    return true;
}

void build_forget_stage(struct image *image)
{
    if (image->stage != image->base)
        heap_free(image->stage);
    image->stage = NULL;
}

// Makes room for `need` more bytes after `used`, doubling, so that a long
// table costs few moves.
static bool grow(void **block, uint32_t *size, uint32_t used, uint32_t need)
{
    uint32_t want = *size ? *size : 256;
    void *moved;

    if (need <= *size - used)
        return true;
    // Cannot wrap: build_name bounds what is asked for to 2 * IMAGE_MAX,
    // and the exports to one record per name.
    while (want - used < need)
        want *= 2;
    moved = heap_resize(*block, want);
    if (!moved)
        return false;
    *block = moved;
    *size = want;
    return true;
}

// All formats lay out parts in ascending order, and each kind on pages of its
// own; the formats check that, this only records it.
bool build_part(struct loading *in, const char *name, size_t name_len,
                enum part_kind kind, uint32_t offset, uint32_t size)
{
    struct image *image = in->image;
    struct image_part *part;

    if (image->parts == IMAGE_PARTS)
        return load_fail(in->error, "more than %d parts", IMAGE_PARTS);
    if (!grow((void **)&image->part, &image->parts_size,
              image->parts * sizeof *part, sizeof *part))
        return load_fail(in->error, "no memory for the parts");
    part = &image->part[image->parts];
    // Only for messages: eight characters are what PE has.
    if (name_len > sizeof part->name - 1)
        name_len = sizeof part->name - 1;
    *part = (struct image_part){.kind = kind, .offset = offset, .size = size};
    // They are printed: a file must not move the reader's cursor.
    for (size_t i = 0; i < name_len; i++)
        part->name[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
    image->parts++;
    return true;
}

void build_tell(const struct loading *in, const struct fixup *fixup)
{
    const struct load_watch *watch = in->options->watch;

    if (watch && watch->see)
        watch->see(in->image, fixup, watch->arg);
}

void build_tell_lookup(const struct loading *in, const struct lookup *lookup)
{
    const struct load_watch *watch = in->options->watch;

    if (watch && watch->look)
        watch->look(in->image, lookup, watch->arg);
}

uint32_t build_get(const struct image *image, uint32_t offset)
{
    return ((const struct word *)(image->stage + offset))->value;
}

void build_put(struct image *image, uint32_t offset, uint32_t value)
{
    ((struct word *)(image->stage + offset))->value = value;
}

static inline uint32_t keep_name(struct image *image, const char *name,
                                 uint32_t len)
{
    uint32_t at = image->names_used;

    // A file that names one long string a thousand times is not believed.
    if (at > IMAGE_MAX || len >= IMAGE_MAX ||
        !grow((void **)&image->names, &image->names_size, at, len + 1))
        return BUILD_NO_NAME;
    names_copy(image->names + at, name, len);
    image->names_used = at + len + 1;
    return at;
}

// All names of an image lie in one block. It moves when it grows, so that a
// name is an offset until the image is complete.
uint32_t build_name(struct image *image, const char *name)
{
    return keep_name(image, name, (uint32_t)strlen(name));
}

// The hash tells a length of up to 255.
ONE_PAGE(1024)
struct image_export *build_offer(struct loading *in, const char *name,
                                 uint32_t hash)
{
    struct image *image = in->image;
    struct image_export *export;
    uint32_t used = image->exports * sizeof *export;
    uint32_t len = hash >> 24, at;

    if (!hash || name[len])
        len = strlen(name);
    at = keep_name(image, name, len);
    if (at == BUILD_NO_NAME ||
        !grow((void **)&image->export, &image->exports_size, used,
              sizeof *export)) {
        load_fail(in->error, "no memory for the exports");
        return NULL;
    }
    export = &image->export[image->exports++];
    *export = (struct image_export){.name = at, .hash = hash};
    return export;
}

bool build_export(struct loading *in, const char *name, uint32_t address)
{
    struct image_export *export = build_offer(in, name, 0);

    if (export)
        export->address = address;
    return export;
}

// The count in the other image is what image_unload asks: code of this image
// now holds addresses in that one.
bool build_uses(struct loading *in, struct image *used)
{
    struct image *image = in->image;

    for (uint32_t i = 0; i < image->uses_count; i++)
        if (image->uses[i] == used)
            return true;
    if (image->uses_count == IMAGE_USES)
        return load_fail(in->error, "uses more than %d images", IMAGE_USES);
    image->uses[image->uses_count++] = used;
    used->users++;
    return true;
}

/* Patch site: each code part of an image, in its arena
 * before: data pages with nobody's bytes
 * after:  the bytes of the stage, relocated for this address, then INT3
 * who:    arena_fill, once per part; the pages turn from rw- to r-x
 * safe:   nobody has an address in the arena yet, so nobody executes there
 * without it: the code would have to lie in a page that it, or any bug in
 *         it, could write to
 */
// The whole section is one write and one line in the journal. The journal
// keeps its first bytes only: a generated block is undone by unloading.
static bool commit_code(struct loading *in, const char *name, uint32_t offset,
                        uint32_t pages, uint32_t size)
{
    struct image *image = in->image;
    struct text_result result = arena_fill(image->arena, image->base + offset,
                                           pages, image->stage + offset, size,
                                           "loader");
    char why[120];

    return result.reason == TEXT_OK ||
           load_fail(in->error, "%s: %s", name,
                     text_explain(why, sizeof why, &result));
}

// The rest of its last page is cleared: what was there before is nobody's
// business, and two loads of a file are alike.
static bool commit_data(struct loading *in, const struct image_part *part)
{
    struct image *image = in->image;
    uint8_t *at = image->base + part->offset;
    uint32_t bytes = PAGE_ALIGN_UP(part->size);

    if (image->stage != image->base)
        memcpy(at, image->stage + part->offset, part->size);
    memset(at + part->size, 0, bytes - part->size);
    return part->kind != PART_READ_ONLY ||
           arena_make_data(image->arena, at, bytes, false) ||
           load_fail(in->error, "%s cannot be made read-only", part->name);
}

static bool commit_part(struct loading *in, const struct image_part *part)
{
    if (part->kind == PART_CODE)
        return commit_code(in, part->name, part->offset,
                           PAGE_ALIGN_UP(part->size), part->size);
    return commit_data(in, part);
}

// Pages of no part become INT3, so that a jump into them traps. A failure
// here leaves an arena with some parts written. The caller destroys it, and
// nobody has an address in it yet.
bool build_commit(struct loading *in)
{
    struct image *image = in->image;
    uint32_t done = 0;

    if (image->arena->whole)
        return true; // room_commit does it
    for (uint32_t i = 0; i < image->parts; i++) {
        const struct image_part *part = &image->part[i];
        if (part->size == 0)
            continue;
        if (part->offset > done &&
            !commit_code(in, "a gap", done, part->offset - done, 0))
            return false;
        if (!commit_part(in, part))
            return false;
        done = part->offset + PAGE_ALIGN_UP(part->size);
    }
    return done == image->size ||
           commit_code(in, "the end", done, image->size - done, 0);
}
