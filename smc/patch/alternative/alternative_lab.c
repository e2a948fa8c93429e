// SPDX-License-Identifier: MIT
// Lab `alternative`: watch a site choose, and weigh the choice.
#include "kernel/bench.h"
#include "kernel/command.h"
#include "kernel/lab.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/text.h"
#include "smc/patch/alternative/alternative_subject.h"
#include "smc/patch/alternative/lock.h"
#include "smc/patch/alternative/popcount.h"

static const char *state_of(const struct alternative *a)
{
    const struct alternative *has = alternative_current(a);
    return has ? feature_name(has->feature) : "old";
}

// One line for each site: which features it asks for, and what it holds.
static void print_site(const struct alternative *a)
{
    char where[64], bytes[64], asks[64] = "";
    const struct alternative *end = alternative_next(a);
    for (const struct alternative *e = a; e < end; e++) {
        strlcpy(asks + strlen(asks), e > a ? ", " : "",
                sizeof asks - strlen(asks));
        strlcpy(asks + strlen(asks), feature_name(e->feature),
                sizeof asks - strlen(asks));
    }
    kprintf("  %-26s %-14s %-8s %s\n",
            symbol_format(where, sizeof where, a->site), asks, state_of(a),
            hex_bytes(bytes, sizeof bytes, a->site, a->site_len));
}

static void print_sites(void)
{
    const struct alternative *a = alternatives_start;
    kprintf("  %-26s %-14s %-8s %s\n", "site", "asks for", "has", "bytes");
    for (; a < alternatives_end; a = alternative_next(a))
        print_site(a);
}

static int run_alternatives(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    kprintf("features:");
    for (uint8_t f = 1; f < FEATURE_COUNT; f++)
        if (feature_met(f, alternatives_features()))
            kprintf(" %s", feature_name(f));
    kprintf("\n");
    print_sites();
    kprintf("lock prefixes: %u of %u sites hold one\n", locks_count(),
            (unsigned)(smp_locks_end - smp_locks_start));
    return 0;
}
COMMAND(alternatives, "", "code chosen by the processor's features",
        run_alternatives);

// The lab's subject gets a feature that no processor has: the same bytes on
// every machine.
static void demo(void)
{
    const struct alternative *a = alternative_in(alternative_calls);
    char why[160], where[64];
    tell("A site that asks for lab-a is at %s.",
         symbol_format(where, sizeof where, a->site));
    tell_code("before", a->site, a->old_len);
    tell_bytes("padding", a->site + a->old_len, a->site_len - a->old_len,
               "so that the longer form fits");
    tell("It makes %u of 41. Its replacement, aside in read-only data:",
         alternative_calls(41));
    tell_bytes("aside", a->replacement, a->new_len,
               "inc %eax; call, reckoned from there");
    alternative_apply(a, alternatives_features() | 1 << FEATURE_LAB_A, why,
                      sizeof why);
    tell("Applied, with the distance of the CALL reckoned from the site:");
    tell_code("after", a->site, a->new_len);
    tell("Now it makes %u of 41. Taken back:", alternative_calls(41));
    alternative_restore(a);
    tell_code("undone", a->site, a->old_len);
    tell("The kernel's own sites, and the lab's:");
    print_sites();
}

// The bench counts the bits of one word. What is compared is how the choice
// between loop and instruction is made; both are there in every way.
static const uint32_t word = 0x10204081;
static volatile uint32_t result;

uint32_t popcount_loop(uint32_t x); // in eax and not on the stack: by asm only

static inline uint32_t by_loop(uint32_t x)
{
    __asm__("call popcount_loop" : "+a"(x) : : "cc");
    return x;
}

static inline uint32_t by_instruction(uint32_t x)
{
    __asm__("popcnt %0, %0" : "+a"(x) : : "cc");
    return x;
}

static volatile bool have;

static __attribute__((noinline)) void loop_always(void *arg)
{
    (void)arg;
    result = by_loop(*(volatile const uint32_t *)&word);
}

static __attribute__((noinline)) void flag(void *arg)
{
    (void)arg;
    uint32_t x = *(volatile const uint32_t *)&word;
    result = have ? by_instruction(x) : by_loop(x);
}

static uint32_t pointed_loop(uint32_t x)
{
    return by_loop(x);
}

static uint32_t pointed_instruction(uint32_t x)
{
    return by_instruction(x);
}

static uint32_t (*volatile pointer)(uint32_t) = pointed_loop;

static __attribute__((noinline)) void through_pointer(void *arg)
{
    (void)arg;
    result = pointer(*(volatile const uint32_t *)&word);
}

static __attribute__((noinline)) void by_alternative(void *arg)
{
    (void)arg;
    result = popcount32(*(volatile const uint32_t *)&word);
}

static bool machine_has(void)
{
    return feature_met(FEATURE_POPCNT, alternatives_features());
}

static void choose_flag(void *arg)
{
    (void)arg;
    have = machine_has();
}

static void choose_pointer(void *arg)
{
    (void)arg;
    pointer = machine_has() ? pointed_instruction : pointed_loop;
}

static void choose_code(void *arg)
{
    char why[160];
    (void)arg;
    alternative_apply(alternative_in(by_alternative), alternatives_features(),
                      why, sizeof why);
}

static void bench(void)
{
    const struct bench_way ways[] = {
        {"flag: cmpb; je; either", choose_flag, flag, NULL, symbol_size(flag)},
        {"function pointer", choose_pointer, through_pointer, NULL,
         symbol_size(through_pointer)},
        {"the loop always", NULL, loop_always, NULL, symbol_size(loop_always)},
        {"ALTERNATIVE, applied", choose_code, by_alternative, NULL,
         symbol_size(by_alternative)},
    };
    // So that the setup of the last row is one patch.
    alternative_restore(alternative_in(by_alternative));
    bench_begin("alternative", "count the bits of one word");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10000);
    bench_end("setup is the choice, made once; bytes are those of the "
              "function, without the loop");
}

LAB(alternative, "code is chosen for the processor once, at boot",
    "smc/patch/alternative/alternative.h", demo, bench);
