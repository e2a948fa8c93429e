// SPDX-License-Identifier: MIT
// The fire: who flips, who executes, who interrupts and who leaves. The judge
// is in torture_judge.c.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/text.h"
#include "smc/patch/torture/torture_judge.h"

enum {
    BURST = 128,   // executions, and
    FLIPS = 16,    // in one turn
    NMI_EVERY = 4, // flips
    FLIPPERS = 2,
    STALL_US = 60000000, // as long as this nothing happens on no busy host
    SHARE_US = 120000000,
    FAST_HZ = 1000,
    USUAL_HZ = 100,
};

static struct torture_target *targets;
static uint32_t target_count;
static volatile bool over;
static volatile uint32_t hotplugs;

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
// stores behind it meet the next burst. Without the sleep an emulator's host
// is busy with executions that meet no change.
static void run_executor(void *arg)
{
    while (!over) {
        for (int i = 0; i < BURST; i++)
            torture_execute((unsigned)arg);
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
    torture_execute_in_nmi();
}

// It arrives while the change is under way, here or elsewhere.
static void send_nmi(uint32_t *seed)
{
    unsigned to = torture_draw(seed, cpus_present());
    if (!lapic_is_there())
        return;
    cpus_hold(); // it could leave in between, and be started anew
    if (cpu_is_online(to))
        cpu_send_nmi(to);
    cpus_release();
}

// To any of the other forms. Who has made the change sees it at once.
static void flip(struct torture_target *t, uint32_t *seed)
{
    if (__atomic_exchange_n(&t->taken, true, __ATOMIC_ACQUIRE))
        return; // the other flipper's
    char why[TORTURE_WORDS];
    uint32_t next = (t->form + 1 + torture_draw(seed, t->forms - 1)) %
                    t->forms;
    torture_allow(t, 1u << t->form | 1u << next);
    if (torture_draw(seed, NMI_EVERY) == 0)
        send_nmi(seed);
    if (t->flip(t->form, next, why)) {
        t->form = next;
        t->flips += t->sites;
        t->lost += !(torture_forms_of(t, t->run(*seed >> 16)) & 1u << next);
    } else {
        t->refused++;
        strlcpy(t->why, why, sizeof t->why);
    }
    torture_allow(t, 1u << t->form);
    __atomic_store_n(&t->taken, false, __ATOMIC_RELEASE);
}

static void run_flipper(void *arg)
{
    uint32_t *seed = arg;
    for (uint32_t i = 1; !over; i++) {
        struct torture_target *t = &targets[torture_draw(seed, target_count)];
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
        unsigned number = 1 + torture_draw(seed, present - 1);
        for (uint32_t turns = 20 + torture_draw(seed, 40); turns && !over;
             turns--)
            rest();
        if (!cpu_take_down(number))
            hotplugs += !cpu_bring_up(number);
    }
}

// All together --------------------------------------------------------------

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

struct crew {
    struct kthread *all[TORTURE_EXECUTORS + FLIPPERS + 1];
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
    over = false;
    hotplugs = 0;
    torture_judge_open(targets, target_count, &seed);
    for (unsigned i = 0; i <= cpus_present(); i++)
        hire(crew, "executor", run_executor, (void *)i);
    for (unsigned i = 0; i <= FLIPPERS; i++) {
        crew->seeds[i] = torture_draw(&seed, 1u << 24);
        hire(crew, i < FLIPPERS ? "flipper" : "hotplug",
             i < FLIPPERS ? run_flipper : run_hotplug, &crew->seeds[i]);
    }
}

// With a wish for flips each technique has to have its share, and the NMIs;
// and of several CPUs one has to have gone.
static bool all_had_some(const struct torture_report *r,
                         const struct torture_row *rows)
{
    bool all = (r->in_nmis || !lapic_is_there()) &&
               (hotplugs || cpus_present() == 1);
    for (uint32_t i = 0; i < target_count; i++)
        all = all && rows[i].flips && rows[i].executions;
    return all;
}

// A technique that never gets its share ends it as well, some time after all
// else is done: the report shows who it was.
static bool is_enough(const struct torture_wish *wish,
                      const struct torture_report *r,
                      const struct torture_row *rows, uint64_t *done)
{
    if (r->flips < wish->flips || r->executions < wish->executions)
        return false;
    if (!wish->flips || all_had_some(r, rows))
        return true;
    *done = *done ? *done : clock_us();
    return clock_us() - *done > SHARE_US;
}

// Somebody waits for what does not come. The backtraces of all CPUs are what
// helps then, and the join of the threads would hang as well.
static void watch(const struct torture_report *r)
{
    static uint64_t last, since;
    uint64_t now = r->executions + r->flips;
    if (now != last || !since)
        since = clock_us();
    last = now;
    if (clock_us() - since > STALL_US)
        panic("torture: nothing has happened for %u s", STALL_US / 1000000);
}

// The shell's part. Every turn waits for an interrupt, so it is 1 ms or less.
static void stoke(const struct torture_wish *wish, struct torture_report *r,
                  struct torture_row *rows)
{
    uint64_t end = clock_us() + wish->milliseconds * 1000ull, done = 0;
    uint32_t seed = wish->seed;
    do {
        for (uint32_t i = 0; i < target_count; i++)
            if (targets[i].by_shell && torture_draw(&seed, 4) == 0)
                flip(&targets[i], &seed);
        rest();
        torture_sum(r, rows);
        watch(r);
    } while (clock_us() < end || !is_enough(wish, r, rows, &done));
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
    torture_sum(report, rows);
    report->switches = all_switches() - report->switches;
    report->nmis = all_nmis() - report->nmis;
    report->hotplugs = hotplugs;
    report->targets = target_count;
    report->threads = crew.count;
    report->hash_equal = torture_close(hash);
    report->why = first_words();
    return true;
}
