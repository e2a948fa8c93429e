// SPDX-License-Identifier: MIT
// Suite `x86`: functions done by the emulator.
#include "kernel/string.h"
#include "smc/x86/emulate.h"
#include "smc/x86/x86_check.h"
#include "smc/x86/x86_sample.h"
#include "smc/x86/x86_show.h"

// What emulated code may write to: a stack, and room for a result. It reads
// all of the kernel. A write anywhere else is a fault, and so a failed check
// and not a damaged kernel.
//
//   sandbox   | stack, 500 words  <- grows down | ARGS | text |
//                                               ^ esp + 4 at the start
//
// RETURNED is no address of code: EIP gets there by the last RET only.
enum { RETURNED = 0xdeadbee0, LIMIT = 20000, STACK_WORDS = 500, ARGS = 8 };
static struct {
    uint32_t stack[STACK_WORDS + ARGS];
    char text[64];
} sandbox;

static const struct emulate_result fine = {EMULATE_OK, 0, 0, 0};

// A branch or a pointer that was emulated wrongly leads anywhere: nothing is
// read that is not mapped, and no device.
static struct emulate_result read_memory(void *context, uint32_t address,
                                         void *bytes, size_t size,
                                         bool will_write)
{
    (void)context, (void)will_write;
    if (x86_readable((const void *)address, size) != size)
        return emulate_page_fault(address, 0);
    memcpy(bytes, (const void *)address, size);
    return fine;
}

// Subtracts where adding would wrap: an address below the sandbox becomes a
// great offset.
static struct emulate_result write_memory(void *context, uint32_t address,
                                          const void *bytes, size_t size)
{
    uint32_t offset = address - (uint32_t)&sandbox;
    (void)context;
    if (offset > sizeof sandbox || size > sizeof sandbox - offset)
        return emulate_page_fault(address, 2);
    memcpy((void *)address, bytes, size);
    return fine;
}

struct emulated {
    uint32_t eax, count; // count: instructions done
    bool done;
};

// From memory as it is now, one instruction after the other, wherever eip
// leads: a branch that was emulated wrongly leaves the function and is noticed
// there.
static bool emulate_one(struct cpu_state *state)
{
    static const struct emulate_world world = {.read = read_memory,
                                               .write = write_memory};
    struct insn insn;
    const void *at = (const void *)state->eip;
    if (insn_decode(&insn, at, x86_readable(at, INSN_MAX), INSN_32) != INSN_OK)
        return false;
    enum emulate_kind kind = emulate(state, &insn, &world).kind;
    return kind == EMULATE_OK || kind == EMULATE_AGAIN;
}

// A stack as a caller would leave it: arguments, and an address to return to
// that says that the function has returned.
//
//   sp + 0   RETURNED     what CALL would have pushed
//   sp + 4   args[0]      [i386 ABI: the first argument is the lowest]
//   sp + 8   args[1]
//
// LIMIT ends a loop that a wrong flag has made endless.
static struct emulated emulate_call(const void *function, const uint32_t *args,
                                    unsigned n)
{
    struct cpu_state state = {.eip = (uint32_t)function};
    uint32_t *sp = sandbox.stack + STACK_WORDS, count = 0;
    memcpy(sp, args, n * sizeof *args);
    *--sp = RETURNED;
    state.gpr[REG_SP] = (uint32_t)sp;
    emulate_flat(&state);
    while (state.eip != RETURNED && count < LIMIT && emulate_one(&state))
        count++;
    return (struct emulated){state.gpr[REG_AX], count, state.eip == RETURNED};
}

// The processor runs the same functions on the same arguments. ksnprintf
// writes into the sandbox, calls, loops, switches by a jump table and takes
// its arguments from the stack: most of what a C compiler makes.
enum check_result x86_check_emulated(void)
{
    static const char format[] = "%u %s|", one[] = "palimpsest",
                      other[] = "palimpseXt";
    char here[sizeof sandbox.text];
    const uint32_t sum[] = {1000};
    const uint32_t two[] = {(uint32_t)one, (uint32_t)other, sizeof one};
    const uint32_t print[] = {(uint32_t)sandbox.text, sizeof sandbox.text,
                              (uint32_t)format, 42, (uint32_t)one};
    if (x86_check_patched((const void *)x86_sum))
        return CHECK_SKIP;
    struct emulated a = emulate_call((const void *)x86_sum, sum, 1);
    struct emulated b = emulate_call((const void *)memcmp, two, 3);
    struct emulated c = emulate_call((const void *)strlen, two, 1);
    struct emulated d = emulate_call((const void *)ksnprintf, print, 5);
    uint32_t n = (uint32_t)ksnprintf(here, sizeof here, format, 42, one);
    bool same = a.eax == x86_sum(1000) &&
                b.eax == (uint32_t)memcmp(one, other, sizeof one) &&
                c.eax == strlen(one) && d.eax == n &&
                strcmp(here, sandbox.text) == 0;
    judged("x86_sum %u, memcmp %u, strlen %u, ksnprintf %u instructions: "
           "\"%s\"",
           a.count, b.count, c.count, d.count, sandbox.text);
    return verdict(same && a.done && b.done && c.done && d.done);
}
