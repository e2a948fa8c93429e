// SPDX-License-Identifier: MIT
// COM1, a 16550 at 115200 baud: the console by default.
#pragma once
#include <stdbool.h>

// Probes and programs the port. Safe to call before anything else works.
void serial_init(void);
bool serial_present(void);

// Turns reception from polling to interrupts. Needs the IDT and the PIC.
void serial_start_interrupts(void);

// Sends one byte, waiting for room. Does nothing without a port.
void serial_putc(char c);

// The next received byte, or -1. Polls until serial_start_interrupts.
int serial_getc(void);

// Waits until the last byte has left the wire, within reason.
void serial_drain(void);
