// SPDX-License-Identifier: MIT
// Where the trampoline lies, and who writes what into it. All by the door: a
// page is never writable and executable, and each word has a journal line.
#include "smc/patch/aptrampoline/aptrampoline.h"
#include "boot/info.h"
#include "kernel/cpu.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/arena.h"

enum {
    LOWEST = 0x8000,   // above the BIOS's data, boot sector and our thunk
    HIGHEST = 0x9f000, // the last page a start message could name below video
    USABLE = 1,
    EFER_NXE = 0x800,
};

// Symbols that the assembler has set: their addresses are what they mean.
extern const uint8_t aptrampoline_cr4[], aptrampoline_cr3[],
    aptrampoline_efer[], aptrampoline_cr0[], aptrampoline_entry[],
    aptrampoline_gdt[], aptrampoline_stack[], aptrampoline_number[];
extern const uint8_t aptrampoline_enter[];

static const uint8_t *const labels[APT_WORDS] = {
    aptrampoline_cr4,   aptrampoline_cr3,   aptrampoline_efer,
    aptrampoline_cr0,   aptrampoline_entry, aptrampoline_gdt,
    aptrampoline_stack, aptrampoline_number};
static const char *const names[APT_WORDS] = {
    "cr4", "cr3", "efer", "cr0", "entry", "gdt", "stack", "number"};

// What stands at the beginning while nobody is to come. An emulator lets a CPU
// that it has not run for seconds begin in spite of a later INIT.
//   fa      cli
//   f4      hlt         for ever, in real mode, with nothing of ours loaded
//   eb fd   jmp to hlt
static const uint8_t stop[] = {0xfa, 0xf4, 0xeb, 0xfd};

// NULL until the first opening. Never destroyed: the next CPU needs it again,
// and its page belongs to no allocator.
static struct arena *arena;
static bool is_open;

size_t aptrampoline_size(void)
{
    return (size_t)(aptrampoline_end - aptrampoline);
}

struct aptrampoline_site aptrampoline_site(enum aptrampoline_word word)
{
    return (struct aptrampoline_site){
        names[word], (uint16_t)(labels[word] - aptrampoline),
        word == APT_GDT ? sizeof(struct gdt_pointer) : sizeof(uint32_t)};
}

// Does [start, start + length) touch the page?
static bool touches(uint64_t start, uint64_t length, uint32_t page)
{
    return length && start < page + PAGE_SIZE && start + length > page;
}

static bool holds(uint64_t start, uint64_t length, uint32_t page)
{
    return start <= page && start + length >= page + PAGE_SIZE;
}

// The map calls all of it usable and no part of it anything else, and no
// module lies there.
static bool is_usable(uint32_t page)
{
    bool usable = false;
    for (uint32_t i = 0; i < bootinfo.map_count; i++) {
        const struct boot_range *r = &bootinfo.map[i];
        if (r->type == USABLE)
            usable |= holds(r->base, r->length, page);
        else if (touches(r->base, r->length, page))
            return false;
    }
    for (uint32_t i = 0; i < bootinfo.module_count; i++) {
        const struct boot_module *m = &bootinfo.modules[i];
        if (touches(m->start, m->end - m->start, page))
            return false;
    }
    return usable;
}

static uint32_t find_page(void)
{
    uint32_t page = LOWEST;
    while (page <= HIGHEST && !is_usable(page))
        page += PAGE_SIZE;
    return page <= HIGHEST ? page : 0;
}

static bool adopt(void)
{
    uint32_t page = arena ? 0 : find_page();
    if (page)
        arena = arena_adopt("trampoline", virt_of(page), PAGE_SIZE);
    if (page && arena)
        arena_reserve(arena, aptrampoline_size(), 1);
    return arena != NULL;
}

// What the door is told to expect is what is there: the copy is ours, and the
// words of the CPU that was started before are in it.
static bool patch(enum aptrampoline_word word, const void *value)
{
    struct aptrampoline_site site = aptrampoline_site(word);
    uint8_t *at = arena->base + site.at;
    uint8_t before[sizeof(struct gdt_pointer)];

    memcpy(before, at, site.len);
    if (memcmp(before, value, site.len) == 0)
        return true; // a CPU without NX: EFER stays 0
    return text_write(at, before, value, site.len, "aptrampoline").reason ==
           TEXT_OK;
}

// The tables' address is the one that this CPU uses; so are the bits of CR0
// and CR4, caches on and write protection among them.
static bool patch_common(void)
{
    uint32_t value[] = {[APT_CR4] = read_cr4(),
                        [APT_CR3] = read_cr3(),
                        [APT_EFER] = paging_has_nx() ? EFER_NXE : 0,
                        [APT_CR0] = read_cr0(),
                        [APT_ENTRY] = (uint32_t)aptrampoline_enter};
    bool good = true;

    for (int word = APT_CR4; word <= APT_ENTRY; word++)
        good = good && patch(word, &value[word]);
    return good;
}

const char *aptrampoline_open(void)
{
    struct page_info info;
    if (!adopt())
        return "no usable page below 1 MiB to start in";
    if (paging_lookup((const void *)(uintptr_t)phys_of(arena->base), &info))
        return "something is mapped where the trampoline must run";
    if (arena_write(arena, arena->base, aptrampoline, aptrampoline_size(),
                    "aptrampoline")
                .reason != TEXT_OK ||
        !patch_common())
        return "the door has refused the trampoline; see `journal`";
    paging_map(phys_of(arena->base), phys_of(arena->base), 1, PAGE_EXEC);
    is_open = true;
    return NULL;
}

bool aptrampoline_is_open(void)
{
    return is_open;
}

const char *aptrampoline_aim(uint32_t number, uint32_t stack)
{
    struct gdt_pointer gdt = gdt_pointer_of(number);

    if (patch(APT_GDT, &gdt) && patch(APT_STACK, &stack) &&
        patch(APT_NUMBER, &number))
        return NULL;
    return "the door has refused a word of the trampoline; see `journal`";
}

void aptrampoline_shut(void)
{
    if (memcmp(arena->base, stop, sizeof stop) != 0)
        text_write(arena->base, aptrampoline, stop, sizeof stop,
                   "aptrampoline");
}

void aptrampoline_close(void)
{
    aptrampoline_shut();
    is_open = false;
    paging_release(phys_of(arena->base), 1);
}

const uint8_t *aptrampoline_live(void)
{
    return arena ? arena->base : NULL;
}

uint8_t aptrampoline_page(void)
{
    return arena ? (uint8_t)(phys_of(arena->base) / PAGE_SIZE) : 0;
}
