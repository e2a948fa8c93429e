// SPDX-License-Identifier: MIT
// Printing to the screen or not.
#include "kernel/screen.h"
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"

DEFINE_STATIC_CALL(console_screen, vga_putc);

void screen_settle(void)
{
    if (!vga_is_present())
        static_call_update(console_screen, NULL);
}

static int set_screen(bool on)
{
    char why[160];
    if (on && !vga_is_present()) {
        kprintf("screen: there is none\n");
        return 1;
    }
    struct text_result r = on ? static_call_update(console_screen, vga_putc)
                              : static_call_update(console_screen, NULL);
    if (r.reason == TEXT_OK)
        return 0;
    kprintf("screen: %s\n", text_explain(why, sizeof why, &r));
    return 1;
}

static int run_screen(int argc, char **argv)
{
    bool on = argc > 1 && strcmp(argv[1], "on") == 0;
    if (argc > 1 && !on && strcmp(argv[1], "off") != 0) {
        kprintf("screen: on or off\n");
        return 1;
    }
    if (argc > 1 && set_screen(on) != 0)
        return 1;
    kprintf("screen: %s\n",
            static_call_key_console_screen.target ? "on" : "off");
    return 0;
}
COMMAND(screen, "[on|off]", "print to the VGA screen as well", run_screen);
