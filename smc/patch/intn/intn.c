// SPDX-License-Identifier: MIT
// The four ways to execute INT n. What differs is only how the address of a
// right `CD nn` is come by; intn_enter does the rest for all.
//
// Two things can go wrong between the patch and the INT.
//
// The processor may have fetched the old bytes. Turbo Pascal's Intr stored nn
// and ran straight into it: right on the CPUs it was tested on, but one with
// a longer prefetch queue ran the old INT 0. Here the door serialises, and a
// CALL follows: either is enough. [SDM3 8.1.3]
//
// An interrupt handler may aim the same site elsewhere:
//
//   wrong                            right
//     write CD 90                      cli
//     <- handler writes CD 91          write CD 90
//     INT runs CD 91                   sti; CD 90    nothing in between
//                                      <- handler writes CD 91
//
// The last write is harmless: our INT has been executed, and whoever comes
// next compares or writes anew. The INT of the left column runs to its end,
// with the wrong handler, and nothing in the bytes tells afterwards.
#include "smc/patch/intn/intn.h"
#include "kernel/cpu.h"
#include "kernel/printf.h"
#include "smc/door/arena.h"
#include "smc/patch/intn/intn_site.h"

#define VECTORS 256
#define RET_OPCODE 0xC3

// One arena holds the generated stubs, four bytes for each vector that was
// ever asked for. stub[n] is NULL until then.
static struct arena *stub_arena;
static uint8_t *stub[VECTORS];

// n is kept as it was asked for. Stored in a byte first, 256 would be 0, and
// the check could not see it any more.
static struct intn_result outcome(uint32_t n)
{
    return (struct intn_result){
        .reason = n < VECTORS ? INTN_OK : INTN_BAD_VECTOR,
        .n = n,
    };
}

// Asks the door for `CD n` at the site. Only the opcode is claimed in the
// expected bytes: the number is whatever the last call left there, or an
// undo from the shell. A number remembered in a variable would be wrong
// after the first undo, and every later call would be refused.
static void write_vector(uint8_t *site, const char *technique,
                         struct intn_result *result)
{
    const uint8_t expected[INT_LENGTH] = {INT_OPCODE, site[1]};
    const uint8_t wanted[INT_LENGTH] = {INT_OPCODE, result->n};

    result->door = text_write(site, expected, wanted, INT_LENGTH, technique);
    result->wrote = result->door.reason == TEXT_OK;
    // The door refuses to write what is there already. That is no failure.
    if (!result->wrote && result->door.reason != TEXT_SAME)
        result->reason = INTN_REFUSED;
}

struct intn_result intn_aim(uint8_t *site, uint32_t n, const char *technique)
{
    struct intn_result result = outcome(n);

    if (result.reason != INTN_OK)
        return result;
    // Both bytes are compared. A foreign opcode before the right number is
    // not an INT n; the door will see that and refuse.
    if (site[0] != INT_OPCODE || site[1] != n)
        write_vector(site, technique, &result);
    return result;
}

// Executes the shared site, which was aimed with interrupts off. If the
// caller had them on, they go on with the STI in front of the INT; an STI
// here would open the gap that the CLI closed.
//   caller's IF   entered at      IF in the frame of the INT
//   1             intn_site_sti   1
//   0             intn_site       0
static void enter_site(struct intn_regs *regs, bool on)
{
    intn_enter(regs, on ? intn_site_sti : intn_site);
}

// What FreeDOS and GRUB do: no comparison, a write before every INT.
struct intn_result intn_always(uint32_t n, struct intn_regs *regs)
{
    struct intn_result result = outcome(n);

    if (result.reason != INTN_OK)
        return result;
    bool on = interrupts_off();
    // The door answers TEXT_SAME if the last n was this one: a refusal with a
    // line in the journal, for each call.
    write_vector(intn_site, "intn", &result);
    if (result.reason == INTN_OK)
        enter_site(regs, on);
    interrupts_restore(on);
    return result;
}

// What Linux's bioscall.S does. Comparing is four instructions; a write is a
// mapping, a journal entry, a serialising instruction and reading back.
struct intn_result intn_changed(uint32_t n, struct intn_regs *regs)
{
    bool on = interrupts_off();
    struct intn_result result = intn_aim(intn_site, n, "intn");

    if (result.reason == INTN_OK)
        enter_site(regs, on);
    interrupts_restore(on);
    return result;
}

/* Patch site: four bytes of the arena "intn stubs" for each vector
 *   before   CC CC CC CC   INT3, as every unused byte of an arena
 *   after    CD nn C3 CC   int $nn; ret
 *   who      generate_stub, through arena_write, at most once for a vector
 *   safe     nobody knows the address before stub[n] is set
 *   without  a table of 256 stubs, most of them never used
 */
// Generates `int n; ret`. Interrupts are off: a handler may want a stub too,
// and two arenas would be made. A stub that the door refused stays reserved
// and unused; its INT3s trap whoever strays there.
static void generate_stub(struct intn_result *result)
{
    const uint8_t code[] = {INT_OPCODE, result->n, RET_OPCODE};
    uint8_t *at = NULL;

    if (!stub_arena)
        stub_arena = arena_create("intn stubs", VECTORS * 4);
    if (stub_arena)
        at = arena_reserve(stub_arena, sizeof(code), 4);
    if (!at) {
        result->reason = INTN_NO_MEMORY;
        return;
    }
    result->door = arena_write(stub_arena, at, code, sizeof(code), "intn");
    result->wrote = result->door.reason == TEXT_OK;
    if (result->wrote)
        stub[result->n] = at; // only now: nobody may see half a stub
    else
        result->reason = INTN_REFUSED;
}

// The test is inside: a handler that makes the same stub between an outside
// test and the CLI would have its stub made twice.
struct intn_result intn_stub_make(uint32_t n)
{
    struct intn_result result = outcome(n);

    if (result.reason != INTN_OK)
        return result;
    bool on = interrupts_off();
    if (!stub[n])
        generate_stub(&result);
    interrupts_restore(on);
    return result;
}

// A stub never changes once it is there, so nothing can come between its
// choice and its execution: interrupts stay as they are.
struct intn_result intn_stub(uint32_t n, struct intn_regs *regs)
{
    struct intn_result result = intn_stub_make(n);

    if (result.reason == INTN_OK)
        intn_enter(regs, stub[n]);
    return result;
}

// Open Watcom's way. The number is an index and never becomes code.
struct intn_result intn_table(uint32_t n, struct intn_regs *regs)
{
    struct intn_result result = outcome(n);

    if (result.reason == INTN_OK)
        intn_enter(regs, intn_stubs[n]);
    return result;
}

const struct intn_way intn_ways[INTN_WAYS] = {
    {"patch on every call", intn_always},
    {"patch when n changes", intn_changed},
    {"generated stubs", intn_stub},
    {"static table", intn_table},
};

// None may be executing: its pages go to somebody else, whose data the RET
// would then be. The pointers go with them, or the next call would land there.
void intn_stubs_free(void)
{
    bool on = interrupts_off();

    for (unsigned n = 0; n < VECTORS; n++)
        stub[n] = NULL;
    arena_destroy(stub_arena);
    stub_arena = NULL;
    interrupts_restore(on);
}

// A site at rest says INT 0. It is a write like any other, so the journal can
// tell how the site came to be as it is.
struct intn_result intn_reset(void)
{
    bool on = interrupts_off();
    struct intn_result result = intn_aim(intn_site, 0, "intn");

    interrupts_restore(on);
    return result;
}

char *intn_explain(char *out, size_t size, const struct intn_result *result)
{
    switch (result->reason) {
    case INTN_OK:
        ksnprintf(out, size, "int 0x%02x was executed", result->n);
        break;
    case INTN_BAD_VECTOR:
        ksnprintf(out, size,
                  "vector %u (0x%x) is not in 0..255; nothing was executed",
                  result->n, result->n);
        break;
    case INTN_REFUSED: text_explain(out, size, &result->door); break;
    case INTN_NO_MEMORY:
        ksnprintf(out, size, "no memory for a stub of int 0x%02x", result->n);
        break;
    }
    return out;
}
