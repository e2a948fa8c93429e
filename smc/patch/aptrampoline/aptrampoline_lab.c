// SPDX-License-Identifier: MIT
// Lab `aptrampoline`: the page in which a CPU wakes up, before and after it is
// made its own, and what the same would cost by other ways.
#include "kernel/bench.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lab.h"
#include "kernel/pages.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/text.h"
#include "smc/patch/aptrampoline/aptrampoline.h"

enum { OPERATIONS = 1000, OTHER = 1, STACK = 0x00c0ffee };

// What each word is for, in the order of the template's sites.
static const char *const meanings[APT_WORDS] = {
    [APT_CR4] = "CR4 of CPU 0: the format of page tables",
    [APT_CR3] = "CR3 of CPU 0: the tables",
    [APT_EFER] = "EFER: NX, where there is NX",
    [APT_CR0] = "CR0 of CPU 0: protection and paging at once",
    [APT_ENTRY] = "where 32-bit code begins, above 0xc0000000",
    [APT_GDT] = "limit and address of its own GDT",
    [APT_STACK] = "the stack of its idle thread",
    [APT_NUMBER] = "its number",
};

static void tell_word(const uint8_t *code, enum aptrampoline_word word)
{
    struct aptrampoline_site site = aptrampoline_site(word);
    tell_bytes(site.name, code + site.at, site.len, meanings[word]);
}

// The first eight bytes are the same in 16 bits and 32: cli, cld, mov of a
// segment register. The sites are shown as words.
static void demo_patch(void)
{
    const uint8_t *live;
    uint32_t before = journal_writes();
    tell("A CPU that starts knows only its page. The template, as data:");
    tell_bytes("template", aptrampoline, 8, "cli; cld; mov %cs,%ax; ...");
    tell_word(aptrampoline, APT_STACK);
    const char *fault = aptrampoline_open();
    if (fault) {
        tell("%s", fault);
        return;
    }
    live = aptrampoline_live();
    tell("The copy below 1 MiB, page 0x%02x, with the kernel's words:",
         aptrampoline_page());
    for (int word = APT_CR4; word <= APT_ENTRY; word++)
        tell_word(live, (enum aptrampoline_word)word);
    tell("And made the own one of CPU %u:", OTHER);
    fault = aptrampoline_aim(OTHER, STACK);
    for (int word = APT_GDT; word <= APT_NUMBER && !fault; word++)
        tell_word(live, (enum aptrampoline_word)word);
    aptrampoline_close();
    tell("%u bytes copied, %u words patched: %u lines in the journal.",
         (uint32_t)aptrampoline_size(), APT_WORDS, journal_writes() - before);
}

// The real thing, where there is another CPU.
static void demo_start(void)
{
    if (cpus_present() == 1) {
        tell("This machine has one CPU: nobody runs it. Try make run SMP=4.");
        return;
    }
    unsigned last = cpus_present() - 1;
    const char *fault = cpu_take_down(last);
    tell("CPU %u goes offline: %s", last, fault ? fault : "it waits in HLT");
    fault = cpu_bring_up(last);
    tell("INIT, start message, and it is back: %s", fault ? fault : "online");
}

// cpus_hold: the page belongs to one at a time.
static void demo(void)
{
    cpus_hold();
    demo_patch();
    cpus_release();
    demo_start();
}

void apt_by_operand(void), apt_by_block(void);
void apt_by_counter(void), apt_by_search(void);
extern uint8_t aptrampoline_subject_number[], aptrampoline_subject_stack[];
extern const uint8_t apt_subjects_end[];
extern uint32_t apt_block[2], apt_counter, apt_stacks[CPU_MAX];
extern uint32_t apt_ids[CPU_MAX];

// The registers that a subject changes are those that a call may change.
static void run(void *arg)
{
    ((void (*)(void))arg)();
}

static void write_word(uint8_t *site, uint32_t value)
{
    uint8_t before[sizeof value];
    memcpy(before, site, sizeof before);
    text_write(site, before, &value, sizeof value, "aptrampoline");
}

// Setup is what CPU 0 does for one CPU that it starts. The words differ from
// run to run, as they would from CPU to CPU.
static void set_operand(void *arg)
{
    static uint32_t turn;
    (void)arg;
    turn++;
    write_word(aptrampoline_subject_number + 1, turn);
    write_word(aptrampoline_subject_stack + 1, STACK + turn);
}

static void set_block(void *arg)
{
    (void)arg;
    *(volatile uint32_t *)&apt_block[0] = OTHER;
    *(volatile uint32_t *)&apt_block[1] = STACK;
}

static void set_stack(void *arg)
{
    (void)arg;
    *(volatile uint32_t *)&apt_stacks[OTHER] = STACK;
}

static void set_search(void *arg)
{
    set_stack(arg);
    // The one that runs the bench is found last, as the last of eight would.
    for (int i = 0; i < CPU_MAX; i++)
        ((volatile uint32_t *)apt_ids)[i] = UINT32_MAX;
    ((volatile uint32_t *)apt_ids)[CPU_MAX - 1] = cpu_local_of(0)->apic_id;
}

static uint32_t bytes_between(const void *from, const void *to)
{
    return (uint32_t)((const uint8_t *)to - (const uint8_t *)from);
}

static void bench(void)
{
    const struct bench_way ways[] = {
        {"block of parameters in memory", set_block, run, (void *)apt_by_block,
         bytes_between(apt_by_block, apt_by_counter) + sizeof apt_block},
        {"operands, patched by the door", set_operand, run,
         (void *)apt_by_operand, bytes_between(apt_by_operand, apt_by_block)},
        {"broadcast, and a locked counter", set_stack, run,
         (void *)apt_by_counter,
         bytes_between(apt_by_counter, apt_by_search) + sizeof apt_stacks},
        {"broadcast, table searched by CPUID", set_search, run,
         (void *)apt_by_search,
         bytes_between(apt_by_search, apt_subjects_end) + sizeof apt_stacks +
             sizeof apt_ids},
    };
    bench_begin("aptrampoline", "a CPU learns its number and its stack");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], OPERATIONS);
    bench_end("A CPU starts once: the setup is never paid back. Patched words "
              "need no place in memory that real mode and C agree on.");
    uint32_t zero = 0;
    write_word(aptrampoline_subject_number + 1, zero);
    write_word(aptrampoline_subject_stack + 1, zero);
}

LAB(aptrampoline, "the first code of a CPU, copied and patched for it",
    "smc/patch/aptrampoline/aptrampoline.h", demo, bench);
