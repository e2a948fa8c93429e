// SPDX-License-Identifier: MIT
// Lab `static_call`: watch a call change its target, and weigh it against the
// other ways to choose a function.
#include "kernel/bench.h"
#include "kernel/command.h"
#include "kernel/lab.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/patch/static_call/static_call_subject.h"

static struct static_call_key *const key = &static_call_key_lab_subject;

static void show(const char *label)
{
    bool tail;
    const struct static_call_site *site;
    site = static_call_in((const void *)static_call_caller, &tail);
    tell_code(label, static_call_at(site), STATIC_CALL_LEN);
    site = static_call_in((const void *)static_call_jumper, &tail);
    tell_code("", static_call_at(site), STATIC_CALL_LEN);
    tell_code("", key->tramp, STATIC_CALL_LEN);
}

static void demo(void)
{
    static_call_set(key, (const void *)static_call_one);
    tell("A call, a tail call, and the trampoline for whoever has a pointer.");
    show("one");
    tell("The call gives %u, the tail call %u, the pointer %u.",
         static_call_caller(6), static_call_jumper(7), static_call_pointer(7));
    tell("static_call_update(lab_subject, static_call_two), in one batch:");
    static_call_update(lab_subject, static_call_two);
    show("two");
    tell("The call gives %u, the tail call %u, the pointer %u.",
         static_call_caller(6), static_call_jumper(7), static_call_pointer(7));
    tell("With NULL nobody is called:");
    static_call_update(lab_subject, NULL);
    show("NULL");
    tell("As \"return 0\":");
    static_call_update_return0(lab_subject);
    show("zero");
    tell("The call gives %u, the tail call %u.", static_call_caller(6) - 1,
         static_call_jumper(7));
    static_call_set(key, (const void *)static_call_one);
}

// The bench: which of six functions is called is decided seldom, and used at
// every operation. All call one of these two.
static volatile uint32_t result;

static __attribute__((noinline)) uint32_t add(uint32_t x)
{
    return x + 1;
}

static __attribute__((noinline)) uint32_t subtract(uint32_t x)
{
    return x - 1;
}

DEFINE_STATIC_CALL(lab_bench, subtract);
static uint32_t (*volatile pointer)(uint32_t);
static volatile unsigned choice;

static __attribute__((noinline)) void by_pointer(void *arg)
{
    result = pointer((uint32_t)arg);
}

static __attribute__((noinline)) void by_if(void *arg)
{
    uint32_t x = (uint32_t)arg;
    result = choice == 0 ? subtract(x) : add(x);
}

// Six cases are enough for a table of addresses.
static __attribute__((noinline)) void by_switch(void *arg)
{
    uint32_t x = (uint32_t)arg;
    switch (choice) {
    case 0: result = subtract(x); break;
    case 1: result = subtract(x + 1); break;
    case 2: result = subtract(x + 2); break;
    case 3: result = add(x); break;
    case 4: result = add(x + 1); break;
    case 5: result = add(x + 2); break;
    default: result = 0;
    }
}

static __attribute__((noinline)) void by_static_call(void *arg)
{
    result = static_call(lab_bench)((uint32_t)arg);
}

static __attribute__((noinline)) void by_call(void *arg)
{
    result = add((uint32_t)arg);
}

static void choose_pointer(void *arg)
{
    (void)arg;
    pointer = add;
}

static void choose_number(void *arg)
{
    (void)arg;
    choice = 3;
}

static void choose_call(void *arg)
{
    (void)arg;
    static_call_update(lab_bench, add);
}

static void bench(void)
{
    const struct bench_way ways[] = {
        {"function pointer", choose_pointer, by_pointer, NULL,
         symbol_size(by_pointer)},
        {"if (choice == 0); else", choose_number, by_if, NULL,
         symbol_size(by_if)},
        {"switch of six", choose_number, by_switch, NULL,
         symbol_size(by_switch)},
        {"static_call", choose_call, by_static_call, NULL,
         symbol_size(by_static_call)},
        {"direct call, never to change", NULL, by_call, NULL,
         symbol_size(by_call)},
    };
    static_call_update(lab_bench, subtract);
    bench_begin("static_call", "call the function that was chosen");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10000);
    bench_end("setup is one change of the choice; for static_call a batch of "
              "two sites; bytes are those of the function");
}

LAB(static_call, "a function pointer whose calls are direct",
    "smc/patch/static_call/static_call.h", demo, bench);

static const char *target_name(char *out, size_t size, const void *target)
{
    return target ? symbol_format(out, size, target) : "NULL";
}

static void print_line(const char *what, const uint8_t *at)
{
    char where[64], bytes[24];
    kprintf("    %-10s %-28s %s\n", what,
            symbol_format(where, sizeof where, at),
            hex_bytes(bytes, sizeof bytes, at, STATIC_CALL_LEN));
}

static int run_static_calls(int argc, char **argv)
{
    char name[64];
    bool tail;
    (void)argc;
    (void)argv;
    for (struct static_call_key *const *k = static_calls_start;
         k < static_calls_end; k++) {
        kprintf("  %s: %s\n", (*k)->name,
                target_name(name, sizeof name, (*k)->target));
        const struct static_call_site *s = static_call_sites_start;
        for (; s < static_call_sites_end; s++)
            if (static_call_owns(*k, s, &tail))
                print_line(tail ? "tail" : "call", static_call_at(s));
        print_line("trampoline", (*k)->tramp);
    }
    return 0;
}
COMMAND(static_calls, "", "every static call, its target and sites",
        run_static_calls);
