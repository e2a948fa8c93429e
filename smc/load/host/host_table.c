// SPDX-License-Identifier: MIT
// Finding a name in what the kernel offers, and showing it all: `hosts`.
//
// Names that nobody here has are asked for as often as others: GRUB's modules
// offer most of what they need to each other. A dynamic linker knows that
// from the dozens of libraries it goes through, and therefore hashes. The
// tables are constant, so that the index is made at the first question.
//
//   hash % 512 --> | 0 | 7 | 3 | 0 | ...     entry + 1; 0: free
//                        `---^  taken: the next one
//
// A binary search of the same tables took 0.6 of the 11.2 million
// instructions of `bench loader` with all GRUB modules.
// [TAOCP 3, 6.4; ELF "Hash Table"]
#include "kernel/command.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/names.h"
#include "smc/load/names_key.h"

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

static void make_index(const struct host_family *family)
{
    struct host_index *index = family->index;

    for (uint32_t i = 0; i < family->count; i++) {
        uint32_t hash = names_hash(family->symbols[i].name);
        uint32_t at = hash % HOST_SLOTS;
        while (index->slot[at])
            at = (at + 1) % HOST_SLOTS;
        index->slot[at] = (uint16_t)(i + 1);
        index->hash[at] = hash;
    }
    index->made = true;
}

// Ends at a free slot: HOST_FAMILY keeps a quarter of them free.
const struct host_symbol *host_look_up(const struct host_family *family,
                                       const char *name, uint32_t hash)
{
    const struct host_index *index = family->index;

    if (!index->made)
        make_index(family);
    for (uint32_t at = hash % HOST_SLOTS; index->slot[at];
         at = (at + 1) % HOST_SLOTS) {
        const struct host_symbol *symbol =
            &family->symbols[index->slot[at] - 1];
        if (index->hash[at] == hash && names_equal(symbol->name, name, hash))
            return symbol;
    }
    return NULL;
}

const struct host_symbol *host_find(const struct host_family *family,
                                    const char *name)
{
    return host_look_up(family, name, names_hash(name));
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
