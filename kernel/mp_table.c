// SPDX-License-Identifier: MIT
// Intel's MultiProcessor Specification 1.4, of before ACPI. [MP 1.4, 4]
//
//   pointer   "_MP_", 16 bytes, sum 0: in the EBDA, at the end of conventional
//     |       memory, or in the BIOS
//   table     "PCMP", 44 bytes of header, then entries in ascending type:
//
//     type 0, 20 bytes: a processor      others, 8 bytes
//     1 APIC id   3 flags: 1 usable, 2 the one that boots
//
// A pointer without a table stands for one of seven standard machines; they
// have two processors, numbers 0 and 1.
#include "kernel/cpu_table.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"

enum {
    POINTER = 16, // its length in bytes
    POINTER_TABLE = 4,
    POINTER_STANDARD = 11, // 0: there is a table
    HEADER = 44,
    LENGTH = 4,
    COUNT = 34, // how many entries
    PROCESSOR = 0,
    PROCESSOR_LENGTH = 20,
    OTHER_LENGTH = 8,
    LAST_TYPE = 4,
    FLAG_USABLE = 1,
    BIOS = 0xf0000,
    BIOS_LENGTH = 0x10000,
    KIB = 1024,
    MEMORY_KIB = 0x413, // the size of conventional memory
    MOST_KIB = 640,
};

const char *mp_read(const uint8_t *at, size_t len, struct cpu_table *table)
{
    if (len < HEADER || memcmp(at, "PCMP", 4) != 0)
        return "no signature PCMP";
    if (table_sum(at, len) != 0)
        return "its bytes do not add up to 0";
    uint32_t entries = (uint32_t)(at[COUNT] | at[COUNT + 1] << 8);
    for (size_t i = HEADER; entries--;) {
        if (i >= len || at[i] > LAST_TYPE)
            return "an entry of an unknown type";
        size_t size = at[i] == PROCESSOR ? PROCESSOR_LENGTH : OTHER_LENGTH;
        if (size > len - i)
            return "an entry does not end inside it";
        if (at[i] == PROCESSOR)
            table_add(table, at[i + 1], at[i + 3] & FLAG_USABLE);
        i += size;
    }
    return table->count ? NULL : "it lists no usable processor";
}

static const uint8_t *find_pointer(void)
{
    const uint8_t *size = virt_of(MEMORY_KIB), *at = NULL;
    uint32_t kib = (uint32_t)(size[0] | size[1] << 8);

    if (table_ebda())
        at = table_search(table_ebda(), KIB, "_MP_");
    if (!at && kib && kib <= MOST_KIB)
        at = table_search((kib - 1) * KIB, KIB, "_MP_");
    return at ? at : table_search(BIOS, BIOS_LENGTH, "_MP_");
}

bool mp_find(struct cpu_table *table)
{
    const uint8_t *pointer = find_pointer(), *at;
    const char *fault = "it is not mapped";

    if (!pointer)
        return false;
    if (table_sum(pointer, POINTER) != 0) {
        fault = "the bytes of its pointer do not add up to 0";
    } else if (pointer[POINTER_STANDARD]) {
        table_add(table, 0, true);
        table_add(table, 1, true);
        fault = NULL;
    } else {
        uint32_t phys = table_word(pointer + POINTER_TABLE);
        at = paging_map_device(phys, HEADER, PAGE_READ);
        size_t len = at ? (size_t)(at[LENGTH] | at[LENGTH + 1] << 8) : 0;
        if (at && len >= HEADER)
            at = paging_map_device(phys, len, PAGE_READ);
        if (at)
            fault = mp_read(at, len, table);
    }
    if (fault) {
        ksnprintf(table->fault, sizeof table->fault, "MP table: %s", fault);
        table->count = 0;
    }
    return true;
}
