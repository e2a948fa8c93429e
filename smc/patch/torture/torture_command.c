// SPDX-License-Identifier: MIT
// The shell's `torture`.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/patch/torture/torture.h"

static void print(const struct torture_report *r,
                  const struct torture_row *rows, uint32_t seed)
{
    kprintf("seed %u, %u CPUs, %u threads\n", seed, cpus_present(),
            r->threads);
    kprintf("  %-12s %9s %12s %8s %8s %8s\n", "technique", "flips",
            "executions", "refused", "illegal", "lost");
    for (uint32_t i = 0; i < r->targets; i++)
        kprintf("  %-12s %9u %12llu %8u %8u %8u\n", rows[i].technique,
                rows[i].flips, rows[i].executions, rows[i].refused,
                rows[i].illegal, rows[i].lost);
    kprintf("  %-12s %9u %12llu %8u %8u %8u\n", "all", r->flips, r->executions,
            r->refused, r->illegal, r->lost);
    kprintf("%u NMIs, %u executions in them; %u turns of threads; %u times a "
            "CPU went and came; text %s\n",
            r->nmis, r->in_nmis, r->switches, r->hotplugs,
            r->hash_equal ? "equal" : "DIFFERENT");
    if (*r->why)
        kprintf("refused: %s\n", r->why);
}

// "name=NUMBER"; leaves *value alone if it is something else.
static bool parse_wish(const char *word, const char *name, uint32_t *value)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 && word[len] == '=' &&
           parse_u32(word + len + 1, value);
}

static int run_torture(int argc, char **argv)
{
    struct torture_wish wish = {.seed = 1};
    struct torture_report report;
    struct torture_row rows[TORTURE_TARGETS];
    uint32_t seconds = 0;
    if (argc < 2 || !parse_u32(argv[1], &seconds) || seconds > 100000)
        return command_usage("torture");
    wish.milliseconds = seconds * 1000;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "wrong=store") == 0)
            wish.wrong = true;
        else if (!parse_wish(argv[i], "flips", &wish.flips) &&
                 !parse_wish(argv[i], "executions", &wish.executions) &&
                 (i != 2 || !parse_u32(argv[i], &wish.seed)))
            return command_usage("torture");
    }
    if (!torture(&wish, &report, rows)) {
        kprintf("torture: no memory, or tracing is refused\n");
        return 1;
    }
    print(&report, rows, wish.seed);
    return report.refused || report.illegal || report.lost ||
           !report.hash_equal;
}
COMMAND(torture, "SECONDS [SEED] [flips=N] [executions=N] [wrong=store]",
        "patch and run code in all ways at once", run_torture);
