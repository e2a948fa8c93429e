// SPDX-License-Identifier: MIT
// Walks the memory map with INT 15h, AX = E820h: one range per call, ebx
// carries the BIOS's place in the list, 0 at its start and again after its
// end. Every loader and every PC kernel has this loop. [ACPI 6.5, 15.1]
#include "smc/patch/intn/bios_e820.h"
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"

enum {
    E820 = 0xe820,
    SMAP = 0x534d4150, // "SMAP": the signature, both ways
    ENTRY_SIZE = 20,
    // More calls than this are a BIOS that goes round in circles.
    MOST_CALLS = 256,
};

struct bios_result bios_e820(struct bios_map *map)
{
    struct bios_regs regs = {0};
    struct bios_result result;

    uint32_t calls = 0;
    map->count = 0;
    map->cut = false;
    do {
        // A BIOS may return anything in these; only ebx is to be kept. What
        // it counts is the BIOS's business: it is not compared, only 0 is.
        regs.eax = E820;
        regs.edx = SMAP;
        regs.ecx = ENTRY_SIZE;
        regs.es = 0;
        regs.edi = BIOS_BUFFER;
        result = bios_call(0x15, &regs);
        // Four ways to say no: no call was made, carry, no signature (a BIOS
        // that does not know the function), and an entry that is too short.
        if (result.reason != BIOS_OK || regs.eflags & BIOS_CARRY ||
            regs.eax != SMAP || regs.ecx < ENTRY_SIZE)
            break; // carry also marks the end of the list on some BIOSes
        // The entry is there and has no room: said aloud, since a map without
        // its end looks like a machine with less memory.
        map->cut = map->count == BOOT_MAX_RANGES;
        if (map->cut)
            break;
        // 20 bytes: base, length, type, as struct boot_range has them. Empty
        // ranges are overwritten by the next one.
        memcpy(&map->range[map->count], bios_buffer(), ENTRY_SIZE);
        map->count += map->range[map->count].length != 0;
    } while (regs.ebx && ++calls < MOST_CALLS);
    return result;
}

uint32_t bios_type_at(const struct boot_range *map, uint32_t count,
                      uint64_t address)
{
    uint32_t type = 0;

    // Where ranges overlap, the more restrictive type counts: the higher.
    for (uint32_t i = 0; i < count; i++)
        if (address >= map[i].base && address - map[i].base < map[i].length &&
            map[i].type > type)
            type = map[i].type;
    return type;
}

// Two maps are functions that change at the ends of ranges only: equal at
// all of these, they are equal everywhere.
bool bios_maps_agree(const struct boot_range *a, uint32_t a_count,
                     const struct boot_range *b, uint32_t b_count,
                     uint64_t *where)
{
    for (uint32_t i = 0; i < 2 * (a_count + b_count); i++) {
        uint32_t k = i / 2;
        const struct boot_range *r = k < a_count ? &a[k] : &b[k - a_count];
        uint64_t at = i % 2 ? r->base + r->length : r->base;
        if (bios_type_at(a, a_count, at) == bios_type_at(b, b_count, at))
            continue;
        *where = at;
        return false;
    }
    return true;
}

static const char *type_name(uint32_t type)
{
    static const char *const names[] = {
        [0] = "hole", [1] = "usable",   [2] = "reserved",
        [3] = "ACPI", [4] = "ACPI NVS", [5] = "bad",
    };
    return type < sizeof names / sizeof names[0] ? names[type] : "other";
}

// One range as text, or "" below the end of the shorter list.
static const char *range_text(char *out, size_t size,
                              const struct boot_range *map, uint32_t count,
                              uint32_t i)
{
    out[0] = '\0';
    if (i < count)
        ksnprintf(out, size, "%09llx-%09llx %s", map[i].base,
                  map[i].base + map[i].length - 1, type_name(map[i].type));
    return out;
}

static void print_maps(const struct bios_map *map)
{
    char left[48], right[48];

    kprintf("   %-28s   %s\n", "BIOS, INT 15h E820h", "loader");
    for (uint32_t i = 0; i < map->count || i < bootinfo.map_count; i++)
        kprintf("   %-28s   %s\n",
                range_text(left, sizeof left, map->range, map->count, i),
                range_text(right, sizeof right, bootinfo.map,
                           bootinfo.map_count, i));
}

// A difference is worth a line but no failure: a loader may know better, as
// one that keeps memory for itself does.
static void print_verdict(const struct bios_map *map)
{
    uint64_t where;
    if (bios_maps_agree(map->range, map->count, bootinfo.map,
                        bootinfo.map_count, &where)) {
        kprintf("They agree at every address.\n");
        return;
    }
    uint32_t ours = bios_type_at(map->range, map->count, where);
    uint32_t theirs = bios_type_at(bootinfo.map, bootinfo.map_count, where);
    kprintf("They differ at %llx: the BIOS says %s, the loader %s.\n", where,
            type_name(ours), type_name(theirs));
}

static int run_e820(int argc, char **argv)
{
    static struct bios_map map;
    char why[120] = "this BIOS has no INT 15h E820h";

    (void)argv;
    if (argc != 1)
        return command_usage("e820");
    struct bios_result result = bios_e820(&map);
    if (result.reason != BIOS_OK)
        bios_explain(why, sizeof why, &result);
    if (!map.count) {
        kprintf("e820: %s\n", why);
        return 1;
    }
    print_maps(&map);
    print_verdict(&map);
    return 0;
}

COMMAND(e820, "", "the BIOS's memory map beside the loader's", run_e820);
