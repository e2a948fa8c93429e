// SPDX-License-Identifier: MIT
// Checks of what an image is in memory: which bytes the loader changed, what
// rights its pages have, and what remains when it is gone.
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "smc/load/call.h"
#include "smc/load/loader/loader_check.h"
#include "smc/load/loader/walk.h"
#include "smc/load/pe/pe_format.h"

#define ADDRESS(p) ((uint32_t)(uintptr_t)(p))

struct word_map {
    uint8_t *bits;
};

static void map_word(const struct walk_word *word, void *arg)
{
    struct word_map *map = arg;

    for (uint32_t i = word->rva; i < word->rva + 4; i++)
        map->bits[i / 8] |= (uint8_t)(1u << i % 8);
}

// Where the loader writes the number of the thread-local copy.
static uint32_t tls_index(const struct image *image,
                          const struct pe_header *header)
{
    const struct pe_tls *tls =
        (const void *)(image->base +
                       header->Directory[DIR_TLS].VirtualAddress);

    return tls->AddressOfIndex - ADDRESS(image->base);
}

// Bytes that differ between two loads and lie in no relocated word. The IAT
// holds addresses of stubs and the stubs differ; both are left out, and the
// number of the thread-local copy, of which each has its own.
static uint32_t stray_bytes(const struct image *a, const struct image *b,
                            const uint8_t *bits, uint32_t *differ)
{
    const struct pe_header *header = walk_header(module_find(a->name));
    struct pe_directory iat = header->Directory[12];
    uint32_t stray = 0, tls = tls_index(a, header);

    for (uint32_t i = 0; i < header->SizeOfImage; i++) {
        if (a->base[i] == b->base[i] || i - iat.VirtualAddress < iat.Size ||
            i - tls < 4)
            continue;
        // Not every byte of a relocated word differs: the low ones of a delta
        // of whole pages are 0.
        (*differ)++;
        stray += !(bits[i / 8] & (1u << i % 8));
    }
    // What differs outside of all words was written by mistake.
    return stray;
}

// If relocation missed a word, the two loads would agree where they must
// not; if it changed one too many, they would differ where they must not.
enum check_result check_twice(void)
{
    enum check_result result, second;
    struct image *a = zlib_load(&result), *b = a ? zlib_load(&result) : NULL;
    struct word_map map = {a ? heap_zalloc(1, a->size) : NULL};
    uint32_t differ = 0, stray = 1;
    bool work = false;

    if (map.bits && b) {
        walk_relocations(module_find("zlib1.dll"), map_word, &map);
        stray = stray_bytes(a, b, map.bits, &differ);
        work = zlib_agree(a, b);
        judged("at 0x%08x and 0x%08x: %u bytes differ, %u outside relocated "
               "words, both %s",
               ADDRESS(a->base), ADDRESS(b->base), differ, stray,
               work ? "work" : "FAIL");
    }
    heap_free(map.bits);
    second = b ? zlib_verdict(b, stray == 0 && differ && work) : result;
    result = a ? zlib_verdict(a, second == CHECK_PASS) : result;
    return result;
}

struct rights_count {
    const struct image *image;
    uint32_t mapped, code, both;
};

// One frame may be mapped at several addresses. Writable at one of them and
// executable at the image's is as bad as both at once.
static void count_rights(uintptr_t va, const struct page_info *info, void *arg)
{
    struct rights_count *count = arg;
    const uint8_t *base = count->image->base;
    struct page_info own;

    for (uint32_t at = 0; at < count->image->size; at += PAGE_SIZE) {
        // Compared by frame, not by address: that is the point.
        if (!paging_lookup(base + at, &own) || own.pa != info->pa)
            continue;
        count->mapped += va == ADDRESS(base + at);
        count->code += va == ADDRESS(base + at) && own.rights & PAGE_EXEC;
        count->both += (info->rights & PAGE_WRITE) &&
                       ((own.rights | info->rights) & PAGE_EXEC);
    }
}

// `audit` asks the same of the whole machine. This asks it of one image, and
// that something in it is executable at all.
enum check_result check_rights(void)
{
    enum check_result result;
    struct image *image = zlib_load(&result);
    struct rights_count count = {.image = image};

    if (!image)
        return result;
    paging_walk(count_rights, &count);
    judged("%u pages, %u executable, %u writable and executable", count.mapped,
           count.code, count.both);
    return zlib_verdict(image, count.mapped == image->size / PAGE_SIZE &&
                                   count.code && count.both == 0);
}

enum check_result check_frees(void)
{
    enum check_result result;
    struct memory_mark before = memory_mark(), after;
    struct image *image = zlib_load(&result);
    struct call call;

    if (!image)
        return result;
    // A file that is opened and never closed: unloading must free that too.
    call_symbol(&call, image, "gzopen", 2, "zlib1.dll", "r");
    result = zlib_verdict(image, true);
    after = memory_mark();
    judged("%u blocks, %u bytes, %u pages before; %u, %u, %u after",
           before.blocks, before.bytes, before.pages, after.blocks,
           after.bytes, after.pages);
    return memory_same(before, after) ? result : CHECK_FAIL;
}
