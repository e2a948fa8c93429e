// SPDX-License-Identifier: MIT
// Lab intn: the narrated run and the table of what each way costs.
//
// The demo tells of writes as the journal counts them, not as the mechanism
// claims them. The vectors it calls have a handler that answers with its own
// number: what is printed is where the INT arrived, not where it was sent.
#include "kernel/bench.h"
#include "kernel/lab.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/patch/intn/bios.h"
#include "smc/patch/intn/intn_site.h"

enum {
    VECTOR = 0x90, // unused by this kernel; its neighbour 0x91 too
    BREAKPOINT = 3,
    MEMORY_SIZE = 0x12,
    EQUIPMENT = 0x11,
    OPERATIONS = 200,
    SITE_BYTES = 4, // sti, int, ret
    STUB_BYTES = 4,
    TABLE_BYTES = 1024,
};

// What the caller gets back in eax is the vector of the gate it came through.
static void answer(struct trap_frame *frame)
{
    frame->eax = frame->vector & 0xff;
}

// One call, and what it came to: where it arrived and what it wrote, or why
// it was refused.
static void call_and_tell(uint32_t n)
{
    struct intn_regs regs = {0};
    uint32_t before = journal_last();
    struct intn_result result = intn_changed(n, &regs);
    char why[100];

    if (result.reason != INTN_OK)
        tell("%s", intn_explain(why, sizeof why, &result));
    else
        tell("call n = 0x%02x: the handler of 0x%02x ran, writes: %u", n,
             regs.eax, journal_last() - before);
}

// First write, no write, second write, refusal.
static void demo_patch(void)
{
    tell("One instruction, two bytes, and the second is the vector:");
    tell_code("before", intn_site, INT_LENGTH);
    call_and_tell(VECTOR);
    tell_code("after", intn_site, INT_LENGTH);
    call_and_tell(VECTOR);
    call_and_tell(VECTOR + 1);
    tell_code("after", intn_site, INT_LENGTH);
    tell("A number that is no vector is not cut down to one:");
    call_and_tell(VECTOR + 256);
}

// Alternating vectors are the worst case for a patched site and nothing
// special to the stubs, which are made on first use, or to the table.
static void demo_ways(void)
{
    tell("Four ways side by side: ten calls, two vectors by turns.");
    intn_stubs_free();
    for (size_t i = 0; i < INTN_WAYS; i++) {
        struct intn_regs regs = {0};
        uint32_t before = journal_last();
        for (uint32_t k = 0; k < 10; k++)
            intn_ways[i].call(VECTOR + k % 2, &regs);
        tell("  %-22s writes: %u", intn_ways[i].name, journal_last() - before);
    }
    tell_code("table", intn_stubs[BREAKPOINT], sizeof intn_stubs[0]);
}

// The same two bytes where they earn their keep.
static void demo_bios(void)
{
    struct bios_regs size = {0}, equipment = {0};
    struct bios_result result = bios_call(MEMORY_SIZE, &size);
    char why[100];

    tell("The real use, as in Linux's bioscall.S: a call into the BIOS.");
    if (result.reason != BIOS_OK) {
        tell("%s", bios_explain(why, sizeof why, &result));
        return;
    }
    tell("int 0x12 in real mode: %u KiB of conventional memory",
         size.eax & 0xffff);
    tell_code("thunk", bios_site_live(), INT_LENGTH);
    bios_call(EQUIPMENT, &equipment);
    tell("int 0x11 in real mode: equipment word %04x", equipment.eax & 0xffff);
    tell_code("thunk", bios_site_live(), INT_LENGTH);
}

// Leaves everything as it was: gates, stubs, and the site's own bytes. Only
// the thunk keeps its last number, as any live code would.
static void demo(void)
{
    trap_set_soft(VECTOR, answer, 0);
    trap_set_soft(VECTOR + 1, answer, 0);
    demo_patch();
    demo_ways();
    trap_set_soft(VECTOR, NULL, 0);
    trap_set_soft(VECTOR + 1, NULL, 0);
    intn_stubs_free();
    demo_bios();
    intn_reset();
    tell_code("end", intn_site, INT_LENGTH);
}

// What one row of the table calls: n[0] and n[1] by turns. Equal numbers
// make the constant case with the same code, so that rows can be compared.
struct work {
    const struct intn_way *way;
    uint32_t n[2], turn;
};

// The price of INT, trap entry and IRET is in every row alike.
static void nothing(struct trap_frame *frame)
{
    (void)frame;
}

static void run(void *arg)
{
    struct work *w = arg;
    struct intn_regs regs = {0};

    w->way->call(w->n[w->turn ^= 1], &regs);
}

// Stubs that are there already are given back first, so that making them is
// what is timed.
static void make_stubs(void *arg)
{
    struct work *w = arg;

    intn_stubs_free();
    intn_stub_make(w->n[0]);
    intn_stub_make(w->n[1]);
}

// Code and generated code that a way needs for this many vectors.
static uint32_t bytes_of(const struct intn_way *way, uint32_t vectors)
{
    if (way->call == intn_table)
        return TABLE_BYTES;
    return way->call == intn_stub ? vectors * STUB_BYTES : SITE_BYTES;
}

// The naive way comes first, so that break-even tells after how many calls
// each of the others has paid back what it took to set up.
static void bench_table(const char *title, uint32_t second)
{
    uint32_t vectors = second == VECTOR ? 1 : 2;

    bench_begin("intn", title);
    for (size_t i = 0; i < INTN_WAYS; i++) {
        const struct intn_way *way = &intn_ways[i];
        struct work w = {.way = way, .n = {VECTOR, second}};
        struct bench_way row = {
            .name = way->name,
            .setup = way->call == intn_stub ? make_stubs : NULL,
            .run = run,
            .arg = &w,
            .bytes = bytes_of(way, vectors),
        };
        bench_way(&row, OPERATIONS);
    }
}

// All four rows of a table call the same empty handlers. The second table is
// the case for which nobody should patch.
static void bench(void)
{
    trap_set_soft(VECTOR, nothing, 0);
    trap_set_soft(VECTOR + 1, nothing, 0);
    bench_table("one INT n, always the same n", VECTOR);
    bench_end(
        "With one n the door refuses to write equal bytes: row 1 is the "
        "price of asking. Comparing is cheap and saves 1020 bytes of table.");
    bench_table("one INT n, another n each time", VECTOR + 1);
    bench_end("The losing case: who patches at all patches on every call.");
    trap_set_soft(VECTOR, NULL, 0);
    trap_set_soft(VECTOR + 1, NULL, 0);
    intn_stubs_free();
    intn_reset();
}

LAB(intn, "INT n with n in a register: patch the number or keep 256 copies",
    "smc/patch/intn/intn.c", demo, bench);
