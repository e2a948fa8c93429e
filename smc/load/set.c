// SPDX-License-Identifier: MIT
// Loading several files at once, and what they need, in four passes.
//
//   judge    a.mod ---------> b.mod ---------> crypto.mod   grows on the way
//   lay out  a.mod ---------> b.mod ---------> crypto.mod   may grow
//   link     a.mod ---------> b.mod ---------> crypto.mod   all names known
//   commit   a.mod ---------> b.mod ---------> crypto.mod   cannot be refused
//   list     crypto.mod, then those that use it
//
// No file is linked before all have their addresses and have said what they
// offer, so that files may need each other in a circle, as libc.so.6 and
// ld-linux.so.2 do. GRUB's and Linux's module loaders know no circles; a
// dynamic linker must.
#include "smc/load/set.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "smc/load/build.h"
#include "smc/load/names.h"

static const struct load_options no_options;

void image_let_go(struct image *image)
{
    while (image->uses_count)
        image->uses[--image->uses_count]->users--;
}

void image_discard(struct image *image)
{
    image_let_go(image);
    names_withdraw(image);
    if (image->format && image->format->forget)
        image->format->forget(image);
    // The pages become plain data again, or its code on them INT3. No call can
    // be in there: calls end before a command does, and unloading is a
    // command.
    arena_destroy(image->arena);
    heap_free(image->part);
    heap_free(image->refusal);
    heap_free(image->export);
    heap_free(image->names);
    heap_free(image);
}

// Files are told apart by where their description lies.
static struct loading **bucket_of(struct load_set *set,
                                  const struct module *file)
{
    return &set->by_file[(uintptr_t)file / sizeof *file % LOAD_BUCKETS];
}

static void append(struct load_set *set, struct loading *in)
{
    struct loading **bucket = bucket_of(set, in->file);

    in->same = *bucket;
    *bucket = in;
    if (set->last)
        set->last->next = in;
    else
        set->first = in;
    set->last = in;
}

// Takes a file into the set, at its end.
static struct loading *add(struct load_set *set, const struct module *file)
{
    struct loading *in = pool_take(&set->pool, sizeof *in);
    struct image *image = heap_zalloc(1, sizeof *image);

    set->error->file = file->name;
    if (!in || !image) {
        heap_free(image);
        load_fail(set->error, "no memory for the image");
        return NULL;
    }
    *in = (struct loading){.set = set,
                           .file = file,
                           .image = image,
                           .error = set->error,
                           .options = set->options};
    image_name(image, file);
    append(set, in);
    return in;
}

static struct loading *find(struct load_set *set, const struct module *file)
{
    struct loading *in = *bucket_of(set, file);

    while (in && in->file != file)
        in = in->same;
    return in;
}

// An error names the file that is not there and the one that needs it.
struct image *load_needs(struct loading *in, const char *name)
{
    const struct module *file = module_find(name);
    struct image *image = image_find(name);
    struct loading *member = file ? find(in->set, file) : NULL;
    const char *why = NULL;

    if (image && image->broken)
        why = "whose init or fini did not return";
    else if (!image && !file)
        why = "which is not among the boot modules";
    // Relocating has changed the name: nothing else asks as late as this.
    else if (!image && !member && in->set->laid_out)
        why = "which it did not name before it was relocated";
    if (why) {
        load_fail(in->error, "needs %s, %s", name, why);
        return NULL;
    }
    if (!image && !member)
        member = add(in->set, file);
    if (!image && member)
        image = member->image;
    in->error->file = in->file->name;
    return image && (image == in->image || build_uses(in, image)) ? image
                                                                  : NULL;
}

// A file says what it is by its first bytes; its name counts for nothing.
static bool judge(struct loading *in)
{
    in->error->file = in->file->name;
    for (const struct image_format *const *format = image_formats; *format;
         format++)
        if ((*format)->is(in->file)) {
            in->image->format = *format;
            return !(*format)->judge || (*format)->judge(in);
        }
    return load_fail(in->error,
                     "%u bytes that start neither with 7f 'ELF' "
                     "nor with 'MZ'",
                     in->file->size);
}

// What a DLL or a shared object needs comes only now, and is judged now.
static bool lay_out(struct loading *in)
{
    if (!in->image->format && !judge(in))
        return false;
    in->error->file = in->file->name;
    return in->image->format->lay_out(in) &&
           names_publish(in->image, in->error);
}

// Nobody claims anything later. The map of one that shares pages reaches over
// all others' parts, so that they are not kept for all of the set.
static bool link(struct loading *in)
{
    bool ok;

    in->error->file = in->file->name;
    ok = in->image->format->link(in);
    heap_free(in->claimed);
    in->claimed = NULL;
    return ok;
}

static bool commit(struct loading *in)
{
    in->error->file = in->file->name;
    return build_commit(in);
}

// The set may grow while this walks: judge and lay_out find what a file needs.
static bool each(struct load_set *set, bool (*step)(struct loading *))
{
    for (struct loading *in = set->first; in; in = in->next)
        if (!step(in))
            return false;
    return true;
}

// Every image of the set gets its rights, and the processor is told once.
static bool commit_all(struct load_set *set)
{
    bool ok;

    arena_turn_many();
    ok = each(set, commit) && room_commit(set);
    arena_turned();
    return ok;
}

// Half of the memory that an image takes while it is loaded is only for
// loading. It goes as soon as the arena holds the result.
static void forget_work(struct loading *in)
{
    if (in->image->format && in->image->format->drop)
        in->image->format->drop(in);
    build_forget_stage(in->image);
}

// A depth-first walk puts what is needed into the list before those that
// need it. In a circle somebody has to be the first.
static void list(struct load_set *set, struct image *image)
{
    struct loading *in = find(set, image->file);

    // An older image of this file is in the list already.
    if (!in || in->image != image || in->listed)
        return;
    in->listed = true;
    for (uint32_t i = 0; i < image->uses_count; i++)
        list(set, image->uses[i]);
    image_add(image);
}

// The only trace of a set that was refused is the error.
static void finish(struct load_set *set, bool keep)
{
    struct loading *in;

    for (in = set->first; in; in = in->next)
        forget_work(in);
    for (in = set->first; keep && in; in = in->next)
        list(set, in->image);
    for (in = set->first; !keep && in; in = in->next)
        image_let_go(in->image);
    for (in = set->first; !keep && in; in = in->next)
        image_discard(in->image);
    pool_free(&set->pool);
    room_close(set);
}

// Notes the time for whoever measures the passes.
static bool stamp(const struct load_set *set, uint32_t pass)
{
    if (set->options->times)
        set->options->times->at[pass] = rdtsc();
    return true;
}

static bool prepare(struct load_set *set, const struct module *const *files,
                    uint32_t count, const struct load_options *options,
                    struct load_error *error)
{
    *set = (struct load_set){.error = error,
                             .options = options ? options : &no_options};
    load_clear(error, count ? files[0]->name : "");
    stamp(set, LOAD_BEGUN);
    for (uint32_t i = 0; i < count; i++)
        if (!find(set, files[i]) && !add(set, files[i]))
            return false;
    if (set->first)
        set->first->base = set->options->base;
    set->laid_out = each(set, judge) && each(set, lay_out);
    // What is missing anywhere is told at once, not name by name.
    return set->laid_out && stamp(set, LOAD_LAID_OUT) && each(set, link) &&
           !load_missed(error) && stamp(set, LOAD_LINKED);
}

struct image *image_load_set(const struct module *const *files, uint32_t count,
                             const struct load_options *options,
                             struct load_error *error)
{
    struct load_set set;
    bool ok = prepare(&set, files, count, options, error) &&
              commit_all(&set) && stamp(&set, LOAD_COMMITTED);
    struct image *first = ok && set.first ? set.first->image : NULL;

    finish(&set, ok);
    return first;
}

struct image *image_load(const struct module *file, struct load_error *error)
{
    return image_load_set(&file, 1, NULL, error);
}

static bool tell_done(struct loading *in)
{
    const struct load_watch *watch = in->options->watch;

    if (watch && watch->done)
        watch->done(in->image, watch->arg);
    return true;
}

bool image_try(const struct module *const *files, uint32_t count,
               const struct load_options *options, struct load_error *error)
{
    struct load_set set;
    bool ok = prepare(&set, files, count, options, error) &&
              each(&set, tell_done);

    finish(&set, false);
    return ok;
}
