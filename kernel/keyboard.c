// SPDX-License-Identifier: MIT
// PS/2 keyboard: scan code set 1 (translated) to the bytes a terminal sends.
#include "kernel/keyboard.h"
#include "kernel/cpu.h"
#include "kernel/trap.h"
#include "smc/patch/once/once.h"

enum {
    DATA = 0x60,
    STATUS = 0x64,
    STATUS_OUTPUT_FULL = 0x01,
    STATUS_INPUT_FULL = 0x02,
    ENABLE_SCANNING = 0xf4,
    IRQ_KEYBOARD = 1,
    PATIENCE = 100000,
};

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

static char ring[64];
static volatile uint32_t ring_head, ring_tail;
static bool shift, control, caps_lock, extended;

static void push(char c)
{
    if (ring_head - ring_tail < sizeof ring)
        ring[ring_head++ % sizeof ring] = c;
}

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

static void keyboard_interrupt(struct trap_frame *frame)
{
    (void)frame;
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
