// SPDX-License-Identifier: MIT
// Suite `memory`: pages, heap, and who may do what to which page.
#include "boot/info.h"
#include "kernel/audit.h"
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/heap.h"
#include "kernel/lab.h"
#include "kernel/layout.h"
#include "kernel/module.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/text.h"

static bool overlaps(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
    return a < b + b_len && b < a + a_len;
}

// Is this frame inside usable RAM and outside everything else? Asks the boot
// information directly, not the allocator's bitmap.
static bool frame_is_ours(uintptr_t pa)
{
    bool usable = false;
    for (uint32_t i = 0; i < bootinfo.map_count; i++) {
        const struct boot_range *r = &bootinfo.map[i];
        if (!r->length || !overlaps(pa, PAGE_SIZE, r->base, r->length))
            continue;
        if (r->type != 1)
            return false;
        usable |= pa >= r->base && pa + PAGE_SIZE <= r->base + r->length;
    }
    for (uint32_t i = 0; i < bootinfo.module_count; i++) {
        const struct boot_module *m = &bootinfo.modules[i];
        if (!m->fault && overlaps(pa, PAGE_SIZE, m->start, m->end - m->start))
            return false;
    }
    return usable && pa >= 0x100000 &&
           !overlaps(pa, PAGE_SIZE, (uintptr_t)boot_part_start,
                     (size_t)(boot_part_end - boot_part_start)) &&
           !overlaps(pa, PAGE_SIZE, phys_of(text_start),
                     (size_t)(bss_end - text_start));
}

// The allocator's view of every frame against the boot information's. "Wrong"
// would mean handing out somebody else's memory, "missed" wasting our own.
static enum check_result check_managed(void)
{
    uint32_t managed = 0, wrong = 0, missed = 0;
    for (uintptr_t pa = 0; pa < DIRECT_MAP_SIZE; pa += PAGE_SIZE) {
        bool ours = frame_is_ours(pa);
        managed += page_is_managed(pa);
        wrong += page_is_managed(pa) && !ours;
        missed += !page_is_managed(pa) && ours;
    }
    judged("%u frames managed, %u of them not ours, %u of ours missed",
           managed, wrong, missed);
    return verdict(managed && !wrong && !missed);
}

// Changes if any byte of any module does: sum * 31 + byte.
static uint32_t sum_modules(void)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < module_count(); i++)
        for (uint32_t k = 0; k < module_at(i)->size; k++)
            sum = sum * 31 + module_at(i)->data[k];
    return sum;
}

// Takes every page there is, fills each, and sees what changed elsewhere. The
// pages are chained through their own first word: there is no memory left for
// a list. Nothing else may allocate meanwhile.
static enum check_result check_exhaust(void)
{
    uint32_t modules = sum_modules(), taken = 0, wrong = 0;
    uint32_t free_pages = page_stats().usable - page_stats().used;
    uint64_t text = text_hash();
    void *chain = NULL, *page;
    while ((page = pages_alloc(1))) {
        wrong += !frame_is_ours(phys_of(page));
        memset(page, 0xa5, PAGE_SIZE);
        *(void **)page = chain;
        chain = page;
        taken++;
    }
    while (chain) {
        void *next = *(void **)chain;
        pages_free(chain, 1);
        chain = next;
    }
    bool same = modules == sum_modules() && text == text_hash();
    judged("%u pages taken, filled and given back, %u not ours; modules and "
           "text %s",
           taken, wrong, same ? "unchanged" : "CHANGED");
    return verdict(taken == free_pages && !wrong && same &&
                   page_stats().usable - page_stats().used == free_pages);
}

// A run of 16, with a hole where # is. The second request must fall into the
// hole or outside of the run, never on what is still ours:
//
//    run    | 0 1 2 3 # # # # 8 9 ... 15 |
static enum check_result check_runs(void)
{
    struct page_stats before = page_stats();
    void *zero = pages_alloc(0), *huge = pages_alloc(before.usable + 1);
    uint8_t *run = pages_alloc(16);
    if (!run)
        return CHECK_FAIL;
    pages_free(run + 4 * PAGE_SIZE, 4); // a hole in the middle
    uint8_t *small = pages_alloc(4);
    bool apart = small &&
                 !overlaps((uintptr_t)small, 4 * PAGE_SIZE, (uintptr_t)run,
                           4 * PAGE_SIZE) &&
                 !overlaps((uintptr_t)small, 4 * PAGE_SIZE,
                           (uintptr_t)run + 8 * PAGE_SIZE, 8 * PAGE_SIZE);
    pages_free(small, 4);
    pages_free(run, 4);
    pages_free(run + 8 * PAGE_SIZE, 8);
    judged("run of 16 at %p, its middle given back, 4 more at %p", run, small);
    return verdict(!zero && !huge && apart &&
                   page_stats().used == before.used);
}

// Random sizes, most of them small, every fortieth large. Each block is filled
// with its number, so that an overlap shows as a foreign byte.
static enum check_result check_heap(void)
{
    enum { BLOCKS = 400 };
    static uint8_t *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    struct heap_stats before = heap_stats();
    uint32_t seed = 12345, wrong = 0, used = page_stats().used;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            // The same sequence every time: a failure can be repeated.
            seed = seed * 1664525 + 1013904223;
            if (blocks[i]) {
                for (size_t k = 0; k < sizes[i]; k++)
                    wrong += blocks[i][k] != (uint8_t)i;
                heap_free(blocks[i]);
            }
            sizes[i] = 1 + (seed >> 8) % (i % 40 ? 600 : 20000);
            blocks[i] = heap_alloc(sizes[i]);
            wrong += !blocks[i] || (uintptr_t)blocks[i] % 16;
            memset(blocks[i], i, sizes[i]);
        }
    }
    for (int i = 0; i < BLOCKS; i++) {
        heap_free(blocks[i]);
        blocks[i] = NULL;
    }
    struct heap_stats after = heap_stats();
    judged("8000 blocks, %u wrong bytes, %u blocks and %u pages left over",
           wrong, after.blocks - before.blocks, page_stats().used - used);
    return verdict(!wrong && after.blocks == before.blocks &&
                   page_stats().used == used);
}

// Requests that no memory could satisfy, and sums that overflow 32 bits.
static enum check_result check_heap_limits(void)
{
    uint32_t used = page_stats().used;
    bool none = !heap_alloc(0) && !heap_alloc(SIZE_MAX) &&
                !heap_alloc(0x80000000u) && !heap_zalloc(0x10000, 0x10001);
    uint8_t *p = heap_resize(NULL, 100);
    memset(p, 7, 100);
    p = heap_resize(p, 5000);
    bool kept = p && p[0] == 7 && p[99] == 7;
    heap_free(p);
    heap_free(NULL);
    judged("0 bytes, 4 GiB, n * size over 4 GiB refused; resize keeps bytes");
    return verdict(none && kept && page_stats().used == used);
}

// A store of what is there: a page that allows it is not changed.
static void touch_at(void *arg)
{
    *(volatile uint8_t *)arg = *(volatile uint8_t *)arg;
}

// Jumps to data. If that is allowed, a RET comes straight back.
static void call_at(void *arg)
{
    ((void (*)(void))arg)();
}

static enum check_result check_null(void)
{
    struct trap_frame f = {0};
    bool passed = trap_try(touch_at, NULL, &f);
    judged("vector %u, address %08x", f.vector, read_cr2());
    return verdict(!passed && f.vector == 14 && read_cr2() == 0);
}

// Not mapped is one thing, faulting another: the TLB may remember.
static enum check_result check_guards(void)
{
    const uint8_t *const guards[] = {boot_stack_guard, gdt_guards[0],
                                     gdt_guards[1], gdt_guards[2],
                                     gdt_guards[3]};
    struct page_info page;
    size_t faults = 0;
    for (int i = 0; i < 5; i++) {
        bool mapped = paging_lookup(guards[i], &page);
        faults += !mapped &&
                  !trap_try(touch_at, layout_at(guards[i], 100), NULL);
    }
    judged("%u of 5 guard pages are unmapped and fault", faults);
    return verdict(faults == 5);
}

// All pages of all sections, stacks excepted: their guards are checked above.
static enum check_result check_sections(void)
{
    static const struct {
        const char *name;
        const uint8_t *start, *end;
        unsigned rights;
    } sections[] = {
        {"text", text_start, text_end, PAGE_EXEC},
        {"rodata", rodata_start, rodata_end, PAGE_READ},
        {"data", data_start, data_end, PAGE_WRITE},
        {"bss", bss_start, bss_end, PAGE_WRITE},
    };
    uint32_t pages = 0, wrong = 0;
    for (unsigned i = 0; i < 4; i++)
        for (const uint8_t *p = sections[i].start; p < sections[i].end;
             p += PAGE_SIZE, pages++) {
            struct page_info info;
            wrong += !paging_lookup(p, &info) ||
                     info.rights != sections[i].rights;
        }
    judged("text r-x, rodata r--, data and bss rw-: %u pages, %u wrong", pages,
           wrong);
    return verdict(!wrong);
}

// Error code 3: the page is present (1), the access was a write (2).
static enum check_result check_write_protection(void)
{
    struct trap_frame f = {0};
    bool text = trap_try(touch_at, layout_at(text_start, 0), &f);
    bool text_code = f.error == 3;
    bool rodata = trap_try(touch_at, layout_at(rodata_start, 0), &f);
    judged("writes to text and rodata fault with error code 3");
    return verdict(!text && text_code && !rodata && f.error == 3);
}

// Error code 17: the page is present (1), the access was a fetch (16). `ret`
// is data, so it lies in a page that must not be executed.
static enum check_result check_no_execute(void)
{
    static uint8_t ret[] = {0xc3};
    struct trap_frame f = {0};
    if (!paging_has_nx()) {
        judged("this CPU has no NX");
        return CHECK_SKIP;
    }
    bool ran = trap_try(call_at, ret, &f);
    judged("executing data: vector %u, error code %x", f.vector, f.error);
    return verdict(!ran && f.vector == 14 && f.error == 17);
}

static enum check_result check_audit(void)
{
    uint32_t both = audit_run(0);
    judged("%u pages writable and executable", both);
    return verdict(both == 0);
}

// A frame with an executable and, elsewhere, a writable mapping: the audit
// must find what no single mapping shows.
static enum check_result check_audit_alias(void)
{
    struct page_info info;
    paging_lookup(text_start, &info);
    paging_map(PAGING_ALIAS, info.pa, 1, PAGE_WRITE);
    uint32_t both = audit_run(0);
    paging_unmap(PAGING_ALIAS, 1);
    judged("with a forgotten alias of text: %u", both);
    return verdict(both == 1);
}

static const struct check memory_checks[] = {
    {"the allocator owns exactly the usable frames that nobody else has",
     check_managed},
    {"every page can be taken and given back", check_exhaust},
    {"contiguous runs, holes and impossible requests", check_runs},
    {"heap blocks keep their bytes and leave nothing", check_heap},
    {"heap limits", check_heap_limits},
    {"the null page faults", check_null},
    {"guard pages fault", check_guards},
    {"sections have their rights", check_sections},
    {"text and rodata cannot be written", check_write_protection},
    {"data cannot be executed", check_no_execute},
    {"nothing is writable and executable", check_audit},
    {"the audit finds an alias", check_audit_alias},
};
CHECK_SUITE(memory, memory_checks);
