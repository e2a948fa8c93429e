// SPDX-License-Identifier: MIT
// The local APIC: every CPU's own interrupt controller, timer and mailbox for
// interrupts to others. [SDM3 10]
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Maps the registers. Returns NULL, or in words why this CPU has no APIC that
// we can use. Called once, by CPU 0, before all below.
const char *lapic_init(void);

// Turns the APIC of the calling CPU on. On CPU 0 the PIC's lines and the NMI
// pin stay connected as the firmware had them ("virtual wire").
void lapic_enable(void);

// Whether there is one; its number for this CPU. 0 without.
bool lapic_is_there(void);
uint8_t lapic_id(void);

// Sends a vector, an NMI, or what a CPU that starts is waiting for. `page` is
// the number of the page below 1 MiB where it begins. Any context but NMI.
void lapic_send(uint8_t apic_id, uint8_t vector);
void lapic_send_nmi(uint8_t apic_id);
void lapic_send_init(uint8_t apic_id);
void lapic_send_start(uint8_t apic_id, uint8_t page);

// Whether the calling CPU has taken this vector from its APIC and not ended
// it yet: tells an interrupt from an INT n with the same number.
bool lapic_in_service(uint8_t vector);

// For trap_dispatch, after the handler of a vector of this APIC.
void lapic_end_of_interrupt(void);

// Measures how fast the timers count: 2 ms by the TSC. Called once, with
// interrupts on.
void lapic_calibrate(void);

// Lets the timer of the calling CPU interrupt that often a second by
// VECTOR_TIMER; 0 stops it.
void lapic_set_timer(uint32_t hz);

// Until lapic_open no vector of this APIC arrives; it is kept. For calls into
// the BIOS, whose table of interrupts has nothing of ours. An NMI still comes.
void lapic_shut(void);
void lapic_open(void);
