// SPDX-License-Identifier: MIT
// Suite `x86`: functions changed, with nobody about and under fire.
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/x86/assemble.h"
#include "smc/x86/nop.h"
#include "smc/x86/x86_check.h"
#include "smc/x86/x86_poke.h"
#include "smc/x86/x86_sample.h"

// No branches: nothing counts from the place.
static struct x86_poked poke_lines(const uint8_t *site, uint32_t count,
                                   const char *const *lines)
{
    struct assembled one;
    uint8_t code[TEXT_MAX];
    size_t n = 0;
    struct x86_poked p = {.verdict.reason = BOUNDARY_EMPTY};
    for (uint32_t i = 0; i < count; i++) {
        if (!assemble(&one, lines[i], (uint32_t)site, NULL))
            return p;
        memcpy(code + n, one.bytes, one.len);
        n += one.len;
    }
    x86_poke(&p, (uint8_t *)(uintptr_t)site, code, n);
    return p;
}

static struct x86_poked poke(const void *site, const char *line)
{
    return poke_lines(site, 1, &line);
}

// Two pokes of the same site, taken back in reverse order. The hash proves
// more than the function's result does: the padding is restored, too.
enum check_result x86_check_poke(void)
{
    char bytes[3 * TEXT_MAX];
    const uint8_t *site = (const void *)x86_site;
    uint64_t before = text_hash();
    if (x86_check_patched(site))
        return CHECK_SKIP;
    struct x86_poked first = poke(site, "mov $42,%eax");
    uint32_t result = x86_site();
    struct x86_poked second = poke(site, "xor %eax,%eax");
    hex_bytes(bytes, sizeof bytes, site, 5);
    uint32_t zero = x86_site();
    bool good = first.done && second.done &&
                text_undo(second.door.entry).reason == TEXT_OK &&
                text_undo(first.door.entry).reason == TEXT_OK;
    judged("1, then %u, then %u by %s, then %u; the text hash is %s", result,
           zero, bytes, x86_site(),
           text_hash() == before ? "the same" : "ANOTHER");
    return verdict(good && result == 42 && !zero && x86_site() == 1 &&
                   text_hash() == before);
}

// The second one is the reason for all this: five bytes at +4 are whole
// instructions, but the loop leads to +8. Without the refusal the first
// symptom would be a sum that is wrong by whatever the middle of the new code
// does.
enum check_result x86_check_poke_refusals(void)
{
    const uint8_t *sum = (const void *)x86_sum;
    uint64_t before = text_hash();
    char why[100];
    if (x86_check_patched(sum))
        return CHECK_SKIP;
    struct x86_poked p[] = {
        poke(sum + 1, "nop"),              // inside the first
        poke(sum + 4, "mov $1,%eax"),      // over the loop's head
        poke(sum + 12, "mov $1,%eax"),     // the end is near
        poke((const void *)memcpy, "nop"), // the door says no
    };
    bool good = p[0].verdict.reason == BOUNDARY_INSIDE &&
                p[1].verdict.reason == BOUNDARY_BRANCH &&
                p[1].verdict.at == (uint32_t)sum + 8 &&
                p[2].verdict.reason == BOUNDARY_OVER &&
                p[3].verdict.reason == BOUNDARY_OK &&
                p[3].door.reason == TEXT_DOOR;
    judged("%s", x86_poke_explain(why, sizeof why, &p[1]));
    return verdict(good && text_hash() == before);
}

// Under fire --------------------------------------------------------------

enum { FLIPS = 30, THREADS = 3 };

struct caller {
    struct kthread *thread;
    volatile uint32_t calls, wrong;
};

static void call_site(void *arg)
{
    struct caller *c = arg;
    while (!kthread_should_stop()) {
        uint32_t result = x86_site();
        c->wrong += result != 1 && result != 2;
        c->calls++;
    }
}

// One instruction becomes four, a NOP among them, and is one again, while
// others execute them; and all of it is undone, under fire as well.
enum check_result x86_check_poke_under_fire(void)
{
    struct caller callers[THREADS] = {0};
    uint32_t entries[FLIPS], done = 0, calls = 0, wrong = 0, undone = 0;
    static const char *const two[] = {"xor %eax,%eax", "inc %eax", "inc %eax"};
    const uint8_t *site = (const void *)x86_site;
    if (x86_check_patched(site))
        return CHECK_SKIP;
    for (unsigned i = 0; i < THREADS; i++)
        callers[i].thread = kthread_start("caller", call_site, &callers[i],
                                          KTHREAD_ANY);
    for (uint32_t i = 0; i < FLIPS; i++) {
        uint32_t seen = callers[0].calls;
        struct x86_poked p = i % 2 ? poke(site, "mov $1,%eax")
                                   : poke_lines(site, 3, two);
        done += p.done;
        entries[i] = p.door.entry;
        while (callers[0].thread && callers[0].calls == seen)
            kthread_yield();
    }
    for (uint32_t i = FLIPS; i--;) {
        uint32_t seen = callers[0].calls;
        undone += text_undo(entries[i]).reason == TEXT_OK;
        while (callers[0].thread && callers[0].calls == seen)
            kthread_yield();
    }
    for (unsigned i = 0; i < THREADS; i++)
        if (callers[i].thread) {
            kthread_stop(callers[i].thread);
            calls += callers[i].calls, wrong += callers[i].wrong;
        }
    judged("%u of %u pokes, %s calls, %u wrong; %u undone", done, FLIPS,
           calls ? "some" : "no", wrong, undone);
    return verdict(done == FLIPS && calls && !wrong && undone == FLIPS);
}

// With the long NOP, and as on a processor without it. Two NOPs in one pad
// would be the bug of 2008: see docs/once.md.
enum check_result x86_check_pads(void)
{
    uint8_t pad[INSN_MAX];
    uint32_t whole = 0;
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned n = 1; n <= INSN_MAX; n++) {
            struct insn insn;
            nop_pad(pad, n, k == 0);
            whole += insn_decode(&insn, pad, n, INSN_32) == INSN_OK &&
                     insn.length == n;
        }
    }
    judged("%u of 30 pads are one instruction", whole);
    return verdict(whole == 30);
}
