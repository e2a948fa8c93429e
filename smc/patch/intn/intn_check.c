// SPDX-License-Identifier: MIT
// Checks of the mechanism: all vectors, every error, and a site that is as
// it was when the checks are over. What the processor does with an INT is
// checked in intn_check_cpu.c, what interrupts do in intn_check_race.c; the
// list of all of them is at the end of this file.
#include "smc/patch/intn/intn_check.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/patch/intn/intn_site.h"

#define CARRY 1u
#define PAGE_FAULT 14
#define FAULT_PRESENT_WRITE 3u

struct intn_seen intn_seen;

// Each register is changed by an operation of its own, so that two that were
// swapped on the way do not look right.
void intn_remember(struct trap_frame *frame)
{
    intn_seen = (struct intn_seen){
        .calls = intn_seen.calls + 1,
        .vector = frame->vector & 0xff,
        .error = frame->error,
        .eip = frame->eip,
        .cs = frame->cs,
        .eflags = frame->eflags,
    };
    frame->eax += frame->vector;
    frame->ebx = ~frame->ebx;
    frame->ecx ^= frame->edx;
    frame->edx -= 1;
    frame->esi <<= 4;
    frame->edi += frame->esi;
    frame->ebp ^= 0x55aa55aa;
    frame->eflags ^= CARRY;
}

// Each register says which it is, and which call it belongs to: one that is
// left over from the call before does not look right. esi has room to shift.
struct intn_regs intn_sample(uint32_t n)
{
    return (struct intn_regs){
        .eax = 0x11110000 + n,
        .ebx = 0x22220000 + n,
        .ecx = 0x33330000 + n,
        .edx = 0x44440000 + n,
        .esi = 0x05550000 + n,
        .edi = 0x66660000 + n,
        .ebp = 0x77770000 + n,
        .eflags = n & CARRY,
    };
}

// In the order in which intn_remember changes them: ecx takes the old edx, edi
// the new esi. 256 + n is how a soft gate names its vector.
bool intn_answered(const struct intn_regs *in, const struct intn_regs *out,
                   uint32_t n)
{
    return out->eax == in->eax + 256 + n && out->ebx == ~in->ebx &&
           out->ecx == (in->ecx ^ in->edx) && out->edx == in->edx - 1 &&
           out->esi == in->esi << 4 && out->edi == in->edi + out->esi &&
           out->ebp == (in->ebp ^ 0x55aa55aa) &&
           ((out->eflags ^ in->eflags) & CARRY);
}

// A call that may fault, for trap_try.
struct attempt {
    const struct intn_way *way;
    uint32_t n;
    struct intn_regs regs;
    struct intn_result result;
};

// The result must outlive an unwound stack: it is the caller's.
static void attempt(void *arg)
{
    struct attempt *a = arg;

    a->result = a->way->call(a->n, &a->regs);
}

// One call of one vector, with its ordinary gate out of the way as shortly
// as can be: 0x20 to 0x2f are lines of the interrupt controller. A way that
// jumps to a wrong byte faults, and that is a failed check, not a panic.
static bool vector_works(const struct intn_way *way, uint32_t n)
{
    struct intn_regs in = intn_sample(n);
    struct attempt a = {.way = way, .n = n, .regs = in};
    bool on = interrupts_off();

    intn_seen = (struct intn_seen){0};
    trap_set_soft((uint8_t)n, intn_remember, 0);
    bool survived = trap_try(attempt, &a, NULL);
    trap_set_soft((uint8_t)n, NULL, 0);
    interrupts_restore(on);
    return survived && a.result.reason == INTN_OK && intn_seen.calls == 1 &&
           intn_seen.vector == n && intn_answered(&in, &a.regs, n);
}

// Every vector, not a few: an assembler that writes CC for `int $3` shifts
// the table only from there on, and a stub array off by one fails only at
// its end.
static enum check_result all_vectors(const struct intn_way *way)
{
    for (uint32_t n = 0; n < 256; n++) {
        if (!vector_works(way, n)) {
            judged("%s: int 0x%02x reached vector 0x%02x, %u calls", way->name,
                   n, intn_seen.vector, intn_seen.calls);
            return CHECK_FAIL;
        }
    }
    judged("256 vectors, 7 registers and CF in and out");
    return CHECK_PASS;
}

static enum check_result vectors_always(void)
{
    return all_vectors(&intn_ways[0]);
}

static enum check_result vectors_changed(void)
{
    return all_vectors(&intn_ways[1]);
}

static enum check_result vectors_stub(void)
{
    return all_vectors(&intn_ways[2]);
}

static enum check_result vectors_table(void)
{
    return all_vectors(&intn_ways[3]);
}

// A number that does not fit must not become the one it ends in: 256 would
// be INT 0, a divide error that nobody made.
static enum check_result refuses_number(uint32_t n)
{
    char why[80] = "";
    uint8_t before[INT_LENGTH];

    memcpy(before, intn_site, sizeof before);
    intn_seen = (struct intn_seen){0};
    for (size_t i = 0; i < INTN_WAYS; i++) {
        struct intn_regs in = intn_sample(n), out = in;
        struct intn_result result = intn_ways[i].call(n, &out);
        intn_explain(why, sizeof why, &result);
        if (result.reason != INTN_BAD_VECTOR || result.wrote ||
            memcmp(&in, &out, sizeof in)) {
            judged("%s: %s", intn_ways[i].name, why);
            return CHECK_FAIL;
        }
    }
    judged("%s", why);
    return !intn_seen.calls && !memcmp(before, intn_site, sizeof before);
}

// One bit too many, and all bits set: a number cut to a byte would be 0 and
// 255, and a signed comparison with 255 would let the second one through.
static enum check_result refuses_256(void)
{
    return refuses_number(256);
}

static enum check_result refuses_minus_one(void)
{
    return refuses_number(0xffffffff);
}

// The journal counts for us: refusals are numbered as writes are. A way that
// asked the door on every call would pass every other check, and cost what
// intn_always costs.
static enum check_result same_writes_nothing(void)
{
    struct intn_regs regs = intn_sample(0);

    trap_set_soft(INTN_FREE_VECTOR, intn_remember, 0);
    intn_changed(INTN_FREE_VECTOR, &regs);
    uint32_t before = journal_last();
    intn_seen = (struct intn_seen){0};
    for (int i = 0; i < 100; i++)
        intn_changed(INTN_FREE_VECTOR, &regs);
    uint32_t after = journal_last();
    trap_set_soft(INTN_FREE_VECTOR, NULL, 0);
    judged("%u calls, journal at #%u before and #%u after", intn_seen.calls,
           before, after);
    return intn_seen.calls == 100 && after == before;
}

// A debugger's INT3 over the opcode, or anything else that is not an INT. The
// second call asks for the very number that stands behind the INT3: a
// comparison of the number alone would find nothing to do and run the INT3.
static enum check_result refuses_foreign_bytes(void)
{
    static const uint8_t foreign[INT_LENGTH] = {0xcc, 0x90};
    struct attempt always = {.way = &intn_ways[0], .n = INTN_FREE_VECTOR};
    struct attempt changed = {.way = &intn_ways[1], .n = foreign[1]};
    char why[120];

    intn_reset();
    uint8_t old[INT_LENGTH] = {intn_site[0], intn_site[1]};
    intn_seen = (struct intn_seen){0};
    struct text_result put = text_write(intn_site, old, foreign, INT_LENGTH,
                                        "intn check");
    bool survived = trap_try(attempt, &always, NULL) &&
                    trap_try(attempt, &changed, NULL);
    struct text_result back = text_undo(put.entry);
    judged("%s", survived ? intn_explain(why, sizeof why, &changed.result)
                          : "they were executed");
    return survived && put.reason == TEXT_OK && back.reason == TEXT_OK &&
           always.result.reason == INTN_REFUSED &&
           changed.result.reason == INTN_REFUSED &&
           changed.result.door.reason == TEXT_MISMATCH && !intn_seen.calls;
}

// What Turbo Pascal did, and what the door is for. CR0.WP makes read-only
// pages hold for ring 0; without it this store would go through unseen.
static void store_directly(void *arg)
{
    *(volatile uint8_t *)arg = INTN_FREE_VECTOR;
}

static enum check_result direct_store_faults(void)
{
    struct trap_frame fault = {0};
    uint8_t before = intn_site[1];
    bool survived = trap_try(store_directly, &intn_site[1], &fault);

    judged("vector %u, error code %u, byte still %02x", fault.vector,
           fault.error, intn_site[1]);
    return !survived && fault.vector == PAGE_FAULT &&
           (fault.error & FAULT_PRESENT_WRITE) == FAULT_PRESENT_WRITE &&
           intn_site[1] == before;
}

// A stub must not be remembered longer than its memory: the symptom would be
// a call into a page that is somebody's data by then.
static enum check_result stubs_come_back(void)
{
    struct intn_result gone, made;

    intn_stub_make(INTN_FREE_VECTOR);
    gone = intn_stub_make(INTN_FREE_VECTOR);
    intn_stubs_free();
    made = intn_stub_make(INTN_FREE_VECTOR);
    intn_stubs_free();
    judged("wrote %d while there, %d after it was freed", gone.wrote,
           made.wrote);
    return !gone.wrote && made.wrote;
}

// Last of all, for whoever looks at the text's hash afterwards.
static enum check_result site_is_back(void)
{
    struct intn_result result = intn_reset();

    intn_stubs_free();
    judged("%02x %02x", intn_site[0], intn_site[1]);
    return result.reason == INTN_OK && intn_site[0] == INT_OPCODE &&
           intn_site[1] == 0;
}

static const struct check checks[] = {
    {"patch on every call reaches all vectors", vectors_always},
    {"patch on change reaches all vectors", vectors_changed},
    {"generated stubs reach all vectors", vectors_stub},
    {"the static table reaches all vectors", vectors_table},
    {"256 is an error, not INT 0", refuses_256},
    {"0xffffffff is an error, not INT 255", refuses_minus_one},
    {"same n does not write", same_writes_nothing},
    {"foreign bytes at the site are refused", refuses_foreign_bytes},
    {"a direct store into the site faults", direct_store_faults},
    {"freed stubs are made again", stubs_come_back},
    {"CD 03 and CC share a vector, not a length", intn_check_int3},
    {"INTO depends on OF, CD 04 does not", intn_check_into},
    {"INT1 is F1, not CD 01", intn_check_int1},
    {"a software INT pushes no error code", intn_check_no_error_code},
    {"an ordinary gate misreads it by one word", intn_check_shifted_frame},
    {"ring 3, DPL 0: #GP with n * 8 + 2", intn_check_gate_dpl0},
    {"ring 3, DPL 3: the handler runs", intn_check_gate_dpl3},
    {"the handler sees the caller's IF", intn_check_caller_if},
    {"a handler may call another n", intn_check_reentry},
    {"an interrupt cannot split STI from INT", intn_check_sti_shadow},
    {"without STI's shadow it can", intn_check_late_sti},
    {"2000 calls in an interrupt storm", intn_check_storm},
    {"the site is back to its first bytes", site_is_back},
};
CHECK_SUITE(intn, checks);
