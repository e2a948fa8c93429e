// SPDX-License-Identifier: MIT
// The 16550: transmit by polling, receive by interrupt into a ring.
//
// A paste must not be lost however slow the shell is. When the ring is
// nearly full we lower RTS and stop taking bytes from the FIFO, which holds
// the sender back; serial_getc lets it go on. [PC16550D data sheet, 8.6]
//
//   wire -> FIFO 16 -> interrupt -> ring 4096 -> serial_getc
//            ^                       |  RING_HIGH: RTS down, interrupt off
//            '---- RTS --------------'  RING_LOW:  RTS up, interrupt on
//
// Two thresholds far apart, so that the line does not flutter.
#include "kernel/serial.h"
#include "kernel/cpu.h"
#include "kernel/irq_stats.h"
#include "kernel/trap.h"
#include "smc/patch/once/once.h"
#include <stdbool.h>

enum {
    PORT = 0x3f8,
    DATA = PORT,                 // divisor low with DLAB
    INTERRUPT_ENABLE = PORT + 1, // divisor high with DLAB
    FIFO_CONTROL = PORT + 2,
    LINE_CONTROL = PORT + 3, // holds DLAB, the switch for the two above
    MODEM_CONTROL = PORT + 4,
    LINE_STATUS = PORT + 5,
    SCRATCH = PORT + 7, // does nothing: a byte of memory
};

enum {
    LSR_DATA = 0x01,  // a byte waits in the receiver
    LSR_ROOM = 0x20,  // the transmit FIFO is empty
    LSR_EMPTY = 0x40, // the shift register as well: all is on the wire
    LCR_8N1 = 0x03,   // 8 bits, no parity, 1 stop bit
    LCR_DLAB = 0x80,
    FCR_ON_CLEAR = 0x07, // both FIFOs; interrupt from one byte on
    MCR_DTR = 0x01,
    MCR_RTS = 0x02,     // the other side may send
    MCR_OUT2 = 0x08,    // gates the interrupt line on a PC
    IER_RECEIVE = 0x01, // transmitting needs no interrupt
    IRQ_COM1 = 4,
    // Far longer than a byte takes at 115200 baud, short enough to go on
    // when the port stops answering.
    SEND_PATIENCE = 1000000,
};

// held_back is true while RTS is down and the receive interrupt is off.
static bool present, by_interrupt, held_back;

// One writer (the interrupt) and one reader; indices wrap freely. head counts
// bytes put in, tail bytes taken out; their difference is what is in it, even
// across the wrap at 2^32, because the size is a power of two.
static uint8_t ring[4096];
static volatile uint32_t ring_head, ring_tail;
enum { RING_HIGH = sizeof ring - 64, RING_LOW = sizeof ring / 2 };

static void port_init(void)
{
    // A missing port reads all ones: the scratch register tells.
    outb(SCRATCH, 0x5a);
    present = inb(SCRATCH) == 0x5a;
    if (!present)
        return;
    // Interrupts stay off until there is an IDT. The speed is 115200 baud
    // over the divisor, which hides behind DLAB at two other ports.
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, LCR_DLAB);
    outb(DATA, 1); // 115200 baud
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, LCR_8N1);
    outb(FIFO_CONTROL, FCR_ON_CLEAR);
    outb(MODEM_CONTROL, MCR_DTR | MCR_RTS | MCR_OUT2);
}

void serial_init(void)
{
    ONCE (serial_port) {
        port_init();
    }
}

static uint32_t ring_used(void)
{
    return ring_head - ring_tail;
}

// Interrupt and RTS go together. Switching the interrupt off while bytes wait
// and on again later makes the line rise once more: without that the PIC,
// which sees only edges, would never ask for them. Called with interrupts off.
static void hold_back(bool hold)
{
    held_back = hold;
    outb(MODEM_CONTROL, MCR_DTR | MCR_OUT2 | (hold ? 0 : MCR_RTS));
    outb(INTERRUPT_ENABLE, hold ? 0 : IER_RECEIVE);
}

// Takes all there is: an edge-triggered line with a byte left over would stay
// high and never interrupt again. Stops at a full ring; the FIFO and then the
// sender wait.
static void serial_interrupt(struct trap_frame *frame)
{
    (void)frame;
    irq_seen(IRQ_COM1);
    while (ring_used() < sizeof ring && (inb(LINE_STATUS) & LSR_DATA)) {
        ring[ring_head % sizeof ring] = inb(DATA);
        ring_head++;
    }
    if (ring_used() >= RING_HIGH)
        hold_back(true);
}

void serial_start_interrupts(void)
{
    if (!present)
        return;
    irq_enable(IRQ_COM1, serial_interrupt);
    by_interrupt = true;
    // RTS up, the receive interrupt on. Bytes that came before are fetched.
    hold_back(false);
}

// Sends even when patience has run out: a port that is slow to answer loses
// one byte that way, and a dead one does not hang the machine.
void serial_putc(char c)
{
    if (!present)
        return;
    for (int i = 0; i < SEND_PATIENCE; i++)
        if (inb(LINE_STATUS) & LSR_ROOM)
            break;
    outb(DATA, (uint8_t)c);
}

int serial_getc(void)
{
    if (!by_interrupt)
        return present && (inb(LINE_STATUS) & LSR_DATA) ? inb(DATA) : -1;
    if (ring_used() == 0)
        return -1;
    int c = ring[ring_tail % sizeof ring];
    ring_tail++;
    // The reader must do this: held back, the handler does not run.
    if (held_back && ring_used() < RING_LOW) {
        bool on = interrupts_off();
        hold_back(false);
        interrupts_restore(on);
    }
    return c;
}

void serial_drain(void)
{
    for (int i = 0; present && i < SEND_PATIENCE; i++)
        if (inb(LINE_STATUS) & LSR_EMPTY)
            break;
}
