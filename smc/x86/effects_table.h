// SPDX-License-Identifier: MIT
// The bundles that rows of the opcode tables name: flags (F_*), and registers
// and stack touched without being operands (X_*).
//
// For effects.c only. Each line is from the instruction's page: "Flags
// affected" and "Operation". [SDM2 3 to 5], [AMD3 3]
#pragma once
#include "smc/x86/decode.h"
#include "smc/x86/table.h"

// Every line is held to Zydis (tests-host/oracle_zydis.c), flag by flag, and
// differences that have a reason are in oracle_zydis_quirks.c beside it.
//
// `undefined` are changed to what no manual promises; `written` are not in
// it. A flag that is merely cleared or set is written.
struct flag_bundle {
    uint32_t read, written, undefined;
};

struct implicit_bundle {
    uint64_t reads, writes;
    uint8_t memory; // STACK_*, or what is no operand
};

// clang-format off
enum {
    C = FLAG_C, P = FLAG_P, A = FLAG_A, Z = FLAG_Z, S = FLAG_S, O = FLAG_O,
    T = FLAG_T, I = FLAG_I, D = FLAG_D, IOPL = FLAG_IOPL, NT = FLAG_NT,
    RF = FLAG_RF, VM = FLAG_VM, AC = FLAG_AC, VIF = FLAG_VIF,
    VIP = FLAG_VIP, ID = FLAG_ID,
    STATUS = O | S | Z | A | P | C,
    ALL = STATUS | T | I | D | IOPL | NT | RF | VM | AC | VIF | VIP | ID,
};

static const struct flag_bundle flag_bundles[F_COUNT] = {
    //              read            written          undefined
    // Arithmetic. Logic clears O and C: written, for they are known after it.
    [F_ARITH]    = {0,              STATUS,          0},
    [F_CARRY]    = {C,              STATUS,          0},
    [F_LOGIC]    = {0,              STATUS & ~A,     A},
    [F_INC]      = {0,              STATUS & ~C,     0},
    [F_DAA]      = {A | C,          STATUS & ~O,     O},
    [F_AAA]      = {A,              A | C,           O | S | Z | P},
    [F_AAM]      = {0,              S | Z | P,       O | A | C},
    // Shifts: see shift_flags.
    [F_SHIFT]    = {0,              S | Z | P | C,   O | A},
    [F_ROTATE]   = {0,              C,               O},
    [F_ROTATE_C] = {C,              C,               O},
    // DIV leaves nothing that may be tested. BSF promises Z alone; what else
    // becomes of the flags differs between makers.
    [F_MUL]      = {0,              O | C,           S | Z | A | P},
    [F_DIV]      = {0,              0,               STATUS},
    [F_UNDEFINED] = {0,             0,               STATUS}, // MOV CR, DR
    [F_BT]       = {0,              C,               O | S | A | P},
    [F_BSF]      = {0,              Z,               O | S | A | P | C},
    [F_LZCNT]    = {0,              Z | C,           O | S | A | P},
    [F_BMI]      = {0,              O | S | Z | C,   A | P},
    [F_BEXTR]    = {0,              O | Z | C,       S | A | P},
    // ADCX and ADOX: two chains of carries that leave each other alone.
    [F_CX]       = {C,              C,               0},
    [F_OX]       = {O,              O,               0},
    [F_Z]        = {0,              Z,               0},
    [F_READ_Z]   = {Z,              0,               0},
    [F_READ_C]   = {C,              0,               0},
    [F_READ_CZ]  = {C | Z,          0,               0},
    [F_READ_P]   = {P,              0,               0},
    [F_STRING]   = {D,              0,               0},
    [F_COMPARE_STRING] = {D,        STATUS,          0},
    // One flag each. With virtual interrupts CLI and STI write VIF in place of
    // I, by IOPL. [SDM3 20.3, 20.4]
    [F_WRITE_C]  = {0,              C,               0},
    [F_CMC]      = {C,              C,               0},
    [F_WRITE_D]  = {0,              D,               0},
    [F_WRITE_I]  = {IOPL,           I | VIF,         0},
    [F_WRITE_AC] = {0,              AC,              0},
    // AH is S Z 0 A 0 P 1 C: the 8080's flags, which had no O.
    [F_LAHF]     = {STATUS & ~O,    0,               0},
    [F_SAHF]     = {0,              STATUS & ~O,     0},
    // I/O, POPF, IRET: what CPL is compared with is read. POPF leaves VM, and
    // clears RF. IRET looks at NT for a task to return to. INT clears AC in
    // real mode only; as everywhere, what may be written counts.
    [F_IO]       = {IOPL,           0,               0},
    [F_IO_STRING] = {IOPL | D,      0,               0},
    [F_PUSHF]    = {ALL,            0,               0},
    [F_POPF]     = {IOPL | VM | VIP, ALL & ~(VM | VIP), 0},
    [F_IRET]     = {IOPL | NT | VM, ALL,             0},
    [F_INT]      = {ALL,            T | I | NT | RF | VM | AC | VIF, 0},
    [F_SYSTEM]   = {0,              I | RF | VM,     0},
    [F_RSM]      = {0,              ALL,             0},
};

// Sets of registers. Descriptor tables are in memory, but reading them counts
// as reading the register that leads there, not as access to memory.
#define GPR(n) REGISTER_BIT(BIT_GPR + REG_##n)
#define SEG(n) REGISTER_BIT(BIT_SEGMENT + SEG_##n)
#define BIT(n) REGISTER_BIT(BIT_##n)
#define EIGHT_OF(n) (0xffull << BIT_##n)
#define SEGMENTS (0x3full << BIT_SEGMENT)
#define DESCRIPTOR_TABLES (BIT(GDTR) | BIT(LDTR))
#define X87_WORDS (BIT(X87_CONTROL) | BIT(X87_STATUS))
#define X87_ALL (EIGHT_OF(X87) | X87_WORDS)
#define MEDIA (X87_ALL | EIGHT_OF(MMX) | EIGHT_OF(VECTOR) | BIT(MXCSR))
#define ST(n) REGISTER_BIT(BIT_X87 + n)
#define XMM(n) REGISTER_BIT(BIT_VECTOR + n)
// A far transfer may change the ring and with it the stack.
#define FAR_STATE (SEG(CS) | SEG(SS) | GPR(SP))

static const struct implicit_bundle implicit_bundles[X_COUNT] = {
    //  reads, writes, memory
    // The stack. POPA skips its word for SP, and moves SP all the same.
    [X_PUSH] = {GPR(SP), GPR(SP), STACK_WRITE},
    [X_POP] = {GPR(SP), GPR(SP), STACK_READ},
    [X_PUSHA] = {EIGHT_OF(GPR), GPR(SP), STACK_WRITE},
    [X_POPA] = {GPR(SP), EIGHT_OF(GPR), STACK_READ},
    [X_ENTER] = {GPR(SP) | GPR(BP), GPR(SP) | GPR(BP),
                 STACK_READ | STACK_WRITE}, // copies the display
    [X_LEAVE] = {GPR(BP), GPR(SP) | GPR(BP), STACK_READ},
    // Far. TR leads to the stacks of the inner rings; JMP keeps its ring.
    [X_CALL_FAR] = {FAR_STATE | DESCRIPTOR_TABLES | BIT(TR), FAR_STATE,
                    STACK_WRITE},
    [X_RET_FAR] = {FAR_STATE | DESCRIPTOR_TABLES, SEGMENTS | GPR(SP),
                   STACK_READ}, // to an outer ring: nulls segments
    [X_JUMP_FAR] = {DESCRIPTOR_TABLES, SEG(CS), 0},
    [X_INT] = {FAR_STATE | DESCRIPTOR_TABLES | BIT(IDTR) | BIT(TR),
               SEGMENTS | GPR(SP), STACK_WRITE}, // from VM86: nulls segments
    // Accumulators, pointers and counters. X_AX, too, where only AL or only AH
    // is written: a register counts as a whole.
    [X_AX] = {GPR(AX), GPR(AX), 0},
    [X_AX_R] = {GPR(AX), 0, 0},
    [X_AX_W] = {0, GPR(AX), 0},
    [X_MUL] = {GPR(AX), GPR(AX) | GPR(DX), 0},
    [X_DIV] = {GPR(AX) | GPR(DX), GPR(AX) | GPR(DX), 0},
    [X_CWD] = {GPR(AX), GPR(DX), 0},
    [X_SI] = {0, GPR(SI), 0},
    [X_DI] = {0, GPR(DI), 0},
    [X_SI_DI] = {0, GPR(SI) | GPR(DI), 0},
    [X_LOOP] = {GPR(CX), GPR(CX), 0},
    [X_CX_R] = {GPR(CX), 0, 0},
    [X_AX_CX_R] = {GPR(AX) | GPR(CX) | BIT(OTHER), 0, 0},
    // Leaves, counters, MSRs: what is outside the set is OTHER.
    [X_CPUID] = {GPR(AX) | GPR(CX) | BIT(OTHER),
                 GPR(AX) | GPR(CX) | GPR(DX) | GPR(BX), 0},
    [X_RDTSC] = {BIT(OTHER), GPR(AX) | GPR(DX), 0},
    [X_RDTSCP] = {BIT(OTHER), GPR(AX) | GPR(CX) | GPR(DX), 0},
    [X_RDMSR] = {GPR(CX) | BIT(OTHER), GPR(AX) | GPR(DX), 0},
    [X_WRMSR] = {GPR(AX) | GPR(CX) | GPR(DX), BIT(OTHER), 0},
    [X_CMPXCHG8B] = {GPR(AX) | GPR(CX) | GPR(DX) | GPR(BX),
                     GPR(AX) | GPR(DX), 0},
    [X_MOVDIR64B] = {0, 0, MEMORY_WRITE},
    // GETSEC, ENCLS and its kin: by the leaf in EAX.
    [X_LEAF] = {GPR(AX) | GPR(CX) | GPR(DX) | GPR(BX) | BIT(OTHER),
                GPR(AX) | GPR(CX) | GPR(DX) | GPR(BX) | BIT(OTHER), 0},
    [X_MONITOR] = {GPR(CX) | GPR(DX), BIT(OTHER), 0},
    [X_MWAITX] = {GPR(AX) | GPR(CX) | GPR(BX) | BIT(OTHER), 0, 0},
    [X_TPAUSE] = {GPR(AX) | GPR(DX) | BIT(OTHER), 0, 0},
    [X_PVALIDATE] = {GPR(AX) | GPR(CX) | GPR(DX), GPR(AX), 0},
    // System calls: the targets are in MSRs. SYSCALL keeps the old EIP in ECX.
    [X_SYSENTER] = {BIT(OTHER), FAR_STATE, 0},
    [X_SYSEXIT] = {GPR(CX) | GPR(DX) | BIT(OTHER), FAR_STATE, 0},
    [X_SYSCALL] = {BIT(OTHER), SEG(CS) | SEG(SS) | GPR(CX), 0},
    [X_SYSRET] = {GPR(CX) | BIT(OTHER), SEG(CS) | SEG(SS), 0},
    [X_RSM] = {BIT(OTHER), ~0ull, 0}, // the state saved in SMRAM
    // The pointer's general register is an operand, its segment is not.
    [X_LES] = {DESCRIPTOR_TABLES, SEG(ES), 0},
    [X_LSS] = {DESCRIPTOR_TABLES, SEG(SS), 0},
    [X_LDS] = {DESCRIPTOR_TABLES, SEG(DS), 0},
    [X_LFS] = {DESCRIPTOR_TABLES, SEG(FS), 0},
    [X_LGS] = {DESCRIPTOR_TABLES, SEG(GS), 0},
    [X_DESCRIPTOR] = {DESCRIPTOR_TABLES, 0, 0},
    // Descriptor tables. LLDT and LTR find theirs in the GDT.
    [X_GDTR_R] = {BIT(GDTR), 0, 0},
    [X_GDTR_W] = {0, BIT(GDTR), 0},
    [X_IDTR_R] = {BIT(IDTR), 0, 0},
    [X_IDTR_W] = {0, BIT(IDTR), 0},
    [X_LDTR_R] = {BIT(LDTR), 0, 0},
    [X_LDTR_W] = {BIT(GDTR), BIT(LDTR), 0},
    [X_TR_R] = {BIT(TR), 0, 0},
    [X_TR_W] = {BIT(GDTR), BIT(TR), 0},
    [X_CR0_R] = {BIT(CONTROL), 0, 0},
    [X_CR0_W] = {0, BIT(CONTROL), 0},
    // States. XSAVE and XRSTOR take the set of parts from EDX:EAX and XCR0.
    [X_MXCSR_R] = {BIT(MXCSR), 0, 0},
    [X_MXCSR_W] = {0, BIT(MXCSR), 0},
    [X_FXSAVE] = {MEDIA, 0, 0},
    [X_FXRSTOR] = {0, MEDIA, 0},
    [X_XSAVE] = {MEDIA | GPR(AX) | GPR(DX) | BIT(OTHER), 0, 0},
    [X_XRSTOR] = {GPR(AX) | GPR(DX) | BIT(OTHER), MEDIA | BIT(OTHER), 0},
    // x87: after a push or a pop every %st(i) is another register.
    [X_ST0] = {ST(0), ST(0), 0},
    [X_ST0_R] = {ST(0), 0, 0},
    [X_ST01] = {ST(0) | ST(1), ST(0), 0},
    [X_X87_STACK] = {EIGHT_OF(X87), EIGHT_OF(X87), 0},
    [X_X87_CONTROL_W] = {0, BIT(X87_CONTROL), 0},
    [X_X87_ALL] = {X87_ALL, X87_ALL, 0},
    [X_FWAIT] = {X87_WORDS, 0, 0},
    [X_EMMS] = {0, EIGHT_OF(X87) | EIGHT_OF(MMX), 0}, // all tags
    // Key Locker: ENCODEKEY256's handle is longer by one register, XMM3.
    [X_XMM] = {EIGHT_OF(VECTOR) | BIT(OTHER), EIGHT_OF(VECTOR), 0},
    [X_ENCODEKEY128] = {XMM(0) | BIT(OTHER), EIGHT_OF(VECTOR) &
                        ~(XMM(3) | XMM(7)), 0},
    [X_ENCODEKEY256] = {XMM(0) | XMM(1) | BIT(OTHER),
                        EIGHT_OF(VECTOR) & ~XMM(7), 0},
    [X_LOADIWKEY] = {GPR(AX) | XMM(0), BIT(OTHER), 0},
    // E: lengths in EAX and EDX; I: ended by a zero. The result is an index in
    // ECX (I) or a mask in XMM0 (M).

    [X_PCMPESTRI] = {GPR(AX) | GPR(DX), GPR(CX), 0},
    [X_PCMPESTRM] = {GPR(AX) | GPR(DX), XMM(0), 0},
    [X_PCMPISTRI] = {0, GPR(CX), 0},
    [X_PCMPISTRM] = {0, XMM(0), 0},
    [X_ZEROUPPER] = {0, EIGHT_OF(VECTOR), 0},
    [X_MULX] = {GPR(DX), 0, 0},
    [X_OTHER] = {BIT(OTHER), BIT(OTHER), 0},
};
// clang-format on
