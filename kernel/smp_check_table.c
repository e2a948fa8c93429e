// SPDX-License-Identifier: MIT
// Suite `smp`: the firmware's tables, good and bad. Each bad one differs from
// a good one in one byte or in its length, with the sum put right again unless
// the sum is what is wrong.
#include "kernel/cpu_table.h"
#include "kernel/smp_check.h"
#include "kernel/string.h"

enum { SUM_AT_MADT = 9, SUM_AT_MP = 7, MADT_LENGTH = 44 + 8 + 12 + 8 };

static void put_sum(uint8_t *at, size_t len, size_t where)
{
    at[where] = 0;
    at[where] = (uint8_t)-table_sum(at, len);
}

// Processors 3 (usable) and 5 (not), and an I/O APIC between them.
static void make_madt(uint8_t *at)
{
    memset(at, 0, MADT_LENGTH);
    memcpy(at, "APIC", 4);
    at[4] = MADT_LENGTH;
    memcpy(at + 44, "\0\10\0\3\1\0\0\0", 8);
    memcpy(at + 52, "\1\14\0\0\0\0\0\0\0\0\0\0", 12);
    memcpy(at + 64, "\0\10\1\5\0\0\0\0", 8);
    put_sum(at, MADT_LENGTH, SUM_AT_MADT);
}

// The fault of a table with one byte changed; "good" if there is none.
static const char *madt_with(size_t where, uint8_t value, bool sum_too)
{
    uint8_t at[MADT_LENGTH];
    struct cpu_table table = {0};
    make_madt(at);
    at[where] = value;
    if (sum_too)
        put_sum(at, MADT_LENGTH, SUM_AT_MADT);
    const char *fault = madt_read(at, MADT_LENGTH, &table);
    return fault ? fault : "good";
}

static uint32_t same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

enum check_result smp_check_madt(void)
{
    uint8_t at[MADT_LENGTH];
    struct cpu_table table = {0};
    make_madt(at);
    bool good = !madt_read(at, MADT_LENGTH, &table) && table.count == 1 &&
                table.apic_id[0] == 3 && table.disabled == 1;
    uint32_t named =
        same(madt_with(20, 1, false), "its bytes do not add up to 0") +
        same(madt_with(45, 0, true), "an entry does not end inside it") +
        same(madt_with(45, 1, true), "an entry does not end inside it") +
        same(madt_with(65, 9, true), "an entry does not end inside it") +
        same(madt_with(45, 4, true), "a processor's entry is shorter than 8 "
                                     "bytes") +
        same(madt_with(48, 0, true), "it lists no usable processor");
    const char *brief = madt_read(at, 43, &table);
    named += brief && same(brief, "it is shorter than its own header");
    judged("a good one is read, %u of 7 bad ones are named", named);
    return verdict(good && named == 7);
}

enum { MP_LENGTH = 44 + 20 + 8 + 20 };

static void make_mp(uint8_t *at)
{
    memset(at, 0, MP_LENGTH);
    memcpy(at, "PCMP", 4);
    at[4] = MP_LENGTH;
    at[34] = 3;
    at[44 + 3] = 1; // processor 0, usable
    at[64] = 1;     // a bus
    at[72 + 1] = 4; // processor 4, not usable
    put_sum(at, MP_LENGTH, SUM_AT_MP);
}

static const char *mp_with(size_t where, uint8_t value, bool sum_too)
{
    uint8_t at[MP_LENGTH];
    struct cpu_table table = {0};
    make_mp(at);
    at[where] = value;
    if (sum_too)
        put_sum(at, MP_LENGTH, SUM_AT_MP);
    const char *fault = mp_read(at, MP_LENGTH, &table);
    return fault ? fault : "good";
}

enum check_result smp_check_mp(void)
{
    uint8_t at[MP_LENGTH];
    struct cpu_table table = {0};
    make_mp(at);
    bool good = !mp_read(at, MP_LENGTH, &table) && table.count == 1 &&
                table.apic_id[0] == 0 && table.disabled == 1;
    uint32_t named =
        same(mp_with(0, 'Q', true), "no signature PCMP") +
        same(mp_with(20, 1, false), "its bytes do not add up to 0") +
        same(mp_with(64, 9, true), "an entry of an unknown type") +
        same(mp_with(34, 4, true), "an entry of an unknown type") +
        same(mp_with(64, 0, true), "an entry does not end inside it") +
        same(mp_with(47, 0, true), "it lists no usable processor");
    judged("a good one is read, %u of 6 bad ones are named", named);
    return verdict(good && named == 6);
}

// Read again, by both ways. The older one may list only the first of several
// processors in a package, as SeaBIOS makes it.
enum check_result smp_check_table_found(void)
{
    struct cpu_table madt = {0}, mp = {0};
    bool has_madt = acpi_find(&madt), has_mp = mp_find(&mp);
    if (!has_madt && !has_mp) {
        judged("this firmware has neither");
        return CHECK_SKIP;
    }
    judged("MADT: %u CPUs %s; MP table: %u CPUs %s", madt.count, madt.fault,
           mp.count, mp.fault);
    return verdict(!madt.fault[0] && !mp.fault[0] &&
                   (!has_madt || madt.count >= cpus_present()) &&
                   (!has_mp || mp.count >= 1));
}
