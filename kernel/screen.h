// SPDX-License-Identifier: MIT
// The screen's part of the console, as a static call: on a machine without
// one, or after `screen off`, each character passes a NOP and nothing else.
#pragma once
#include "kernel/vga.h"
#include "smc/patch/static_call/static_call.h"

// vga_putc or NULL. At boot it is vga_putc, which asks at each character: the
// screen is looked for before the door opens.
DECLARE_STATIC_CALL(console_screen, vga_putc);

// Drops the screen if there is none. Once, after static_call_open.
void screen_settle(void);
