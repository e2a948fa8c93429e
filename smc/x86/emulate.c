// SPDX-License-Identifier: MIT
// Choosing the part that executes an instruction, and keeping or dropping
// what it did.
//
// The opcode alone chooses: rows of the opcode map that look alike in Intel's
// table [SDM2 A.3] are one part here, which looks again at the opcode for
// what tells them apart.
#include "smc/x86/emulate_step.h"

// clang-format off
// Designated ranges, so that the map is read as the manual prints it, row by
// row. What is not named is NULL, and NULL is EMULATE_UNSUPPORTED: a gap is
// a refusal, never a wrong result. The gaps here:
//
//   0f          the second map, which is a table of its own
//   26 2e 36 3e 64..67 f0 f2 f3   prefixes; the decoder has eaten them
//   62 63       BOUND, ARPL
//   6c..6f e4..e7 ec..ef          I/O: only the caller knows the devices
//   9b d8..df   x87
//   d6          SALC
//   f6 f7 fe ff                   group() chooses
static step_run *const one_byte[256] = {
    // Eight operations in six forms; what is left of each row of eight is
    // PUSH and POP of a segment register, prefixes and decimal adjustments.
    [0x00 ... 0x05] = run_alu, [0x08 ... 0x0d] = run_alu,
    [0x10 ... 0x15] = run_alu, [0x18 ... 0x1d] = run_alu,
    [0x20 ... 0x25] = run_alu, [0x28 ... 0x2d] = run_alu,
    [0x30 ... 0x35] = run_alu, [0x38 ... 0x3d] = run_alu,
    [0x06] = run_push, [0x07] = run_pop_segment,
    [0x0e] = run_push,
    [0x16] = run_push, [0x17] = run_pop_segment,
    [0x1e] = run_push, [0x1f] = run_pop_segment,
    [0x27] = run_decimal, [0x2f] = run_decimal,
    [0x37] = run_decimal, [0x3f] = run_decimal,
    [0x40 ... 0x4f] = run_inc_dec,
    [0x50 ... 0x57] = run_push, [0x58 ... 0x5f] = run_pop,
    [0x60] = run_pusha, [0x61] = run_popa,
    [0x68] = run_push, [0x69] = run_imul,
    [0x6a] = run_push, [0x6b] = run_imul,
    [0x70 ... 0x7f] = run_branch,
    [0x80 ... 0x83] = run_alu_immediate,
    [0x84 ... 0x85] = run_test, [0x86 ... 0x87] = run_xchg,
    [0x88 ... 0x8b] = run_mov,
    [0x8c] = run_mov_from_segment, [0x8d] = run_lea,
    [0x8e] = run_load_segment, [0x8f] = run_pop,
    [0x90 ... 0x97] = run_xchg, // 90: eax with itself, or PAUSE
    [0x98] = run_cbw, [0x99] = run_cwd,
    [0x9a] = run_far,
    [0x9c] = run_pushf, [0x9d] = run_popf,
    [0x9e] = run_sahf, [0x9f] = run_lahf,
    [0xa0 ... 0xa3] = run_mov,
    [0xa4 ... 0xa7] = run_string, [0xa8 ... 0xa9] = run_test,
    [0xaa ... 0xaf] = run_string,
    [0xb0 ... 0xbf] = run_mov,
    [0xc0 ... 0xc1] = run_shift,
    [0xc2 ... 0xc3] = run_return,
    [0xc4 ... 0xc5] = run_load_pointer,
    [0xc6 ... 0xc7] = run_mov_immediate,
    [0xc8] = run_enter, [0xc9] = run_leave,
    [0xca ... 0xcb] = run_far_return,
    [0xcc ... 0xce] = run_interrupt, [0xcf] = run_iret,
    [0xd0 ... 0xd3] = run_shift,
    [0xd4] = run_aam, [0xd5] = run_aad,
    [0xd7] = run_xlat,
    [0xe0 ... 0xe3] = run_loop,
    [0xe8] = run_call, [0xe9] = run_jump,
    [0xea] = run_far, [0xeb] = run_jump,
    [0xf1] = run_interrupt,
    [0xf4] = run_halt, [0xf5] = run_flag,
    [0xf8 ... 0xf9] = run_flag, [0xfa ... 0xfb] = run_cli_sti,
    [0xfc ... 0xfd] = run_flag,
};

// 0f xx. What is missing is the system's (00..09, 20..23, 30..35, a2, aa), a
// vector's or newer than the i686. 0d, 18, 19 and 1c..1f are hints; 1a and 1b
// move bounds registers on processors that have these.
static step_run *const two_byte[256] = {
    [0x0b] = run_undefined, [0x0d] = run_nop,
    [0x18 ... 0x19] = run_nop, [0x1c ... 0x1f] = run_nop,
    [0x40 ... 0x4f] = run_cmov,
    [0x80 ... 0x8f] = run_branch,
    [0x90 ... 0x9f] = run_setcc,
    [0xa0] = run_push, [0xa1] = run_pop_segment,
    [0xa3] = run_bit_test, [0xa4 ... 0xa5] = run_double_shift,
    [0xa8] = run_push, [0xa9] = run_pop_segment,
    [0xab] = run_bit_test, [0xac ... 0xad] = run_double_shift,
    [0xaf] = run_imul,
    [0xb0 ... 0xb1] = run_cmpxchg,
    [0xb2] = run_load_pointer,
    [0xb3] = run_bit_test,
    [0xb4 ... 0xb5] = run_load_pointer,
    [0xb6 ... 0xb7] = run_extend,
    [0xb9] = run_undefined, [0xba ... 0xbb] = run_bit_test,
    [0xbc ... 0xbd] = run_bit_scan,
    [0xbe ... 0xbf] = run_extend,
    [0xc0 ... 0xc1] = run_xadd, [0xc7] = run_cmpxchg8b,
    [0xc8 ... 0xcf] = run_bswap,
    [0xff] = run_undefined,
};
// clang-format on

// F6, F7, FE and FF: one opcode, and ModRM.reg is the operation. [SDM2 A.4.2]
//
//   reg     0     1     2     3      4     5      6     7
//   f6 f7   TEST  TEST  NOT   NEG    MUL   IMUL   DIV   IDIV
//   fe      INC   DEC
//   ff      INC   DEC   CALL  CALL   JMP   JMP    PUSH
//                       near  far    near  far
//
// The second TEST is no slip: processors execute it, assemblers do not make
// it.
static step_run *group(const struct insn *insn)
{
    static step_run *const f6[8] = {
        run_test,
        run_test,
        run_unary,
        run_unary, // NOT, NEG
        [4 ... 7] = run_multiply_divide,
    };
    static step_run *const fe[8] = {run_inc_dec, run_inc_dec};
    static step_run *const ff[8] = {
        run_inc_dec,  run_inc_dec,      //
        run_indirect, run_far_indirect, // CALL
        run_indirect, run_far_indirect, // JMP
        run_push,
    };
    switch (insn->opcode) {
    case 0xf6:
    case 0xf7: return f6[modrm_reg(insn)];
    case 0xfe: return fe[modrm_reg(insn)];
    default: return ff[modrm_reg(insn)];
    }
}

// NULL if no part knows it. VEX and EVEX use the same opcode numbers for other
// instructions, so the encoding is asked before the table. A mandatory F2 or
// F3 makes another instruction of the same opcode (BSF becomes TZCNT), but for
// 90 and the hints, which stay hints.
static step_run *find(const struct insn *insn)
{
    uint8_t opcode = insn->opcode;
    step_run *run = NULL;
    if (!insn->row || insn->encoding != ENCODING_LEGACY)
        return NULL;
    // (opcode & f6) == f6 is true of f6, f7, fe and ff, and of no other.
    if (insn->map == MAP_1)
        run = (opcode & 0xf6) == 0xf6 ? group(insn) : one_byte[opcode];
    else if (insn->map == MAP_0F)
        run = two_byte[opcode];
    bool other = insn->mandatory == 0xf2 || insn->mandatory == 0xf3;
    return other && insn->map == MAP_0F && run != run_nop ? NULL : run;
}

// The copy is the transaction. EIP is moved on before the part runs, because
// branches count from the next instruction, and CALL pushes its address. A
// part that stops need not move it back; the copy is dropped as a whole.
//
// s.result starts as EMULATE_OK (0): a part that has nothing to say just
// returns true. HLT and INT n return true as well, with another kind: their
// EIP is meant to be kept.
struct emulate_result emulate(struct cpu_state *state, const struct insn *insn,
                              const struct emulate_world *world)
{
    struct step s = {.cpu = *state, .insn = insn, .world = world};
    step_run *run = find(insn);
    if (!run)
        return (struct emulate_result){.kind = EMULATE_UNSUPPORTED};
    insn_operands(insn, s.operand);
    s.cpu.eip += insn->length;
    // Both last for one instruction. [SDM3 17.3.1.1], [SDM2 STI] Cleared
    // before the run, so that the parts that set them (IRET; STI, MOV SS, POP
    // SS) are not undone.
    s.cpu.eflags &= ~(uint32_t)FLAG_RF;
    s.cpu.interrupt_shadow = false;
    if (run(&s))
        *state = s.cpu;
    return s.result;
}

// False is what the parts return to say "drop the copy", so these end a part
// in one expression: return step_fault(...), or a && b || step_stop(...).
bool step_stop(struct step *s, struct emulate_result result)
{
    s->result = result;
    return false;
}

bool step_fault(struct step *s, uint8_t vector)
{
    return step_stop(s, emulate_fault(vector, 0));
}

bool step_refuse(struct step *s)
{
    return step_stop(s, (struct emulate_result){.kind = EMULATE_UNSUPPORTED});
}

// Code is never written through CS; whoever wants to write it has DS, which
// covers the same bytes.
void emulate_flat(struct cpu_state *state)
{
    for (unsigned i = 0; i < 6; i++) {
        state->segment[i].base = 0;
        state->segment[i].limit = 0xffffffff;
        state->segment[i].rights = SEGMENT_READ | SEGMENT_BIG;
        if (i != SEG_CS)
            state->segment[i].rights |= SEGMENT_WRITE;
    }
}

const char *emulate_kind_text(enum emulate_kind kind)
{
    static const char *const text[] = {
        [EMULATE_OK] = "done",     [EMULATE_INTERRUPT] = "software interrupt",
        [EMULATE_HALT] = "halt",   [EMULATE_AGAIN] = "to be repeated",
        [EMULATE_FAULT] = "fault", [EMULATE_UNSUPPORTED] = "not supported",
    };
    if (kind >= sizeof(text) / sizeof(text[0]))
        return "no such outcome";
    return text[kind];
}
