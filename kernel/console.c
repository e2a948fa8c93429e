// SPDX-License-Identifier: MIT
// One stream over two screens and two keyboards.
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/keyboard.h"
#include "kernel/serial.h"
#include "kernel/vga.h"

void console_init(void)
{
    serial_init();
    vga_init();
}

void console_putc(char c)
{
    // A terminal goes down at \n and left at \r; C means both.
    if (c == '\n') {
        serial_putc('\r');
        vga_putc('\r');
    }
    serial_putc(c);
    vga_putc(c);
}

void console_puts(const char *s)
{
    while (*s)
        console_putc(*s++);
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
        wait_for_interrupt();
    }
}
