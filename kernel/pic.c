// SPDX-License-Identifier: MIT
// The two 8259A, whose sixteen lines all come to CPU 0, through its local APIC
// if it has one. [Intel 8259A data sheet]
#include "kernel/pic.h"
#include "kernel/cpu.h"
#include "kernel/smp.h"
#include "kernel/spinlock.h"

enum {
    PIC1 = 0x20,         // command port; the mask is at + 1
    PIC2 = 0xa0,         // hangs on line 2 of the first
    PIC_EOI = 0x20,      // non-specific end of interrupt
    PIC_READ_ISR = 0x0b, // the next read gives what is in service
};

static trap_handler *lines[16];
static uint16_t mask = 0xffff & ~(1 << 2); // line 2 is the second PIC
static struct spinlock lock;

// Vectors 0x20..0x2f, away from the exceptions; everything masked.
// The initialisation is a sequence: 0x11 to the command port starts it, then
// three words go to the other port. The BIOS has left the lines at vectors
// 8..15 and 0x70..0x77; a tick at vector 8 would look like a double fault.
void pic_init(void)
{
    outb(PIC1, 0x11); // ICW1: edge triggered, cascaded, ICW4 follows
    outb(PIC2, 0x11);
    outb(PIC1 + 1, IRQ_BASE); // ICW2: first vector
    outb(PIC2 + 1, IRQ_BASE + 8);
    outb(PIC1 + 1, 1 << 2); // ICW3: the second PIC is on line 2
    outb(PIC2 + 1, 2);      // ICW3: and this is its number there
    outb(PIC1 + 1, 1);      // ICW4: 8086 mode, explicit end of interrupt
    outb(PIC2 + 1, 1);
    outb(PIC1 + 1, (uint8_t)mask); // OCW1: 1 masks
    outb(PIC2 + 1, (uint8_t)(mask >> 8));
}

// The mask and its copy must agree; a handler that changed them in between
// would be undone by our write.
static void irq_set(uint8_t line, trap_handler *handler, bool masked)
{
    bool on = spin_lock(&lock);
    lines[line] = handler;
    mask = (uint16_t)((mask & ~(1u << line)) | masked << line);
    outb(PIC1 + 1, (uint8_t)mask);
    outb(PIC2 + 1, (uint8_t)(mask >> 8));
    spin_unlock(&lock, on);
}

void irq_enable(uint8_t line, trap_handler *handler)
{
    irq_set(line, handler, false);
}

void irq_disable(uint8_t line)
{
    irq_set(line, NULL, true);
}

// Reading a PIC's in-service register takes a command first: port PIC1 or PIC2
// otherwise gives the request register.
static bool in_service(unsigned line)
{
    uint16_t port = line < 8 ? PIC1 : PIC2;
    outb(port, PIC_READ_ISR);
    return inb(port) >> (line & 7) & 1;
}

// A line that drops again before it is acknowledged arrives as 7 or 15 with
// nothing in service: no end of interrupt may be sent for it. It would end
// whatever is really in service, and that line would come again too early.
void pic_dispatch(unsigned line, struct trap_frame *frame)
{
    if ((line & 7) == 7 && !in_service(line)) {
        if (line == 15)
            // The first PIC has seen a real request on line 2.
            outb(PIC1, PIC_EOI);
        return;
    }
    cpu_local()->irq_depth++;
    if (lines[line])
        lines[line](frame);
    cpu_local()->irq_depth--;
    // After the handler: the same line cannot come again before it is done.
    // Lines of the second PIC are in service in both.
    if (line >= 8)
        outb(PIC2, PIC_EOI);
    outb(PIC1, PIC_EOI);
}

void irq_end_lost(void)
{
    for (unsigned line = 0; line < 16; line++)
        if (in_service(line)) {
            if (line >= 8)
                outb(PIC2, PIC_EOI);
            else
                outb(PIC1, PIC_EOI);
        }
}
