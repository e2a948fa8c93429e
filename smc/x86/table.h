// SPDX-License-Identifier: MIT
// The form of the opcode tables (map_*.h). A row is an instruction, a fork to
// more rows, or undefined. The notation of operands is that of the manual's
// opcode maps. [SDM2 A.2]
//
//   I("add", Eb, Gb, _, RW_R, F_ARITH, .more = LOCKABLE)
//     |      |   |   |  |     |        what is not common to all rows
//     |      |   |   |  |     flags read and written
//     |      |   |   |  use of the operands: read-write, read
//     |      operands in Intel's order, destination first
//     mnemonic of AT&T syntax, less its size suffix
//
// For the decoder and its neighbours only; users see decode.h.
#pragma once
#include <stdint.h>

// clang-format off

enum row_kind {
    ROW_UNDEFINED, // 0, so that a row left out of a fork is undefined
    ROW_INSN,
    // Forks: which of `fork`'s rows is it? Those from FORK_MODE on look at
    // the ModRM byte.
    FORK_PREFIX, // mandatory prefix: none, 66, F3, F2
    FORK_SIZE,   // operand size: 16, 32
    FORK_ADDRESS, // address size: 16, 32
    FORK_MODE,   // ModRM: memory, register
    FORK_REG,    // ModRM.reg
    FORK_RM,     // ModRM.rm
};

// Operands. Their order gives the parts that the encoding has: see SHAPE.
enum operand_spec {
    _, // none
    // Fixed, or chosen by the low three bits of the opcode (Z).
    AL, CL, eAX, AX, Zb, Zv, sES, sCS, sSS, sDS, sFS, sGS,
    ST0, One, XMM0, DXmem,
    Xb, Xv, Xz, // string source, (%esi)
    Yb, Yv, Yz, // string destination, %es:(%edi)
    BBb, // XLAT's %ds:(%ebx)
    DIq, DIx, // MASKMOV's %ds:(%edi)
    AXmem, // (%eax): MONITOR and friends
    // VEX.vvvv
    SPEC_VVVV,
    Hx = SPEC_VVVV, Hdq, By, Kv,
    // Chosen by ModRM.
    SPEC_MODRM,
    Eb = SPEC_MODRM, Ew, Ed, Ev,
    Ra, Rd, Rv, // register only; Ra, Ga: of the address size
    M, Mb, Mw, Md, Mq, Mx, Mt, Mv, // memory only; Mt: ten bytes
    Mp, Ma, Ms, Mdq, Mqq, // far pointer, BOUND's pair, descriptor, 16 bytes
    M14, M94, M512, // x87 environment, x87 state, FXSAVE area
    EwRv, // a word in memory, or a whole register (SLDT, STR, SMSW)
    EdRb, EdRw, // a register of 32 bits, or one or two bytes in memory
    Ga, Gb, Gw, Gd, Gv, Sw, Cd, Dd,
    STi,
    Pq, Qq, Qd, Nq, // MMX: reg; rm; rm of 32 bits; rm, register only
    Vx, Vq, Vd, Vdq, Vh, // vector: reg
    Wx, Wq, Wd, Ww, Wb, Wdq, Wqq, // rm
    Wh, Wf, We, // rm: a half, a quarter, an eighth of a vector
    Wdup, // rm: VMOVDDUP reads 8 bytes for 128 bits
    Ux, Udq, // rm, register only
    GK, EKw, EKb, EKd, EKq, RK, // mask registers
    BndG, BndE, BndM,
    VMd, VMq, // gather: 4 or 8 bytes at each index of a vector
    VMh, // ... 8 bytes, the indexes in half a vector
    // Immediates.
    SPEC_B,
    Ib = SPEC_B, sIb, Jb, Lx, Ldq,
    SPEC_W,
    Iw = SPEC_W,
    SPEC_Z,
    Iz = SPEC_Z, Jz,
    SPEC_O, // an address of the address size, no ModRM
    Ob = SPEC_O, Ov,
    SPEC_FAR,
    Ap = SPEC_FAR,
    SPEC_B2, // a second byte
    I2b = SPEC_B2,
    SPEC_END,
};

// The parts that an operand adds to the encoding.
enum {
    SHAPE_B = 1 << 0,
    SHAPE_W = 1 << 1,
    SHAPE_Z = 1 << 2,
    SHAPE_O = 1 << 3,
    SHAPE_FAR = 1 << 4,
    SHAPE_B2 = 1 << 5,
    SHAPE_IMMEDIATE = (1 << 6) - 1,
    SHAPE_MODRM = 1 << 7,
};
#define SHAPE(s)                     \
    ((s) < SPEC_MODRM ? 0            \
     : (s) < SPEC_B   ? SHAPE_MODRM  \
     : (s) < SPEC_W   ? SHAPE_B      \
     : (s) < SPEC_Z   ? SHAPE_W      \
     : (s) < SPEC_O   ? SHAPE_Z      \
     : (s) < SPEC_FAR ? SHAPE_O      \
     : (s) < SPEC_B2  ? SHAPE_FAR    \
                      : SHAPE_B2)

// How the operands are used, two bits each, first operand lowest.
enum operand_use {
    U0 = 0,
    R = 1,
    W = 2,
    RW = 3,
    U0_R = 1 << 2,
    R_R = 1 | 1 << 2,
    W_R = 2 | 1 << 2,
    RW_R = 3 | 1 << 2,
    RW_RW = 3 | 3 << 2,
    W_0 = 2,
    W_W_R = 2 | 2 << 2 | 1 << 4,
    R_R_R = 1 | 1 << 2 | 1 << 4,
    W_R_R = 2 | 1 << 2 | 1 << 4,
    RW_R_R = 3 | 1 << 2 | 1 << 4,
    RW_R_R_R = 3 | 1 << 2 | 1 << 4 | 1 << 6,
    R_R_W = 1 | 1 << 2 | 2 << 4,
    RW_R_RW = 3 | 1 << 2 | 3 << 4,
    W_R_R_R = 2 | 1 << 2 | 1 << 4 | 1 << 6,
};

// Bundles of flags; effects_table.h says what is in each.
enum flag_use {
    F0,
    F_ARITH, // writes O S Z A P C, be it that some are only cleared
    F_CARRY, // ... and reads C: ADC, SBB
    F_LOGIC, // ... with A undefined
    F_INC,   // ... without C
    F_DAA, F_AAA, F_AAM,
    F_SHIFT, F_ROTATE, F_ROTATE_C,
    F_MUL, F_DIV, F_UNDEFINED, F_BT, F_BSF, F_LZCNT, F_BMI, F_BEXTR,
    F_CX, F_OX, // ADCX, ADOX
    F_CC,    // reads what the condition in the opcode's low 4 bits needs
    F_Z,     // writes Z
    F_READ_Z, F_READ_C, F_READ_CZ, F_READ_P,
    F_STRING, // reads D
    F_COMPARE_STRING, // reads D, writes O S Z A P C
    F_WRITE_C, F_CMC, F_WRITE_D, F_WRITE_I, F_WRITE_AC,
    F_LAHF, F_SAHF,
    F_IO, F_IO_STRING, // reads IOPL
    F_PUSHF, F_POPF, F_IRET, F_INT, F_SYSTEM, F_RSM,
    F_COUNT,
};

// Bundles of registers and memory touched without being operands.
enum implicit_use {
    X0,
    X_PUSH, X_POP, X_PUSHA, X_POPA, X_ENTER, X_LEAVE,
    X_CALL_FAR, X_RET_FAR, X_JUMP_FAR, X_INT,
    X_AX, X_AX_R, X_AX_W, X_MUL, X_DIV, X_CWD,
    X_SI, X_DI, X_SI_DI,
    X_LOOP, X_CX_R, X_AX_CX_R,
    X_CPUID, X_RDTSC, X_RDTSCP, X_RDMSR, X_WRMSR,
    X_CMPXCHG8B, X_MOVDIR64B, X_MONITOR, X_MWAITX, X_TPAUSE, X_PVALIDATE,
    X_LEAF,
    X_SYSENTER, X_SYSEXIT, X_SYSCALL, X_SYSRET, X_RSM,
    X_LES, X_LSS, X_LDS, X_LFS, X_LGS,
    X_GDTR_R, X_GDTR_W, X_IDTR_R, X_IDTR_W, X_LDTR_R, X_LDTR_W, X_TR_R,
    X_TR_W, X_CR0_R, X_CR0_W, X_DESCRIPTOR,
    X_MXCSR_R, X_MXCSR_W, X_FXSAVE, X_FXRSTOR, X_XSAVE, X_XRSTOR,
    X_ST0, X_ST0_R, X_ST01, X_X87_STACK, X_X87_CONTROL_W, X_X87_ALL,
    X_FWAIT, X_EMMS,
    X_XMM, X_ENCODEKEY128, X_ENCODEKEY256, X_LOADIWKEY,
    X_PCMPESTRI, X_PCMPESTRM, X_PCMPISTRI, X_PCMPISTRM,
    X_ZEROUPPER, X_MULX, X_OTHER,
    X_COUNT,
};

// What the assembler's mnemonic gets behind it.
enum suffix {
    SUFFIX_AUTO, // the memory operand's size, where no register tells it
    SUFFIX_NEVER,
    SUFFIX_NAMED,   // never; the name depends on the operand size
    SUFFIX_ALWAYS,  // strings: the size of what is in memory
    SUFFIX_MEMORY,  // CRC32: the memory operand's size, even beside a register
    SUFFIX_STACK,   // the operand size, where it is not the segment's own
    SUFFIX_TABLE,   // LGDT and its kin: the operand size
    SUFFIX_X87,     // FLDENV and its kin: s or l, where it is not ...
    SUFFIX_ADDRESS, // LOOP: the address size, where it is not ...
    SUFFIX_WIDEN,   // MOVZX, MOVSX: both sizes
    SUFFIX_X,       // x or y, for the length of a memory operand (VCVTPD2PS)
};

enum row_more {
    LOCKABLE = 1 << 0,    // LOCK is allowed if the destination is memory
    REPEATS = 1 << 1,     // F2 and F3 repeat it
    REPEATS_CC = 1 << 2,  // ... while Z is clear or set
    REGISTER = 1 << 3,    // ModRM is of the register form whatever mod says
    NEAR = 1 << 4,        // near branch: BND may precede
    INDIRECT = 1 << 5,    // near indirect branch: `*`, NOTRACK may precede
    XRELEASE = 1 << 6,    // F3 is XRELEASE, without LOCK, too
    XACQUIRE = 1 << 7,    // F2 is XACQUIRE, without LOCK, too
    GATHER = 1 << 8,
    IGNORES_PREFIX = 1 << 9, // the prefix that chose the row means nothing
    BLENDS = 1 << 10,     // EVEX: the mask chooses between the sources
};

struct opcode {
    uint8_t kind; // enum row_kind
    union {
        uint8_t shape; // ROW_INSN
        uint8_t rows;  // FORK_*: how many; further ones are undefined
    };
    uint8_t operands[4]; // enum operand_spec
    uint8_t use;
    uint8_t flags;
    uint8_t implicit;
    uint8_t flow : 4; // see decode.h
    uint8_t suffix : 4;
    uint16_t more : 14; // set of enum row_more
    uint16_t privilege : 2;
    union {
        const char *name;          // ROW_INSN
        const struct opcode *fork; // FORK_*
    };
};

// The maps. Undefined and unknown opcodes have rows, too.
extern const struct opcode map_1[256], map_0f[256], map_0f38[256],
    map_0f3a[256], map_3dnow[256];
// VEX and EVEX have tables of another form: see vector.h.
// clang-format on
