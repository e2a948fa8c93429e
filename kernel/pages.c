// SPDX-License-Identifier: MIT
// Two bitmaps over the directly mapped frames: `managed` says which frames
// the allocator owns at all, `used` which of them are handed out. A frame
// becomes managed only by a usable range of the memory map, and stops being
// so by anything else that claims it, whatever the order of the map.
//
//   managed  1: the frame is ours            used  1: it is handed out
//
//   managed used
//      0     0    not RAM, or somebody else's: for ever
//      1     0    free
//      1     1    in use
//      0     1    cannot be; pages_free would panic on it
//
// Bit n % 32 of word n / 32 stands for frame n, that is for the physical page
// at n * 4096.
#include "kernel/pages.h"
#include "boot/info.h"
#include "kernel/layout.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"
#include "smc/patch/alternative/popcount.h"

enum {
    FRAMES = DIRECT_MAP_SIZE / PAGE_SIZE,
    LOW_MEMORY = 0x100000, // firmware, video, and the real-mode thunk
    USABLE = 1,
};

static uint32_t managed[FRAMES / 32], used[FRAMES / 32];
// stats.used is the number of bits set in `used`, at all times.
static struct page_stats stats;
static struct spinlock lock;
static uint32_t lowest_free; // no free frame lies below this one

static bool get(const uint32_t *map, uint32_t frame)
{
    return map[frame / 32] >> (frame % 32) & 1;
}

static void put(uint32_t *map, uint32_t frame, bool value)
{
    uint32_t bit = 1u << (frame % 32);
    map[frame / 32] = value ? map[frame / 32] | bit : map[frame / 32] & ~bit;
}

// Frame numbers beyond the direct map become one past its last frame.
static uint32_t clip(uint64_t frame)
{
    return frame < FRAMES ? (uint32_t)frame : FRAMES;
}

static uint32_t count_bits(const uint32_t *map)
{
    uint32_t bits = 0;
    for (uint32_t word = 0; word < FRAMES / 32; word++)
        bits += popcount32(map[word]);
    return bits;
}

// A usable range gives only the whole pages inside it.
static void manage(uint64_t base, uint64_t length)
{
    // A range that wraps around 2^64 is nonsense; trust none of it.
    if (base + length < base)
        return;
    uint64_t first = (base + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t end = (base + length) / PAGE_SIZE;
    for (uint32_t f = clip(first); f < clip(end); f++)
        put(managed, f, true);
    uint64_t beyond = first > FRAMES ? first : FRAMES;
    if (end > beyond)
        stats.beyond += (uint32_t)(end - beyond);
}

// Everything else takes every page it touches.
static void exclude(uint64_t base, uint64_t length)
{
    if (!length)
        return;
    uint64_t last = base + (length - 1); // its last byte: less can wrap
    uint32_t end = last < base ? FRAMES : clip(last / PAGE_SIZE + 1);
    for (uint32_t f = clip(base / PAGE_SIZE); f < end; f++)
        put(managed, f, false);
}

// All that is usable first, then all that is not. In the order of the map a
// reserved range could be taken back by a usable one that overlaps it.
void pages_init(void)
{
    for (uint32_t i = 0; i < bootinfo.map_count; i++)
        if (bootinfo.map[i].type == USABLE)
            manage(bootinfo.map[i].base, bootinfo.map[i].length);
    for (uint32_t i = 0; i < bootinfo.map_count; i++)
        if (bootinfo.map[i].type != USABLE)
            exclude(bootinfo.map[i].base, bootinfo.map[i].length);
    // What the map does not know: the BIOS's data and the vectors in low
    // memory, and what the loader has just put into usable RAM.
    exclude(0, LOW_MEMORY);
    exclude((uintptr_t)boot_part_start,
            (size_t)(boot_part_end - boot_part_start));
    exclude(phys_of(text_start), (size_t)(bss_end - text_start));
    for (uint32_t i = 0; i < bootinfo.module_count; i++)
        // A module with a fault gets no protection. It may claim any range,
        // the kernel's own included.
        if (!bootinfo.modules[i].fault)
            exclude(bootinfo.modules[i].start,
                    bootinfo.modules[i].end - bootinfo.modules[i].start);
    stats.usable = count_bits(managed);
    if (!stats.usable)
        panic("the loader's memory map names no usable memory above 1 MiB");
}

static bool frame_is_free(uint32_t frame)
{
    return get(managed, frame) && !get(used, frame);
}

// First fit. Returns FRAMES if there is no run of `count` free frames. Reads
// one bit per frame: slow, but simple to believe.
static uint32_t find_run(size_t count)
{
    uint32_t run = 0;
    for (uint32_t f = lowest_free; f < FRAMES; f++) {
        run = frame_is_free(f) ? run + 1 : 0;
        if (run == count)
            return f + 1 - run;
    }
    return FRAMES;
}

void *pages_alloc(size_t count)
{
    if (count == 0)
        return NULL;
    bool on = spin_lock(&lock);
    // Keeps single pages cheap: the search need not pass the frames at the
    // bottom that have long been in use.
    while (lowest_free < FRAMES && !frame_is_free(lowest_free))
        lowest_free++;
    uint32_t first = FRAMES;
    if (count <= stats.usable - stats.used)
        first = find_run(count);
    if (first < FRAMES) {
        for (uint32_t i = 0; i < count; i++)
            put(used, first + i, true);
        stats.used += count;
    }
    spin_unlock(&lock, on);
    return first < FRAMES ? virt_of(first * PAGE_SIZE) : NULL;
}

void pages_free(void *pages, size_t count)
{
    uint32_t first = phys_of(pages) / PAGE_SIZE;
    // An address below the direct map wraps to a huge one and is caught, too.
    if (phys_of(pages) % PAGE_SIZE || first + count > FRAMES)
        panic("pages_free: %p is not a page of the direct map", pages);
    bool on = spin_lock(&lock);
    // No run lengths are kept, so any part of a run may come back. Every frame
    // is checked: freeing twice would hand out one frame to two users, and the
    // first symptom would be somebody else's broken data.
    for (uint32_t i = 0; i < count; i++) {
        if (!get(managed, first + i) || !get(used, first + i))
            panic("pages_free: %p is not allocated",
                  virt_of((first + i) * PAGE_SIZE));
        put(used, first + i, false);
    }
    stats.used -= count;
    if (first < lowest_free)
        lowest_free = first;
    spin_unlock(&lock, on);
}

struct page_stats page_stats(void)
{
    return stats;
}

uint32_t pages_count_used(void)
{
    return count_bits(used);
}

bool page_is_managed(uintptr_t phys)
{
    return phys < DIRECT_MAP_SIZE && get(managed, phys / PAGE_SIZE);
}
