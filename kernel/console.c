// SPDX-License-Identifier: MIT
// One stream over two screens and two keyboards.
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/keyboard.h"
#include "kernel/kthread.h"
#include "kernel/screen.h"
#include "kernel/serial.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/vga.h"

void console_init(void)
{
    serial_init();
    vga_init();
}

// The CPU that prints, + 1. No spinlock: a line takes milliseconds on a real
// wire, and interrupts must stay on, or what is typed meanwhile would be lost.
// So a handler may find its own CPU printing; it goes on in mid-line.
static volatile uint32_t printer;
static volatile bool broken;
static volatile bool in_line; // the last character was no \n

static bool begin(void)
{
    uint32_t me = cpu_index() + 1, nobody = 0;
    if (printer == me || broken)
        return false;
    while (!__atomic_compare_exchange_n(&printer, &nobody, me, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) &&
           !broken) {
        nobody = 0;
        cpus_answer();
        cpu_relax();
    }
    return true;
}

void console_break_lock(void)
{
    broken = true;
}

static void put(char c)
{
    // A terminal goes down at \n and left at \r; C means both.
    if (c == '\n') {
        serial_putc('\r');
        static_call(console_screen)('\r');
    }
    serial_putc(c);
    static_call(console_screen)(c);
    in_line = c != '\n';
}

bool console_in_line(void)
{
    return in_line || printer;
}

// Who prints stays on its CPU: the lock is known by its number.
void console_write(const char *s, size_t len)
{
    preempt_off();
    bool outer = begin();
    while (len--)
        put(*s++);
    if (outer)
        __atomic_store_n(&printer, 0, __ATOMIC_RELEASE);
    preempt_on();
}

void console_putc(char c)
{
    console_write(&c, 1);
}

void console_puts(const char *s)
{
    console_write(s, strlen(s));
}

int console_poll(void)
{
    // The serial line first: a paste there must not wait for the keyboard.
    int c = serial_getc();
    return c >= 0 ? c : keyboard_getc();
}

int console_getc(void)
{
    for (;;) {
        // Interrupts off from the look to the sleep: otherwise a key that
        // arrives between the two is only seen at the next interrupt.
        interrupts_off();
        int c = console_poll();
        if (c >= 0) {
            interrupts_on();
            return c;
        }
        // Any interrupt ends the sleep, the clock's too. Where bytes come by
        // polling only, the clock decides how soon they are seen.
        kthread_wait();
    }
}
