// SPDX-License-Identifier: MIT
// The breakpoint handler's first question: is this INT3 a site that is being
// poked? Then the new instruction is executed by hand. Linux's
// smp_text_poke_int3_handler.
//
//   in the batch                      emulate
//   not, and the byte is no INT3      it was a site, and is done: go again
//   not, and it is one                somebody else's: handler, trap_try, panic
//
// The second row is met when a CPU has fetched an INT3, and the poke ends
// before it gets here. An emulator that keeps translated code too long meets
// it often (docs/caveats.md).
//
// Any context, NMI included: no lock, and nothing that is ever patched. What
// holds the batch in place is a count for each CPU:
//
//   poker                   handler on CPU n
//   all counts := 1         count 0?  then nothing is published
//   ...                     count + 1, search, emulate, count - 1
//   all counts - 1
//   wait until all are 0    only then is the batch written again
//
// One count for all CPUs would be a cache line that each INT3 takes from the
// others. Linux had it so until 2024: with 480 threads one poke took 2.7 s. A
// flag without counts was its bug of 2019: the batch was cleared while a
// handler was still reading it.
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/poke_inside.h"
#include "smc/door/sync.h"

struct poke_batch poke_batch;

static struct {
    volatile uint32_t count;
} __attribute__((aligned(64))) readers[CPU_MAX];

void trap_dispatch(struct trap_frame *frame);
uint32_t poke_int3(struct trap_frame *frame);

// How often a batch was published or withdrawn.
static volatile uint32_t changes;

// With release: who sees the count sees the batch.
void poke_publish(void)
{
    changes++;
    for (unsigned i = 0; i < CPU_MAX; i++)
        __atomic_store_n(&readers[i].count, 1, __ATOMIC_RELEASE);
}

void poke_withdraw(void)
{
    changes++;
    for (unsigned i = 0; i < CPU_MAX; i++)
        __atomic_sub_fetch(&readers[i].count, 1, __ATOMIC_ACQ_REL);
    for (unsigned i = 0; i < CPU_MAX; i++)
        while (readers[i].count) {
            cpus_answer();
            __asm__ volatile("pause");
        }
}

// Plus one, but never from zero: zero means that the batch is the poker's. An
// NMI may come between the reading and the exchange, and puts the count back
// to what it was.
static bool enter(volatile uint32_t *count)
{
    uint32_t now = *count;
    while (now)
        if (__atomic_compare_exchange_n(count, &now, now + 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    return false;
}

static const struct poke_site *find(const uint8_t *site)
{
    uint32_t low = 0, high = poke_batch.count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (poke_batch.sites[mid].site == site)
            return &poke_batch.sites[mid];
        if (poke_batch.sites[mid].site < site)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

// A site whose new instruction is INT3 is one for those who asked for it.
static bool emulate(struct trap_frame *frame, uint32_t *esp)
{
    volatile uint32_t *count = &readers[cpu_index()].count;
    uint32_t address = frame->eip - 1;
    bool ours = false;
    if (!enter(count))
        return false;
    const struct poke_site *s = find((const uint8_t *)address);
    if (s && s->insn.kind != POKE_INT3) {
        poke_emulate(&s->insn, frame, esp, address);
        ours = true;
    }
    __atomic_sub_fetch(count, 1, __ATOMIC_RELEASE);
    return ours;
}

// The byte behind which the CPU stands is no INT3 any more. Not so if it is
// the second byte of `cd 03`, which also comes here. Only code that the door
// may have written is asked: elsewhere nobody takes an INT3 away.
static bool is_gone(const uint8_t *site)
{
    bool code = (site > text_start && site < text_end) || arena_of(site, 1);
    return code && *site != 0xcc && !(*site == 3 && site[-1] == 0xcd);
}

// Neither question alone is the truth: between the two the next poke of the
// same site may have begun, or this one have ended. So both are asked of the
// same state of things.
static bool is_site(struct trap_frame *frame, uint32_t *esp)
{
    uint32_t before;
    do {
        before = changes;
        if (emulate(frame, esp))
            return true;
        if (is_gone((const uint8_t *)frame->eip - 1)) {
            frame->eip--;
            return true;
        }
    } while (before != changes);
    return false;
}

// Called by trap_int3 in kernel/trap_entry.S. Builds what IRET is to pop right
// below where the interrupted stack is to end, and returns its address: an
// emulated CALL has moved that end down into the gap, a RET has moved it up.
uint32_t poke_int3(struct trap_frame *frame)
{
    uint32_t esp = trap_esp(frame);
    if (frame->cs & 3) {
        trap_dispatch(frame);
        return (uint32_t)&frame->eip;
    }
    if (!is_site(frame, &esp))
        trap_dispatch(frame);
    const uint32_t words[3] = {frame->eip, frame->cs, frame->eflags};
    memcpy((void *)(esp - sizeof words), words, sizeof words);
    return esp - sizeof words;
}
