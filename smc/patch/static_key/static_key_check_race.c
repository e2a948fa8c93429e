// SPDX-License-Identifier: MIT
// The race as a check: short, as each change waits for every CPU three times,
// and a busy host may have none to run them on. `keyrace 10000` goes on
// longer.
#include "kernel/smp.h"
#include "smc/patch/static_key/static_key_check.h"
#include "smc/patch/static_key/static_key_race.h"

enum { ROUNDS_ALONE = 500, ROUNDS_EACH = 25 };

enum check_result static_key_check_race(void)
{
    struct static_key_race r;
    bool alone = cpus_alone();
    if (!static_key_race(alone ? ROUNDS_ALONE : ROUNDS_EACH, &r)) {
        judged("%u threads could be started", r.threads);
        return CHECK_FAIL;
    }
    judged("%u threads on %u CPUs, %u rounds: %u sites found off, %u "
           "refusals; at the end %d users, %u sites on",
           r.threads, r.cpus, r.rounds, r.wrong, r.refused, r.users, r.left);
    return verdict(static_key_race_is_right(&r) &&
                   r.rounds ==
                       r.threads * (alone ? ROUNDS_ALONE : ROUNDS_EACH));
}
