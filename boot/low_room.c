// SPDX-License-Identifier: MIT
// Finds all places where the kernel fits, so that one of them can be chosen
// with equal chances. Linux counts its slots the same way in
// arch/x86/boot/compressed/kaslr.c.
//
//   usable range  |------------------------------------------|
//   in the way        [kernel]   [module]       [cmdline]
//   gaps                      [ ]        [     ]         [  ]
//   slots                        none     1 2 3           1
//
// A gap of g bytes has (g - size) / 4096 + 1 slots. Nothing is stored: there
// is no allocator, and the loader's list may be long. For every candidate all
// obstacles are asked again.
#include "boot/info.h"
#include "boot/low.h"

enum { LOW_MEMORY = 0x100000 };

// The candidate [at, at + size), and what the obstacles say about it.
struct gap {
    uint32_t at, size;
    uint32_t next;  // above `at`: something is in the way up to here
    uint32_t limit; // where the first thing above the candidate begins
};

// Pages that something touches are taken whole, as kernel/pages.c does. A
// span that is empty, or ends before it starts, is in nobody's way.
static void avoid(struct gap *gap, uint32_t start, uint32_t end)
{
    if (start >= end || end <= gap->at)
        return;
    if (start >= gap->at + gap->size) {
        if (start < gap->limit)
            gap->limit = start;
    } else if (gap->next < end) {
        // An end in the last page of all rounds up to 0: no room above it.
        uint32_t next = PAGE_ALIGN_UP(end);
        gap->next = next ? next : UINT32_MAX;
    }
}

// [start, start + length), cut at 4 GiB. One that wraps around 2^64 is
// nonsense; what is not ours is then believed to reach to the top.
static void avoid_size(struct gap *gap, uint64_t start, uint64_t length)
{
    uint64_t end = start + length;
    if (start < UINT32_MAX)
        avoid(gap, (uint32_t)start,
              end < UINT32_MAX && end >= start ? (uint32_t)end : UINT32_MAX);
}

// The string and its NUL, as far as boot/info.c would copy it.
static void avoid_string(struct gap *gap, uint32_t at)
{
    const char *s = (const char *)at;
    uint32_t length = 0;
    if (!low_reaches(at, BOOT_MAX_TEXT))
        return;
    while (length < BOOT_MAX_TEXT && s[length])
        length++;
    avoid_size(gap, at, length + 1);
}

static void avoid_modules(struct gap *gap, const struct multiboot_info *info)
{
    const struct multiboot_module *m = (const void *)info->mods_addr;
    // Those that boot/info.c will look at. A count beyond that may be a lie,
    // and the list would be read past its end.
    uint32_t count = info->mods_count < BOOT_MAX_MODULES ? info->mods_count
                                                         : BOOT_MAX_MODULES;
    if (!(info->flags & MULTIBOOT_HAS_MODULES) ||
        !low_reaches(info->mods_addr, count * sizeof *m))
        return;
    avoid_size(gap, info->mods_addr, count * sizeof *m);
    for (uint32_t i = 0; i < count; i++) {
        avoid(gap, m[i].start, m[i].end);
        avoid_string(gap, m[i].string);
    }
}

// The next entry, or NULL at the end or where a size makes no sense: the
// rules of boot/info.c.
static const struct multiboot_map_entry *
next_entry(const struct multiboot_info *info,
           const struct multiboot_map_entry *e)
{
    uint32_t end = info->mmap_addr + info->mmap_length;
    uint32_t at = info->mmap_addr;
    if (!(info->flags & MULTIBOOT_HAS_MAP) ||
        !low_reaches(info->mmap_addr, info->mmap_length))
        return NULL;
    if (e) {
        uint32_t left = end - (uint32_t)e - 4;
        if (e->size < 20 || e->size > left)
            return NULL;
        at = (uint32_t)e + e->size + 4;
    }
    if (end - at < sizeof *e)
        return NULL;
    return (const void *)at;
}

// Everything that may not be overwritten. What the map calls other than
// usable may overlap what it calls usable, so it is an obstacle as well.
static void ask_all(struct gap *gap, const struct multiboot_info *info,
                    struct span image)
{
    const struct multiboot_map_entry *e = NULL;
    avoid(gap, image.start, image.end);
    avoid_size(gap, (uint32_t)info, sizeof *info);
    if (info->flags & MULTIBOOT_HAS_CMDLINE)
        avoid_string(gap, info->cmdline);
    if (info->flags & MULTIBOOT_HAS_LOADER_NAME)
        avoid_string(gap, info->boot_loader_name);
    if (info->flags & MULTIBOOT_HAS_MAP)
        avoid_size(gap, info->mmap_addr, info->mmap_length);
    avoid_modules(gap, info);
    while ((e = next_entry(info, e)))
        if (e->type != 1)
            avoid_size(gap, e->base, e->length);
}

struct search {
    const struct multiboot_info *info;
    struct span image;
    uint32_t size, pick, slots, place;
};

// Adds a gap's slots to those before it, and takes the one that was picked if
// it is among them.
static void count_gap(struct search *s, const struct gap *gap)
{
    uint32_t slots = (gap->limit - gap->at - gap->size) / PAGE_SIZE + 1;
    if (s->pick >= s->slots && s->pick - s->slots < slots)
        s->place = gap->at + (s->pick - s->slots) * PAGE_SIZE;
    s->slots += slots;
}

// One usable range. Every step either leaves a gap behind or passes at least
// one obstacle, so it ends.
static void search_range(struct search *s, uint64_t base, uint64_t length)
{
    uint64_t end = base + length < base ? base : base + length;
    uint64_t at = base < LOW_MEMORY ? LOW_MEMORY : base;
    at = (at + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    if (end > DIRECT_MAP_SIZE)
        end = DIRECT_MAP_SIZE;
    while (at < end && end - at >= s->size) {
        struct gap gap = {.at = (uint32_t)at,
                          .size = s->size,
                          .next = (uint32_t)at,
                          .limit = (uint32_t)end};
        ask_all(&gap, s->info, s->image);
        if (gap.next == gap.at) {
            count_gap(s, &gap);
            // From here the obstacle at `limit` is in the way.
            at += (uint64_t)(gap.limit - gap.at - s->size) / PAGE_SIZE *
                      PAGE_SIZE +
                  PAGE_SIZE;
        } else {
            at = gap.next;
        }
    }
}

uint32_t low_room(const struct multiboot_info *info, struct span image,
                  uint32_t size, uint32_t pick, uint32_t *place)
{
    struct search s = {
        .info = info, .image = image, .size = size, .pick = pick};
    const struct multiboot_map_entry *e = next_entry(info, NULL);
    if (!e && (info->flags & MULTIBOOT_HAS_SIZES))
        search_range(&s, LOW_MEMORY, (uint64_t)info->mem_upper * 1024);
    for (; e; e = next_entry(info, e))
        if (e->type == 1)
            search_range(&s, e->base, e->length);
    *place = s.place;
    return s.slots;
}
