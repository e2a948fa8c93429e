// SPDX-License-Identifier: MIT
// The suite of the loader, and the tools that its checks share.
//
// A check of a loader has two sides: good files must be loaded rightly, bad
// ones refused with words, and in either case all memory must come back. The
// third is easily forgotten and is compared in nearly every check.
#include "smc/load/loader/loader_check.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/load/call.h"
#include "smc/load/open.h"

// Pages behind the heap's blocks would hide an arena that was not freed, or
// show one that was: they are taken out of the sum.
struct memory_mark memory_mark(void)
{
    struct heap_stats heap = heap_stats();

    return (struct memory_mark){heap.blocks, heap.bytes,
                                page_stats().used - heap.pages};
}

// Three numbers that a leak of any kind would change.
bool memory_same(struct memory_mark a, struct memory_mark b)
{
    return a.blocks == b.blocks && a.bytes == b.bytes && a.pages == b.pages;
}

bool check_says(const char *text, const char *words)
{
    size_t len = strlen(words);

    while (*text && strncmp(text, words, len) != 0)
        text++;
    return *text;
}

enum check_result check_without(const char *module)
{
    judged("%s is not among the boot modules", module);
    return CHECK_SKIP;
}

const struct module *check_next_file(size_t *index)
{
    while (*index < module_count()) {
        const struct module *file = module_at((*index)++);
        size_t len = strlen(file->name);
        // Only what is known to be a program: a text that was brought along
        // for another lab is refused in every form and shows nothing.
        if (strcmp(file->name, "zlib1.dll") == 0 ||
            (len > 4 && strcmp(file->name + len - 4, ".mod") == 0))
            return file;
    }
    return NULL;
}

// Runs under trap_try: a fault in the loader itself is counted, not fatal.
static void attempt(void *arg)
{
    struct trial *trial = arg;
    struct load_error error, ignored;
    struct image *image = image_load(&trial->file, &error);

    // A damaged file may still be a good one: many bytes mean nothing.
    if (image) {
        trial->loaded++;
        image_unload(image, &ignored);
        return;
    }
    trial->refused++;
    // Words means more than the file's name.
    trial->mute += strlen(error.text) < strlen(trial->file.name) + 10;
    strlcpy(trial->last, error.text, sizeof trial->last);
}

void try_loading(struct trial *trial)
{
    // The memory of such an attempt is lost; the verdict fails anyway.
    if (!trap_try(attempt, trial, NULL))
        trial->trapped++;
}

// The name stays, so that GRUB modules are recognised by what needs them.
uint8_t *try_copy_of(const struct module *file, struct trial *trial)
{
    uint8_t *copy = heap_alloc(file->size);

    if (copy) {
        memcpy(copy, file->data, file->size);
        trial->file = (struct module){file->name, file->name, copy, file->size,
                                      0};
    }
    return copy;
}

const struct image *try_open_needed(void)
{
    const struct image *before = image_first();
    struct load_error ignored;

    // Without it the first check of every GRUB module would load it, and the
    // memory before and after could not be the same.
    open_image("crypto.mod", &ignored);
    return before;
}

enum check_result try_verdict(const char *kind, const struct trial *trial,
                              struct memory_mark before)
{
    struct memory_mark after = memory_mark();
    bool same = memory_same(before, after);

    judged("%u %s: %u refused with words, %u loaded, %u mute, %u trapped, "
           "memory %s",
           trial->loaded + trial->refused + trial->trapped, kind,
           trial->refused - trial->mute, trial->loaded, trial->mute,
           trial->trapped, same ? "as before" : "LEAKED");
    return same && trial->trapped == 0 && trial->mute == 0 ? CHECK_PASS
                                                           : CHECK_FAIL;
}

struct image *zlib_load(enum check_result *result)
{
    const struct module *file = module_find("zlib1.dll");
    struct load_error error;
    struct image *image;

    if (!file) {
        *result = check_without("zlib1.dll");
        return NULL;
    }
    image = image_load(file, &error);
    if (!image) {
        judged("%s", error.text);
        *result = CHECK_FAIL;
    }
    return image;
}

enum check_result zlib_verdict(struct image *image, bool pass)
{
    struct load_error error;

    if (!image_unload(image, &error)) {
        judged("%s", error.text);
        return CHECK_FAIL;
    }
    return pass ? CHECK_PASS : CHECK_FAIL;
}

bool zlib_agree(struct image *a, struct image *b)
{
    struct call one, two;

    // The table of 256 words is found by an address in the code: a wrong
    // relocation gives a wrong sum and no fault.
    return call_symbol(&one, a, "crc32", 3, 0, "123456789", 9) &&
           call_symbol(&two, b, "crc32", 3, 0, "123456789", 9) &&
           one.result == two.result && one.result == 0xcbf43926;
}

static const struct check checks[] = {
    {"an object made by hand: R_386_32, PLT32, COMMON, weak",
     check_elf_sample},
    {"a strong symbol that nobody offers is named", check_elf_strong},
    {"a word relocated twice is refused", check_elf_twice},
    {"every bad ELF field is named", check_elf_fields},
    {"every relocation of zlib1.dll equals a recount", check_relocations},
    {"every import of zlib1.dll is bound", check_imports},
    {"crc32 and adler32 know their answers", check_checksums},
    {"compress and uncompress are inverse", check_round_trip},
    {"GRUB's digests know their answers", check_digests},
    {"two loads differ only at relocated words", check_twice},
    {"no page of an image is writable and executable", check_rights},
    {"a refusing stub ends the call with words", check_refused},
    {"a crash in loaded code is survived", check_crash},
    {"unloading frees everything", check_frees},
    {"every bad PE field is named", check_pe_fields},
    {"truncated files are refused or harmless", check_truncated},
    {"mutants are refused or harmless", check_mutants},
    {"a wrong free in loaded code ends its call", check_elf_free},
    {"a module brings what it needs, which then stays", check_needs},
    {"code that preserves no register returns", check_elf_manners},
    {"an image whose init or fini faults stays", check_elf_broken},
    {"a used image moves to three other places", check_rebase},
    {"an image that cannot move stays where it is", check_rebase_refused},
};
CHECK_SUITE(loader, checks);
