// SPDX-License-Identifier: MIT
// The first line of C, and the order in which the machine comes to life.
//
// The order below is a chain of needs. Each step may use only what an earlier
// one has set up; the comments say which need put it where it is. Interrupts
// are off until interrupts_on, so no step has to expect company.
#include "boot/info.h"
#include "boot/kaslr.h"
#include "boot/multiboot.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/keyboard.h"
#include "kernel/log.h"
#include "kernel/module.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/screen.h"
#include "kernel/serial.h"
#include "kernel/shell.h"
#include "kernel/smp.h"
#include "smc/door/text.h"
#include "smc/patch/alternative/alternative.h"
#include "smc/patch/once/once.h"
#include "smc/patch/static_call/static_call.h"
#include "smc/patch/static_key/static_key.h"

void kernel_main(uint32_t magic, uint32_t info_phys);

// For the reader of `log`. Nothing later depends on it.
static void note_boot(void)
{
    char text[200];
    // The exception: who asked for a move that was not made is told at once.
    bool as_asked = kaslr_report.status <= KASLR_MOVED;
    (as_asked ? log_note : log_print)("%s\n",
                                      kaslr_explain(text, sizeof text));
    log_note("loaded by %s\n", bootinfo.loader);
    log_note("command line: %s\n", bootinfo.cmdline);
    log_note("%u memory ranges%s, %u modules\n", bootinfo.map_count,
             bootinfo.map_is_real ? "" : " (made up from the sizes)",
             bootinfo.module_count);
    log_note("paging: %s%s\n", paging_is_pae() ? "PAE" : "two-level",
             paging_has_nx() ? " with NX" : "");
    log_note("text hash %016llx\n", text_boot_hash());
    if (bootinfo.lost_ranges || bootinfo.lost_text)
        log_print("boot information cut: %u ranges, %u strings lost\n",
                  bootinfo.lost_ranges, bootinfo.lost_text);
}

// Called by boot/start.S with interrupts off, on boot_stack, with eax and ebx
// as the loader left them. Does not return: shell_run loops for ever.
void kernel_main(uint32_t magic, uint32_t info_phys)
{
    // None of these needs memory. A panic has a voice from the first line on;
    // a fault has a report as soon as there is an IDT, two lines later.
    serial_init();
    gdt_init();
    trap_init();
    clock_mark_start();
    // A fault in here already has a report on the serial line. The screen must
    // wait for it: vga_init asks the boot information whether a graphics frame
    // buffer owns the display.
    const char *fault = bootinfo_copy(magic, info_phys);
    console_init();
    if (fault)
        panic("%s: eax %08x (a multiboot loader's is %08x), ebx %08x", fault,
              magic, MULTIBOOT_LOADER_MAGIC, info_phys);
    // The boot part and its report vanish in paging_init.
    kaslr_init();
    // cpu.nx before paging_init; frames before the tables made of them.
    cpu_init();
    pages_init();
    paging_init();
    // Hashes the text as it was loaded: nothing may have been patched yet.
    // Needs the page table of the alias window, which paging_init makes.
    door_init();
    // Before once_open, which picks its NOP by cpu.long_nop.
    cpu_probe_traps();
    // By what the probes have found; one CPU runs, and it runs this.
    alternatives_open();
    clock_init();
    // The blocks that ran before the door was open (serial port, screen,
    // clock) get their patches now.
    once_open();
    static_key_open();
    static_call_open();
    screen_settle();
    serial_start_interrupts();
    keyboard_init();
    // All handlers stand. From here on the clock ticks.
    interrupts_on();
    // Maps and protects pages, and complains through the log.
    modules_init();
    note_boot();
    // Writes code for the other CPUs, and waits for them.
    smp_init();
    kprintf("Palimpsest, a kernel that rewrites itself. %u MHz, %u MiB, "
            "%u file%s.\n",
            clock_tsc_khz() / 1000, page_stats().usable / 256,
            (uint32_t)module_count(), module_count() == 1 ? "" : "s");
    shell_run();
}
