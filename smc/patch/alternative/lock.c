// SPDX-License-Identifier: MIT
// Switching the lock prefixes.
#include "smc/patch/alternative/lock.h"
#include "boot/info.h"
#include "smc/door/text.h"
#include <stddef.h>

enum { LOCK = 0xf0, DS = 0x3e };

// A refusal of LOCK's removal costs time, one of its return would cost
// atomicity: whoever starts a CPU asks for the count.
unsigned locks_set(bool locked)
{
    static const uint8_t lock = LOCK, ds = DS;
    unsigned wrong = 0;
    for (uint8_t *const *p = smp_locks_start; p < smp_locks_end; p++) {
        if (**p == (locked ? LOCK : DS))
            continue;
        struct text_result r = text_write(*p, locked ? &ds : &lock,
                                          locked ? &lock : &ds, 1, "smp-lock");
        wrong += r.reason != TEXT_OK;
    }
    return wrong;
}

unsigned locks_for(unsigned count)
{
    return boot_word("noalt", NULL, 0) ? 0 : locks_set(count > 1);
}

unsigned locks_count(void)
{
    unsigned count = 0;
    for (uint8_t *const *p = smp_locks_start; p < smp_locks_end; p++)
        count += **p == LOCK;
    return count;
}
