// SPDX-License-Identifier: MIT
// The registry of labs and suites, TAP output, and narration.
// [TAP 13: testanything.org]
//
//   # suite memory
//   TAP version 13
//   1..2
//   ok 1 - the null page faults: vector 14, address 00000000
//   ok 2 - data cannot be executed # SKIP this CPU has no NX
//
// The plan first means that a machine that dies in the middle is seen to have
// run fewer checks than it promised.
#include "kernel/lab.h"
#include "kernel/command.h"
#include "kernel/string.h"
#include "smc/x86/x86_show.h"

extern const struct lab *const labs_start[], *const labs_end[];
extern const struct suite *const suites_start[], *const suites_end[];

// Cleared before each check: a check that says nothing inherits nothing.
static char judgement[512];

void judged(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    kvsnprintf(judgement, sizeof judgement, fmt, ap);
    va_end(ap);
}

size_t lab_count(void)
{
    return (size_t)(labs_end - labs_start);
}

const struct lab *lab_at(size_t index)
{
    return labs_start[index];
}

size_t suite_count(void)
{
    return (size_t)(suites_end - suites_start);
}

const struct suite *suite_at(size_t index)
{
    return suites_start[index];
}

const struct lab *lab_find(const char *name)
{
    for (size_t i = 0; i < lab_count(); i++)
        if (strcmp(labs_start[i]->name, name) == 0)
            return labs_start[i];
    return NULL;
}

const struct suite *suite_find(const char *name)
{
    for (size_t i = 0; i < suite_count(); i++)
        if (strcmp(suites_start[i]->name, name) == 0)
            return suites_start[i];
    return NULL;
}

// A check runs as part of the kernel: a fault in it is a panic, unless it
// calls trap_try itself.
static bool run_check(const struct check *check, size_t number)
{
    judgement[0] = 0;
    enum check_result result = check->run();
    kprintf("%sok %u - %s", result == CHECK_FAIL ? "not " : "", number,
            check->name);
    if (result == CHECK_SKIP)
        kprintf(" # SKIP %s", judgement);
    else if (judgement[0])
        kprintf(": %s", judgement);
    kprintf("\n");
    return result != CHECK_FAIL;
}

int suite_run(const struct suite *suite)
{
    int failed = 0;
    kprintf("# suite %s\nTAP version 13\n1..%u\n", suite->name, suite->count);
    for (size_t i = 0; i < suite->count; i++)
        failed += !run_check(&suite->checks[i], i + 1);
    return failed;
}

void tell(const char *fmt, ...)
{
    va_list ap;
    kprintf("  ");
    va_start(ap, fmt);
    kvprintf(fmt, ap);
    va_end(ap);
    kprintf("\n");
}

// 24 bytes at most; more are cut.
void tell_bytes(const char *label, const void *site, size_t len,
                const char *meaning)
{
    char bytes[3 * 24];
    hex_bytes(bytes, sizeof bytes, site, len);
    kprintf("    %-8s %p  %-24s  %s\n", label, site, bytes, meaning);
}

void tell_code(const char *label, const void *site, size_t len)
{
    char text[X86_SHOW_MAX];
    tell_bytes(label, site, len,
               x86_show_all(text, sizeof text, site, len, (uint32_t)site));
}

static int run_labs(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < lab_count(); i++)
        kprintf("  %-10s %s\n", labs_start[i]->name, labs_start[i]->summary);
    return 0;
}
COMMAND(labs, "", "list the techniques", run_labs);

// Demo or bench of one lab; 1 if there is no such lab. Neither can fail.
static int for_lab(const char *name, bool demo)
{
    const struct lab *lab = lab_find(name);
    if (!lab) {
        kprintf("%s: no lab \"%s\"; `labs` lists them\n",
                demo ? "demo" : "bench", name);
        return 1;
    }
    if (demo) {
        kprintf("%s: %s\n(%s)\n", lab->name, lab->summary, lab->source);
        lab->demo();
    } else {
        lab->bench();
    }
    return 0;
}

// "all" is every lab in the order of the list, which is that of the names.
static int for_labs(int argc, char **argv, bool demo)
{
    int failed = 0;
    if (argc < 2)
        return command_usage(argv[0]);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "all") != 0) {
            failed += for_lab(argv[i], demo);
            continue;
        }
        for (size_t k = 0; k < lab_count(); k++)
            failed += for_lab(labs_start[k]->name, demo);
    }
    return failed;
}

static int run_demo(int argc, char **argv)
{
    return for_labs(argc, argv, true);
}
COMMAND(demo, "LAB ...|all", "a narrated run of a technique", run_demo);

static int run_bench(int argc, char **argv)
{
    return for_labs(argc, argv, false);
}
COMMAND(bench, "LAB ...|all", "a technique against its alternatives",
        run_bench);

// The number of failed checks; an unknown suite counts as one.
static int check_one(const char *name)
{
    const struct suite *suite = suite_find(name);
    if (suite)
        return suite_run(suite);
    kprintf("check: no suite \"%s\"; there are:", name);
    for (size_t i = 0; i < suite_count(); i++)
        kprintf(" %s", suites_start[i]->name);
    kprintf("\n");
    return 1;
}

static int run_check_command(int argc, char **argv)
{
    int failed = 0;
    if (argc < 2)
        return command_usage("check");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "all") != 0) {
            failed += check_one(argv[i]);
            continue;
        }
        for (size_t k = 0; k < suite_count(); k++)
            failed += suite_run(suites_start[k]);
    }
    return failed;
}
COMMAND(check, "SUITE ...|all", "prove a technique (TAP)", run_check_command);
