// SPDX-License-Identifier: MIT
// The audit believes nobody: it reads the tables that the CPU uses. First it
// notes every frame with an executable mapping, then it looks for writable
// mappings of the same frames, so that a forgotten alias is found as well.
//
//   pass 1   va 0xc0101000  r-x  frame 0x101   -> bit 0x101 set
//   pass 2   va 0xffbfe000  rw-  frame 0x101   -> bit 0x101? found
//
// Neither mapping alone is wrong. Rights are those that the tables intend (see
// kernel/paging.h), so the judgement is the same on a CPU without NX.
#include "kernel/audit.h"
#include "kernel/command.h"
#include "kernel/layout.h"
#include "kernel/module.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/sync.h"

// One bit per frame of the direct map, filled by the first pass.
static uint32_t executable[DIRECT_MAP_SIZE / PAGE_SIZE / 32];

// Ranges with a name for the time being. A slot is free while name is NULL.
static struct {
    uintptr_t base;
    size_t bytes;
    const char *name;
} special[8];

// Neighbouring pages with the same rights and name, printed as one line.
struct range {
    uintptr_t start, end; // end is exclusive
    unsigned rights;
    const char *name;
};

// What a walk carries along: the range in progress and the count.
struct audit {
    struct range range;
    uint32_t both;
    int print;
};

void audit_name(const void *base, size_t bytes, const char *name)
{
    unsigned n = sizeof special / sizeof special[0];
    for (unsigned i = 0; i < n; i++) {
        bool same = special[i].base == (uintptr_t)base;
        if (name ? !special[i].name : special[i].name && same) {
            special[i].base = (uintptr_t)base;
            special[i].bytes = bytes;
            special[i].name = name;
            return;
        }
    }
}

static bool within(uintptr_t va, const void *start, const void *end)
{
    return va >= (uintptr_t)start && va < (uintptr_t)end;
}

// A module may begin in mid-page; its whole first page carries its name.
static const char *module_name(uintptr_t va)
{
    for (size_t i = 0; i < module_count(); i++) {
        const struct module *m = module_at(i);
        if (within(va, (const void *)PAGE_ALIGN_DOWN((uintptr_t)m->data),
                   m->data + m->size))
            return m->name;
    }
    return NULL;
}

// What lives at this address. From the special to the general: an arena's
// pages are also "memory". Only for display, and compared by pointer: equal
// names of two neighbours must be one string. A page may hold several slices
// of an arena, so that it has the name of the whole.
static const char *name_of(uintptr_t va)
{
    const struct arena *arena = arena_of((const void *)va, 1);
    for (unsigned i = 0; i < sizeof special / sizeof special[0]; i++)
        if (special[i].name && va - special[i].base < special[i].bytes)
            return special[i].name;
    if (arena)
        return arena->whole ? arena->whole->name : arena->name;
    if (within(va, door_start, (void *)PAGE_ALIGN_DOWN((uintptr_t)door_end)))
        return "text of the door";
    if (within(va, text_start, text_end))
        return "text";
    if (within(va, rodata_start, rodata_end))
        return "rodata";
    if (within(va, tables_start, tables_end))
        return "tables";
    if (within(va, data_start, data_end) || within(va, bss_start, bss_end))
        return "data";
    if (within(va, stacks_start, stacks_end))
        return "stack";
    if (va >= KERNEL_BASE && va < KERNEL_BASE + 0x100000)
        return "low memory";
    const char *module = module_name(va);
    return module                                ? module
           : va >= KERNEL_BASE + DIRECT_MAP_SIZE ? "device"
                                                 : "memory";
}

static void print_range(const struct audit *audit)
{
    const struct range *r = &audit->range;
    if (!audit->print || !r->name)
        return;
    kprintf("  %08x-%08x %c%c%c%s %7u KiB  %s\n", r->start, r->end - 1, 'r',
            r->rights & PAGE_WRITE ? 'w' : '-',
            r->rights & PAGE_EXEC ? 'x' : '-',
            r->rights & PAGE_USER ? " user" : "", (r->end - r->start) / 1024,
            r->name);
}

static void note_executable(uintptr_t va, const struct page_info *page,
                            void *arg)
{
    (void)va;
    (void)arg;
    if ((page->rights & PAGE_EXEC) && page->pa < DIRECT_MAP_SIZE)
        executable[page->pa / PAGE_SIZE / 32] |= 1u << (page->pa / PAGE_SIZE %
                                                        32);
}

static bool has_executable_mapping(const struct page_info *page)
{
    if (page->rights & PAGE_EXEC)
        return true;
    return page->pa < DIRECT_MAP_SIZE &&
           (executable[page->pa / PAGE_SIZE / 32] >>
                (page->pa / PAGE_SIZE % 32) &
            1);
}

// Pass 2. A range grows while pages follow each other with equal rights and
// name; the first that differs prints it and starts the next.
static void visit(uintptr_t va, const struct page_info *page, void *arg)
{
    struct audit *audit = arg;
    struct range *r = &audit->range;
    const char *name = name_of(va);
    if (va != r->end || page->rights != r->rights || name != r->name) {
        print_range(audit);
        *r = (struct range){va, va, page->rights, name};
    }
    r->end = va + PAGE_SIZE;
    if ((page->rights & PAGE_WRITE) && has_executable_mapping(page)) {
        audit->both++;
        if (audit->print)
            kprintf("  %08x WRITABLE AND EXECUTABLE: %s\n", va, name);
    }
}

uint32_t audit_run(int print)
{
    struct audit audit = {.print = print};
    memset(executable, 0, sizeof executable);
    paging_walk(note_executable, NULL);
    paging_walk(visit, &audit);
    print_range(&audit);
    return audit.both;
}

static int run_audit(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    uint32_t both = audit_run(1);
    kprintf("%u pages writable and executable; the null page is %s; "
            "execution of data is %s\n",
            both,
            paging_lookup(NULL, &(struct page_info){0}) ? "MAPPED"
                                                        : "not mapped",
            paging_has_nx() ? "forbidden by NX"
                            : "not preventable on this CPU (no NX)");
    kprintf("new code is made known to each CPU by %s\n", sync_serialiser());
    return both != 0;
}
COMMAND(audit, "", "every mapped range with its rights", run_audit);
