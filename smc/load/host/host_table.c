// SPDX-License-Identifier: MIT
// Finding a name in what the kernel offers, and showing it all: `hosts`.
//
// A binary search over a sorted table needs no memory and no start-up. A
// dynamic linker's own tables are hashed, since it looks up a name in dozens
// of libraries of which most do not have it; here there are two or three
// tables of a hundred names. [TAOCP 3, 6.2.1; ELF "Hash Table"]
#include "kernel/command.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"

// In the order in which docs/hosts.md describes them.
static const struct host_family *const families[] = {
    &host_c,        &host_libc, &host_msvcrt,
    &host_kernel32, &host_grub, &host_grub_refused,
};

const struct host_family *host_family_at(size_t index)
{
    return index < sizeof families / sizeof families[0] ? families[index]
                                                        : NULL;
}

//   low         middle        high
//    |  too small  |  too large |       the answer lies in [low, high)
const struct host_symbol *host_find(const struct host_family *family,
                                    const char *name)
{
    size_t low = 0, high = family->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(family->symbols[middle].name, name);
        if (order == 0)
            return &family->symbols[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

_Noreturn void host_refuse(const char *name, const void *caller)
{
    call_end((uint32_t)(uintptr_t)caller,
             "%s called %s, which this kernel does not offer",
             call_owner()->name, name);
}

static void print_family(const struct host_family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        const struct host_symbol *symbol = &family->symbols[i];
        if (symbol->size)
            kprintf("data %5u  %s\n", symbol->size, symbol->name);
        else
            kprintf("function    %s\n", symbol->name);
    }
}

// Without a word the families, as all names at once are hundreds of lines.
static int run_hosts(int argc, char **argv)
{
    const struct host_family *family;

    if (argc > 2)
        return command_usage("hosts");
    for (size_t i = 0; (family = host_family_at(i)); i++) {
        if (argc == 1)
            kprintf("%-13s %3u  %s\n", family->name, (unsigned)family->count,
                    family->about);
        else if (strcmp(argv[1], family->name) == 0)
            break;
    }
    if (argc == 2 && !family) {
        kprintf("%s: no such family; `hosts` lists them\n", argv[1]);
        return 1;
    }
    if (family)
        print_family(family);
    return 0;
}

COMMAND(hosts, "[FAMILY]", "list what loaded code may call", run_hosts);
