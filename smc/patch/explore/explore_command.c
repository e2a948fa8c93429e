// SPDX-License-Identifier: MIT
// The shell's `explore`: one set, one wrong way, or the list of them.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/patch/explore/explore.h"

static int list(void)
{
    for (uint32_t i = 0; i < explore_set_count; i++)
        kprintf("  %-12s %s\n", explore_sets[i].name, explore_sets[i].help);
    kprintf("and, wrong on purpose:\n");
    for (uint32_t i = 0; i < explore_wrong_count; i++)
        kprintf("  %-12s %s\n", explore_wrongs[i].name, explore_wrongs[i].bug);
    return 0;
}

// The right way has failed if there is a third answer; the wrong ones are
// there to give one.
static int run_set(const struct explore_set *set)
{
    struct explore_matrix sum = {0};
    bool done = set->run(&sum, false);
    kprintf("%s: %u rows, %u old, %u new, %u neither\n", set->name, sum.rows,
            sum.old, sum.new, sum.third);
    return !done || sum.third;
}

static int run_explore(int argc, char **argv)
{
    if (argc == 1)
        return list();
    if (argc > 2)
        return command_usage("explore");
    for (uint32_t i = 0; i < explore_set_count; i++)
        if (strcmp(argv[1], explore_sets[i].name) == 0)
            return run_set(&explore_sets[i]);
    for (uint32_t i = 0; i < explore_wrong_count; i++)
        if (strcmp(argv[1], explore_wrongs[i].name) == 0) {
            struct explore_matrix m = {0};
            return !explore_do_wrong(&explore_wrongs[i], &m, false);
        }
    kprintf("explore: there is no \"%s\"; `explore` lists what there is\n",
            argv[1]);
    return 1;
}
COMMAND(explore, "[WHAT]", "run code after every store of a change",
        run_explore);
