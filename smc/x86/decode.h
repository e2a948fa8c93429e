// SPDX-License-Identifier: MIT
// Decoding: bytes to struct insn, and the questions one may ask of it.
//
//   prefixes   opcode      ModRM     SIB       displacement  immediate
//   0..n       1..3 bytes  mod reg rm scale..  0, 1, 2, 4    0, 1, 2, 4, 6
//   66 f0      81          04        8d        10 00 00 00   01 00
//              +--------------- lock addw $1,16(,%ecx,4)
//
// insn_decode finds the parts and the row of the opcode table; everything
// else (operands, effects) is worked out from the row when it is asked for,
// so that walking over code is quick. [SDM2 2.1], [SDM2 A]
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INSN_MAX = 15, INSN_OPERANDS = 4 };

// The default sizes of the code segment: its D bit, clear or set.
enum insn_mode { INSN_16, INSN_32 };

enum insn_status {
    INSN_OK,
    INSN_TRUNCATED, // the bytes end inside the instruction
    INSN_TOO_LONG,  // more than INSN_MAX bytes
    INSN_UNDEFINED, // #UD by the manual; some CPUs overlook a bit of EVEX
    INSN_UNKNOWN,   // VEX, EVEX, XOP not in the tables: length right, no row
};

// Where the opcode was found. [SDM2 2.1.2], [SDM2 2.3]
enum insn_map {
    MAP_1,    // one byte, x87 escapes included
    MAP_0F,   // 0f xx
    MAP_0F38, // 0f 38 xx
    MAP_0F3A, // 0f 3a xx
    MAP_3DNOW,
    MAP_XOP,  // AMD's 8f: length only
    MAP_FP16, // EVEX maps 5 and 6: length only
};

// What precedes the opcode. In a set of prefixes each stands at most once.
enum insn_prefix {
    PREFIX_66 = 1 << 0,
    PREFIX_67 = 1 << 1,
    PREFIX_LOCK = 1 << 2,
    PREFIX_F2 = 1 << 3,
    PREFIX_F3 = 1 << 4,
    PREFIX_SEGMENT = 1 << 5,
};

// The encoding of segment registers in ModRM.reg. [SDM2 B.1.4.4]
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_NONE = 0xff };
// The encoding of general registers.
enum { REG_AX, REG_CX, REG_DX, REG_BX, REG_SP, REG_BP, REG_SI, REG_DI };
enum { REG_NONE = 0xff };

// EVEX, registers only: {rn-sae} and so on behind the mnemonic's operands.
enum insn_rounding {
    ROUNDING_NONE, // as MXCSR says
    ROUNDING_NEAREST,
    ROUNDING_DOWN,
    ROUNDING_UP,
    ROUNDING_ZERO,
    ROUNDING_SAE, // as MXCSR says, but no exception: {sae}
};

enum insn_encoding { ENCODING_LEGACY, ENCODING_VEX, ENCODING_EVEX };

struct opcode;

// One instruction. Offsets are from its first byte; 0 means absent.
struct insn {
    const uint8_t *bytes;     // where it was decoded from; not copied
    const struct opcode *row; // NULL unless INSN_OK
    uint8_t length;           // 1..15; valid for INSN_OK and INSN_UNKNOWN
    uint8_t mode;             // enum insn_mode
    uint8_t map, opcode;      // enum insn_map, and the last opcode byte
    uint8_t prefixes;         // set of enum insn_prefix
    uint8_t mandatory;        // of 66, F2, F3: the one that chose the row
    uint8_t repeat;           // 0, 0xf2 or 0xf3: the last of the two
    uint8_t segment;          // the last override, or SEG_NONE
    uint8_t operand_size, address_size; // 2 or 4
    uint8_t opcode_at;                  // = the number of prefix bytes
    uint8_t modrm_at, sib_at, disp_at, imm_at;
    uint8_t modrm, sib;
    uint8_t disp_size, imm_size; // 0, 1, 2, 4
    uint8_t imm2_size;           // 1: ENTER's level; 2: a far selector
    uint8_t encoding;            // enum insn_encoding
    // VEX and EVEX [SDM2 2.3.5], [SDM2 2.7]:
    uint8_t vector_length; // 0: 128 bits, 1: 256, 2: 512
    uint8_t vex_w, vex_register, evex_mask;
    bool evex_zero;
    uint8_t evex_rounding;  // enum insn_rounding
    uint8_t evex_broadcast; // copies of the one element read, or 0
    int32_t disp;  // sign-extended. The distance of a direct branch, too,
                   // though its bytes are at imm_at: it is an immediate
    uint32_t imm;  // zero-extended from imm_size; see struct operand
    uint16_t imm2; // follows imm
};

// Decodes the instruction at `bytes`, never reading more than `available` of
// them. *insn is written whole, whatever the status. Any context.
enum insn_status insn_decode(struct insn *insn, const uint8_t *bytes,
                             size_t available, enum insn_mode mode);

// Is `length` right, be it that nothing else is known? Then one may step over
// the instruction.
static inline bool insn_has_length(enum insn_status status)
{
    return status == INSN_OK || status == INSN_UNKNOWN;
}

// The status in words: "undefined opcode". Never NULL.
const char *insn_status_text(enum insn_status status);

// Operands ----------------------------------------------------------------

enum operand_kind {
    OPERAND_REG,
    OPERAND_MEM,
    OPERAND_IMM, // imm, sign-extended to 32 bits where the CPU does so
    OPERAND_REL, // a near target, as a distance from the next instruction
    OPERAND_FAR, // selector:imm
};

enum register_class {
    CLASS_GPR,     // size says which: al.., ax.., eax..; 4..7 of size 1: ah..
    CLASS_SEGMENT, // SEG_*
    CLASS_CONTROL,
    CLASS_DEBUG,
    CLASS_TEST,
    CLASS_X87, // st(0)..st(7)
    CLASS_MMX,
    CLASS_VECTOR, // xmm, ymm, zmm by size
    CLASS_MASK,   // k0..k7
    CLASS_BOUND,  // bnd0..bnd3
};

enum { OPERAND_READ = 1, OPERAND_WRITE = 2 };

struct operand {
    uint8_t kind;
    uint8_t access;  // OPERAND_READ, OPERAND_WRITE, both, or none (LEA)
    bool implied;    // no bits in the encoding choose it (%cl, %dx, (%edi))
    uint8_t class;   // OPERAND_REG: enum register_class
    uint8_t reg;     // OPERAND_REG: its number
    uint8_t segment; // OPERAND_MEM: SEG_*, the default or the override
    uint8_t base, index, scale; // REG_* or REG_NONE; scale 1, 2, 4, 8
    uint8_t index_size;         // bytes: 2, 4, or more for a vector (gather)
    uint16_t size;              // bytes; 0: none of its own (LEA, INVLPG)
    uint16_t selector;          // OPERAND_FAR
    int32_t disp;               // OPERAND_MEM, OPERAND_REL
    uint32_t imm;               // OPERAND_IMM, OPERAND_FAR
};

// Works out the operands in Intel's order: destination first. Returns their
// number. The instruction must be INSN_OK, here and below.
unsigned insn_operands(const struct insn *insn,
                       struct operand operands[INSN_OPERANDS]);

// The mnemonic as in AT&T syntax, without a size suffix: "mov".
const char *insn_name(const struct insn *insn);

// Effects -----------------------------------------------------------------

// A set of registers: one bit each, whatever part of it is touched.
enum register_bit {
    BIT_GPR = 0,      // + REG_*
    BIT_SEGMENT = 8,  // + SEG_*
    BIT_MMX = 16,     // + number
    BIT_VECTOR = 24,  // + number
    BIT_X87 = 32,     // + number
    BIT_CONTROL = 40, // + number, 0..7
    BIT_DEBUG = 48,   // + number, 0..7
    BIT_X87_CONTROL = 56,
    BIT_X87_STATUS,
    BIT_MXCSR,
    BIT_GDTR,
    BIT_IDTR,
    BIT_LDTR,
    BIT_TR,
    BIT_OTHER, // MSRs, counters, XCR0, mask and bound registers
};
#define REGISTER_BIT(n) (1ull << (n))

enum {
    FLAG_C = 1 << 0,
    FLAG_P = 1 << 2,
    FLAG_A = 1 << 4,
    FLAG_Z = 1 << 6,
    FLAG_S = 1 << 7,
    FLAG_T = 1 << 8,
    FLAG_I = 1 << 9,
    FLAG_D = 1 << 10,
    FLAG_O = 1 << 11,
    FLAG_IOPL = 3 << 12,
    FLAG_NT = 1 << 14,
    FLAG_RF = 1 << 16,
    FLAG_VM = 1 << 17,
    FLAG_AC = 1 << 18,
    FLAG_VIF = 1 << 19,
    FLAG_VIP = 1 << 20,
    FLAG_ID = 1 << 21,
};

enum {
    MEMORY_READ = 1,
    MEMORY_WRITE = 2,
    STACK_READ = 4,
    STACK_WRITE = 8,
};

// What an instruction may read and change. A register that is changed in
// part, or only under a condition, counts as written.
struct effects {
    uint64_t reads, writes; // sets of enum register_bit; not EIP and EFLAGS
    uint32_t flags_read, flags_written, flags_undefined; // sets of FLAG_*
    uint8_t memory;       // set of MEMORY_*, STACK_*; stack: pushes and pops
    uint16_t memory_size; // bytes of the memory operand, per repetition
};

struct effects insn_effects(const struct insn *insn);

// Control flow and privilege ----------------------------------------------

enum insn_flow {
    FLOW_NEXT,          // goes on behind itself
    FLOW_JUMP,          // JMP rel
    FLOW_BRANCH,        // Jcc, LOOP, JECXZ
    FLOW_CALL,          // CALL rel
    FLOW_JUMP_INDIRECT, // JMP *
    FLOW_CALL_INDIRECT,
    FLOW_RETURN,
    FLOW_JUMP_FAR, // direct or through memory
    FLOW_CALL_FAR,
    FLOW_RETURN_FAR,
    FLOW_INTERRUPT, // INT n, INT3, INT1, INTO
    FLOW_IRET,
    FLOW_SYSTEM, // SYSENTER, SYSEXIT, SYSCALL, SYSRET, RSM
    FLOW_HALT,
    FLOW_UNDEFINED, // UD0, UD1, UD2: #UD by definition
};
enum insn_flow insn_flow(const struct insn *insn);

// Where a direct jump, branch or call leads if the instruction stands at
// `address`. Returns false if it is none. With 16-bit operand size it wraps at
// 64 KiB: 16-bit code to the beginning of its 64 KiB, which is the segment's
// if that is aligned so; 32-bit code to 0. [SDM2 JMP]
bool insn_target(const struct insn *insn, uint32_t address, uint32_t *target);

// How an instruction behaves at ring 3, which decides what a monitor must do
// about it. Sensitive: it shows or changes the machine's state without
// trapping [Robin and Irvine 2000]. I/O: faults unless CPL <= IOPL (or the
// permission bitmap allows it).
enum insn_privilege {
    PRIVILEGE_ORDINARY,
    PRIVILEGE_PRIVILEGED,
    PRIVILEGE_SENSITIVE,
    PRIVILEGE_IO,
};
enum insn_privilege insn_privilege(const struct insn *insn);
