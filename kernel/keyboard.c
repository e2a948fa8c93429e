// SPDX-License-Identifier: MIT
// PS/2 keyboard: scan code set 1 (translated) to the bytes a terminal sends.
//
//   scan code    1e        the A key goes down
//                9e        and up: bit 7 is the release
//                e0 48     a key that the first keyboards did not have
//                e1 1d 45  Pause; its release follows at once
//
// The controller makes set 1 of what the keyboard sends, as the firmware has
// told it to; we do not change that.
#include "kernel/keyboard.h"
#include "kernel/cpu.h"
#include "kernel/irq_stats.h"
#include "kernel/trap.h"
#include "smc/patch/once/once.h"

enum {
    DATA = 0x60, // scan codes from it, commands to the keyboard
    STATUS = 0x64,
    STATUS_OUTPUT_FULL = 0x01, // a byte for us waits in DATA
    STATUS_INPUT_FULL = 0x02,  // it has not yet taken our last one
    ENABLE_SCANNING = 0xf4,    // a keyboard may wake up silent
    IRQ_KEYBOARD = 1,
    PATIENCE = 100000, // reads of STATUS
};

// Indexed by scan code, 0x00 to 0x39 (space): US layout. 0 is a key without a
// character of its own, and 127 is Backspace, as terminals send it.
static const char plain[] = {
    0,   27,  '1', '2', '3',  '4', '5', '6',  '7', '8', '9', '0',
    '-', '=', 127, 9,   'q',  'w', 'e', 'r',  't', 'y', 'u', 'i',
    'o', 'p', '[', ']', '\r', 0,   'a', 's',  'd', 'f', 'g', 'h',
    'j', 'k', 'l', ';', '\'', '`', 0,   '\\', 'z', 'x', 'c', 'v',
    'b', 'n', 'm', ',', '.',  '/', 0,   '*',  0,   ' '};
static const char shifted[] = {
    0,   27,  '!', '@', '#', '$', '%', '^', '&', '*', '(', ')', '_', '+',  127,
    9,   'Q', 'W', 'E', 'R', 'T', 'Y', 'U', 'I', 'O', 'P', '{', '}', '\r', 0,
    'A', 'S', 'D', 'F', 'G', 'H', 'J', 'K', 'L', ':', '"', '~', 0,   '|',  'Z',
    'X', 'C', 'V', 'B', 'N', 'M', '<', '>', '?', 0,   '*', 0,   ' '};

// Written by the interrupt, read by keyboard_getc; free-running indices, so
// the size must be a power of two. `extended` is: the last byte was E0.
static char ring[64];
static volatile uint32_t ring_head, ring_tail;
static bool shift, control, caps_lock, extended;

// A full ring drops what is typed: nobody has read for 64 bytes.
static void push(char c)
{
    if (ring_head - ring_tail < sizeof ring)
        ring[ring_head++ % sizeof ring] = c;
}

// ESC [ and a letter, as an ANSI terminal does; Delete is ESC [ 3 ~. The
// letters stand for up, down, right, left, Home, End.
static void push_extended(uint8_t code)
{
    static const struct {
        uint8_t code;
        char final;
    } keys[] = {{0x48, 'A'}, {0x50, 'B'}, {0x4d, 'C'},
                {0x4b, 'D'}, {0x47, 'H'}, {0x4f, 'F'}};
    if (code == 0x1c || code == 0x35) // the key pad's Enter and slash
        push(plain[code]);
    if (code == 0x53) {
        push(033);
        push('[');
        push('3');
        push('~');
    }
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].code == code) {
            push(033);
            push('[');
            push(keys[i].final);
        }
    }
}

static void key_down(uint8_t code)
{
    if (code >= sizeof plain)
        return;
    // Caps Lock turns only letters around, and Shift turns them back. Control
    // makes 1..26 of a letter and leaves other keys alone.
    bool letter = plain[code] >= 'a' && plain[code] <= 'z';
    char c = shift != (letter && caps_lock) ? shifted[code] : plain[code];
    if (control && letter)
        c = (char)(plain[code] - 'a' + 1);
    if (c)
        push(c);
}

static void scan_code(uint8_t code)
{
    bool released = code & 0x80;
    uint8_t key = code & 0x7f;
    if (code == 0xe0) {
        extended = true;
        return;
    }
    bool is_shift = key == 0x2a || key == 0x36;
    // E0 1D is the right Control key and counts as the left one. Keys beyond
    // the table (Alt, functions, the key pad) and the keyboard's own answers,
    // such as FA to our command, fall through to nothing.
    if (key == 0x1d)
        control = !released;
    else if (extended && !is_shift && !released) // E0 2A is no shift key
        push_extended(key);
    else if (!extended && is_shift)
        shift = !released;
    else if (!extended && key == 0x3a && !released)
        caps_lock = !caps_lock;
    else if (!extended && !released)
        key_down(key);
    extended = false;
}

// One interrupt may stand for several bytes. All of them are taken: the line
// is edge-triggered, and a byte left over would block the next edge.
static void keyboard_interrupt(struct trap_frame *frame)
{
    (void)frame;
    irq_seen(1);
    while (inb(STATUS) & STATUS_OUTPUT_FULL)
        scan_code(inb(DATA));
}

// A missing controller reads all ones, a stuck one never gets ready.
static bool controller_ready(void)
{
    for (int i = 0; i < PATIENCE; i++) {
        uint8_t status = inb(STATUS);
        if (status == 0xff)
            return false;
        if (!(status & STATUS_INPUT_FULL))
            return true;
    }
    return false;
}

void keyboard_init(void)
{
    ONCE (keyboard) {
        if (!controller_ready())
            return; // leaves the ONCE armed: there may be one later
        // What was typed before there was a handler would keep the line high.
        // Bounded: a missing controller may always say "full".
        for (int i = 0; i < 16 && (inb(STATUS) & STATUS_OUTPUT_FULL); i++)
            inb(DATA);
        outb(DATA, ENABLE_SCANNING);
        irq_enable(IRQ_KEYBOARD, keyboard_interrupt);
    }
}

int keyboard_getc(void)
{
    if (ring_head == ring_tail)
        return -1;
    return ring[ring_tail++ % sizeof ring];
}
