// SPDX-License-Identifier: MIT
// A mechanism that only its own checks use proves little: the kernel's keys.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/irq_stats.h"
#include "kernel/string.h"
#include "smc/patch/static_key/static_key_check.h"
#include "smc/patch/static_key/static_key_subject.h"

enum { BLOCK = 64 };

static bool is_filled(const uint8_t *block, uint8_t byte)
{
    for (unsigned i = 0; i < BLOCK; i++)
        if (block[i] != byte)
            return false;
    return true;
}

// Two blocks, so that their page is still there when one of them is gone.
static bool poison_works(void)
{
    static_branch_inc(&heap_poison);
    uint8_t *kept = heap_alloc(BLOCK), *freed = heap_alloc(BLOCK);
    bool fresh = kept && freed && is_filled(kept, HEAP_FRESH) &&
                 is_filled(freed, HEAP_FRESH);
    heap_free(freed);
    bool dead = freed && is_filled(freed, HEAP_FREED);
    static_branch_dec(&heap_poison);
    heap_free(kept);
    return fresh && dead;
}

// The clock counts as long as the key is on, and no longer.
static uint32_t ticks_counted(void)
{
    uint32_t before = irq_counts[0], until = clock_ticks() + 3;
    while ((int32_t)(clock_ticks() - until) < 0)
        wait_for_interrupt();
    return irq_counts[0] - before;
}

enum check_result static_key_check_uses(void)
{
    unsigned keys = 0;
    char names[128] = "";
    for (struct static_key *const *k = static_keys_start; k < static_keys_end;
         k++)
        if (strncmp((*k)->name, "lab_", 4) != 0 && (*k)->count) {
            size_t used = strlen(names);
            ksnprintf(names + used, sizeof names - used, " %s", (*k)->name);
            keys++;
        }
    static_key_check_mend(&heap_poison.key);
    static_key_check_mend(&irq_stats.key);
    bool poison = poison_works();
    bool others = static_key_enabled(&irq_stats.key); // by hand, from boot on
    uint32_t off = ticks_counted();
    static_branch_inc(&irq_stats);
    uint32_t on = ticks_counted();
    static_branch_dec(&irq_stats);
    uint32_t again = ticks_counted();
    judged("%u keys:%s; blocks are poisoned: %s; ticks counted: off %u, "
           "on %u, off %u%s",
           keys, names, poison ? "yes" : "no", off, on, again,
           others ? ", since it was on already" : "");
    return verdict(keys >= 3 && poison && on >= 2 &&
                   (others || (off == 0 && again == 0)));
}
