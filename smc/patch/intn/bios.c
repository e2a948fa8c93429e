// SPDX-License-Identifier: MIT
// One BIOS call: look before leaping, aim the thunk's INT, mask the
// interrupt controller, map, switch, unmap, unmask. The switch itself is in
// bios_thunk.S. Linux did the same in arch/x86/boot/bioscall.S, once and
// before it left real mode; we go back as often as asked.
#include "smc/patch/intn/bios.h"
#include "kernel/cpu.h"
#include "kernel/lapic.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/arena.h"

enum {
    PIC1_MASK = 0x21,
    PIC2_MASK = 0xa1,
    STATUS_FLAGS = 0x8d5, // CF PF AF ZF SF OF
    EFLAGS_ALWAYS_SET = 0x2,
    BDA_EBDA_SEGMENT = 0x40e, // where the BIOS says its own data begins
    EBDA_LOWEST = 0x80000,
    VIDEO_MEMORY = 0xa0000,
    ROM = 0xc0000,
    RESET_VECTOR = 0xffff0,
    JMP_FAR = 0xea,
};

_Static_assert(sizeof(struct bios_regs) == BIOS_REGS_SIZE,
               "the thunk pops and pushes exactly this");

extern const uint8_t bios_thunk[], bios_thunk_end[], bios_site[];
void bios_switch(void);

// NULL until the first call. Never destroyed: the next call needs it again,
// and its page belongs to no allocator.
static struct arena *thunk_arena;

// Page 0 is not mapped at address 0, so that null pointers fault. What real
// mode has there, the kernel sees in the direct map.
static uint32_t low_word(uint32_t phys)
{
    return *(const volatile uint16_t *)virt_of(phys);
}

// Handlers live in ROM, or in the extended BIOS data area at the end of
// conventional memory, where option ROMs put their hooks. Anything else is
// left over from nobody knows whom: executing it would be the end.
//
//   00000   interrupt table, BIOS data
//   00500   loader's leftovers, our two pages         refused
//   ebda    extended BIOS data, hooks                 handlers
//   a0000   video memory                              refused
//   c0000   video BIOS, option ROMs, system BIOS      handlers
//
// A word at 40E that makes no sense gives an area of no size.
static bool is_firmware(uint32_t phys)
{
    uint32_t ebda = low_word(BDA_EBDA_SEGMENT) << 4;
    if (ebda < EBDA_LOWEST || ebda > VIDEO_MEMORY)
        ebda = VIDEO_MEMORY;
    return phys >= ROM || (phys >= ebda && phys < VIDEO_MEMORY);
}

enum bios_reason bios_probe(uint32_t n)
{
    if (n > 255)
        return BIOS_BAD_VECTOR;
    // Every PC BIOS begins with a far jump at F000:FFF0. A machine that was
    // started without one (v86, QEMU with qboot) has zeros or ones there.
    if (*(const volatile uint8_t *)virt_of(RESET_VECTOR) != JMP_FAR)
        return BIOS_ABSENT;
    // An empty entry is 0000:0000, which is the table itself.
    uint32_t offset = low_word(n * 4), segment = low_word(n * 4 + 2);
    if (!(offset | segment) || !is_firmware(segment * 16 + offset))
        return BIOS_NO_HANDLER;
    return BIOS_OK;
}

// Copies the thunk to where real mode can run it. The page becomes r-x in
// the direct map and stays so; it is below the first MiB, which the page
// allocator never gives out. A copy is needed at all because real mode cannot
// reach the kernel, which begins at 1 MiB.
static bool thunk_ready(void)
{
    size_t len = (size_t)(bios_thunk_end - bios_thunk);

    if (thunk_arena)
        return true;
    struct arena *arena = arena_adopt("bios thunk", virt_of(BIOS_CODE),
                                      PAGE_SIZE);
    if (!arena)
        return false;
    void *at = arena_reserve(arena, len, 1);
    if (!at ||
        arena_write(arena, at, bios_thunk, len, "bios").reason != TEXT_OK) {
        arena_destroy(arena);
        return false;
    }
    thunk_arena = arena;
    return true;
}

// The patch is made here, at 0xc000....; it runs at the low address. The
// journal has this one, for which the door knows the page and its rights.
static uint8_t *live_site(void)
{
    return thunk_arena->base + (bios_site - bios_thunk);
}

const uint8_t *bios_site_live(void)
{
    return thunk_arena ? live_site() : NULL;
}

// No line may interrupt: its vector would be looked up in the BIOS's table,
// where 0x20 is DOS and 0x21 too, not timer and keyboard. A BIOS turns
// interrupts on as it pleases, so CLI is not enough. A tick that comes
// meanwhile waits in the controller; the clock loses only what comes after.
static uint16_t mask_lines(void)
{
    uint16_t masks = (uint16_t)(inb(PIC1_MASK) | inb(PIC2_MASK) << 8);
    outb(PIC1_MASK, 0xff);
    outb(PIC2_MASK, 0xff);
    return masks;
}

// Only what was open before is opened: the trap code keeps its own idea of the
// masks, and both must go on agreeing.
static void unmask_lines(uint16_t masks)
{
    outb(PIC1_MASK, (uint8_t)masks);
    outb(PIC2_MASK, (uint8_t)(masks >> 8));
}

// The thunk turns paging off and on, so where it runs, linear and physical
// address must be the same. Only its code: the data page is not touched at
// that address while paging is on. The mapping lives no longer than the
// call, because page 6 belongs to nobody, and a stray jump there must fault.
//
//   linear      during the call            otherwise
//   0x00006000  r-x, the thunk             not mapped
//   0xc0006000  r-x, the same frame        r-x
//   0xc0007000  rw-, regs, stack, saved    rw-
//
// NMIs are not masked. One that came in real mode would find its vector in
// the table of the BIOS; one just before that table is loaded, none at all.
static void switch_and_back(struct bios_regs *regs)
{
    struct bios_regs *shared = virt_of(BIOS_REGS);
    uint16_t masks = mask_lines();
    // The same for the vectors of other CPUs and of the timer: they wait.
    lapic_shut();

    *shared = *regs;
    // IF stays clear until the BIOS sets it, TF always.
    shared->eflags = (regs->eflags & STATUS_FLAGS) | EFLAGS_ALWAYS_SET;
    paging_map(BIOS_CODE, BIOS_CODE, 1, PAGE_EXEC);
    bios_switch();
    lapic_open();
    paging_unmap(BIOS_CODE, 1);
    *regs = *shared;
    unmask_lines(masks);
}

// All that can be refused is refused before anything is touched. This may
// take memory, so it runs with interrupts as they were.
static enum bios_reason prepare(uint32_t n)
{
    struct page_info info;
    enum bios_reason reason = bios_probe(n);

    if (reason != BIOS_OK)
        return reason;
    // Mapping over it would take a page from its owner, and the unmapping
    // afterwards would not give it back.
    if (paging_lookup((const void *)BIOS_CODE, &info))
        return BIOS_OCCUPIED;
    return thunk_ready() ? BIOS_OK : BIOS_NO_MEMORY;
}

// With the interrupt controller masked these would never return: read a key,
// and wait for a number of microseconds. Others may exist.
static bool waits(uint32_t n, const struct bios_regs *regs)
{
    uint32_t ah = regs->eax >> 8 & 0xff;

    return (n == 0x16 && (ah == 0x00 || ah == 0x10)) ||
           (n == 0x15 && ah == 0x86);
}

// Interrupts are off from the patch to the return: as in intn_changed,
// nobody may aim the thunk elsewhere in between.
struct bios_result bios_call(uint32_t n, struct bios_regs *regs)
{
    struct bios_result result = {.reason = prepare(n), .n = n};

    if (result.reason == BIOS_OK && waits(n, regs))
        result.reason = BIOS_WAITS;
    if (result.reason != BIOS_OK)
        return result;
    bool on = interrupts_off();
    result.aim = intn_aim(live_site(), n, "bios");
    if (result.aim.reason == INTN_OK)
        switch_and_back(regs);
    else
        result.reason = BIOS_NOT_AIMED;
    interrupts_restore(on);
    return result;
}

void *bios_buffer(void)
{
    return virt_of(BIOS_BUFFER);
}

// segment:offset, sixteen bytes to a segment. The sum wraps at 1 MiB, as with
// A20 closed: what lies above is not all mapped, and no BIOS points there.
const void *bios_pointer(uint32_t far)
{
    return virt_of(((far >> 16) * 16 + (far & 0xffff)) & 0xfffff);
}

char *bios_explain(char *out, size_t size, const struct bios_result *result)
{
    static const char *const words[] = {
        [BIOS_OK] = "the BIOS was called",
        [BIOS_BAD_VECTOR] = "there is no such vector, only 0..255",
        [BIOS_ABSENT] = "there is no BIOS in this machine",
        [BIOS_NO_HANDLER] = "the BIOS has no handler for it",
        [BIOS_NOT_AIMED] = "the thunk could not be patched: ",
        [BIOS_OCCUPIED] = "another page is mapped where the thunk runs",
        [BIOS_NO_MEMORY] = "no memory for the thunk",
        [BIOS_WAITS] = "that function waits for an interrupt, which is masked",
    };
    int len = ksnprintf(out, size, "int 0x%02x: %s", result->n,
                        words[result->reason]);
    if (result->reason == BIOS_NOT_AIMED && (size_t)len < size)
        intn_explain(out + len, size - (size_t)len, &result->aim);
    return out;
}
