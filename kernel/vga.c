// SPDX-License-Identifier: MIT
// VGA text mode. A BIOS has usually set it; booted without one (an emulator
// that loads the kernel itself) the adapter's registers are still blank and
// we set mode 3, 80 x 25 text, ourselves. [IBM VGA Technical Reference]
//
// A cell is 16 bits, at TEXT_MEMORY + 2 * (row * 80 + column):
//
//    15     14..12       11..8        7..0
//   | blink | background | foreground | character |
//
// No font is loaded: whoever draws the text brings one, or a BIOS has.
#include "kernel/vga.h"
#include "boot/info.h"
#include "kernel/cpu.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/patch/once/once.h"
#include <stdbool.h>

enum {
    COLUMNS = 80,
    ROWS = 25,
    BLANK = 0x0720,        // a space in ATTRIBUTE
    ATTRIBUTE = 0x07,      // light grey on black
    TEXT_MEMORY = 0xb8000, // physical; below the first MiB of RAM
    ATTR = 0x3c0,          // index and data take turns at one port
    MISC_WRITE = 0x3c2,
    SEQUENCER = 0x3c4, // index here, data at + 1; so are the next two
    GRAPHICS = 0x3ce,
    CRTC = 0x3d4,   // the address of a colour adapter
    STATUS = 0x3da, // reading it makes ATTR expect an index
};

static bool present;
// Where the next character goes: 0 <= column < COLUMNS, 0 <= row < ROWS
// between two calls. The hardware cursor only follows.
static int column, row;
// PLAIN text, after an ESC, or after ESC [.
static enum { PLAIN, ESCAPE, SEQUENCE } state;
// The colours of the next character, those that a sequence asks for, and the
// number in it that is being read.
static uint8_t colour = ATTRIBUTE, coming;
static uint32_t parameter;

// Mode 3: 720 x 400 at 70 Hz, 9 x 16 cells. Element i goes to register i of
// its group.
static const uint8_t sequencer[] = {0x03, 0x00, 0x03, 0x00, 0x02};
static const uint8_t crtc[] = {
    0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0,
    0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
static const uint8_t graphics[] = {0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff};
static const uint8_t attribute[] = {0,    1,    2,    3,    4,    5,    0x14,
                                    7,    0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
                                    0x3e, 0x3f, 0x0c, 0,    0x0f, 8,    0};

// Volatile: the store itself is the effect. A hole in RAM, but mapped.
static volatile uint16_t *cells(void)
{
    return virt_of(TEXT_MEMORY);
}

static uint8_t indexed_read(uint16_t port, uint8_t index)
{
    outb(port, index);
    return inb(port + 1);
}

static void indexed_write(uint16_t port, uint8_t index, uint8_t value)
{
    outb(port, index);
    outb(port + 1, value);
}

static void set_mode_3(void)
{
    // Clock 28 MHz, sync polarities for 400 lines, ports at 0x3d4.
    outb(MISC_WRITE, 0x67);
    for (uint8_t i = 0; i < sizeof sequencer; i++)
        indexed_write(SEQUENCER, i, sequencer[i]);
    indexed_write(CRTC, 0x11, 0x0e); // lift the write protection of 0..7
    for (uint8_t i = 0; i < sizeof crtc; i++)
        indexed_write(CRTC, i, crtc[i]);
    for (uint8_t i = 0; i < sizeof graphics; i++)
        indexed_write(GRAPHICS, i, graphics[i]);
    inb(STATUS); // the next write to ATTR is an index
    for (uint8_t i = 0; i < sizeof attribute; i++) {
        outb(ATTR, i);
        outb(ATTR, attribute[i]);
    }
    outb(ATTR, 0x20); // palette done: show the picture
}

// The cursor address registers hold what is written to them only if there
// is a colour adapter.
static bool adapter_answers(void)
{
    uint8_t old = indexed_read(CRTC, 0x0f);
    indexed_write(CRTC, 0x0f, 0x5a);
    bool answers = indexed_read(CRTC, 0x0f) == 0x5a;
    indexed_write(CRTC, 0x0f, old);
    return answers;
}

static void clear_row(int r)
{
    for (int c = 0; c < COLUMNS; c++)
        cells()[r * COLUMNS + c] = BLANK;
}

static void adapter_init(void)
{
    // A loader that set up a graphics frame buffer owns the screen.
    if (bootinfo.framebuffer_is_graphics || !adapter_answers())
        return;
    // Register 1 is the last column shown: 79 if somebody has set 80-column
    // text. Then the mode, and its font, are better left as they are.
    bool mode_was_set = indexed_read(CRTC, 0x01) == COLUMNS - 1;
    if (!mode_was_set)
        set_mode_3();
    for (int r = 0; r < ROWS; r++)
        clear_row(r);
    present = true;
}

void vga_init(void)
{
    ONCE (vga_adapter) {
        adapter_init();
    }
}

static void scroll(void)
{
    memmove((void *)cells(), (void *)(cells() + COLUMNS),
            COLUMNS * (ROWS - 1) * sizeof(uint16_t));
    clear_row(ROWS - 1);
    row = ROWS - 1;
}

static void move_cursor(void)
{
    uint16_t at = (uint16_t)(row * COLUMNS + column);
    indexed_write(CRTC, 0x0e, (uint8_t)(at >> 8));
    indexed_write(CRTC, 0x0f, (uint8_t)at);
}

// Wraps at the right edge at once, where a terminal waits for the next
// character. Backspace stops at the left edge; it does not go up a line.
static void put_plain(char c)
{
    if (c == '\n')
        row++;
    else if (c == '\r')
        column = 0;
    else if (c == '\b')
        column -= column > 0;
    else if (c == '\t')
        column = (column + 8) & ~7;
    else if ((uint8_t)c >= ' ')
        cells()[row * COLUMNS + column++] = (uint16_t)(colour << 8 |
                                                       (uint8_t)c);
    if (column >= COLUMNS) {
        column = 0;
        row++;
    }
    // At most one row too far: every way here adds one.
    if (row >= ROWS)
        scroll();
}

// SGR, the parameters of ESC [ ... m: 0 as at first, 1 bright, 30 to 37 the
// colour of what follows, 40 to 47 that behind it. The terminal counts red,
// green, blue from the low bit, the adapter blue, green, red. [ECMA-48]
static uint8_t select(uint8_t now, uint32_t n)
{
    static const uint8_t vga[] = {0, 4, 2, 6, 1, 5, 3, 7};
    if (n == 0)
        return ATTRIBUTE;
    if (n == 1)
        return now | 8;
    if (n >= 30 && n <= 37)
        return (uint8_t)((now & ~7) | vga[n - 30]);
    if (n >= 40 && n <= 47)
        return (uint8_t)((now & 15) | vga[n - 40] << 4);
    return now;
}

// ESC [ n ; n X: what the line editor sends, and colours. K clears to the end
// of the line, J the screen, H goes to the top left. Any other final byte ends
// the sequence without effect. Only an m lets the colours count.
static void put_sequence(char c)
{
    if (c >= '0' && c <= '9') {
        parameter = (parameter * 10 + (uint32_t)(c - '0')) % 1000;
        return;
    }
    coming = select(coming, parameter);
    parameter = 0;
    if (c == ';')
        return;
    state = PLAIN;
    if (c == 'm')
        colour = coming;
    if (c == 'K')
        for (int i = column; i < COLUMNS; i++)
            cells()[row * COLUMNS + i] = BLANK;
    if (c == 'J') {
        for (int r = 0; r < ROWS; r++)
            clear_row(r);
    }
    if (c == 'H')
        column = row = 0;
}

static void begin_sequence(void)
{
    state = SEQUENCE;
    coming = colour;
    parameter = 0;
}

bool vga_is_present(void)
{
    return present;
}

void vga_putc(char c)
{
    if (!present)
        return;
    if (state == SEQUENCE)
        put_sequence(c);
    else if (state == ESCAPE && c == '[')
        begin_sequence();
    else if (state == ESCAPE)
        state = PLAIN;
    else if (c == 033)
        state = ESCAPE;
    else
        put_plain(c);
    move_cursor();
}
