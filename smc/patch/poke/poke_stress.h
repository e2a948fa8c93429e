// SPDX-License-Identifier: MIT
// One CPU flips a site, the others execute it, and every answer is judged.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct poke_stress {
    uint32_t flips;      // pokes that were made
    uint32_t refused;    // pokes that were not
    uint32_t illegal;    // answers that neither the old nor the new code gives
    uint32_t lost;       // answers of the old code after its poke was over
    uint64_t executions; // by all threads and NMIs
    uint32_t nmis;       // of these, inside an NMI
    uint32_t threads;
};

// Makes `flips` pokes and goes on until there were `executions` of the site.
// One thread executes on each CPU but this one, and one may migrate; each
// `nmi_every`th flip an NMI is sent to a CPU, whose handler executes the site
// too (0: none). In a thread, interrupts on.
struct poke_stress poke_stress(uint32_t flips, uint32_t executions,
                               uint32_t nmi_every, bool rest);
