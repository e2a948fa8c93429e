// SPDX-License-Identifier: MIT
// Fire on a site: the flipper says before each poke which answers are legal
// from now on, and each executor asks before and after.
//
//   flipper     allowed = old | new     poke      allowed = new
//                        |                             |
//   executor        ask  run  ask                 ask  run  ask
//                   both may come                 old is a lost update
//
// An executor that was preempted may have missed some pokes; then every form
// is legal, and only an answer of no form is wrong.
#include "smc/patch/poke/poke_stress.h"
#include "kernel/command.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/patch/poke/poke_check.h"

// The count of changes in the high bits, the set of legal forms in the low.
static volatile uint32_t allowed;
enum {
    FORM_BITS = (1 << POKE_FORMS) - 1,
    CHANGE = 1 << POKE_FORMS,
    BURST = 64
};

// One for each executor, on a line of its own; NMIs count by CPU.
struct tally {
    uint32_t executions, illegal, lost;
} __attribute__((aligned(64)));
static struct tally threads[CPU_MAX + 1], in_nmi[CPU_MAX];
static volatile bool over;
static bool rests;

static unsigned form_of(int answer)
{
    for (unsigned i = 0; i < POKE_FORMS; i++)
        if (poke_answers[i] == answer)
            return 1u << i;
    return 0;
}

static void execute(struct tally *tally)
{
    uint32_t before = allowed;
    unsigned form = form_of(poke_five());
    uint32_t after = allowed;
    bool missed = (after - before) / CHANGE > 1;
    tally->executions++;
    if (!form || (!missed && !((before | after) & form)))
        tally->illegal += !form || before != after;
    if (form && before == after && !(before & form))
        tally->lost++;
}

// A burst, then sleep until the next interrupt, which as a rule is that of the
// next step of the poke: the stores that follow it meet the next burst. An
// emulator's host would else be busy with executions that meet nothing.
static void run(void *arg)
{
    struct tally *tally = arg;
    while (!over) {
        for (int i = 0; i < BURST; i++)
            execute(tally);
        interrupts_off();
        if (over || !rests)
            interrupts_on();
        else if (tally == &threads[CPU_MAX])
            kthread_wait(); // the one that migrates
        else
            wait_for_interrupt();
    }
}

static void on_nmi(struct trap_frame *frame)
{
    (void)frame;
    execute(&in_nmi[cpu_index()]);
}

static void allow(uint32_t forms)
{
    allowed = ((allowed & ~(uint32_t)FORM_BITS) + CHANGE) | forms;
}

// Numerical Recipes' generator; its high bits are the better ones.
static uint32_t draw(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

// To any of the other forms.
static void flip(struct poke_stress *s, unsigned *form, uint32_t *seed)
{
    uint8_t old[POKE_MAX], new[POKE_MAX];
    unsigned next = (*form + 1 + draw(seed, POKE_FORMS - 1)) % POKE_FORMS;
    poke_make_form(old, (int)*form);
    poke_make_form(new, (int)next);
    allow(1u << *form | 1u << next);
    struct text_result r = text_poke(poke_five_site, old, new, 5, "stress");
    if (r.reason == TEXT_OK) {
        *form = next;
        s->flips++;
    } else {
        s->refused++;
    }
    allow(1u << *form);
}

static void send_nmi(uint32_t *seed)
{
    unsigned to = draw(seed, CPU_MAX);
    if (to != cpu_index() && cpu_is_online(to))
        cpu_send_nmi(to);
}

static void sum(struct poke_stress *s)
{
    s->executions = s->illegal = s->lost = s->nmis = 0;
    for (unsigned i = 0; i < 2 * CPU_MAX + 1; i++) {
        const struct tally *t = i <= CPU_MAX ? &threads[i]
                                             : &in_nmi[i - CPU_MAX - 1];
        s->executions += t->executions;
        s->illegal += t->illegal;
        s->lost += t->lost;
        s->nmis += i > CPU_MAX ? t->executions : 0;
    }
}

static void flip_all(struct poke_stress *s, uint32_t flips,
                     uint32_t executions, uint32_t nmi_every)
{
    unsigned form = 0;
    uint32_t seed = 1;
    for (uint32_t i = 1; i <= flips || s->executions < executions; i++) {
        if (i <= flips)
            flip(s, &form, &seed);
        if (nmi_every && i % nmi_every == 0)
            send_nmi(&seed);
        if (i % 64 == 0 || i > flips) {
            kthread_yield();
            sum(s);
        }
    }
}

struct poke_stress poke_stress(uint32_t flips, uint32_t executions,
                               uint32_t nmi_every, bool rest)
{
    struct poke_stress s = {0};
    struct kthread *all[CPU_MAX + 1] = {NULL};
    uint8_t found[POKE_MAX];
    memset(threads, 0, sizeof threads);
    memset(in_nmi, 0, sizeof in_nmi);
    over = false;
    rests = rest;
    memcpy(found, poke_five_site, 5);
    poke_over(poke_five_site, poke_nop(5), 5);
    allowed = 1;
    nmi_set_hook(on_nmi);
    for (int i = 0; i <= CPU_MAX; i++)
        if (i == CPU_MAX ||
            (cpu_is_online((unsigned)i) && i != (int)cpu_index()))
            all[i] = kthread_start("executor", run, &threads[i],
                                   i == CPU_MAX ? KTHREAD_ANY : i);
    flip_all(&s, flips, executions, nmi_every);
    over = true;
    for (int i = 0; i <= CPU_MAX; i++)
        if (all[i]) {
            kthread_join(all[i]);
            s.threads++;
        }
    nmi_set_hook(NULL);
    poke_over(poke_five_site, found, 5);
    sum(&s);
    return s;
}

static int run_stress(int argc, char **argv)
{
    uint32_t flips = 10000, executions = 100000;
    if (argc > 4 || (argc > 1 && !parse_u32(argv[1], &flips)) ||
        (argc > 2 && !parse_u32(argv[2], &executions)))
        return command_usage("stress");
    struct poke_stress s = poke_stress(flips, executions, 16, argc < 4);
    kprintf("%u flips by CPU 0, %llu executions by %u threads on %u CPUs, %u "
            "of them in NMIs\n%u refused, %u illegal, %u lost\n",
            s.flips, s.executions, s.threads, cpus_present(), s.nmis,
            s.refused, s.illegal, s.lost);
    return s.refused || s.illegal || s.lost;
}
COMMAND(stress, "[FLIPS [EXECUTIONS [restless]]]",
        "poke code while other CPUs run it", run_stress);
