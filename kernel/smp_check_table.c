// SPDX-License-Identifier: MIT
// Suite `smp`: the firmware's tables, good and bad. Each bad one differs from
// a good one in one byte or in its length, with the sum put right again unless
// the sum is what is wrong.
#include "kernel/cpu_table.h"
#include "kernel/smp_check.h"
#include "kernel/string.h"

enum {
    MADT_LENGTH = 44 + 8 + 12 + 8,
    MP_LENGTH = 44 + 20 + 8 + 20,
    LONGEST = MP_LENGTH,
};

struct kind {
    size_t length, sum_at;
    void (*make)(uint8_t *at); // all but the sum, into zeros
    const char *(*read)(const uint8_t *at, size_t len, struct cpu_table *t);
};

static void put_sum(const struct kind *kind, uint8_t *at)
{
    at[kind->sum_at] = 0;
    at[kind->sum_at] = (uint8_t)-table_sum(at, kind->length);
}

static void make_good(const struct kind *kind, uint8_t at[LONGEST])
{
    memset(at, 0, LONGEST);
    kind->make(at);
    put_sum(kind, at);
}

// Is this the fault of a table with one byte changed? "good" if there is none.
static uint32_t named(const struct kind *kind, size_t where, uint8_t value,
                      bool sum_too, const char *fault)
{
    uint8_t at[LONGEST];
    struct cpu_table table = {0};
    make_good(kind, at);
    at[where] = value;
    if (sum_too)
        put_sum(kind, at);
    const char *said = kind->read(at, kind->length, &table);
    return strcmp(said ? said : "good", fault) == 0;
}

// Is the good one read, with this one usable processor and one not usable?
static bool reads(const struct kind *kind, uint8_t apic_id)
{
    uint8_t at[LONGEST];
    struct cpu_table table = {0};
    make_good(kind, at);
    return !kind->read(at, kind->length, &table) && table.count == 1 &&
           table.apic_id[0] == apic_id && table.disabled == 1;
}

// Processors 3 (usable) and 5 (not), and an I/O APIC between them.
static void make_madt(uint8_t *at)
{
    memcpy(at, "APIC", 4);
    at[4] = MADT_LENGTH;
    memcpy(at + 44, "\0\10\0\3\1\0\0\0", 8);
    memcpy(at + 52, "\1\14\0\0\0\0\0\0\0\0\0\0", 12);
    memcpy(at + 64, "\0\10\1\5\0\0\0\0", 8);
}

enum check_result smp_check_madt(void)
{
    static const struct kind madt = {MADT_LENGTH, 9, make_madt, madt_read};
    static const char cut[] = "an entry does not end inside it";
    uint8_t at[LONGEST];
    struct cpu_table table = {0};
    make_good(&madt, at);
    const char *brief = madt_read(at, 43, &table);
    uint32_t count =
        named(&madt, 20, 1, false, "its bytes do not add up to 0") +
        named(&madt, 45, 0, true, cut) + named(&madt, 45, 1, true, cut) +
        named(&madt, 65, 9, true, cut) +
        named(&madt, 45, 4, true,
              "a processor's entry is shorter than 8 bytes") +
        named(&madt, 48, 0, true, "it lists no usable processor") +
        (brief && strcmp(brief, "it is shorter than its own header") == 0);
    bool good = reads(&madt, 3);
    judged("a good one is read, %u of 7 bad ones are named", count);
    return verdict(good && count == 7);
}

static void make_mp(uint8_t *at)
{
    memcpy(at, "PCMP", 4);
    at[4] = MP_LENGTH;
    at[34] = 3;
    at[44 + 3] = 1; // processor 0, usable
    at[64] = 1;     // a bus
    at[72 + 1] = 4; // processor 4, not usable
}

enum check_result smp_check_mp(void)
{
    static const struct kind mp = {MP_LENGTH, 7, make_mp, mp_read};
    static const char unknown[] = "an entry of an unknown type";
    uint32_t count = named(&mp, 0, 'Q', true, "no signature PCMP") +
                     named(&mp, 20, 1, false, "its bytes do not add up to 0") +
                     named(&mp, 64, 9, true, unknown) +
                     named(&mp, 34, 4, true, unknown) +
                     named(&mp, 64, 0, true,
                           "an entry does not end inside it") +
                     named(&mp, 47, 0, true, "it lists no usable processor");
    bool good = reads(&mp, 0);
    judged("a good one is read, %u of 6 bad ones are named", count);
    return verdict(good && count == 6);
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
