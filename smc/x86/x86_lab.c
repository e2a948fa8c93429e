// SPDX-License-Identifier: MIT
// Lab x86: one instruction taken to pieces, classes of instructions, a few
// moved, one done by hand, one replaced.
//
//   demo_anatomy    decode.h             x86_parts    read only
//   demo_classes    assemble.h, decode.h, all of text  read only
//   demo_move       relocate.h, emit.h   x86_sum      copied to an arena
//   demo_emulate    emulate.h            x86_sum      read only
//   demo_poke       x86_poke.h           x86_site     patched and undone
//
// The samples are in assembly (x86_sample.S): no compiler changes their bytes.
#include "kernel/lab.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/x86/assemble.h"
#include "smc/x86/emit.h"
#include "smc/x86/emulate.h"
#include "smc/x86/relocate.h"
#include "smc/x86/x86_poke.h"
#include "smc/x86/x86_sample.h"
#include "smc/x86/x86_show.h"

// Function by function, so that a decoder that is out of step is in step again
// at the next symbol. Padding is part of the function in front of it.
uint32_t x86_each(bool (*fn)(const struct insn *insn, void *arg), void *arg)
{
    const uint8_t *start = text_start;
    uint32_t size = 0, functions = 0;
    struct insn insn;
    for (; symbol_range(start, &start, &size); start += size, functions++)
        for (uint32_t at = 0; at < size; at += insn.length)
            if (insn_decode(&insn, start + at, size - at, INSN_32) != INSN_OK)
                break;
            else if (!fn(&insn, arg))
                return functions;
    return functions;
}

// Anatomy -----------------------------------------------------------------

static void tell_part(const struct insn *insn, unsigned at, unsigned n,
                      const char *fmt, ...) PRINTF_LIKE(4, 5);

// One part: its bytes, and what they are. An absent part has no line.
static void tell_part(const struct insn *insn, unsigned at, unsigned n,
                      const char *fmt, ...)
{
    char bytes[3 * INSN_MAX], text[100];
    va_list ap;
    va_start(ap, fmt);
    kvsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n)
        kprintf("      %-12s %s\n",
                hex_bytes(bytes, sizeof bytes, insn->bytes + at, n), text);
}

// In the order of decode.h's drawing. What is told is what the decoder found;
// only the names of the numbers are written here.
//
//   66 f0 | 81 | 44 | 8b | 20 | 34 12    lock addw $0x1234,0x20(%ebx,%ecx,4)
//   |       |    |    |    |    immediate: two bytes, because of the 66
//   |       |    |    |    disp8, because of mod 1
//   |       |    |    SIB, because of rm 4
//   |       |    ModRM, because of the opcode
//   |       opcode
//   prefixes
static void demo_anatomy(void)
{
    struct insn insn;
    tell("The parts of an instruction, in the order they must have:");
    insn_decode(&insn, x86_parts, INSN_MAX, INSN_32);
    tell_code("bytes", x86_parts, insn.length);
    tell_part(&insn, 0, insn.opcode_at, "prefixes:%s%s",
              insn.prefixes & PREFIX_66 ? " 16-bit operands" : "",
              insn.prefixes & PREFIX_LOCK ? ", lock" : "");
    tell_part(&insn, insn.opcode_at, 1,
              "opcode: %s or one of seven others, by ModRM.reg",
              insn_name(&insn));
    tell_part(&insn, insn.modrm_at, 1,
              "ModRM: mod %u (disp8), reg %u (add), rm %u (SIB)",
              insn.modrm >> 6, insn.modrm >> 3 & 7, insn.modrm & 7);
    tell_part(&insn, insn.sib_at, 1,
              "SIB: scale %u, index %u (%%ecx), base %u (%%ebx)",
              1u << (insn.sib >> 6), insn.sib >> 3 & 7, insn.sib & 7);
    tell_part(&insn, insn.disp_at, insn.disp_size, "displacement: 0x%x",
              (uint32_t)insn.disp);
    tell_part(&insn, insn.imm_at, insn.imm_size, "immediate: 0x%x", insn.imm);
}

// Classes -----------------------------------------------------------------

static const char *const classes[] = {
    [PRIVILEGE_ORDINARY] = "ordinary",
    [PRIVILEGE_PRIVILEGED] = "privileged: faults at ring 3",
    [PRIVILEGE_SENSITIVE] = "sensitive: runs at ring 3, and tells or forgets",
    [PRIVILEGE_IO] = "I/O: faults unless allowed",
};

// INT3 would be sensitive, but here it is what lies between functions.
static bool count_class(const struct insn *insn, void *arg)
{
    uint32_t *counts = arg;
    if (insn->bytes[0] != 0xcc)
        counts[insn_privilege(insn)]++;
    return true;
}

// Typed, assembled, decoded, judged: the lines are all that is fixed. Two are
// why the i386 could not be virtualised by trapping alone: at ring 3 POPF
// forgets IF, SIDT tells where the table is, and neither faults.
// [Robin and Irvine 2000]
static void demo_classes(void)
{
    static const char *const lines[] = {"add %ecx,%eax", "cli",
                                        "popf",          "sidt (%eax)",
                                        "mov %cs,%eax",  "in (%dx),%al"};
    tell("What a monitor must know of each before it lets it run:");
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct assembled code;
        struct insn insn;
        char bytes[3 * INSN_MAX];
        if (!assemble(&code, lines[i], 0, NULL) ||
            insn_decode(&insn, code.bytes, code.len, INSN_32) != INSN_OK)
            continue;
        kprintf("      %-12s %-14s %s\n",
                hex_bytes(bytes, sizeof bytes, code.bytes, code.len), lines[i],
                classes[insn_privilege(&insn)]);
    }
    uint32_t counts[4] = {0};
    uint32_t functions = x86_each(count_class, counts);
    tell("This kernel: %u functions; %u instructions are ordinary, %u "
         "privileged, %u sensitive, %u I/O.",
         functions, counts[0], counts[PRIVILEGE_PRIVILEGED],
         counts[PRIVILEGE_SENSITIVE], counts[PRIVILEGE_IO]);
}

// Moving ------------------------------------------------------------------

enum { MOVED = 4, RUN = 8, ROOM = 64 };

// The first three instructions of x86_sum elsewhere, and a jump to the
// fourth: what a probe does with the instructions it overwrites.
//
//   code + 0            code + out_length
//   | moved head  ...   | e9 rel32 |        ROOM
//                               +----> x86_sum + RUN
//
// Written aside first: the arena's view is not writable, and the distances are
// reckoned from `place`, where it will run. Returns the length, 0 if refused.
static size_t move_head(uint8_t *code, const uint8_t *place)
{
    struct moved moved[MOVED];
    struct emitter e;
    struct relocation r = {.code = (const uint8_t *)x86_sum,
                           .size = RUN,
                           .address = (uint32_t)x86_sum,
                           .out = code,
                           .out_size = ROOM,
                           .out_address = (uint32_t)place,
                           .moved = moved,
                           .moved_max = MOVED};
    enum relocate_status status = relocate(&r);
    if (status != RELOCATE_OK) {
        tell("%s", relocate_text(status));
        return 0;
    }
    emit_begin(&e, code + r.out_length, ROOM - r.out_length,
               (uint32_t)place + r.out_length);
    emit_jmp_near_to(&e, (uint32_t)x86_sum + RUN);
    return emit_finish(&e) == EMIT_OK ? r.out_length + emit_length(&e) : 0;
}

// One line each, with the addresses that they have.
static void tell_each(const uint8_t *code, size_t len)
{
    char text[X86_SHOW_MAX];
    for (size_t at = 0, n; at < len; at += n) {
        n = x86_show(text, sizeof text, code + at, len - at,
                     (uint32_t)(code + at));
        tell_code("", code + at, n);
    }
}

// The copy is called as a function: its last jump enters x86_sum behind what
// was moved, and x86_sum returns to us. A demo that cannot get memory ends
// early; the check of the same thing is in x86_check_move.c.
static void demo_move(void)
{
    uint8_t code[ROOM];
    struct arena *arena = arena_create("x86 demo", PAGE_SIZE);
    uint8_t *place = arena ? arena_reserve(arena, ROOM, 16) : NULL;
    size_t len = place ? move_head(code, place) : 0;
    if (!len) {
        arena_destroy(arena);
        return;
    }
    tell("Three instructions, to be moved to other memory:");
    tell_each((const uint8_t *)x86_sum, RUN);
    arena_write(arena, place, code, len, "x86");
    tell("There, with a jump behind them. JECXZ knows no far targets:");
    tell_each(place, len);
    tell("The sum 1..10 is %u, and %u by way of the copy.", x86_sum(10),
         ((uint32_t(*)(uint32_t))(uintptr_t)place)(10));
    arena_destroy(arena);
}

// By hand -----------------------------------------------------------------

// The instruction is not executed here: only the numbers in `state` change.
static void demo_emulate(void)
{
    // add %ecx,%eax touches no memory: no callbacks.
    const struct emulate_world nothing = {0};
    struct cpu_state state = {.gpr = {[REG_AX] = 40, [REG_CX] = 2},
                              .eip = (uint32_t)x86_sum + RUN};
    struct insn insn;
    emulate_flat(&state);
    insn_decode(&insn, (const uint8_t *)x86_sum + RUN, INSN_MAX, INSN_32);
    tell("The next one, done by a program: eax %u, ecx %u", state.gpr[REG_AX],
         state.gpr[REG_CX]);
    tell_code("emulate", insn.bytes, insn.length);
    struct emulate_result r = emulate(&state, &insn, &nothing);
    tell("%s: eax %u, eip %u further on", emulate_kind_text(r.kind),
         state.gpr[REG_AX], state.eip - (uint32_t)insn.bytes);
}

// Replacing ---------------------------------------------------------------

// Ends where it began, be it with somebody's patch at the site: only its own
// is undone, so the demo may be run again.
static void demo_poke(void)
{
    static const char line[] = "xor %eax,%eax";
    char why[128];
    struct assembled code;
    struct x86_poked mine, other;
    uint8_t *site = (uint8_t *)(uintptr_t)x86_site;
    tell("And one replaced: x86_site returns %u.", x86_site());
    tell_code("before", site, 5);
    assemble(&code, line, (uint32_t)site, NULL);
    tell("Typed: %s", line);
    x86_poke(&mine, site, code.bytes, code.len);
    if (!mine.done) {
        tell("refused: %s", x86_poke_explain(why, sizeof why, &mine));
        return;
    }
    tell_code("after", site, 5);
    tell("It returns %u. Half an instruction is not replaced:", x86_site());
    // From the operand's first byte: nobody would arrive at the new code's
    // start.
    x86_poke(&other, site + 1, code.bytes, code.len);
    tell("refused: %s", x86_poke_explain(why, sizeof why, &other));
    text_undo(mine.door.entry);
    tell("Undone, it returns %u.", x86_site());
}

static void demo(void)
{
    demo_anatomy();
    demo_classes();
    demo_move();
    demo_emulate();
    demo_poke();
}

LAB(x86, "instructions as data: decode, print, assemble, emulate", "smc/x86/",
    demo, x86_bench);
