// SPDX-License-Identifier: MIT
// ACPI, as far as it lists processors. [ACPI 6.4, 5.2]
//
//   RSDP      "RSD PTR " in the EBDA or the BIOS, sum 0
//     |  an address
//   RSDT      header, then addresses of 4 bytes (XSDT: of 8)
//     |  the one whose signature is "APIC"
//   MADT      header, LAPIC address, flags, then entries:
//
//     | type | length | ... |     type 0, length 8: a processor
//       0      1                  2 processor id  3 APIC id  4 flags
//
// All but the RSDP may lie anywhere below 4 GiB, so they are mapped first: the
// header, to learn the length, then all of it.
#include "kernel/cpu_table.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"

enum {
    HEADER = 36,       // of every table: signature 0, length 4, sum over all
    LENGTH = 4,        // where the length is
    MADT_ENTRIES = 44, // behind LAPIC address and flags
    ENTRY_LAPIC = 0,
    LAPIC_LENGTH = 8,
    FLAG_USABLE = 1,
    RSDP_LENGTH = 20, // of its first version, which has a sum of its own
    RSDP_RSDT = 16,
    LONGEST = 64 * 1024, // a table longer than that is nonsense
    BIOS = 0xe0000,
    BIOS_LENGTH = 0x20000,
    EBDA_LENGTH = 1024, // only its first KiB may have the signature
};

static void complain(struct cpu_table *table, const char *name,
                     const char *what)
{
    ksnprintf(table->fault, sizeof table->fault, "%s: %s", name, what);
}

// Every length is taken as a claim: an entry must lie in the table, and one of
// length 0 would be read for ever.
const char *madt_read(const uint8_t *at, size_t len, struct cpu_table *table)
{
    if (len < MADT_ENTRIES)
        return "it is shorter than its own header";
    if (table_sum(at, len) != 0)
        return "its bytes do not add up to 0";
    for (size_t i = MADT_ENTRIES; i < len; i += at[i + 1]) {
        if (len - i < 2 || at[i + 1] < 2 || at[i + 1] > len - i)
            return "an entry does not end inside it";
        if (at[i] != ENTRY_LAPIC)
            continue;
        if (at[i + 1] < LAPIC_LENGTH)
            return "a processor's entry is shorter than 8 bytes";
        table_add(table, at[i + 3], at[i + 4] & FLAG_USABLE);
    }
    return table->count ? NULL : "it lists no usable processor";
}

// A table at a physical address, as a whole; NULL if it cannot be mapped or
// says nonsense of its length.
static const uint8_t *map_table(uint32_t phys, size_t *len)
{
    const uint8_t *at = paging_map_device(phys, HEADER, PAGE_READ);
    if (!at)
        return NULL;
    *len = table_word(at + LENGTH);
    if (*len < HEADER || *len > LONGEST || phys + *len < phys)
        return NULL;
    return paging_map_device(phys, *len, PAGE_READ);
}

// The MADT among those that the root table lists.
static const uint8_t *find_madt(const uint8_t *root, size_t root_len,
                                size_t *len)
{
    for (size_t i = HEADER; i + 4 <= root_len; i += 4) {
        const uint8_t *at = map_table(table_word(root + i), len);
        if (at && memcmp(at, "APIC", 4) == 0)
            return at;
    }
    return NULL;
}

static const uint8_t *find_rsdp(void)
{
    const uint8_t *at = NULL;
    if (table_ebda())
        at = table_search(table_ebda(), EBDA_LENGTH, "RSD PTR ");
    return at ? at : table_search(BIOS, BIOS_LENGTH, "RSD PTR ");
}

// The RSDT serves: every ACPI of a 32-bit machine has one, and an XSDT lists
// the same tables with addresses of 8 bytes.
bool acpi_find(struct cpu_table *table)
{
    const uint8_t *rsdp = find_rsdp(), *rsdt, *madt;
    const char *fault;
    size_t len = 0;

    if (!rsdp)
        return false;
    if (table_sum(rsdp, RSDP_LENGTH) != 0) {
        complain(table, "RSDP", "its bytes do not add up to 0");
        return true;
    }
    rsdt = map_table(table_word(rsdp + RSDP_RSDT), &len);
    if (!rsdt || memcmp(rsdt, "RSDT", 4) != 0 || table_sum(rsdt, len) != 0) {
        complain(table, "RSDT", "no table, or its bytes do not add up to 0");
        return true;
    }
    madt = find_madt(rsdt, len, &len);
    fault = madt ? madt_read(madt, len, table) : "the RSDT does not list it";
    if (fault) {
        complain(table, "MADT", fault);
        table->count = 0;
    }
    return true;
}
