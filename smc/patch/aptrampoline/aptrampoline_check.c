// SPDX-License-Identifier: MIT
// Suite `aptrampoline`: the copy holds what it should and nothing else, its
// page is never writable and executable, and a CPU that has come through it is
// set up as CPU 0 is.
#include "kernel/audit.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/text.h"
#include "smc/patch/aptrampoline/aptrampoline.h"
#include "smc/patch/intn/bios_layout.h"

enum { OTHER = 5, STACK = 0x12345678, MSR_EFER = 0xc0000080 };

// The bytes before each site: the instruction that the word is an operand of.
// 66 is the prefix of 32-bit operands in 16-bit code. [SDM2 MOV, JMP]
static const struct {
    enum aptrampoline_word word;
    uint8_t opcode;
} operands[] = {{APT_CR4, 0xb8},   {APT_CR3, 0xb8},   {APT_EFER, 0xb8},
                {APT_CR0, 0xb8},   {APT_ENTRY, 0xea}, {APT_STACK, 0xbc},
                {APT_NUMBER, 0xbf}};

static enum check_result check_sites(void)
{
    static const uint8_t zeros[8];
    uint32_t right = 0, empty = 0;
    for (unsigned i = 0; i < sizeof operands / sizeof operands[0]; i++) {
        struct aptrampoline_site s = aptrampoline_site(operands[i].word);
        const uint8_t *at = aptrampoline + s.at;
        right += at[-2] == 0x66 && at[-1] == operands[i].opcode;
    }
    for (int word = 0; word < APT_WORDS; word++) {
        struct aptrampoline_site s = aptrampoline_site(
            (enum aptrampoline_word)word);
        empty += memcmp(aptrampoline + s.at, zeros, s.len) == 0;
    }
    judged("%u of 7 words are operands, %u of %u are zero", right, empty,
           APT_WORDS);
    return verdict(right == 7 && empty == APT_WORDS);
}

// Opens and aims; the page belongs to the check until it closes it.
static bool open_for(uint32_t number)
{
    const char *fault = aptrampoline_open();
    if (!fault) {
        fault = aptrampoline_aim(number, STACK);
        if (fault)
            aptrampoline_close();
    }
    if (fault)
        judged("%s", fault);
    return !fault;
}

static bool holds(enum aptrampoline_word word, const void *value)
{
    struct aptrampoline_site s = aptrampoline_site(word);
    return memcmp(aptrampoline_live() + s.at, value, s.len) == 0;
}

// How many bytes outside of all sites differ from the template.
static uint32_t stray_bytes(void)
{
    bool site[256] = {false};
    uint32_t stray = 0;
    for (int word = 0; word < APT_WORDS; word++) {
        struct aptrampoline_site s = aptrampoline_site(
            (enum aptrampoline_word)word);
        memset(site + s.at, true, s.len);
    }
    for (size_t i = 0; i < aptrampoline_size(); i++)
        stray += !site[i] && aptrampoline_live()[i] != aptrampoline[i];
    return stray;
}

static enum check_result words(void)
{
    uint32_t before = journal_writes();
    if (!open_for(OTHER))
        return CHECK_FAIL;
    uint32_t lines = journal_writes() - before;
    uint32_t cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4();
    uint32_t stack = STACK, number = OTHER;
    struct gdt_pointer gdt = gdt_pointer_of(OTHER);
    uint32_t right = holds(APT_CR0, &cr0) + holds(APT_CR3, &cr3) +
                     holds(APT_CR4, &cr4) + holds(APT_STACK, &stack) +
                     holds(APT_NUMBER, &number) + holds(APT_GDT, &gdt);
    uint32_t stray = stray_bytes();
    aptrampoline_close();
    judged("%u of 6 words right, %u bytes beside them changed, %u lines",
           right, stray, lines);
    // The copy, and eight words. Without NX that for EFER stays 0: no line.
    return verdict(right == 6 && !stray &&
                   lines == (paging_has_nx() ? 9u : 8u));
}

static enum check_result rights(void)
{
    struct page_info direct = {0}, low = {0};
    if (!open_for(OTHER))
        return CHECK_FAIL;
    const void *page = (const void *)(aptrampoline_page() * PAGE_SIZE);
    bool both = paging_lookup(aptrampoline_live(), &direct) &&
                paging_lookup(page, &low);
    uint32_t bad = audit_run(0);
    aptrampoline_close();
    bool gone = !paging_lookup(page, &low);
    judged("page %p: r-x at both addresses, %u writable; gone afterwards: %s",
           page, bad, gone ? "yes" : "no");
    return verdict(both && direct.rights == PAGE_EXEC &&
                   low.rights == PAGE_EXEC && !bad && gone);
}

// In usable memory that nothing else of ours has.
static enum check_result place(void)
{
    if (!open_for(OTHER))
        return CHECK_FAIL;
    uint32_t at = aptrampoline_page() * PAGE_SIZE;
    aptrampoline_close();
    judged("page 0x%05x", at);
    return verdict(at >= BIOS_DATA + PAGE_SIZE && at < 0xa0000 &&
                   !page_is_managed(at));
}

// Somebody else's page at the address where it must run.
static enum check_result taken(void)
{
    if (!open_for(OTHER))
        return CHECK_FAIL;
    uintptr_t at = aptrampoline_page() * PAGE_SIZE;
    aptrampoline_close();
    paging_map(at, at, 1, PAGE_READ);
    const char *fault = aptrampoline_open();
    struct page_info info = {.rights = ~0u};
    bool kept = paging_lookup((const void *)at, &info) &&
                info.rights == PAGE_READ;
    paging_release(at, 1);
    judged("%s", fault ? fault : "opened");
    return verdict(fault && kept &&
                   strncmp(fault, "something is mapped", 19) == 0);
}

// What an undo takes away, the next opening writes again.
static enum check_result undone(void)
{
    if (!open_for(OTHER))
        return CHECK_FAIL;
    struct text_result r = text_undo(journal_last()); // the number
    aptrampoline_close();
    uint32_t number = OTHER;
    bool lost = !holds(APT_NUMBER, &number);
    bool again = open_for(OTHER);
    bool back = again && holds(APT_NUMBER, &number);
    if (again)
        aptrampoline_close();
    judged("the number is undone (%s), and there after the next opening",
           lost ? "yes" : "no");
    return verdict(r.reason == TEXT_OK && lost && back);
}

// The registers that the trampoline loads, as the CPU has them now.
struct control {
    uint32_t cr0, cr3, cr4;
    uint64_t efer;
};

static void read_control(void *arg)
{
    struct control *c = arg;
    *c = (struct control){read_cr0(), read_cr3(), read_cr4(),
                          paging_has_nx() ? rdmsr(MSR_EFER) : 0};
}

static enum check_result check_control(void)
{
    enum { CR0_TS = 8 }; // set by a task switch, on one CPU or another
    struct control first, other;
    uint32_t same = 0, all = 0;
    if (cpus_online() == 1) {
        judged("one CPU");
        return CHECK_SKIP;
    }
    cpu_call(0, read_control, &first);
    for (unsigned i = 1; i < CPU_MAX; i++) {
        if (!cpu_call(i, read_control, &other))
            continue;
        all++;
        same += !((first.cr0 ^ other.cr0) & ~(uint32_t)CR0_TS) &&
                first.cr3 == other.cr3 && first.cr4 == other.cr4 &&
                first.efer == other.efer;
    }
    judged("%u of %u CPUs have CR0 %08x, CR3 %08x, CR4 %08x", same, all,
           first.cr0, first.cr3, first.cr4);
    return verdict(same == all);
}

// Nobody else may start a CPU meanwhile.
static enum check_result held(enum check_result (*check)(void))
{
    cpus_hold();
    enum check_result result = check();
    cpus_release();
    return result;
}

static enum check_result check_words(void)
{
    return held(words);
}

static enum check_result check_rights(void)
{
    return held(rights);
}

static enum check_result check_place(void)
{
    return held(place);
}

static enum check_result check_taken(void)
{
    return held(taken);
}

static enum check_result check_undone(void)
{
    return held(undone);
}

static const struct check aptrampoline_checks[] = {
    {"every word is an operand", check_sites},
    {"the copy is the template and its words", check_words},
    {"no page is writable and executable", check_rights},
    {"it lies in memory that nobody else has", check_place},
    {"it does not take another's address", check_taken},
    {"an undo does not last", check_undone},
    {"a CPU comes out as CPU 0 is", check_control},
};
CHECK_SUITE(aptrampoline, aptrampoline_checks);
