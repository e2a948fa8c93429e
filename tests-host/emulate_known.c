// SPDX-License-Identifier: MIT
// Known answers: what a program at ring 3 cannot try out on the processor.
#include "tests-host/emulate_known.h"
#include "smc/x86/emulate.h"
#include "tests-host/host.h"
#include <string.h>

// A small machine: flat segments and 256 bytes of memory.
enum { BASE = 0x1000, SIZE = 256, STACK = BASE + 128, CODE = 0x40000 };
//   1000              1080            1100
//   | EBX, ESI, EDI   | ESP           | page fault
static uint8_t memory[SIZE];
static unsigned writes;
static bool race; // another processor is always faster

// By subtraction: an address below BASE is a large number, so one comparison
// does for both ends. Accesses are the kernel's: no 4 (user) in the error.
static struct emulate_result machine_read(void *context, uint32_t address,
                                          void *bytes, size_t size,
                                          bool will_write)
{
    (void)context;
    if (address - BASE > SIZE - size)
        return emulate_page_fault(address, will_write ? 2 : 0);
    memcpy(bytes, memory + (address - BASE), size);
    return (struct emulate_result){.kind = EMULATE_OK};
}

// Counted: what is refused must not have come as far as this.
static struct emulate_result machine_write(void *context, uint32_t address,
                                           const void *bytes, size_t size)
{
    (void)context;
    if (address - BASE > SIZE - size)
        return emulate_page_fault(address, 2);
    memcpy(memory + (address - BASE), bytes, size);
    writes++;
    return (struct emulate_result){.kind = EMULATE_OK};
}

// What memory holds differs from `expected` only if somebody was faster.
static struct emulate_result machine_swap(void *context, uint32_t address,
                                          const void *expected,
                                          const void *bytes, size_t size)
{
    if (race || memcmp(memory + (address - BASE), expected, size) != 0)
        return (struct emulate_result){.kind = EMULATE_AGAIN};
    return machine_write(context, address, bytes, size);
}

static const struct emulate_world world = {
    .read = machine_read, .write = machine_write, .swap = machine_swap};

// Every check begins here: what the one before has done must not be seen.
static struct cpu_state fresh(void)
{
    struct cpu_state state = {.eip = CODE, .eflags = 2};
    emulate_flat(&state);
    state.segment[SEG_CS].selector = 8;
    state.gpr[REG_SP] = STACK;
    state.gpr[REG_SI] = state.gpr[REG_DI] = state.gpr[REG_BX] = BASE;
    memset(memory, 0x11, sizeof memory);
    writes = 0;
    race = false;
    return state;
}

// All of the bytes must be one instruction. If a typing error here made two of
// them, the second would go untested.
static struct emulate_result run(struct cpu_state *state, const char *bytes,
                                 size_t size)
{
    struct insn insn;
    enum insn_status status = insn_decode(&insn, (const uint8_t *)bytes, size,
                                          INSN_32);
    if (!host_judge(status == INSN_OK && insn.length == size, "decode: %s",
                    insn_status_text(status)))
        return (struct emulate_result){.kind = EMULATE_UNSUPPORTED};
    return emulate(state, &insn, &world);
}
#define RUN(state, bytes) run(state, bytes, sizeof(bytes) - 1)

// Privilege -----------------------------------------------------------------

// A program of Linux has ring 3 and IOPL 0, and can choose neither. CLI, STI,
// POPF, PUSHF, IRET, INT by CPL, IOPL and VM [SDM3 2.3, 20.2.7]:
//
//   CPL <= IOPL          CLI and STI work
//   else                 #GP for these; POPF leaves I alone, silently
//   VM and IOPL 3        all work, as on the 8086
//   VM and IOPL 0..2     #GP for all but INT3
enum { IOPL_3 = FLAG_IOPL, GP = FAULT_PROTECTION };

// `kind` and `after` are the outcome. A fault leaves EFLAGS as they were.
static const struct {
    const char *what, *bytes;
    uint8_t cpl;
    uint32_t eflags, stack; // before; stack: the dword that POPF pops
    enum emulate_kind kind;
    uint32_t after; // eflags
} privileges[] = {
    {"cli at ring 0", "\xfa", 0, FLAG_I, 0, EMULATE_OK, 0},
    {"cli at ring 3", "\xfa", 3, FLAG_I, 0, EMULATE_FAULT, FLAG_I},
    {"cli at ring 3, IOPL 3", "\xfa", 3, FLAG_I | IOPL_3, 0, EMULATE_OK,
     IOPL_3},
    {"cli at ring 1, IOPL 1", "\xfa", 1, FLAG_I | 1 << 12, 0, EMULATE_OK,
     1 << 12},
    {"sti at ring 2, IOPL 1", "\xfb", 2, 1 << 12, 0, EMULATE_FAULT, 1 << 12},
    {"cli in v86, IOPL 3", "\xfa", 3, FLAG_VM | FLAG_I | IOPL_3, 0, EMULATE_OK,
     FLAG_VM | IOPL_3},
    {"cli in v86, IOPL 0", "\xfa", 3, FLAG_VM, 0, EMULATE_FAULT, FLAG_VM},
    {"pushf in v86, IOPL 0", "\x9c", 3, FLAG_VM, 0, EMULATE_FAULT, FLAG_VM},
    {"popf in v86, IOPL 2", "\x9d", 3, FLAG_VM | 2 << 12, 0, EMULATE_FAULT,
     FLAG_VM | 2 << 12},
    {"popf in v86, IOPL 3", "\x9d", 3, FLAG_VM | IOPL_3, FLAG_I, EMULATE_OK,
     FLAG_VM | FLAG_I | IOPL_3},
    {"iret in v86, IOPL 0", "\xcf", 3, FLAG_VM, 0, EMULATE_FAULT, FLAG_VM},
    {"int in v86, IOPL 0", "\xcd\x21", 3, FLAG_VM, 0, EMULATE_FAULT, FLAG_VM},
    {"int3 in v86, IOPL 0", "\xcc", 3, FLAG_VM, 0, EMULATE_INTERRUPT, FLAG_VM},
    {"popf at ring 0", "\x9d", 0, 0, ~0u, EMULATE_OK,
     0xfd5 | FLAG_IOPL | FLAG_NT | FLAG_AC | FLAG_ID},
    {"popfw at ring 0", "\x66\x9d", 0, FLAG_AC, ~0u, EMULATE_OK,
     0xfd5 | FLAG_IOPL | FLAG_NT | FLAG_AC},
    {"popf at ring 3", "\x9d", 3, FLAG_I, 0, EMULATE_OK, FLAG_I},
    {"popf at ring 3, IOPL 3", "\x9d", 3, FLAG_I | IOPL_3, 0, EMULATE_OK,
     IOPL_3},
    {"popf keeps VIF and VIP", "\x9d", 0, FLAG_VIF | FLAG_VIP, 0, EMULATE_OK,
     FLAG_VIF | FLAG_VIP},
    {"hlt at ring 0", "\xf4", 0, FLAG_I, 0, EMULATE_HALT, FLAG_I},
    {"hlt at ring 1", "\xf4", 1, 0, 0, EMULATE_FAULT, 0},
    {"hlt at ring 2", "\xf4", 2, IOPL_3, 0, EMULATE_FAULT, IOPL_3},
    {"hlt at ring 3", "\xf4", 3, FLAG_I, 0, EMULATE_FAULT, FLAG_I},
    {"any instruction clears RF", "\x90", 0, FLAG_RF, 0, EMULATE_OK, 0},
    {"a fault keeps RF", "\xf4", 3, FLAG_RF, 0, EMULATE_FAULT, FLAG_RF},
};

// Bit 1 of EFLAGS is always set. Whoever faults must raise #GP and no other.
static void check_privileges(void)
{
    for (size_t i = 0; i < sizeof privileges / sizeof privileges[0]; i++) {
        struct cpu_state state = fresh();
        state.cpl = privileges[i].cpl;
        state.eflags |= privileges[i].eflags;
        memcpy(memory + STACK - BASE, &privileges[i].stack, 4);
        struct emulate_result r = run(&state, privileges[i].bytes,
                                      strlen(privileges[i].bytes));
        uint8_t vector = r.kind == EMULATE_FAULT ? r.vector : GP;
        host_judge(r.kind == privileges[i].kind && vector == GP &&
                       state.eflags == (privileges[i].after | 2),
                   "%s: %s %u, eflags %x", privileges[i].what,
                   emulate_kind_text(r.kind), r.vector, state.eflags);
    }
}

// The image of PUSHF shows neither VM nor RF, or a program could see that it
// is debugged, or where it runs. [SDM2 PUSHF]
static void check_pushf(void)
{
    struct cpu_state state = fresh();
    uint32_t image;
    state.eflags |= FLAG_VM | FLAG_RF | IOPL_3 | FLAG_I;
    RUN(&state, "\x9c");
    memcpy(&image, memory + STACK - 4 - BASE, 4);
    host_judge(image == (IOPL_3 | FLAG_I | 2), "pushf pushes %x", image);
}

// STI holds interrupts off for one instruction, but not if they were on.
// Of two in a row the second has none: else a loop of STI would never be
// interrupted. [SDM2 STI]
static void check_shadow(void)
{
    struct cpu_state state = fresh();
    RUN(&state, "\xfb");
    host_judge(state.interrupt_shadow, "sti makes no shadow");
    RUN(&state, "\xfb");
    host_judge(!state.interrupt_shadow, "a second sti makes a shadow");
    state = fresh();
    state.segment[SEG_SS].selector = 0x1111; // what is in memory
    RUN(&state, "\x17");
    host_judge(state.interrupt_shadow, "pop %%ss makes no shadow");
    RUN(&state, "\x90");
    host_judge(!state.interrupt_shadow, "the shadow outlasts nop");
}

// Control -------------------------------------------------------------------

// A kernel's own IRET: no loader, the selector that is loaded.
//
//   image   eip | cs | eflags    from ESP up
//
// Without a loader only the selector that is in CS can come back. RF is taken
// from the image: that is how a handler steps over its own breakpoint.
static void check_iret(void)
{
    static const uint32_t image[] = {0x1234, 8, FLAG_I | FLAG_RF | FLAG_C | 2};
    struct cpu_state state = fresh();
    memcpy(memory + STACK - BASE, image, sizeof image);
    struct emulate_result r = RUN(&state, "\xcf");
    host_judge(r.kind == EMULATE_OK && state.eip == 0x1234 &&
                   state.eflags == image[2] && state.gpr[REG_SP] == STACK + 12,
               "iret: %s, eip %x, eflags %x", emulate_kind_text(r.kind),
               state.eip, state.eflags);
    state = fresh();
    memcpy(memory + STACK - BASE, image, sizeof image);
    state.segment[SEG_CS].selector = 0x10;
    r = RUN(&state, "\xcf");
    host_judge(r.kind == EMULATE_UNSUPPORTED && state.eip == CODE,
               "iret to another selector: %s", emulate_kind_text(r.kind));
}

// The image is good but for what is asked.
static void check_iret_refused(void)
{
    uint32_t image[] = {0x1234, 8, FLAG_VIF | FLAG_VIP | 2};
    struct cpu_state state = fresh();
    memcpy(memory + STACK - BASE, image, sizeof image);
    struct emulate_result r = RUN(&state, "\xcf");
    host_judge(r.kind == EMULATE_OK && state.eflags == image[2],
               "iret loads VIF and VIP: %s, %x", emulate_kind_text(r.kind),
               state.eflags);
    state = fresh();
    memcpy(memory + STACK - BASE, image, sizeof image);
    state.eflags |= FLAG_NT;
    r = RUN(&state, "\xcf");
    host_judge(r.kind == EMULATE_UNSUPPORTED, "iret from a nested task: %s",
               emulate_kind_text(r.kind));
    image[2] = FLAG_VM | 2;
    state = fresh();
    memcpy(memory + STACK - BASE, image, sizeof image);
    r = RUN(&state, "\xcf");
    host_judge(r.kind == EMULATE_UNSUPPORTED, "iret into v86: %s",
               emulate_kind_text(r.kind));
}

// EIP is behind the instruction: that is what the handler will return to.
static void check_interrupts(void)
{
    struct cpu_state state = fresh();
    struct emulate_result r = RUN(&state, "\xcd\x80");
    host_judge(r.kind == EMULATE_INTERRUPT && r.vector == 0x80 &&
                   state.eip == CODE + 2,
               "int $0x80: %s %x, eip %x", emulate_kind_text(r.kind), r.vector,
               state.eip);
    state = fresh();
    r = RUN(&state, "\xce");
    host_judge(r.kind == EMULATE_OK, "into without overflow: %s",
               emulate_kind_text(r.kind));
}

// Memory --------------------------------------------------------------------

// lock incl (%ebx), xchg %eax,(%ebx), and incl without the prefix.
// XCHG with memory is locked without a prefix [SDM2 XCHG], INC is not. Memory
// begins as 11; the two INC that come through make it 13.
// Without the race nothing tells a locked access from a plain one.
static void check_locked(void)
{
    struct cpu_state state = fresh();
    race = true;
    struct emulate_result r = RUN(&state, "\xf0\xff\x03");
    host_judge(r.kind == EMULATE_AGAIN && !writes && state.eip == CODE,
               "a lost race: %s, %u writes", emulate_kind_text(r.kind),
               writes);
    r = RUN(&state, "\x87\x03");
    host_judge(r.kind == EMULATE_AGAIN && !writes && !state.gpr[REG_AX],
               "xchg is not locked: %s", emulate_kind_text(r.kind));
    r = RUN(&state, "\xff\x03");
    host_judge(r.kind == EMULATE_OK && writes == 1, "inc is locked: %s",
               emulate_kind_text(r.kind));
    r = RUN(&state, "\xf0\x0f\xab\x03");
    host_judge(r.kind == EMULATE_AGAIN && writes == 1, "lock bts: %s",
               emulate_kind_text(r.kind));
    state.gpr[REG_AX] = state.gpr[REG_DX] = 0x11111111;
    memset(memory, 0x11, 8);
    r = RUN(&state, "\xf0\x0f\xc7\x0b");
    host_judge(r.kind == EMULATE_AGAIN && writes == 1, "lock cmpxchg8b: %s",
               emulate_kind_text(r.kind));
    memory[0] = 0x12;
    race = false;
    r = RUN(&state, "\xf0\xff\x03");
    host_judge(r.kind == EMULATE_OK && memory[0] == 0x13, "lock inc: %s, %02x",
               emulate_kind_text(r.kind), memory[0]);
}

// A block on the stack that is in two places, with ESP as with SP: the 32
// bytes of PUSHA and POPA are around the end of the segment.
static void check_wraps(void)
{
    static const char *const blocks[] = {"\x60", "\x61"};
    for (unsigned i = 0; i < 2; i++)
        for (unsigned big = 0; big < 2; big++) {
            struct cpu_state state = fresh();
            uint32_t end = big ? 0 : 0x10000;
            state.gpr[REG_SP] = i ? end - 4 : 4;
            if (!big)
                state.segment[SEG_SS].rights &= (uint8_t)~SEGMENT_BIG;
            struct emulate_result r = run(&state, blocks[i], 1);
            host_judge(r.kind == EMULATE_UNSUPPORTED && !writes,
                       "%s around the end: %s", i ? "popa" : "pusha",
                       emulate_kind_text(r.kind));
        }
}

// rep stosb over the end of memory: each call is one byte, and the last one
// faults with the registers telling how far it got. RF is set meanwhile.
// 256 bytes have room, so call 257 faults, and 3 of 259 are left in ECX.
static void check_repeat(void)
{
    struct cpu_state state = fresh();
    struct emulate_result r;
    unsigned calls = 0;
    state.gpr[REG_CX] = SIZE + 3;
    do {
        r = RUN(&state, "\xf3\xaa");
        calls++;
    } while (r.kind == EMULATE_AGAIN && state.eflags & FLAG_RF);
    host_judge(r.kind == EMULATE_FAULT && r.address == BASE + SIZE &&
                   calls == SIZE + 1 && state.gpr[REG_CX] == 3 &&
                   state.gpr[REG_DI] == BASE + SIZE && state.eip == CODE,
               "rep stosb: %s after %u calls, ecx %u",
               emulate_kind_text(r.kind), calls, state.gpr[REG_CX]);
}

// What is refused, or faults at the last access, has changed nothing.
// PUSH and POP of memory access 10fe .. 1101, beyond the end. For POP that is
// the write, after it has read the stack: ESP must be as it was.
static void check_untouched(void)
{
    static const struct {
        const char *what;
        uint8_t size, bytes[6];
        enum emulate_kind kind;
    } cases[] = {
        {"cpuid", 2, {0x0f, 0xa2}, EMULATE_UNSUPPORTED},
        {"rdtsc", 2, {0x0f, 0x31}, EMULATE_UNSUPPORTED},
        {"wrmsr", 2, {0x0f, 0x30}, EMULATE_UNSUPPORTED},
        {"in", 1, {0xec}, EMULATE_UNSUPPORTED},
        {"insb", 1, {0x6c}, EMULATE_UNSUPPORTED},
        {"mov to cr0", 3, {0x0f, 0x22, 0xc0}, EMULATE_UNSUPPORTED},
        {"lgdt", 3, {0x0f, 0x01, 0x13}, EMULATE_UNSUPPORTED},
        {"fadd", 2, {0xd8, 0xc1}, EMULATE_UNSUPPORTED},
        {"addps", 3, {0x0f, 0x58, 0xc1}, EMULATE_UNSUPPORTED},
        {"tzcnt", 4, {0xf3, 0x0f, 0xbc, 0xc1}, EMULATE_UNSUPPORTED},
        {"xabort", 3, {0xc6, 0xf8, 0x00}, EMULATE_UNSUPPORTED},
        {"mov to ds, no loader", 2, {0x8e, 0xd8}, EMULATE_UNSUPPORTED},
        {"ud2", 2, {0x0f, 0x0b}, EMULATE_FAULT},
        {"push of memory", 6, {0xff, 0x35, 0xfe, 0x10}, EMULATE_FAULT},
        {"pop to memory", 6, {0x8f, 0x05, 0xfe, 0x10}, EMULATE_FAULT},
        {"div by zero", 2, {0xf7, 0xf1}, EMULATE_FAULT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cpu_state before = fresh(), state;
        before.gpr[REG_AX] = 0x10;
        state = before;
        struct emulate_result r = run(&state, (const char *)cases[i].bytes,
                                      cases[i].size);
        host_judge(r.kind == cases[i].kind && !writes &&
                       memcmp(&state, &before, sizeof state) == 0,
                   "%s: %s, %u writes", cases[i].what,
                   emulate_kind_text(r.kind), writes);
    }
}

void known_answers(void)
{
    check_privileges();
    check_pushf();
    check_shadow();
    check_iret();
    check_iret_refused();
    check_interrupts();
    check_locked();
    check_wraps();
    check_repeat();
    check_untouched();
}
