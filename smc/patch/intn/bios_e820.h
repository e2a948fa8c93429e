// SPDX-License-Identifier: MIT
// The memory map as the BIOS itself tells it: INT 15h, EAX = E820h.
#pragma once
#include "boot/info.h"
#include "smc/patch/intn/bios.h"

struct bios_map {
    uint32_t count;
    bool cut; // the BIOS had more than fits
    struct boot_range range[BOOT_MAX_RANGES];
};

// Reads the whole map. Unless the result is BIOS_OK the map is empty; it is
// empty too if the BIOS does not know this function.
struct bios_result bios_e820(struct bios_map *map);

// Do both say the same of every address? If not, *where is the first
// boundary at which they differ. Order, splits and holes do not matter.
bool bios_maps_agree(const struct boot_range *a, uint32_t a_count,
                     const struct boot_range *b, uint32_t b_count,
                     uint64_t *where);

// The type of the memory at an address; 0 where the map has a hole.
uint32_t bios_type_at(const struct boot_range *map, uint32_t count,
                      uint64_t address);
