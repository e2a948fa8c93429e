// SPDX-License-Identifier: MIT
// The first line of C, and the order in which the machine comes to life.
#include "boot/info.h"
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
#include "kernel/serial.h"
#include "kernel/shell.h"
#include "smc/door/text.h"
#include "smc/patch/once/once.h"

void kernel_main(uint32_t magic, uint32_t info_phys);

static void note_boot(void)
{
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

void kernel_main(uint32_t magic, uint32_t info_phys)
{
    // These need no memory: from here on every fault has a report, and the
    // report has a voice.
    gdt_init();
    trap_init();
    clock_mark_start();
    serial_init();
    const char *fault = bootinfo_copy(magic, info_phys);
    console_init();
    if (fault)
        panic("%s: eax %08x (a multiboot loader's is %08x), ebx %08x", fault,
              magic, MULTIBOOT_LOADER_MAGIC, info_phys);
    cpu_init();
    pages_init();
    paging_init();
    door_init();
    cpu_probe_traps();
    clock_init();
    once_open();
    serial_start_interrupts();
    keyboard_init();
    interrupts_on();
    modules_init();
    note_boot();
    kprintf("Palimpsest, a kernel that rewrites itself. %u MHz, %u MiB, "
            "%u file%s.\n",
            clock_tsc_khz() / 1000, page_stats().usable / 256,
            (uint32_t)module_count(), module_count() == 1 ? "" : "s");
    shell_run();
}
