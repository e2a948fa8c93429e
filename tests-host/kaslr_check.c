// SPDX-License-Identifier: MIT
// Where the kernel may move: boot/low_room.c against a search that tries
// every page, on random memory maps, and boot/low_words.c against strtoul.
//
// The files of the boot part read physical memory by plain pointers. Here the
// loader's structures lie in this program, which is linked below 896 MiB; the
// memory that they tell of is numbers only.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/low_room.c"
#include "boot/low_words.c"
#include "tests-host/host.h"

enum { ENTRIES = 12, MODULES = 6, PAGES = DIRECT_MAP_SIZE / PAGE_SIZE };

static struct multiboot_map_entry map[ENTRIES];
static struct multiboot_module modules[MODULES];
static struct multiboot_info info;
static struct span image;
static uint32_t size;
static const char words[] = "/boot/module words";

// What was found by trying, in the order of the ranges.
static uint32_t places[ENTRIES * PAGES], place_count;

static uint32_t below(uint32_t n)
{
    return host_random() % n;
}

// Mostly page-aligned, as real ones are; now and then not.
static uint32_t random_place(void)
{
    uint32_t at = below(0x4000) * PAGE_SIZE;
    return below(3) ? at : at + below(PAGE_SIZE);
}

static void make_map(void)
{
    uint32_t count = below(ENTRIES);
    for (uint32_t i = 0; i < count; i++) {
        map[i].size = sizeof map[i] - 4;
        map[i].base = random_place();
        map[i].length = random_place() / 2;
        map[i].type = below(3) ? 1 : below(6);
        if (!below(20)) // to the top, or around it
            map[i].length = UINT64_MAX - (below(2) ? map[i].base : 0);
        if (!below(20)) // somewhere in 4 GiB
            map[i].length = host_random();
    }
    info.flags |= MULTIBOOT_HAS_MAP;
    info.mmap_addr = (uint32_t)map;
    info.mmap_length = count * sizeof map[0];
}

static void make_modules(void)
{
    for (uint32_t i = 0; i < MODULES; i++) {
        modules[i].start = random_place();
        modules[i].end = modules[i].start + below(0x100000);
        if (!below(10)) // ends before it starts
            modules[i].end = modules[i].start - below(5000);
        modules[i].string = (uint32_t)words;
    }
    info.flags |= MULTIBOOT_HAS_MODULES;
    info.mods_addr = (uint32_t)modules;
    info.mods_count = below(MODULES + 1);
}

static void make_case(void)
{
    memset(&info, 0, sizeof info);
    info.flags = MULTIBOOT_HAS_SIZES;
    info.mem_upper = random_place() / 1024;
    if (below(8))
        make_map();
    if (below(4))
        make_modules();
    size = (1 + below(400)) * PAGE_SIZE;
    image = (struct span){0x100000, 0x101000 + size};
}

static bool meets(uint64_t at, uint64_t start, uint64_t length)
{
    uint64_t end = start + length < start ? UINT64_MAX : start + length;
    return length && start < at + size && at < end;
}

// The rules, one by one, for one place.
static bool is_free(uint64_t at)
{
    bool taken = meets(at, image.start, image.end - image.start) ||
                 meets(at, (uint32_t)&info, sizeof info) ||
                 meets(at, info.mmap_addr, info.mmap_length);
    if (info.flags & MULTIBOOT_HAS_MODULES)
        taken |= meets(at, info.mods_addr,
                       info.mods_count * sizeof modules[0]);
    for (uint32_t i = 0; i < info.mods_count; i++) {
        const struct multiboot_module *m = &modules[i];
        taken |= meets(at, m->string, sizeof words) ||
                 (m->end > m->start && meets(at, m->start, m->end - m->start));
    }
    for (uint32_t i = 0; i < info.mmap_length / sizeof map[0]; i++)
        taken |= map[i].type != 1 && meets(at, map[i].base, map[i].length);
    return !taken;
}

static void try_all(uint64_t base, uint64_t length)
{
    for (uint64_t at = 0x100000; at + size <= DIRECT_MAP_SIZE; at += PAGE_SIZE)
        if (base + length >= base && at >= base &&
            at + size <= base + length && is_free(at))
            places[place_count++] = (uint32_t)at;
}

static void try_ranges(void)
{
    place_count = 0;
    if (!info.mmap_length)
        try_all(0x100000, (uint64_t)info.mem_upper * 1024);
    for (uint32_t i = 0; i < info.mmap_length / sizeof map[0]; i++)
        if (map[i].type == 1)
            try_all(map[i].base, map[i].length);
}

// The count, then some of the places by their numbers, the last among them.
static void judge_room(void)
{
    uint32_t place = 0;
    uint32_t count = low_room(&info, image, size, UINT32_MAX, &place);
    host_judge(count == place_count, "%u places, by trying %u", count,
               place_count);
    for (uint32_t i = 0; i < 8 && count == place_count && count; i++) {
        uint32_t pick = i ? below(count) : count - 1;
        low_room(&info, image, size, pick, &place);
        host_judge(place == places[pick], "place %u of %u is %x, by trying %x",
                   pick, count, place, places[pick]);
    }
}

// strtoul takes blanks and signs before the number, which we do not.
static enum low_word expect(const char *value, uint32_t *seed)
{
    char *end;
    bool hex = value[0] == '0' && value[1] == 'x';
    errno = 0;
    unsigned long n = strtoul(value, &end, hex ? 16 : 10);
    *seed = (uint32_t)n;
    bool digits = value[0] >= '0' && value[0] <= '9' && end[0] == 0;
    return digits && !errno && n <= UINT32_MAX ? LOW_SEED : LOW_BAD;
}

static void judge_seed(void)
{
    static const char letters[] = "0123456789abcdefx-+.FAG";
    char value[16], line[64];
    uint32_t length = below(13), ours = 0, theirs = 0;
    for (uint32_t i = 0; i < length; i++)
        value[i] = letters[below(below(2) ? 10 : sizeof letters - 1)];
    value[length] = 0;
    if (!below(3))
        memcpy(value, "0x", length < 2 ? length : 2);
    snprintf(line, sizeof line, "kernel a=b  kaslr=%s kaslr -- x", value);
    enum low_word word = low_word(line, &ours);
    enum low_word wanted = expect(value, &theirs);
    host_judge(word == wanted && (word == LOW_BAD || ours == theirs),
               "kaslr=%s: %d %u, by strtoul %d %u", value, word, ours, wanted,
               theirs);
}

// Which word it is, and where it may stand.
static void judge_words(void)
{
    static const struct {
        const char *line;
        enum low_word word;
    } lines[] = {
        {"", LOW_NONE},
        {"kaslr", LOW_RANDOM},
        {"kaslr ", LOW_RANDOM},
        {"k  kaslr x", LOW_RANDOM},
        {"kaslr=7", LOW_SEED},
        {"-- kaslr", LOW_NONE},
        {"--  x", LOW_NONE},
        {"--x kaslr", LOW_RANDOM},
        {"kaslrs", LOW_NONE},
        {"kasl kaslr=", LOW_BAD},
        {"xkaslr", LOW_NONE},
        {"KASLR", LOW_NONE},
        {"kaslr=7 kaslr=x", LOW_SEED},
        {"kaslr=4294967295", LOW_SEED},
        {"kaslr=4294967296", LOW_BAD},
        {"kaslr=0xFFFFffff", LOW_SEED},
        {"kaslr=0x100000000", LOW_BAD},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        uint32_t seed;
        enum low_word word = low_word(lines[i].line, &seed);
        host_judge(word == lines[i].word, "'%s' is %d, not %d", lines[i].line,
                   word, lines[i].word);
    }
    uint32_t seed;
    host_judge(low_word(NULL, &seed) == LOW_NONE, "no line is a word");
    static char endless[BOOT_MAX_TEXT + 8] = "kaslr ";
    memset(endless + 6, 'x', sizeof endless - 6);
    host_judge(low_word(endless, &seed) == LOW_NONE, "a line without an end");
}

int main(int argc, char **argv)
{
    host_begin(argc, argv, "where the kernel may move, by trying all pages");
    judge_words();
    for (uint64_t i = 0; i < (host.count ? host.count : 300); i++) {
        make_case();
        try_ranges();
        judge_room();
        for (int k = 0; k < 100; k++)
            judge_seed();
    }
    return host_end();
}
