// SPDX-License-Identifier: MIT
// COM1, a 16550 at 115200 baud: the console by default. All of this works
// without a port, too; then output vanishes and input never comes.
#pragma once

// Probes and programs the port, once. Safe to call before anything else works,
// and again: later calls do nothing.
void serial_init(void);

// Turns reception from polling to interrupts. Needs the IDT and the PIC.
void serial_start_interrupts(void);

// Sends one byte, waiting for room. Does nothing without a port. Any context.
void serial_putc(char c);

// The next received byte (0..255), or -1 at once. Polls the port until
// serial_start_interrupts, reads the ring afterwards. One reader.
int serial_getc(void);

// Waits until the last byte has left the wire, within reason.
void serial_drain(void);
