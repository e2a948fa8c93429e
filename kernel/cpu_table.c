// SPDX-License-Identifier: MIT
// The list of processors, and what both of its formats have in common: they
// are found by a signature somewhere in low memory, and end in a sum.
#include "kernel/cpu_table.h"
#include "kernel/pages.h"
#include "kernel/string.h"

enum {
    EBDA_SEGMENT = 0x40e, // where the BIOS says its own data begins
    EBDA_LOWEST = 0x80000,
    VIDEO_MEMORY = 0xa0000,
    STEP = 16, // signatures begin at a paragraph
};

uint8_t table_sum(const uint8_t *at, size_t len)
{
    uint8_t sum = 0;
    while (len--)
        sum = (uint8_t)(sum + *at++);
    return sum;
}

uint32_t table_word(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

// A number that comes twice is a mistake of the table; starting it twice would
// be one of ours.
void table_add(struct cpu_table *table, uint8_t apic_id, bool usable)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (table->apic_id[i] == apic_id)
            return;
    if (!usable)
        table->disabled++;
    else if (table->count == CPU_MAX)
        table->lost++;
    else
        table->apic_id[table->count++] = apic_id;
}

uint32_t table_ebda(void)
{
    const uint8_t *at = virt_of(EBDA_SEGMENT);
    uint32_t ebda = (uint32_t)(at[0] | at[1] << 8) << 4;
    return ebda >= EBDA_LOWEST && ebda < VIDEO_MEMORY ? ebda : 0;
}

// Low memory is in the direct map.
const uint8_t *table_search(uint32_t phys, size_t len, const char *signature)
{
    const uint8_t *at = virt_of(phys);
    size_t size = strlen(signature);
    for (size_t i = 0; i + STEP <= len; i += STEP)
        if (memcmp(at + i, signature, size) == 0)
            return at + i;
    return NULL;
}

void cpu_table_read(struct cpu_table *table)
{
    *table = (struct cpu_table){0};
    if (acpi_find(table) && table->count)
        table->source = "MADT";
    else if (mp_find(table) && table->count)
        table->source = "MP table";
}
