// SPDX-License-Identifier: MIT
// The shell's command `livepatch`.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/patch/livepatch/livepatch.h"

static void print(const struct livepatch *p)
{
    char old[64], new[64];
    kprintf("%-12s %-4s %s\n", p->name, p->order ? "on" : "off", p->summary);
    for (uint32_t i = 0; i < p->count; i++)
        kprintf("  %s -> %s\n",
                symbol_format(old, sizeof old, p->changes[i].old),
                symbol_format(new, sizeof new, p->changes[i].replacement));
}

static int list(void)
{
    const struct livepatch *p;
    for (uint32_t i = 0; (p = livepatch_at(i)); i++)
        print(p);
    return 0;
}

static int run_livepatch(int argc, char **argv)
{
    char why[200];
    if (argc == 1)
        return list();
    bool on = strcmp(argv[1], "on") == 0;
    if (argc != 3 || (!on && strcmp(argv[1], "off") != 0))
        return command_usage("livepatch");
    struct livepatch *p = livepatch_find(argv[2]);
    if (!p) {
        kprintf("livepatch: no patch is called %s\n", argv[2]);
        return 1;
    }
    if (!(on ? livepatch_on : livepatch_off)(p, LIVEPATCH_LIMIT_US, why,
                                             sizeof why)) {
        kprintf("livepatch: %s stays %s: %s\n", p->name,
                p->order ? "on" : "off", why);
        return 1;
    }
    print(p);
    return 0;
}
COMMAND(livepatch, "[on|off NAME]",
        "replace whole functions, or give them back", run_livepatch);
