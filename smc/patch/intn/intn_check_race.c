// SPDX-License-Identifier: MIT
// Checks of the moment between the patch and the INT. The real-time clock
// interrupts up to 8192 times a second, and its handler uses the same site
// with another n. [Motorola MC146818A data sheet]
#include "kernel/cpu.h"
#include "smc/patch/intn/intn_check.h"
#include "smc/patch/intn/intn_site.h"

enum {
    RTC_INDEX = 0x70,
    RTC_DATA = 0x71,
    RTC_A = 10, // low four bits: the rate
    RTC_B = 11,
    RTC_C = 12, // reading it lets the next interrupt come
    RTC_8192_HZ = 3,
    RTC_PERIODIC = 0x40,
    RTC_LINE = 8,
    PIC2 = 0xa0,
    PIC_READ_IRR = 0x0a,
    PATIENCE = 2000000,
    ROUNDS = 50,
    STORM_CALLS = 2000,
    STORM_TICKS = 20,
    NEST_DEPTH = 6,
};

static uint8_t rtc_a, rtc_b; // as found
static const struct intn_way *tick_way;
static volatile uint32_t ticks, tick_errors;

// Two ports, two steps: an interrupt between them whose handler selects
// another register would make the second step read or write that one. tick
// does select one, so these run with interrupts off, or in tick itself.
static uint8_t rtc_read(uint8_t index)
{
    outb(RTC_INDEX, index);
    return inb(RTC_DATA);
}

static void rtc_write(uint8_t index, uint8_t value)
{
    outb(RTC_INDEX, index);
    outb(RTC_DATA, value);
}

// The interrupt that gets in the way: it calls another n. Register C is read
// first: unread, it holds the line, and this was the last tick.
static void tick(struct trap_frame *frame)
{
    struct intn_regs in = intn_sample(INTN_OTHER_VECTOR), out = in;

    (void)frame;
    rtc_read(RTC_C);
    ticks++;
    if (!tick_way)
        return;
    tick_way->call(INTN_OTHER_VECTOR, &out);
    if (!intn_answered(&in, &out, INTN_OTHER_VECTOR))
        tick_errors++;
}

// Sets the real-time clock ticking at its fastest. The stub is made here,
// because the first one takes memory, which no interrupt handler should.
static void storm_begin(const struct intn_way *way)
{
    bool on = interrupts_off();

    tick_way = way;
    ticks = tick_errors = 0;
    intn_stub_make(INTN_OTHER_VECTOR);
    trap_set_soft(INTN_FREE_VECTOR, intn_remember, 0);
    trap_set_soft(INTN_OTHER_VECTOR, intn_remember, 0);
    // As found, so that storm_end leaves no trace in the clock.
    rtc_a = rtc_read(RTC_A);
    rtc_b = rtc_read(RTC_B);
    rtc_write(RTC_A, (uint8_t)((rtc_a & 0xf0) | RTC_8192_HZ));
    rtc_write(RTC_B, rtc_b | RTC_PERIODIC);
    rtc_read(RTC_C);
    irq_enable(RTC_LINE, tick);
    interrupts_restore(on);
}

// Register C is read once more, so that the clock does not go on holding its
// line: whoever enabled it next would never see an edge.
static void storm_end(void)
{
    bool on = interrupts_off();

    rtc_write(RTC_A, rtc_a);
    rtc_write(RTC_B, rtc_b);
    rtc_read(RTC_C);
    irq_disable(RTC_LINE);
    tick_way = NULL;
    trap_set_soft(INTN_FREE_VECTOR, NULL, 0);
    trap_set_soft(INTN_OTHER_VECTOR, NULL, 0);
    interrupts_restore(on);
}

// Waits, with interrupts off, until the clock's interrupt is at the door of
// this CPU. Returns false if it never comes. The controller's request register
// shows what waits; line 8 is bit 0 of the second one.
static bool interrupt_pending(void)
{
    for (uint32_t i = 0; i < PATIENCE; i++) {
        outb(PIC2, PIC_READ_IRR);
        if (inb(PIC2) & 1)
            return true;
    }
    return false;
}

// Aims the site, with an interrupt waiting, and enters by `entry`, ROUNDS
// times. The interrupt is taken as soon as IF allows: the race is run at its
// worst moment each time, not now and then. Returns in how many rounds the
// vector was the one asked for, and the rounds that were run in *rounds.
static uint32_t race(const uint8_t *entry, uint32_t *rounds)
{
    uint32_t right = 0;

    storm_begin(&intn_ways[1]);
    for (*rounds = 0; *rounds < ROUNDS; ++*rounds) {
        struct intn_regs in = intn_sample(INTN_FREE_VECTOR), out = in;
        bool on = interrupts_off();
        bool pending = interrupt_pending();
        if (pending) {
            intn_aim(intn_site, INTN_FREE_VECTOR, "intn");
            intn_enter(&out, entry);
        }
        interrupts_restore(on);
        if (!pending)
            break;
        right += intn_answered(&in, &out, INTN_FREE_VECTOR);
    }
    storm_end();
    return right;
}

// Not every emulator has this clock's periodic interrupt.
static enum check_result no_interrupts(void)
{
    judged("the real-time clock does not interrupt here");
    return CHECK_SKIP;
}

// The interrupt is taken right after the handler's IRET, so none is lost:
// as many ticks as rounds, and every vector right.
enum check_result intn_check_sti_shadow(void)
{
    uint32_t rounds, right = race(intn_site_sti, &rounds);

    if (!rounds)
        return no_interrupts();
    judged("sti; int: %u of %u right, %u interrupts", right, rounds, ticks);
    return right == ROUNDS && ticks >= ROUNDS && !tick_errors;
}

// The test of the test: with one NOP too many, the same race is lost.
//
//   sti | nop | jmp | int          sti | int
//       shadow                          shadow
//             ^ tick here: CD 91             ^ tick here: too late
enum check_result intn_check_late_sti(void)
{
    uint32_t rounds, right = race(intn_site_late, &rounds);

    if (!rounds)
        return no_interrupts();
    judged("sti; nop; jmp; int: %u of %u right", right, rounds);
    return right < rounds && !tick_errors;
}

// Calls until there were enough calls and enough interrupts among them: the
// fast ways are done with their calls before the first tick.
static uint32_t storm_calls(const struct intn_way *way, uint32_t *wrong)
{
    uint32_t calls = 0;

    while (calls < STORM_CALLS || (ticks < STORM_TICKS && calls < PATIENCE)) {
        struct intn_regs in = intn_sample(INTN_FREE_VECTOR), out = in;
        struct intn_result result = way->call(INTN_FREE_VECTOR, &out);
        calls++;
        *wrong += result.reason != INTN_OK ||
                  !intn_answered(&in, &out, INTN_FREE_VECTOR);
    }
    return calls;
}

// Interrupts at moments that nobody chose, for all four ways. The two checks
// before this one know where the gap would be; this one does not, and would
// find a gap that nobody thought of: between comparing and writing, say.
enum check_result intn_check_storm(void)
{
    uint32_t wrong = 0, calls = 0, seen = 0;
    bool on = interrupts_off();

    for (size_t i = 0; i < INTN_WAYS; i++) {
        storm_begin(&intn_ways[i]);
        interrupts_on();
        calls += storm_calls(&intn_ways[i], &wrong);
        interrupts_off();
        seen += ticks;
        wrong += tick_errors;
        storm_end();
        if (!ticks)
            break;
    }
    interrupts_restore(on);
    if (!seen)
        return no_interrupts();
    judged("%u calls by 4 ways, %u interrupts, %u wrong", calls, seen, wrong);
    return !wrong && seen >= INTN_WAYS * STORM_TICKS;
}

// What differs from an interrupt: the inner call comes while the outer INT is
// not yet back, and so goes through intn_enter a second time. A register or
// flag that it kept in a static place would be lost at depth two.
static const struct intn_way *nest_way;
static uint32_t nest_calls, nest_errors;

// The handler of n calls n + 1, down to a last one.
static void nest(struct trap_frame *frame)
{
    uint32_t n = (frame->vector & 0xff) + 1;
    struct intn_regs in = intn_sample(n), out = in;

    nest_calls++;
    if (n < INTN_FREE_VECTOR + NEST_DEPTH) {
        nest_way->call(n, &out);
        nest_errors += !intn_answered(&in, &out, n);
    }
    intn_remember(frame);
}

// Each inner call aims the site elsewhere while the outer INT is being
// handled. The outer one returns behind the site, to bytes never patched.
enum check_result intn_check_reentry(void)
{
    struct intn_regs in = intn_sample(INTN_FREE_VECTOR), out;

    nest_calls = nest_errors = 0;
    for (uint8_t n = 0; n < NEST_DEPTH; n++)
        trap_set_soft((uint8_t)(INTN_FREE_VECTOR + n), nest, 0);
    for (size_t i = 0; i < INTN_WAYS; i++) {
        nest_way = &intn_ways[i];
        out = in;
        nest_way->call(INTN_FREE_VECTOR, &out);
        nest_errors += !intn_answered(&in, &out, INTN_FREE_VECTOR);
    }
    for (uint8_t n = 0; n < NEST_DEPTH; n++)
        trap_set_soft((uint8_t)(INTN_FREE_VECTOR + n), NULL, 0);
    judged("depth %u by 4 ways: %u handlers ran, %u wrong", NEST_DEPTH,
           nest_calls, nest_errors);
    return nest_calls == INTN_WAYS * NEST_DEPTH && !nest_errors;
}

// A handler may look at IF in its frame to learn whether it may sleep, and a
// driver calls with interrupts off because it needs them off.
static bool keeps_if(const struct intn_way *way, bool on)
{
    struct intn_regs regs = intn_sample(INTN_FREE_VECTOR);
    uint32_t wanted = on ? EFLAGS_IF : 0;
    bool before = interrupts_off();

    interrupts_restore(on);
    way->call(INTN_FREE_VECTOR, &regs);
    bool after = interrupts_off();
    interrupts_restore(before);
    return after == on && (intn_seen.eflags & EFLAGS_IF) == wanted &&
           (regs.eflags & EFLAGS_IF) == wanted;
}

// Both ends are looked at. A site entered without STI shows the handler IF = 0
// where its caller had 1; an STI that is not taken back lets interrupts into a
// driver that had shut them out.
enum check_result intn_check_caller_if(void)
{
    bool good = true;

    trap_set_soft(INTN_FREE_VECTOR, intn_remember, 0);
    for (size_t i = 0; i < INTN_WAYS; i++)
        good = keeps_if(&intn_ways[i], true) &&
               keeps_if(&intn_ways[i], false) && good;
    trap_set_soft(INTN_FREE_VECTOR, NULL, 0);
    judged("4 ways, IF on and off");
    return good;
}
