// SPDX-License-Identifier: MIT
// `fault KIND`: make a mistake on purpose and read the report. Every kind
// ends in a panic, but for executing data on a CPU without NX; that is the
// lesson.
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include <stddef.h>

// Volatile, so that the compiler does not know where it points.
static volatile int *volatile nowhere;

static void read_null(void)
{
    (void)*nowhere;
}

static void write_null(void)
{
    nowhere[4] = 1;
}

static void write_text(void)
{
    *(volatile uint8_t *)layout_at(text_start, 0) = 0x90;
}

static void write_rodata(void)
{
    *(volatile uint8_t *)layout_at(rodata_start, 0) = 0;
}

static void execute_data(void)
{
    static uint8_t code[] = {0xc3};
    ((void (*)(void))(void *)code)();
}

static void divide(void)
{
    __asm__ volatile("divl %2" : : "a"(1), "d"(0), "r"(0));
}

static void undefined(void)
{
    __asm__ volatile("ud2");
}

static void wild_jump(void)
{
    ((void (*)(void))0xdeadbeef)();
}

// Each call keeps some of the stack, so that it must end in the guard page.
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

static void free_twice(void)
{
    void *block = heap_alloc(64), *other = heap_alloc(64);
    heap_free(block);
    heap_free(block);
    heap_free(other);
}

static const struct {
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

static int run_fault(int argc, char **argv)
{
    if (argc > 2)
        return command_usage("fault");
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (argc == 2 && strcmp(argv[1], kinds[i].name) == 0) {
            kinds[i].commit();
            kprintf("fault: the machine let that pass\n");
            return 1;
        }
        if (argc < 2)
            kprintf("  %-12s %s\n", kinds[i].name, kinds[i].help);
    }
    if (argc == 2)
        kprintf("fault: no kind \"%s\"; `fault` lists them\n", argv[1]);
    return argc != 1;
}
COMMAND(fault, "[KIND]", "make a mistake and read the report", run_fault);
