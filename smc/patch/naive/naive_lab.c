// SPDX-License-Identifier: MIT
// Lab `naive`: the store that everybody tries first, in the only place where
// it is allowed, and what the same store meets everywhere else.
//
// The lab makes one page writable and executable for as long as it runs and
// gives it a name that `audit` shows. In this page a plain MOV rewrites the
// operand of the next instruction. On a 486 or older the CPU may have
// prefetched the old operand: the store must be followed by a jump. From the
// Pentium on the store itself flushes what was prefetched, if it is made
// through the address that is executed. [SDM3 11.6]
//
//   store through              prefetched bytes are noticed by
//   the executed address       486: nobody, jump; later: the processor
//   another address (alias)    nobody: a serialising instruction
#include "kernel/audit.h"
#include "kernel/bench.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/arena.h"
#include "smc/door/sync.h"

/* Patch site naive_site: byte 1..4 of the template below
 * before: B8 imm32, mov $old,%eax
 * after:  B8 imm32, mov $new,%eax
 * who:    naive_store, with no door, no journal and no undo
 * safe:   only because nobody else runs this page
 * without it: the function would return its first constant for ever
 */
static const uint8_t template[] = {
    0xb8, 0x01, 0x00, 0x00, 0x00, // mov $1,%eax
    0xc3,                         // ret
};

// NULL while there is none. The one page of this kernel that may be written
// and executed; it lives for the length of one check or demo.
static uint8_t *page;

// Filled as data, then named, then opened: `audit` never meets the page
// without its name. sync_core, because nothing has told the processor so far
// that these bytes are code.
static bool open_page(void)
{
    page = pages_alloc(1);
    if (!page)
        return false;
    memset(page, 0xcc, PAGE_SIZE);
    memcpy(page, template, sizeof template);
    audit_name(page, PAGE_SIZE, "the naive lab's page");
    paging_protect(page, 1, PAGE_WRITE | PAGE_EXEC);
    sync_core();
    return true;
}

// Back to rw- before it is freed. Otherwise the allocator would hand out
// memory that is executable, and `audit` would count it in somebody's name.
static void close_page(void)
{
    paging_protect(page, 1, PAGE_WRITE);
    audit_name(page, PAGE_SIZE, NULL);
    pages_free(page, 1);
    page = NULL;
}

// One MOV of four bytes at an odd address. Here they lie in one cache line;
// across two, another CPU could see half of the store [SDM3 8.1.1]. noinline,
// so that a breakpoint finds it, and that the same function is tried on the
// page, on text and on an arena.
__attribute__((noinline)) static void naive_store(uint8_t *site,
                                                  uint32_t value)
{
    *(volatile uint32_t *)(void *)(site + 1) = value;
    __asm__ volatile("jmp 1f\n1:" : : : "memory"); // for a 486
}

// An indirect CALL to an address the compiler knows nothing of: it cannot
// assume that the second call returns what the first did.
static uint32_t run_page(void)
{
    return ((uint32_t(*)(void))(void *)page)();
}

// The same instruction as in the template, in text. Its value comes out of an
// asm, so that every call must execute it. noinline: of a second copy the
// assembler would say that the label is defined already.
static __attribute__((noinline)) uint32_t victim(void)
{
    uint32_t value;
    __asm__ volatile("naive_victim: mov $1, %0" : "=a"(value));
    return value;
}

extern uint8_t naive_victim[];

// For trap_try: the store must fault, and the machine must go on.
static void store_into_text(void *arg)
{
    naive_store(arg, 2);
}

// Not one store but many, each with the changed code run at once: a stale
// fetch would return the value before. QEMU is exact about modified code and
// cannot show one; what fails here is a store that went somewhere else.
static enum check_result check_store_works(void)
{
    if (!open_page())
        return CHECK_FAIL;
    uint32_t before = run_page(), wrong = 0;
    for (uint32_t i = 2; i < 1000; i++) {
        naive_store(page, i);
        wrong += run_page() != i;
    }
    uint32_t last = run_page();
    close_page();
    judged("mov $%u before, mov $%u after 998 stores, %u stale results",
           before, last, wrong);
    return before == 1 && last == 999 && !wrong ? CHECK_PASS : CHECK_FAIL;
}

// The test of the test: an audit that never finds anything would pass for the
// proof that the door is tight.
static enum check_result check_audit_shows_it(void)
{
    uint32_t before = audit_run(0);
    if (!open_page())
        return CHECK_FAIL;
    uint32_t during = audit_run(0);
    close_page();
    uint32_t after = audit_run(0);
    judged("writable and executable pages: %u before, %u during, %u after",
           before, during, after);
    return before == 0 && during == 1 && after == 0 ? CHECK_PASS : CHECK_FAIL;
}

// Error code bit 0 says that the page is present, bit 1 that it was a write:
// the rights were the reason, not a missing page. Without CR0.WP ring 0 would
// write through read-only pages, and only the victim would tell.
// [SDM3 2.5] [SDM3 4.7]
static enum check_result check_text_faults(void)
{
    struct trap_frame fault = {0};
    // CR2 names the byte that was hit first: the operand, site + 1.
    bool survived = trap_try(store_into_text, naive_victim, &fault);
    judged("page fault %u, error code %x, address %08x, victim still "
           "returns %u",
           fault.vector, fault.error, read_cr2(), victim());
    return !survived && fault.vector == 14 && (fault.error & 3) == 3 &&
                   read_cr2() == (uint32_t)naive_victim + 1 && victim() == 1
               ? CHECK_PASS
               : CHECK_FAIL;
}

// The owner of an arena is no better off than anybody else.
static enum check_result check_arena_faults(void)
{
    struct trap_frame fault = {0};
    struct arena *arena = arena_create("naive check", PAGE_SIZE);
    if (!arena)
        return CHECK_FAIL;
    bool survived = trap_try(store_into_text, arena->base, &fault);
    // Read before the arena goes, and the page with it.
    uint8_t byte = arena->base[1];
    arena_destroy(arena);
    judged("page fault %u, error code %x, byte still %02x", fault.vector,
           fault.error, byte);
    return !survived && (fault.error & 3) == 3 && byte == 0xcc ? CHECK_PASS
                                                               : CHECK_FAIL;
}

static const struct check naive_checks[] = {
    {"a direct store changes the next run in the lab's own page",
     check_store_works},
    {"audit shows that page while it exists", check_audit_shows_it},
    {"the same store into kernel text faults and changes nothing",
     check_text_faults},
    {"the same store into an arena faults and changes nothing",
     check_arena_faults},
};
CHECK_SUITE(naive, naive_checks);

// Two stores by the same function. What differs is the page's rights.
static void demo(void)
{
    char why[160];
    struct trap_frame fault;
    if (!open_page()) {
        tell("no memory for a page");
        return;
    }
    tell("One page is writable and executable now; `audit` would count %u.",
         audit_run(0));
    tell_code("before", page, 6);
    tell("It returns %u. A plain store: movl $42, 1(page)", run_page());
    naive_store(page, 42);
    tell_code("after", page, 6);
    tell("It returns %u. No journal, no undo, no check of the old bytes.",
         run_page());
    close_page();
    tell("The page is gone; `audit` counts %u.", audit_run(0));
    tell("Now the same store into kernel text:");
    tell_code("before", naive_victim, 5);
    if (!trap_try(store_into_text, naive_victim, &fault)) {
        trap_explain(why, sizeof why, &fault);
        tell("%s", why);
    }
    tell_code("after", naive_victim, 5);
    tell("That is what the door is for: see `demo intn` and `journal`.");
}

// The values count up, so that no store writes what is there already.
static void by_store(void *arg)
{
    static uint32_t value;
    (void)arg;
    naive_store(page, ++value);
    run_page();
}

// The operand alone is the site, four bytes: the opcode in front of it does
// not change. The expected bytes are read from the site, which makes the
// door's comparison pass always; a bench may do that.
/* Patch site: the operand in the bench's arena, a copy of the template
 * before: B8 imm32, mov $n,%eax
 * after:  B8 imm32, mov $n+1,%eax
 * who:    by_door, through text_write
 * safe:   only this bench runs the copy, after the write
 * without it: the price of the door would have no row of its own
 */
static void by_door(void *arg)
{
    uint8_t *operand = (uint8_t *)arg + 1;
    uint32_t value, next;
    memcpy(&value, operand, sizeof value);
    next = value + 1;
    text_write(operand, &value, &next, sizeof next, "naive");
    ((uint32_t(*)(void))arg)();
}

static volatile uint32_t variable;

// What the modified code stands for: a number that is read when it is used.
// noinline, to cost a CALL as the page does.
static __attribute__((noinline)) uint32_t read_variable(void)
{
    return variable;
}

static void by_variable(void *arg)
{
    (void)arg;
    variable++;
    read_variable();
}

// Both pieces of code hold the same template, one in a page of its own, one in
// an arena. Every way changes the value and then runs the code.
static void bench(void)
{
    struct arena *arena = arena_create("naive bench", PAGE_SIZE);
    uint8_t *site = arena ? arena_reserve(arena, sizeof template, 16) : NULL;
    if (!site || !open_page()) {
        arena_destroy(arena);
        kprintf("bench naive: out of memory\n");
        return;
    }
    arena_write(arena, site, template, sizeof template, "naive");
    const struct bench_way ways[] = {
        {"a variable (no modified code)", NULL, by_variable, NULL, 11},
        {"direct store, W+X page", NULL, by_store, NULL, sizeof template},
        {"the door", NULL, by_door, site, sizeof template},
    };
    bench_begin("naive", "change a constant, then run the code that uses it");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 200);
    // The losing case, printed like any other.
    bench_end("changing code on every use never pays: the variable wins");
    close_page();
    arena_destroy(arena);
}

LAB(naive, "a direct store into code, and the fault it gets elsewhere",
    "smc/patch/naive/naive_lab.c", demo, bench);
