// SPDX-License-Identifier: MIT
// What a call into another object costs, bound in each way, and the first
// call. Functions of the sample call one that returns a number.
//
// A call that finds its GOT must have its address in %ebx: five instructions
// around the call (push, call, pop, add, pop) that no binding can take away.
// The rows of Windows and of the static linker do without them.
#include "smc/load/bind/bind_bench.h"
#include "kernel/bench.h"
#include "kernel/printf.h"
#include "smc/load/bind/bind.h"
#include "smc/load/bind/bind_sample.h"
#include "smc/load/call.h"

struct subject {
    struct image *image;
    uint32_t function;
};

// Straight into the image, as its own code would: call_image would be most of
// what is measured. What is called here cannot fail.
static void call_it(void *arg)
{
    const struct subject *subject = arg;

    ((uint32_t(*)(void))(uintptr_t)subject->function)();
}

static const struct row {
    const char *name, *function;
    enum binding binding;
    uint32_t bytes;
} rows[] = {
    // Per call site, and per function: an entry of 16 and a slot of 4.
    {"lazy: call PLT, jmp *slot", "once", BINDING_LAZY, 25},
    {"now: the same, slots at load", "once", BINDING_NOW, 25},
    {"plt: call PLT, jmp function", "once", BINDING_PLT, 25},
    {"direct: call function, rewritten", "once", BINDING_DIRECT, 25},
    {"call *slot(%ebx), gcc -fno-plt", "noplt", BINDING_LAZY, 10},
    {"call *slot, as Windows's IAT", "iat", BINDING_LAZY, 10},
    {"call function, statically linked", "direct", BINDING_LAZY, 5},
};

// Setup is the first call. With the mode set anew it meets the resolver.
static void bench_calls(struct image *image)
{
    struct load_error error;

    bench_begin("bind", "one call of a function of two instructions");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct subject subject = {image,
                                  image_symbol(image, rows[i].function)};
        struct bench_way way = {rows[i].name, call_it, call_it, &subject,
                                rows[i].bytes};
        if (bind_set(image, rows[i].binding, &error))
            bench_way(&way, 10000);
    }
    bench_end("setup is the first call; only `direct` and `plt` write code "
              "in it. bytes: call site, PLT entry, slot");
}

static void bind_lazy(void *arg)
{
    struct load_error error;

    bind_set(arg, BINDING_LAZY, &error);
}

static void bind_now(void *arg)
{
    struct load_error error;

    bind_set(arg, BINDING_NOW, &error);
}

// The price of `now` per name: the same work with and without looking up.
static void bench_lookup(struct image *image)
{
    const struct shared *shared = shared_of(image);
    uint32_t lazy = bench_once(bind_lazy, image);
    uint32_t now = bench_once(bind_now, image);

    kprintf("  %s: all %u slots anew: lazy %u, now %u %s\n", image->name,
            bind_slots(shared), lazy, now,
            bench_counts_instructions() ? "instructions" : "ticks");
}

static void bench_real(const struct module *file)
{
    struct load_error error;
    struct image *image = image_load(file, &error);

    if (!image)
        return;
    bench_lookup(image);
    image_unload(image, &error);
}

void bind_bench(void)
{
    const struct module *file = module_find("libz.so.1");
    struct load_error error;
    struct image *image = bind_sample_load(BINDING_LAZY, &error);

    if (!image) {
        kprintf("bench bind: %s\n", error.text);
        return;
    }
    bench_calls(image);
    bench_lookup(image);
    image_unload(image, &error);
    if (file)
        bench_real(file);
}
