// SPDX-License-Identifier: MIT
// Checks of what the processor does with an INT: its one-byte cousins, its
// missing error code, and the privilege of its gate.
// [SDM3 6.12.1.2] [SDM3 6.13]
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/patch/intn/intn_check.h"
#include "smc/patch/intn/intn_site.h"

#define BREAKPOINT 3
#define OVERFLOW 4
#define GENERAL_PROTECTION 13
#define PAGE_FAULT 14
#define EFLAGS_OF 0x800u

extern const uint8_t intn_probe_int3[], intn_probe_into[], intn_probe_int1[];

// For trap_try, which hands on one pointer.
struct entry {
    const uint8_t *at;
    struct intn_regs regs;
};

// No way of the four is used: the instruction under test is given, its bytes
// are not to be patched.
static void enter(void *arg)
{
    struct entry *e = arg;

    intn_enter(&e->regs, e->at);
}

// Executes the instruction at `entry`, a RET behind it, with a handler at
// vector n. Returns the length of the instruction that trapped, 0 if none.
static uint32_t trapped_length(const uint8_t *entry, uint8_t n,
                               uint32_t eflags)
{
    struct entry e = {.at = entry, .regs = {.eflags = eflags}};
    bool on = interrupts_off();

    intn_seen = (struct intn_seen){0};
    trap_set_soft(n, intn_remember, 0);
    bool survived = trap_try(enter, &e, NULL);
    trap_set_soft(n, NULL, 0);
    interrupts_restore(on);
    if (!survived || intn_seen.calls != 1 || intn_seen.vector != n)
        return 0;
    return intn_seen.eip - (uint32_t)entry;
}

// A debugger that skipped two bytes after a CC, or one after a CD 03, would
// go on in the middle of an instruction.
enum check_result intn_check_int3(void)
{
    uint32_t two = trapped_length(intn_stubs[BREAKPOINT], BREAKPOINT, 0);
    uint32_t one = trapped_length(intn_probe_int3, BREAKPOINT, 0);

    judged("cd %02x returns to site+%u, %02x to site+%u",
           intn_stubs[BREAKPOINT][1], two, intn_probe_int3[0], one);
    return two == 2 && one == 1 && intn_stubs[BREAKPOINT][0] == INT_OPCODE;
}

// INTO asks a flag, INT 4 does not: one cannot stand for the other.
enum check_result intn_check_into(void)
{
    const uint8_t *two = intn_stubs[OVERFLOW];
    uint32_t clear = trapped_length(intn_probe_into, OVERFLOW, 0);
    uint32_t set = trapped_length(intn_probe_into, OVERFLOW, EFLAGS_OF);
    uint32_t always = trapped_length(two, OVERFLOW, 0);

    judged("ce: %u without OF, site+%u with it; cd 04: site+%u", clear, set,
           always);
    return !clear && set == 1 && always == 2;
}

// Only the bytes are compared. CD 01 was executed among all the vectors; F1
// would stop QEMU.
enum check_result intn_check_int1(void)
{
    judged("%02x against %02x %02x; f1 is not executed, it stops QEMU",
           intn_probe_int1[0], intn_stubs[1][0], intn_stubs[1][1]);
    return intn_probe_int1[0] == 0xf1 && intn_stubs[1][0] == INT_OPCODE &&
           intn_stubs[1][1] == 1;
}

// The vectors whose exceptions push an error code. An INT never does; with a
// stub that knows, eip and cs are where they belong.
enum check_result intn_check_no_error_code(void)
{
    static const uint8_t vectors[] = {8, 10, 11, 12, 13, 14, 17};

    for (size_t i = 0; i < sizeof vectors; i++) {
        uint8_t n = vectors[i];
        uint32_t length = trapped_length(intn_stubs[n], n, 0);
        if (length != INT_LENGTH || intn_seen.cs != GDT_CODE ||
            intn_seen.error) {
            judged("int %u: eip site+%u, cs %x, error %x", n, length,
                   intn_seen.cs, intn_seen.error);
            return CHECK_FAIL;
        }
    }
    judged("8 10 11 12 13 14 17: eip is site+2, cs is %x", intn_seen.cs);
    return CHECK_PASS;
}

// The ordinary gate of vector 13 leads to a stub that takes the topmost word
// for an error code:
//
//   pushed by INT 13    read by the stub as
//     eflags              cs
//     cs                  eip
//     eip                 error code
//
// A return from that frame would jump to address 8; trap_try unwinds instead.
enum check_result intn_check_shifted_frame(void)
{
    const uint8_t *site = intn_stubs[GENERAL_PROTECTION];
    struct entry e = {.at = site};
    struct trap_frame fault = {0};
    bool on = interrupts_off();
    bool survived = trap_try(enter, &e, &fault);

    interrupts_restore(on);
    judged("error %08x (site+%u), eip %x, cs %x", fault.error,
           fault.error - (uint32_t)site, fault.eip, fault.cs);
    return !survived && fault.vector == GENERAL_PROTECTION &&
           fault.error == (uint32_t)site + INT_LENGTH &&
           fault.eip == GDT_CODE && fault.cs & 2;
}

// Ring 3 sees the page of the static table at USER_CODE and one page of
// stack behind it.
#define USER_CODE 0x00400000u
#define USER_STACK (USER_CODE + PAGE_SIZE)

// The table is 1024 bytes and aligned to that, so all of it is in the page.
static uint32_t user_stub(uint32_t n)
{
    return USER_CODE + ((uint32_t)intn_stubs[n] & (PAGE_SIZE - 1));
}

// The topmost word of the stack is 0, and the stub returns there: a page
// fault at address 0 is how a successful run ends.
static void run_user_stub(void *arg)
{
    trap_enter_user(user_stub(*(uint32_t *)arg), USER_STACK + PAGE_SIZE - 4);
}

// The static table serves as the program: it is text already, so nothing
// has to be written to a page that ring 3 may execute.
static void *user_map(void)
{
    uintptr_t table = PAGE_ALIGN_DOWN(phys_of(intn_stubs));
    void *stack = pages_alloc(1);

    if (!stack)
        return NULL;
    memset(stack, 0, PAGE_SIZE);
    paging_map(USER_CODE, table, 1, PAGE_EXEC | PAGE_USER);
    paging_map(USER_STACK, phys_of(stack), 1, PAGE_WRITE | PAGE_USER);
    return stack;
}

// User pages must not outlive their check: the next map of this address, or a
// stray kernel pointer into it, would find them.
static void user_unmap(void *stack)
{
    paging_unmap(USER_CODE, 1);
    paging_unmap(USER_STACK, 1);
    pages_free(stack, 1);
}

// Runs INT n at ring 3 against a gate of privilege `dpl`. Interrupts stay
// off in ring 3 too: n may be a line of the interrupt controller.
static struct trap_frame user_int(uint32_t n, int dpl)
{
    struct trap_frame fault = {0};
    bool on = interrupts_off();

    intn_seen = (struct intn_seen){0};
    // A soft gate at 13 would misread the very fault that dpl 0 is to give.
    if (dpl == 3 || n != GENERAL_PROTECTION)
        trap_set_soft((uint8_t)n, intn_remember, dpl);
    trap_try(run_user_stub, &n, &fault);
    trap_set_soft((uint8_t)n, NULL, 0);
    interrupts_restore(on);
    return fault;
}

// All 256, as a gate with a wrong privilege is one in a table of 256. The
// first that is wrong says why; `ok` is for the case that none is.
static enum check_result user_ints(bool (*good)(uint32_t n), const char *ok)
{
    uint32_t n = 0;
    void *stack;

    // Whoever has loaded a file there wants to have it afterwards.
    if (arena_refuse_at(USER_CODE, 2 * PAGE_SIZE)) {
        judged("an image is loaded at 0x%x", USER_CODE);
        return CHECK_SKIP;
    }
    stack = user_map();
    if (!stack) {
        judged("no memory for a user stack");
        return CHECK_FAIL;
    }
    while (n < 256 && good(n))
        n++;
    user_unmap(stack);
    if (n == 256)
        judged("%s", ok);
    return n == 256;
}

// The gate's privilege is checked for INT n only, not for the exception of
// the same number: it keeps ring 3 from faking a page fault. The error code
// is the gate's offset in the IDT with bit 1 for "IDT".
static bool refused_by_gate(uint32_t n)
{
    struct trap_frame fault = user_int(n, 0);

    if (!intn_seen.calls && fault.vector == GENERAL_PROTECTION &&
        fault.error == n * 8 + 2 && fault.eip == user_stub(n))
        return true;
    judged("int 0x%02x: %s, error %x, eip %x", n, trap_name(fault.vector),
           fault.error, fault.eip);
    return false;
}

enum check_result intn_check_gate_dpl0(void)
{
    return user_ints(refused_by_gate, "256 vectors, error 0x002 to 0x7fa");
}

// With DPL 3 the handler runs on the kernel's stack and sees where it was
// called from: cs is ring 3's, eip is behind the INT.
static bool passed_by_gate(uint32_t n)
{
    // The run ends by a page fault, which a soft gate at 14 would misread.
    if (n == PAGE_FAULT)
        return true;
    struct trap_frame fault = user_int(n, 3);
    if (intn_seen.calls == 1 && intn_seen.cs == GDT_USER_CODE &&
        intn_seen.eip == user_stub(n) + INT_LENGTH &&
        fault.vector == PAGE_FAULT && fault.eip == 0)
        return true;
    judged("int 0x%02x: %u calls, cs %x, ended by %s at %x", n,
           intn_seen.calls, intn_seen.cs, trap_name(fault.vector), fault.eip);
    return false;
}

enum check_result intn_check_gate_dpl3(void)
{
    return user_ints(passed_by_gate, "all vectors but 14, from cs 1b");
}
