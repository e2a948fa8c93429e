// SPDX-License-Identifier: MIT
// The arena once more, for the emulator: same addresses, same faults.
#include "tests-host/emulate_shadow.h"
#include "tests-host/host.h"
#include <string.h>

// Finds the first byte that cannot be accessed, as the processor would.
//
//   error code   4 user | 2 write | 1 the page is there
//
// A wild address is one beyond the guards, where the processor would find real
// memory and write to it. The lowest 64 KiB may be tried: Linux maps nothing
// there. 128 is the largest access.
static struct emulate_result locate(struct shadow *shadow, uint32_t address,
                                    size_t size, bool write, uint32_t *offset)
{
    uint32_t arena = (uint32_t)native_arena;
    *offset = address - arena;
    if (address - (arena - NATIVE_GUARD) >
            NATIVE_ARENA + 2 * NATIVE_GUARD - 128 &&
        address >= 0xfff0)
        shadow->astray = true;
    for (uint32_t i = 0; i < size; i++) {
        uint32_t at = *offset + i;
        unsigned error = write ? 4 | 2 : 4;
        if (at >= NATIVE_ARENA)
            return emulate_page_fault(arena + at, error);
        if (write && at >= NATIVE_WRITABLE)
            return emulate_page_fault(arena + at, error | 1);
    }
    return (struct emulate_result){.kind = EMULATE_OK};
}

// The last page cannot be written, so that of the arena serves for both.
struct emulate_result shadow_read(void *context, uint32_t address, void *bytes,
                                  size_t size, bool will_write)
{
    struct shadow *shadow = context;
    uint32_t offset;
    struct emulate_result r = locate(shadow, address, size, will_write,
                                     &offset);
    for (size_t i = 0; i < size && r.kind == EMULATE_OK; i++, offset++)
        ((uint8_t *)bytes)[i] = offset < NATIVE_WRITABLE
                                    ? shadow->bytes[offset]
                                    : native_arena[offset];
    return r;
}

// All or nothing: locate has seen every byte before the first is stored.
struct emulate_result shadow_write(void *context, uint32_t address,
                                   const void *bytes, size_t size)
{
    struct shadow *shadow = context;
    uint32_t offset;
    struct emulate_result r = locate(shadow, address, size, true, &offset);
    if (r.kind == EMULATE_OK)
        memcpy(shadow->bytes + offset, bytes, size);
    return r;
}

// Nobody else is there, so no race is ever lost.
struct emulate_result shadow_swap(void *context, uint32_t address,
                                  const void *expected, const void *bytes,
                                  size_t size)
{
    uint8_t now[8];
    struct emulate_result r = shadow_read(context, address, now, size, true);
    if (r.kind != EMULATE_OK)
        return r;
    host_judge(memcmp(now, expected, size) == 0, "swap expects other bytes");
    return shadow_write(context, address, bytes, size);
}
