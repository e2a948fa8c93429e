// SPDX-License-Identifier: MIT
// The ways out of the machine, for emulators and for real ones.
#include "boot/info.h"
#include "kernel/command.h"
#include "kernel/cpu.h"
#include "kernel/panic.h"
#include "kernel/serial.h"
#include "kernel/smp.h"
#include "kernel/string.h"

enum {
    EXIT_PORT = 0xf4,        // QEMU's isa-debug-exit
    BOCHS_PORT = 0x8900,     // Bochs ends when "Shutdown" is written here
    KEYBOARD_COMMAND = 0x64, // the controller can pull the CPU reset line
    PULSE_RESET = 0xfe,      // for a moment
};

// A loop, because an NMI ends HLT even with interrupts off.
_Noreturn void machine_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

// Without a way out the others would go on running threads.
static _Noreturn void halt_all(void)
{
    cpus_stop();
    machine_halt();
}

// isa-debug-exit reads as 0; a port that nobody decodes reads all ones.
static bool exit_port_answers(void)
{
    return inb(EXIT_PORT) == 0;
}

static void leave_by_bochs(void)
{
    for (const char *p = "Shutdown"; *p; p++)
        outb(BOCHS_PORT, (uint8_t)*p);
}

_Noreturn void machine_exit(uint8_t code)
{
    char way[16] = "";
    interrupts_off();
    // The last bytes are still in the port's FIFO. A machine that is gone does
    // not send them, and the test would miss the verdict.
    serial_drain();
    bool told = boot_word("exit", way, sizeof way);
    if (strcmp(way, "bochs") == 0)
        leave_by_bochs();
    // `exit=port` insists, for hosts that take the port over without
    // answering reads.
    if (exit_port_answers() || strcmp(way, "port") == 0)
        outb(EXIT_PORT, code);
    kprintf("%s\n", told ? "exit: this machine has no way out; halted"
                         : "The machine is halted; it is safe to close it.");
    halt_all();
}

_Noreturn void machine_reboot(void)
{
    interrupts_off();
    serial_drain();
    outb(KEYBOARD_COMMAND, PULSE_RESET);
    // The reset takes a moment; do not run on into the second way.
    for (volatile int i = 0; i < 1000000; i++)
        ;
    // No keyboard controller: a fault without an IDT resets every PC.
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    machine_halt();
}

static int run_reboot(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    machine_reboot();
}
COMMAND(reboot, "", "restart the machine", run_reboot);

static int run_exit(int argc, char **argv)
{
    // A bare `exit` tells how the script went so far.
    uint32_t code = command_failures() ? 0x11 : 0x10;
    if (argc > 2 || (argc == 2 && (!parse_u32(argv[1], &code) || code > 255)))
        return command_usage("exit");
    machine_exit((uint8_t)code);
}
COMMAND(exit, "[CODE]", "leave the emulator; CODE is for the exit port",
        run_exit);
