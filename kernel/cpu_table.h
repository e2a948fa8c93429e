// SPDX-License-Identifier: MIT
// What the firmware says of the machine's processors. Two formats, both from
// before anybody asked a CPU; whoever wrote the tables may have made mistakes,
// so every length and sum is judged and a table that is wrong is refused with
// the reason.
#pragma once
#include "kernel/smp.h"
#include <stddef.h>
#include <stdint.h>

struct cpu_table {
    const char *source;       // "MADT", "MP table"; NULL: none was found
    char fault[96];           // why a table was refused; "" if none was
    uint8_t apic_id[CPU_MAX]; // of usable processors, in the table's order
    uint32_t count;           // of those
    uint32_t lost;            // more than CPU_MAX
    uint32_t disabled;        // listed, but not usable
};

// Fills the list by the first table that is good: ACPI's, then Intel's MP
// table. The count is 0 if there is none. Needs the memory map and paging.
void cpu_table_read(struct cpu_table *table);

// The parts, each for memory that is mapped from `at` to `at + len`. They
// return NULL, or what is wrong: "length 20 is less than 44".
//
// [ACPI 6.4, 5.2.12] and [MP 1.4, 4.3]
const char *madt_read(const uint8_t *at, size_t len, struct cpu_table *table);
const char *mp_read(const uint8_t *at, size_t len, struct cpu_table *table);

// Looks for a table in physical memory. False: there is none at all. True with
// a count of 0: there is one, and `fault` says what is wrong with it.
bool acpi_find(struct cpu_table *table);
bool mp_find(struct cpu_table *table);

// For both: the sum of all bytes, which is to be 0; a processor for the list;
// a place to look for a signature, 16 by 16 bytes.
uint8_t table_sum(const uint8_t *at, size_t len);
void table_add(struct cpu_table *table, uint8_t apic_id, bool usable);
const uint8_t *table_search(uint32_t phys, size_t len, const char *signature);

// The word at an unaligned place.
uint32_t table_word(const uint8_t *at);

// The segment that the BIOS keeps its own data in, as an address; 0 if it
// makes no sense.
uint32_t table_ebda(void);
