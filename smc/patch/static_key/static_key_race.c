// SPDX-License-Identifier: MIT
// The race for one key. What must hold is simple: between its static_key_inc
// and its static_key_dec a thread finds every site on, whoever has patched it,
// and when all have gone every site is off.
//
//   thread 0    inc  on? dec  inc ....... on? dec
//   thread 1       inc ........... on? dec   inc on? dec
//   code        on ........ off  on .............. off
//
// A count that came before the patch would let thread 1 in too early, as in
// Linux between 2015 and 2016.
#include "smc/patch/static_key/static_key_race.h"
#include "kernel/command.h"
#include "kernel/kthread.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/patch/static_key/static_key.h"

DEFINE_STATIC_KEY_FALSE(lab_race);

static struct racer {
    uint32_t rounds, done, wrong, refused, seed;
    struct kthread *thread;
} racers[STATIC_KEY_RACERS];

// Three short sites and a long one. Returns how many are on.
static __attribute__((noinline)) uint32_t count_on(void)
{
    uint32_t sum = 0;
    __asm__ volatile(".rept 3\n" STATIC_KEY_SITE("lab_race", "0", "1",
                                                 "3f") //
                     "inc %[sum]\n"
                     "3:\n"
                     ".endr\n" STATIC_KEY_SITE("lab_race", "0", "1", "3f") //
                     "inc %[sum]\n\t"
                     "jmp 3f\n\t"
                     ".skip 200, 0xcc\n"
                     "3:\n"
                     : [sum] "+r"(sum)
                     :
                     : "cc");
    return sum;
}

// Asks for some microseconds. Returns the least number of sites that were on.
// Who does not hold the key may find any, and may come by while they change:
// by the breakpoint, that is. Without these pauses a thread would go all its
// rounds while another is in a single patch.
static uint32_t linger(struct racer *r)
{
    uint32_t least = STATIC_KEY_RACE_SITES;
    r->seed = r->seed * 1664525 + 1013904223;
    for (uint32_t i = r->seed >> 24; i; i--) {
        uint32_t on = count_on();
        least = on < least ? on : least;
    }
    return least;
}

static void run_racer(void *arg)
{
    struct racer *r = arg;
    while (r->done < r->rounds) {
        linger(r);
        if (static_branch_inc(&lab_race).reason != TEXT_OK) {
            r->refused++;
            break;
        }
        r->wrong += STATIC_KEY_RACE_SITES - count_on();
        r->wrong += STATIC_KEY_RACE_SITES - linger(r);
        r->refused += static_branch_dec(&lab_race).reason != TEXT_OK;
        r->done++;
    }
}

// The next CPU that is online behind `cpu`, or -1.
static int next_cpu(int cpu)
{
    for (cpu++; cpu < CPU_MAX; cpu++)
        if (cpu_is_online((unsigned)cpu))
            return cpu;
    return -1;
}

// Returns how many were started.
static uint32_t start(uint32_t rounds, struct static_key_race *result)
{
    bool alone = cpus_alone();
    uint32_t n = 0;
    for (int cpu = next_cpu(-1); cpu >= 0 && n < STATIC_KEY_RACERS;
         cpu = alone && n < 2 ? 0 : next_cpu(cpu)) {
        racers[n] = (struct racer){.rounds = rounds, .seed = n};
        racers[n].thread = kthread_start("racer", run_racer, &racers[n], cpu);
        if (!racers[n].thread)
            return n;
        n++;
        result->cpus = alone ? 1 : n;
    }
    return n;
}

bool static_key_race(uint32_t rounds, struct static_key_race *result)
{
    *result = (struct static_key_race){.writes = journal_writes()};
    result->threads = start(rounds, result);
    for (uint32_t i = 0; i < result->threads; i++) {
        kthread_join(racers[i].thread);
        result->rounds += racers[i].done;
        result->wrong += racers[i].wrong;
        result->refused += racers[i].refused;
    }
    result->writes = journal_writes() - result->writes;
    result->left = count_on() + static_key_astray(&lab_race.key);
    result->users = lab_race.key.users;
    return result->threads > 1;
}

bool static_key_race_is_right(const struct static_key_race *r)
{
    return r->rounds && !r->wrong && !r->refused && r->writes && !r->left &&
           !r->users;
}

static int run_race(int argc, char **argv)
{
    struct static_key_race r;
    uint32_t rounds = 1000;
    if (argc > 2 || (argc == 2 && !parse_u32(argv[1], &rounds)))
        return command_usage("keyrace");
    if (!static_key_race(rounds, &r)) {
        kprintf("keyrace: no memory for the threads\n");
        return 1;
    }
    kprintf("%u threads on %u CPU%s, %u rounds: %u sites found off, %u "
            "refusals, %u writes; at the end %d users, %u sites on\n",
            r.threads, r.cpus, r.cpus == 1 ? "" : "s", r.rounds, r.wrong,
            r.refused, r.writes, r.users, r.left);
    return !static_key_race_is_right(&r);
}
COMMAND(keyrace, "[ROUNDS]", "race for a static key on all CPUs", run_race);
