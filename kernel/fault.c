// SPDX-License-Identifier: MIT
// `fault KIND`: make a mistake on purpose and read the report. Every kind
// ends in a panic, but for executing data on a CPU without NX; that is the
// lesson.
//
// None of these is caught: commands do not run under trap_try. The number in
// brackets is the vector.
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/kthread.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include <stddef.h>

// Volatile, so that the compiler does not know where it points.
static volatile int *volatile nowhere;

// Page fault (14): page 0 is never mapped.
static void read_null(void)
{
    (void)*nowhere;
}

// Also 14: anything below 4096 is called a null pointer.
static void write_null(void)
{
    nowhere[4] = 1;
}

// Page fault (14), error code 3: present, a write. CR0.WP makes ring 0 obey.
static void write_text(void)
{
    *(volatile uint8_t *)layout_at(text_start, 0) = 0x90;
}

static void write_rodata(void)
{
    *(volatile uint8_t *)layout_at(rodata_start, 0) = 0;
}

// Page fault (14), error code 17: present, a fetch. Without NX it returns.
static void execute_data(void)
{
    static uint8_t code[] = {0xc3};
    void *at = code;
    // Else this might be a direct call, and `check x86` asks where they lead.
    __asm__("" : "+r"(at));
    ((void (*)(void))at)();
}

// In assembly: a compiler may assume that C never divides by zero.
static void divide(void)
{
    __asm__ volatile("divl %2" : : "a"(1), "d"(0), "r"(0));
}

static void undefined(void)
{
    __asm__ volatile("ud2");
}

// The page fault's eip is the address itself. Whoever jumped is missing in the
// backtrace: the wild code has made no frame that would lead to it.
static void wild_jump(void)
{
    ((void (*)(void))0xfffffff0)(); // above every window: never mapped
}

// Each call keeps some of the stack, so that it must end in the guard page.
// The addition after the call keeps the compiler from making a loop of it. The
// page fault cannot be pushed, so what is reported is a double fault (8).
static int overflow_stack(volatile int depth)
{
    volatile char room[256];
    room[0] = (char)depth;
    if (depth < 0)
        return 0;
    return overflow_stack(depth + 1) + room[0];
}

static void stack(void)
{
    overflow_stack(0);
}

static void read_guard(void)
{
    (void)*(volatile int *)layout_at(boot_stack_guard, 64);
}

// Not a CPU fault but a broken invariant of ours: the heap panics in words.
// The second block keeps the page alive, so that its bitmap is what tells.
static void free_twice(void)
{
    void *block = heap_alloc(64), *other = heap_alloc(64);
    heap_free(block);
    heap_free(block);
    heap_free(other);
}

// The command, what it does, and one line for the list.
static const struct kind {
    const char *name;
    void (*commit)(void);
    const char *help;
} kinds[] = {
    {"null", read_null, "read through a null pointer"},
    {"null-write", write_null, "write near a null pointer"},
    {"text", write_text, "write to kernel text"},
    {"rodata", write_rodata, "write to read-only data"},
    {"exec", execute_data, "execute data (needs NX)"},
    {"stack", stack, "recurse until the stack ends"},
    {"guard", read_guard, "read a stack's guard page"},
    {"wild", wild_jump, "jump to nowhere"},
    {"div", divide, "divide by zero"},
    {"ud", undefined, "execute an undefined instruction"},
    {"free", free_twice, "free a heap block twice"},
};

static const struct kind *find_kind(const char *name)
{
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(name, kinds[i].name) == 0)
            return &kinds[i];
    return NULL;
}

static void commit_there(void *arg)
{
    ((const struct kind *)arg)->commit();
}

// On another CPU, in a thread of its own: the report is about that one.
static bool commit_on(const struct kind *kind, const char *word)
{
    uint32_t number;
    struct kthread *thread = NULL;
    if (parse_u32(word, &number) && number < CPU_MAX)
        thread = kthread_start("fault", commit_there, (void *)kind,
                               (int)number);
    if (!thread) {
        kprintf("fault: there is no CPU %s online\n", word);
        return false;
    }
    kthread_join(thread);
    return true;
}

static int run_fault(int argc, char **argv)
{
    if (argc > 3)
        return command_usage("fault");
    for (unsigned i = 0; argc == 1 && i < sizeof kinds / sizeof kinds[0]; i++)
        kprintf("  %-12s %s\n", kinds[i].name, kinds[i].help);
    if (argc == 1)
        return 0;
    const struct kind *kind = find_kind(argv[1]);
    if (!kind) {
        kprintf("fault: no kind \"%s\"; `fault` lists them\n", argv[1]);
        return 1;
    }
    if (argc == 3 && !commit_on(kind, argv[2]))
        return 1;
    if (argc == 2)
        kind->commit();
    kprintf("fault: the machine let that pass\n");
    return 1;
}
COMMAND(fault, "[KIND [CPU]]", "make a mistake and read the report",
        run_fault);
