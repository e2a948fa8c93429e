// SPDX-License-Identifier: MIT
// The fire, and the judge.
//
//   flipper     allowed = old | new     change    allowed = new
//                        |                             |
//   executor        ask  run  ask                 ask  run  ask
//                   both may come                 old is a lost update
//
// `allowed` holds the set of legal forms in its low bits and counts its own
// changes above. Who asks before and after knows all sets in between if there
// were at most three changes: the set in the middle is a subset of its
// neighbours. After more, as when a thread was preempted for long, each form of
// the site is legal, and only what is none of them is not.
#include "smc/patch/torture/torture.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/text.h"

enum {
    FORM_BITS = (1 << TORTURE_FORMS) - 1,
    CHANGE = 1 << TORTURE_FORMS,
    BURST = 128,   // executions, and
    FLIPS = 16,    // in one turn
    NMI_EVERY = 4, // flips
    FLIPPERS = 2,
    EXECUTORS = CPU_MAX + 1,
    FAST_HZ = 1000,
    USUAL_HZ = 100,
};

static struct torture_target *targets;
static uint32_t target_count;
static volatile bool over;
static volatile uint32_t hotplugs;

// One for each executor and for each CPU's NMIs: nobody waits for another's
// cache line.
static struct tally {
    uint32_t seed;
    struct {
        uint32_t executions, illegal, lost;
    } of[TORTURE_TARGETS];
} __attribute__((aligned(64))) tallies[EXECUTORS], in_nmi[CPU_MAX];

// Numerical Recipes' generator; its high bits are the better ones.
static uint32_t draw(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

// The judge ------------------------------------------------------------------

// The set of forms with this answer: tracing does not show in it.
static uint32_t forms_of(const struct torture_target *t, uint32_t answer)
{
    uint32_t forms = 0;
    for (uint32_t i = 0; i < t->forms; i++)
        forms |= (uint32_t)(t->answers[i] == answer) << i;
    return forms;
}

static void execute(struct tally *tally)
{
    uint32_t which = draw(&tally->seed, target_count);
    struct torture_target *t = &targets[which];
    uint32_t before = t->allowed;
    uint32_t forms = forms_of(t, t->run(tally->seed >> 16));
    uint32_t after = t->allowed;
    bool missed = (after - before) / CHANGE > 3;
    tally->of[which].executions++;
    if (!forms || (!missed && !((before | after) & forms)))
        tally->of[which].illegal += !forms || before != after;
    if (forms && before == after && !(before & forms))
        tally->of[which].lost++;
}

// The threads ---------------------------------------------------------------

// For the shell and the hotplugger: lets others run, or sleeps.
static void rest(void)
{
    interrupts_off();
    if (over)
        interrupts_on();
    else
        kthread_wait();
}

// A burst, a turn for the others, then sleep until the next interrupt, with
// the CPU kept. That is as a rule the question of the next step of a poke: the
// stores behind it meet the next burst. Without the sleep an emulator's host is
// busy with executions that meet no change.
static void run_executor(void *arg)
{
    while (!over) {
        for (int i = 0; i < BURST; i++)
            execute(arg);
        kthread_yield();
        interrupts_off();
        if (over || cpus_present() == 1)
            interrupts_on();
        else
            wait_for_interrupt();
    }
}

static void on_nmi(struct trap_frame *frame)
{
    (void)frame;
    execute(&in_nmi[cpu_index()]);
}

static void allow(struct torture_target *t, uint32_t forms)
{
    t->allowed = ((t->allowed & ~(uint32_t)FORM_BITS) + CHANGE) | forms;
}

// It arrives while the change is under way, here or elsewhere.
static void send_nmi(uint32_t *seed)
{
    unsigned to = draw(seed, cpus_present());
    if (!lapic_is_there())
        return;
    preempt_off();
    if (cpu_is_online(to))
        cpu_send_nmi(to);
    preempt_on();
}

// To any of the other forms. Who has made the change sees it at once.
static void flip(struct torture_target *t, uint32_t *seed)
{
    if (__atomic_exchange_n(&t->taken, true, __ATOMIC_ACQUIRE))
        return; // the other flipper's
    char why[TORTURE_WORDS];
    uint32_t next = (t->form + 1 + draw(seed, t->forms - 1)) % t->forms;
    allow(t, 1u << t->form | 1u << next);
    if (draw(seed, NMI_EVERY) == 0)
        send_nmi(seed);
    if (t->flip(t->form, next, why)) {
        t->form = next;
        t->flips += t->sites;
        t->lost += !(forms_of(t, t->run(*seed >> 16)) & 1u << next);
    } else {
        t->refused++;
        strlcpy(t->why, why, sizeof t->why);
    }
    allow(t, 1u << t->form);
    __atomic_store_n(&t->taken, false, __ATOMIC_RELEASE);
}

static void run_flipper(void *arg)
{
    uint32_t *seed = arg;
    for (uint32_t i = 1; !over; i++) {
        struct torture_target *t = &targets[draw(seed, target_count)];
        if (!t->by_shell)
            flip(t, seed);
        if (i % FLIPS == 0)
            kthread_yield();
    }
}

// Any but CPU 0, where the shell is.
static void run_hotplug(void *arg)
{
    uint32_t *seed = arg, present = cpus_present();
    while (!over && present > 1) {
        unsigned number = 1 + draw(seed, present - 1);
        for (uint32_t turns = 20 + draw(seed, 40); turns && !over; turns--)
            rest();
        if (!cpu_take_down(number))
            hotplugs += !cpu_bring_up(number);
    }
}

// The sums ------------------------------------------------------------------

static void add_up(const struct tally *all, uint32_t count,
                   struct torture_row *rows)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < target_count; k++) {
            rows[k].executions += all[i].of[k].executions;
            rows[k].illegal += all[i].of[k].illegal;
            rows[k].lost += all[i].of[k].lost;
        }
}

static void sum(struct torture_report *r, struct torture_row *rows)
{
    r->flips = r->refused = r->illegal = r->lost = 0;
    r->executions = r->in_nmis = 0;
    for (uint32_t i = 0; i < target_count; i++)
        rows[i] = (struct torture_row){targets[i].technique, targets[i].flips,
                                       targets[i].refused,
                                       .lost = targets[i].lost};
    add_up(tallies, EXECUTORS, rows);
    for (uint32_t i = 0; i < target_count; i++)
        r->in_nmis -= (uint32_t)rows[i].executions;
    add_up(in_nmi, CPU_MAX, rows);
    for (uint32_t i = 0; i < target_count; i++) {
        r->in_nmis += (uint32_t)rows[i].executions;
        r->flips += rows[i].flips;
        r->refused += rows[i].refused;
        r->illegal += rows[i].illegal;
        r->lost += rows[i].lost;
        r->executions += rows[i].executions;
    }
}

// The words of the first technique that has any.
static const char *first_words(void)
{
    uint32_t i = 0;
    while (i < target_count - 1 && !*targets[i].why)
        i++;
    return targets[i].why;
}

static uint32_t all_switches(void)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        count += cpu_local_of(i)->switches;
    return count;
}

static uint32_t all_nmis(void)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        count += cpu_local_of(i)->nmis;
    return count;
}

// All together --------------------------------------------------------------

struct crew {
    struct kthread *all[EXECUTORS + FLIPPERS + 1];
    uint32_t count, seeds[FLIPPERS + 1];
};

static void hire(struct crew *crew, const char *name, void (*fn)(void *),
                 void *arg)
{
    struct kthread *thread = kthread_start(name, fn, arg, KTHREAD_ANY);
    if (thread)
        crew->all[crew->count++] = thread;
}

static void start(struct crew *crew, uint32_t seed)
{
    memset(tallies, 0, sizeof tallies);
    memset(in_nmi, 0, sizeof in_nmi);
    over = false;
    hotplugs = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        in_nmi[i].seed = draw(&seed, 1u << 24);
    for (unsigned i = 0; i <= cpus_present(); i++) {
        tallies[i].seed = draw(&seed, 1u << 24);
        hire(crew, "executor", run_executor, &tallies[i]);
    }
    for (unsigned i = 0; i <= FLIPPERS; i++) {
        crew->seeds[i] = draw(&seed, 1u << 24);
        hire(crew, i < FLIPPERS ? "flipper" : "hotplug",
             i < FLIPPERS ? run_flipper : run_hotplug, &crew->seeds[i]);
    }
}

// With a wish for flips, each technique has to have its share, and the NMIs.
static bool is_enough(const struct torture_wish *wish,
                      const struct torture_report *r,
                      const struct torture_row *rows)
{
    bool all = r->in_nmis || !lapic_is_there();
    for (uint32_t i = 0; i < target_count; i++)
        all = all && rows[i].flips && rows[i].executions;
    return r->flips >= wish->flips && r->executions >= wish->executions &&
           (all || !wish->flips);
}

// The shell's part. Every turn waits for an interrupt, so it is 1 ms or less.
static void stoke(const struct torture_wish *wish, struct torture_report *r,
                  struct torture_row *rows)
{
    uint64_t end = clock_us() + wish->milliseconds * 1000ull;
    uint32_t seed = wish->seed;
    do {
        for (uint32_t i = 0; i < target_count; i++)
            if (targets[i].by_shell && draw(&seed, 4) == 0)
                flip(&targets[i], &seed);
        rest();
        sum(r, rows);
    } while (clock_us() < end || !is_enough(wish, r, rows));
}

bool torture(const struct torture_wish *wish, struct torture_report *report,
             struct torture_row rows[TORTURE_TARGETS])
{
    struct crew crew = {0};
    *report = (struct torture_report){0};
    targets = torture_open(wish->wrong, &target_count);
    if (!targets)
        return false;
    uint64_t hash = text_hash();
    report->switches = all_switches();
    report->nmis = all_nmis();
    smp_set_timer(FAST_HZ);
    nmi_set_hook(on_nmi);
    start(&crew, wish->seed);
    stoke(wish, report, rows);
    over = true;
    for (uint32_t i = 0; i < crew.count; i++)
        kthread_join(crew.all[i]);
    nmi_set_hook(NULL);
    smp_set_timer(USUAL_HZ);
    sum(report, rows);
    report->switches = all_switches() - report->switches;
    report->nmis = all_nmis() - report->nmis;
    report->hotplugs = hotplugs;
    report->targets = target_count;
    report->threads = crew.count;
    report->hash_equal = torture_close(hash);
    report->why = first_words();
    return true;
}
