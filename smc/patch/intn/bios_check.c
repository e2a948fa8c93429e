// SPDX-License-Identifier: MIT
// Checks of the way to real mode and back: that the BIOS answers, and that
// nothing of the journey is left behind.
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/patch/intn/bios_e820.h"
#include "smc/patch/intn/intn_site.h"

enum {
    EQUIPMENT = 0x11,   // ax = the word at 0040:0010
    MEMORY_SIZE = 0x12, // ax = the word at 0040:0013
    BDA_EQUIPMENT = 0x410,
    BDA_MEMORY_SIZE = 0x413,
    PIC1_MASK = 0x21,
    PIC2_MASK = 0xa1,
};
#define MSR_EFER 0xc0000080u

// All that a visit to real mode could change. Segments in the order cs ds es
// fs gs ss tr.
struct cpu_state {
    uint32_t cr0, cr3, cr4, flags;
    uint64_t efer;
    uint8_t gdtr[6], idtr[6];
    uint16_t segment[7], pic_masks;
};

// Selectors only. The base and limit that the CPU keeps behind them cannot be
// read; a wrong one shows by its faults, in the thousand calls below.
static void read_segments(uint16_t *to)
{
    __asm__ volatile("mov %%cs, 0(%0)\n\tmov %%ds, 2(%0)\n\t"
                     "mov %%es, 4(%0)\n\tmov %%fs, 6(%0)\n\t"
                     "mov %%gs, 8(%0)\n\tmov %%ss, 10(%0)\n\t"
                     "str 12(%0)"
                     :
                     : "r"(to)
                     : "memory");
}

static struct cpu_state cpu_state(void)
{
    struct cpu_state s;

    memset(&s, 0, sizeof s); // padding too: states are compared as bytes
    s.cr0 = read_cr0();
    s.cr3 = read_cr3();
    s.cr4 = read_cr4();
    s.flags = read_eflags() & EFLAGS_IF;
    s.efer = cpu.nx ? rdmsr(MSR_EFER) : 0;
    __asm__ volatile("sgdt %0" : "=m"(s.gdtr));
    __asm__ volatile("sidt %0" : "=m"(s.idtr));
    read_segments(s.segment);
    s.pic_masks = (uint16_t)(inb(PIC1_MASK) | inb(PIC2_MASK) << 8);
    return s;
}

static uint32_t bda_word(uint32_t phys)
{
    return *(const volatile uint16_t *)virt_of(phys);
}

// True, with the reason judged, where the checks must be skipped.
static bool no_bios(void)
{
    char why[80];
    struct bios_result result = {.reason = bios_probe(MEMORY_SIZE),
                                 .n = MEMORY_SIZE};

    if (result.reason == BIOS_OK)
        return false;
    judged("%s", bios_explain(why, sizeof why, &result));
    return true;
}

// The data area is where the BIOS gets its answer from: an oracle that needs
// no BIOS call.
static enum check_result answers(void)
{
    struct bios_regs regs = {.ebx = 0x12345678, .ebp = 0x9abcdef0};

    if (no_bios())
        return CHECK_SKIP;
    struct bios_result result = bios_call(MEMORY_SIZE, &regs);
    judged("int 12h: ax %u KiB, the BIOS data area has %u", regs.eax & 0xffff,
           bda_word(BDA_MEMORY_SIZE));
    return result.reason == BIOS_OK &&
           (regs.eax & 0xffff) == bda_word(BDA_MEMORY_SIZE) &&
           regs.ebx == 0x12345678 && regs.ebp == 0x9abcdef0;
}

// The loader asked the same BIOS before us. GRUB sorts and merges what it is
// told, so the maps are compared as functions of the address.
static enum check_result e820_agrees(void)
{
    static struct bios_map map;
    uint64_t where = 0;

    if (no_bios())
        return CHECK_SKIP;
    if (!bootinfo.map_is_real) {
        judged("the loader gave no map to compare with");
        return CHECK_SKIP;
    }
    struct bios_result result = bios_e820(&map);
    bool agree = bios_maps_agree(map.range, map.count, bootinfo.map,
                                 bootinfo.map_count, &where);
    judged("BIOS %u ranges, loader %u%s", map.count, bootinfo.map_count,
           agree ? "" : ", they differ");
    return result.reason == BIOS_OK && map.count && agree;
}

// A forgotten piece of state shows late: a wrong IDT limit at the next
// interrupt, a lost CR4.PAE at the next call, a lost mask never.
static enum check_result state_kept(bool on)
{
    struct bios_regs regs = {0};
    bool before = interrupts_off();

    if (no_bios()) {
        interrupts_restore(before);
        return CHECK_SKIP;
    }
    interrupts_restore(on);
    struct cpu_state old = cpu_state();
    struct bios_result result = bios_call(EQUIPMENT, &regs);
    struct cpu_state new = cpu_state();
    interrupts_off();
    interrupts_restore(before);
    judged("cr0 %08x cr3 %08x cr4 %x tr %x IF %u masks %04x", new.cr0, new.cr3,
           new.cr4, new.segment[6], !!new.flags, new.pic_masks);
    return result.reason == BIOS_OK && !memcmp(&old, &new, sizeof old);
}

static enum check_result state_kept_if_on(void)
{
    return state_kept(true);
}

static enum check_result state_kept_if_off(void)
{
    return state_kept(false);
}

// The thunk is executable and its data writable, and no page is both, in
// either of the two addresses that the thunk has during a call.
static enum check_result nothing_left_mapped(void)
{
    struct bios_regs regs = {0};
    struct page_info low, code, data;

    if (no_bios())
        return CHECK_SKIP;
    bios_call(EQUIPMENT, &regs);
    bool mapped = paging_lookup((const void *)BIOS_CODE, &low);
    bool both = paging_lookup(virt_of(BIOS_CODE), &code) &&
                paging_lookup(virt_of(BIOS_DATA), &data);
    judged("page 0x%x is %smapped; thunk %s, data %s", BIOS_CODE,
           mapped ? "" : "not ", code.rights & PAGE_WRITE ? "writable" : "r-x",
           data.rights & PAGE_EXEC ? "executable" : "rw-");
    return both && !mapped && code.rights == PAGE_EXEC &&
           data.rights == PAGE_WRITE;
}

// Patches of code that runs in another mode are no exception to the rule. The
// first call makes sure of the old number, so that the second must write.
static enum check_result patch_is_journalled(void)
{
    struct bios_regs regs = {0};
    char old[8], new[8];

    if (no_bios())
        return CHECK_SKIP;
    bios_call(EQUIPMENT, &regs);
    struct bios_result result = bios_call(MEMORY_SIZE, &regs);
    const struct journal_entry *e = journal_find(result.aim.door.entry);
    if (!result.aim.wrote || !e)
        return CHECK_FAIL;
    judged("#%u %p %s -> %s", e->number, e->site,
           hex_bytes(old, sizeof old, e->old, e->len),
           hex_bytes(new, sizeof new, e->new, e->len));
    return e->kind == JOURNAL_PATCH && e->site == bios_site_live() &&
           e->old[1] == EQUIPMENT && e->new[0] == INT_OPCODE &&
           e->new[1] == MEMORY_SIZE;
}

// As at the other site: the comparison is intn_aim's. Its own check does not
// see this site, where the address compared is not the address that runs.
static enum check_result same_number_writes_once(void)
{
    struct bios_regs regs = {0};

    if (no_bios())
        return CHECK_SKIP;
    bios_call(EQUIPMENT, &regs);
    uint32_t start = journal_last();
    bios_call(MEMORY_SIZE, &regs);
    uint32_t first = journal_last() - start;
    bios_call(MEMORY_SIZE, &regs);
    uint32_t second = journal_last() - start - first;
    judged("first call %u writes, second %u", first, second);
    return first == 1 && second == 0;
}

// 0x112 would be INT 12h, a harmless call, if it were cut: so the check must
// look at the reason, not at the machine's survival.
static enum check_result refuses_bad_number(void)
{
    struct bios_regs regs = {0};
    char why[80];
    uint32_t before = journal_last();
    struct bios_result result = bios_call(0x112, &regs);

    judged("%s", bios_explain(why, sizeof why, &result));
    return result.reason == BIOS_BAD_VECTOR && journal_last() == before;
}

// A leak of stack or of page tables, and an interrupt lost or taken at the
// wrong moment, need many rounds to show.
static enum check_result thousand_calls(void)
{
    uint32_t right = 0;

    if (no_bios())
        return CHECK_SKIP;
    for (uint32_t i = 0; i < 1000; i++) {
        struct bios_regs regs = {0};
        bool odd = i & 1;
        struct bios_result result = bios_call(odd ? EQUIPMENT : MEMORY_SIZE,
                                              &regs);
        right += result.reason == BIOS_OK &&
                 (regs.eax & 0xffff) ==
                     bda_word(odd ? BDA_EQUIPMENT : BDA_MEMORY_SIZE);
    }
    judged("%u of 1000 right, int 11h and 12h by turns", right);
    return right == 1000;
}

// Without the thunk's care this resets the machine: the page tables lie where
// a closed A20 does not reach.
static enum check_result a20_comes_back(void)
{
    struct bios_regs close = {.eax = 0x2400}, size = {0};

    if (no_bios())
        return CHECK_SKIP;
    struct bios_result result = bios_call(0x15, &close);
    struct bios_result after = bios_call(MEMORY_SIZE, &size);
    judged("INT 15h, AX = 2400h: carry %s; the kernel goes on",
           close.eflags & BIOS_CARRY ? "set" : "clear");
    return result.reason == BIOS_OK && after.reason == BIOS_OK;
}

static enum check_result waiting_is_refused(void)
{
    struct bios_regs key = {0}, wait = {.eax = 0x8600};

    if (no_bios())
        return CHECK_SKIP;
    struct bios_result first = bios_call(0x16, &key);
    struct bios_result second = bios_call(0x15, &wait);
    judged("INT 16h AH=0 and INT 15h AH=86h");
    return first.reason == BIOS_WAITS && second.reason == BIOS_WAITS;
}

static const struct check checks[] = {
    {"a BIOS call answers and keeps registers", answers},
    {"E820 and the loader's map agree", e820_agrees},
    {"CPU state is as before, interrupts on", state_kept_if_on},
    {"CPU state is as before, interrupts off", state_kept_if_off},
    {"no identity mapping stays, no page is w+x", nothing_left_mapped},
    {"the journal has the thunk's patch", patch_is_journalled},
    {"the same vector twice writes once", same_number_writes_once},
    {"a number over 255 is refused", refuses_bad_number},
    {"1000 calls survive", thousand_calls},
    {"a closed A20 is opened again", a20_comes_back},
    {"a function that would wait for ever is refused", waiting_is_refused},
};
CHECK_SUITE(bios, checks);
