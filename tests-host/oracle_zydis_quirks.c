// SPDX-License-Identifier: MIT
// The differences that have a reason. A quirk names the opcodes it is about,
// the kinds of difference it explains, and the registers and flags that may
// be in them; all else about these instructions must agree.
//
// "The CPU" is an AMD EPYC with AVX-512 that was given the bytes under a
// handler for SIGILL.
#include "tests-host/oracle_zydis.h"
#include "tests-host/oracle_zydis_conditions.h"
#include <stdio.h>
#include <string.h>

enum { ANY_VECTOR = 0x80 }; // added to a map: not legacy

// A quirk is met if all of these are true:
//
//   map, first..last    the opcode is one of them
//   applies             NULL, or true of this very pair
//   differences         some of these kinds are there; only these are excused
//   registers, flags    in these kinds nothing else differs than these sets
//
// Without the last line "x87 touches all registers here" would also excuse a
// wrong bit for EAX in the same row.
struct quirk {
    const char *reason;
    uint32_t differences;
    uint8_t map, first, last; // opcodes
    bool (*applies)(const struct pair *);
    uint64_t registers;
    uint32_t flags;
};

// The table ---------------------------------------------------------------

// A reason may stand in several rows, one behind the other: quirks_print adds
// them up. docs/oracles.md has the same reasons; test_chapter.py compares.
// clang-format off
#define GPR(n) REGISTER_BIT(BIT_GPR + REG_##n)
#define SEG(n) REGISTER_BIT(BIT_SEGMENT + SEG_##n)
#define EIGHT(what) (0xffull << BIT_##what)
#define STATUS (FLAG_O | FLAG_S | FLAG_Z | FLAG_A | FLAG_P | FLAG_C)
#define SEGMENTS (0x3full << BIT_SEGMENT)
#define MEDIA (EIGHT(X87) | EIGHT(MMX) | EIGHT(VECTOR) | \
               REGISTER_BIT(BIT_MXCSR))
#define READS (READS_MORE | READS_LESS)
#define WRITES (WRITES_MORE | WRITES_LESS)
#define FLAGS (FLAGS_READ | FLAGS_WRITTEN | FLAGS_UNDEFINED)

static const struct quirk quirks[] = {
    // What is an instruction.
    {"EVEX with V' clear: ignored outside 64-bit mode, and the CPU runs it",
     ONLY_OURS, MAP_0F | ANY_VECTOR, 0, 0xff, is_malformed_evex, 0, 0},
    {"EVEX with V' clear: ignored outside 64-bit mode, and the CPU runs it",
     ONLY_OURS, MAP_0F38 | ANY_VECTOR, 0, 0xff, is_malformed_evex, 0, 0},
    {"EVEX with V' clear: ignored outside 64-bit mode, and the CPU runs it",
     ONLY_OURS, MAP_0F3A | ANY_VECTOR, 0, 0xff, is_malformed_evex, 0, 0},
    {"MPX with bnd4..7 or 16-bit addresses: #UD with MPX only, else a NOP; "
     "so on the CPU", ONLY_OURS, MAP_0F, 0x1a, 0x1b, is_mpx_nop, 0, 0},
    {"AADD, AAND, AOR, AXOR are newer than Zydis 4.0",
     ONLY_OURS, MAP_0F38, 0xfc, 0xfc, NULL, 0, 0},
    {"VMX, MONITOR, MWAIT, CLAC, STAC with a mandatory prefix: refused there, "
     "not by objdump", ONLY_OURS, MAP_0F, 0x01, 0x01, is_older_system, 0, 0},
    {"VCVTSI2SD, VCVTUSI2SD with W and a rounding set: the CPU runs it",
     ONLY_OURS, MAP_0F | ANY_VECTOR, 0x2a, 0x7b, is_rounded, 0, 0},
    {"TDX is of 64-bit mode only; #UD on the CPU",
     ONLY_THEIRS, MAP_0F, 0x01, 0x01, is_tdx, 0, 0},
    {"PadLock is VIA's only; #UD on the CPU",
     ONLY_THEIRS, MAP_0F, 0xa6, 0xa7, NULL, 0, 0},
    // Of these only the length is compared.
    {"AMD's XOP, with VPERMIL2PS and VPERMIL2PD, is not in our tables",
     UNKNOWN, MAP_XOP, 0, 0xff, NULL, 0, 0},
    {"AMD's XOP, with VPERMIL2PS and VPERMIL2PD, is not in our tables",
     UNKNOWN, MAP_0F3A | ANY_VECTOR, 0x48, 0x49, is_vex, 0, 0},
    {"AVX-512 FP16 is not in our tables",
     UNKNOWN, MAP_FP16 | ANY_VECTOR, 0, 0xff, is_fp16, 0, 0},
    {"AVX-512 FP16 is not in our tables",
     UNKNOWN, MAP_0F3A | ANY_VECTOR, 0, 0xff, is_fp16, 0, 0},
    {"the Xeon Phi's AVX-512 ER, PF, 4FMAPS and 4VNNIW are not in our tables",
     UNKNOWN, MAP_0F38 | ANY_VECTOR, 0, 0xff, is_xeon_phi, 0, 0},

    // Operands.
    {"NOP with ModRM: objdump shows one operand of the two; nothing is read",
     OPERANDS | ACCESS | READS_LESS | MEMORY | MEMORY_SIZE, MAP_0F, 0x0d,
     0x1f, is_nop, EIGHT(GPR), 0},
    {"66 90 is XCHG to objdump, NOP to Zydis: the same",
     OPERANDS | IMPLIED_MORE | READS_MORE | WRITES_MORE, MAP_1, 0x90, 0x90,
     has_66, GPR(AX), 0},
    {"LEA: the segment, which has no effect, is told here as objdump does",
     OPERANDS, MAP_1, 0x8d, 0x8d, pair_same_but_segments, 0, 0},
    {"NOTRACK is also an override of SS; Zydis takes it for NOTRACK only",
     OPERANDS, MAP_1, 0xff, 0xff, has_notrack, 0, 0},
    {"MOV to a segment: objdump shows the whole register, 16 bits are used",
     SIZES, MAP_1, 0x8e, 0x8e, NULL, 0, 0},
    {"UD0, UD1 have operands of the operand size in objdump, 32 bits there",
     SIZES | MEMORY_SIZE, MAP_0F, 0xb9, 0xb9, NULL, 0, 0},
    {"UD0, UD1 have operands of the operand size in objdump, 32 bits there",
     SIZES | MEMORY_SIZE, MAP_0F, 0xff, 0xff, NULL, 0, 0},
    {"MPX: the segment and the size of a memory operand that is no access",
     OPERANDS | SIZES | MEMORY_SIZE, MAP_0F, 0x1a, 0x1b, is_mpx, 0, 0},
    {"FUCOMP: %st is an implied operand there; objdump does not show it",
     IMPLIED_LESS, MAP_1, 0xdd, 0xdd, is_register, 0, 0},
    {"MONITOR, CLZERO: memory at EAX here, the register EAX there",
     IMPLIED_MORE | IMPLIED_LESS | MEMORY, MAP_0F, 0x01, 0x01, is_at_eax, 0,
     0},

    {"VMRUN, INVLPGB, PVALIDATE and their kin: EAX, ECX, EDX are operands "
     "there; objdump shows none", IMPLIED_LESS, MAP_0F, 0x01, 0x01,
     is_svm_operand, 0, 0},

    // Memory.
    {"prefetches and CLDEMOTE read nothing, they are hints [SDM2 PREFETCHh]",
     ACCESS | MEMORY | MEMORY_SIZE, MAP_0F, 0x0d, 0x1c, is_hint, 0, 0},
    {"INVLPG takes the address of its operand, it reads nothing",
     ACCESS | MEMORY | MEMORY_SIZE, MAP_0F, 0x01, 0x01, is_invlpg, 0, 0},
    {"a cache line: one byte in it here, 64 there",
     SIZES | MEMORY_SIZE, MAP_0F, 0xae, 0xae, is_line, 0, 0},
    {"XSAVE's area has the size that XCR0 tells: none here, 576 there; the "
     "registers in it are not told there", SIZES | MEMORY_SIZE | READS_MORE |
     WRITES_MORE, MAP_0F, 0xae, 0xae, is_state, MEDIA, 0},
    {"XSAVE's area has the size that XCR0 tells: none here, 576 there; the "
     "registers in it are not told there", SIZES | MEMORY_SIZE | READS_MORE |
     WRITES_MORE, MAP_0F, 0xc7, 0xc7, is_state, MEDIA, 0},
    {"FXSAVE, FXRSTOR: the registers in the area are not told there",
     READS_MORE | WRITES_MORE, MAP_0F, 0xae, 0xae, is_fxsave, MEDIA, 0},
    {"Key Locker: handles have no size here",
     SIZES | MEMORY_SIZE, MAP_0F38, 0xd8, 0xdf, is_key_locker, 0, 0},
    {"ENQCMD, MOVDIR64B: no size here; ENQCMD's store is missing there",
     SIZES | MEMORY | MEMORY_SIZE, MAP_0F38, 0xf8, 0xf8, NULL, 0, 0},
    {"ENTER also reads the frames it copies [SDM2 ENTER]",
     MEMORY, MAP_1, 0xc8, 0xc8, NULL, 0, 0},

    // Registers.
    {"interrupts push EFLAGS, CS and EIP and load CS; not told there",
     READS_MORE | WRITES_MORE | MEMORY | FLAGS, MAP_1, 0xcc, 0xce, NULL,
     SEGMENTS | GPR(SP), ~0u},
    {"interrupts push EFLAGS, CS and EIP and load CS; not told there",
     READS_MORE | WRITES_MORE | MEMORY | FLAGS, MAP_1, 0xf1, 0xf1, NULL,
     SEGMENTS | GPR(SP), ~0u},
    {"far transfers change CS, and SS and ESP with the ring; not told there",
     READS_MORE | WRITES_MORE, MAP_1, 0x9a, 0x9a, NULL, SEGMENTS | GPR(SP),
     0},
    {"far transfers change CS, and SS and ESP with the ring; not told there",
     READS_MORE | WRITES_MORE, MAP_1, 0xca, 0xea, is_far,
     SEGMENTS | GPR(SP), 0},
    {"far transfers change CS, and SS and ESP with the ring; not told there",
     READS_MORE | WRITES_MORE, MAP_1, 0xff, 0xff, is_far,
     SEGMENTS | GPR(SP), 0},
    {"INS, OUTS, CMPS, SCAS count ESI and EDI on; not told there",
     WRITES_MORE, MAP_1, 0x6c, 0x6f, NULL, GPR(SI) | GPR(DI), 0},
    {"INS, OUTS, CMPS, SCAS count ESI and EDI on; not told there",
     WRITES_MORE, MAP_1, 0xa6, 0xa7, NULL, GPR(SI) | GPR(DI), 0},
    {"INS, OUTS, CMPS, SCAS count ESI and EDI on; not told there",
     WRITES_MORE, MAP_1, 0xae, 0xaf, NULL, GPR(DI), 0},
    {"XLAT reads AL", READS_MORE, MAP_1, 0xd7, 0xd7, NULL, GPR(AX), 0},
    {"LEAVE loads ESP from EBP, it does not read it",
     READS_LESS, MAP_1, 0xc9, 0xc9, NULL, GPR(SP), 0},
    {"XABORT writes EAX, it does not read it",
     READS_LESS, MAP_1, 0xc6, 0xc6, is_xabort, GPR(AX), 0},
    {"x87: one that pushes or pops touches all registers here",
     READS_MORE | WRITES_MORE, MAP_1, 0xd8, 0xdf, renames_x87, EIGHT(X87),
     0},
    {"FTST and FXAM only look", WRITES_LESS, MAP_1, 0xd9, 0xd9, is_ftst,
     EIGHT(X87), 0},
    {"FFREE empties its operand, it does not read it",
     ACCESS | READS_LESS | WRITES_MORE, MAP_1, 0xdd, 0xdd, is_ffree,
     EIGHT(X87), 0},
    {"FFREE empties its operand, it does not read it",
     ACCESS | READS_LESS | WRITES_MORE, MAP_1, 0xdf, 0xdf, is_ffree,
     EIGHT(X87), 0},
    {"EMMS empties the x87 registers; not told there",
     WRITES_MORE, MAP_0F, 0x0e, 0x0e, NULL, EIGHT(X87) | EIGHT(MMX), 0},
    {"EMMS empties the x87 registers; not told there",
     WRITES_MORE, MAP_0F, 0x77, 0x77, NULL, EIGHT(X87) | EIGHT(MMX), 0},
    {"3DNow! conversions and approximations only write [AMD 21928]",
     ACCESS | READS_LESS, MAP_3DNOW, 0x0c, 0xbb, is_now_conversion,
     EIGHT(MMX), 0},
    {"LSL writes its destination or leaves it, as LAR does",
     ACCESS | READS_LESS, MAP_0F, 0x03, 0x03, NULL, EIGHT(GPR), 0},
    {"CVTSI2SS writes a part of its destination: not read here",
     ACCESS | READS_LESS, MAP_0F, 0x2a, 0x2a, NULL, EIGHT(VECTOR), 0},
    {"EXTRQ, INSERTQ read their destination, too [AMD4]",
     ACCESS | READS_MORE, MAP_0F, 0x78, 0x79, is_sse4a, EIGHT(VECTOR), 0},
    {"SYSENTER and its kin load CS, SS and ESP; not all of it told there",
     WRITES_MORE, MAP_0F, 0x05, 0x35, is_system,
     SEG(CS) | SEG(SS) | GPR(SP), 0},
    {"RSM loads everything; it is #UD at ring 3, so privileged here",
     WRITES_MORE | PRIVILEGE, MAP_0F, 0xaa, 0xaa, NULL, ~0ull, 0},
    {"CLTS clears a bit of CR0; not told there",
     WRITES_MORE, MAP_0F, 0x06, 0x06, NULL, REGISTER_BIT(BIT_CONTROL), 0},
    {"VMFUNC's function 0 reads ECX; not told there",
     READS_MORE, MAP_0F, 0x01, 0x01, is_vmfunc, GPR(CX), 0},
    {"MWAITX reads EBX, the timer [AMD3 MWAITX]",
     READS_MORE, MAP_0F, 0x01, 0x01, is_mwaitx, GPR(BX), 0},
    {"ENCLS and its kin: what they use depends on the leaf in EAX",
     READS_MORE | WRITES_MORE | FLAGS_WRITTEN, MAP_0F, 0x01, 0x01, is_encl,
     EIGHT(GPR), STATUS},
    {"GETSEC: what it uses depends on the leaf in EAX",
     READS_MORE | WRITES_MORE, MAP_0F, 0x37, 0x37, NULL, EIGHT(GPR), 0},
    {"VZEROUPPER, VZEROALL: the registers are not told there",
     WRITES_MORE, MAP_0F | ANY_VECTOR, 0x77, 0x77, is_vex, EIGHT(VECTOR), 0},

    // Flags.
    {"shifts by a count of 0 or 1 that the encoding tells: no flags, or O "
     "defined [SDM2 SAL]", FLAGS, MAP_1, 0xc0, 0xd1, shifts_by_0_or_1, 0,
     STATUS},
    {"shifts by a count of 0 or 1 that the encoding tells: no flags, or O "
     "defined [SDM2 SAL]", FLAGS, MAP_0F, 0xa4, 0xac, shifts_by_0_or_1, 0,
     STATUS},
    {"SBB defines A [SDM2 SBB]", FLAGS_WRITTEN | FLAGS_UNDEFINED, MAP_1,
     0x18, 0x1d, is_sbb, 0, FLAG_A},
    {"SBB defines A [SDM2 SBB]", FLAGS_WRITTEN | FLAGS_UNDEFINED, MAP_1,
     0x80, 0x83, is_sbb, 0, FLAG_A},
    {"SYSCALL, SYSRET of legacy mode change I, RF and VM; those of long mode "
     "are told there [AMD3 SYSCALL]", FLAGS_WRITTEN, MAP_0F, 0x05, 0x07,
     is_system, 0, ~0u},
    {"VMCALL and VM entries: what the guest does to the flags is no effect "
     "of theirs", FLAGS_READ | FLAGS_WRITTEN, MAP_0F, 0x01, 0x01,
     is_vm_entry, 0, ~0u},
    {"VPTEST, VTESTPS, VTESTPD clear O, S, A and P [SDM2 PTEST]",
     FLAGS_WRITTEN, MAP_0F38 | ANY_VECTOR, 0x0e, 0x17, is_vex, 0, STATUS},
    {"BEXTR clears O and C, writes Z [SDM2 BEXTR]",
     FLAGS_WRITTEN | FLAGS_UNDEFINED, MAP_0F38 | ANY_VECTOR, 0xf7, 0xf7,
     is_vex, 0, FLAG_O | FLAG_C},

    {"MOV of CR and DR leaves O, S, Z, A, P and C undefined [SDM2 MOV]",
     FLAGS_UNDEFINED, MAP_0F, 0x20, 0x23, NULL, 0, STATUS},
    {"RDPRU, MCOMMIT write C and clear the others [AMD3 RDPRU]",
     FLAGS_WRITTEN, MAP_0F, 0x01, 0x01, is_rdpru, 0, STATUS},

    // Privilege.
    {"LGDT is privileged; an omission there", PRIVILEGE, MAP_0F, 0x01, 0x01,
     is_lgdt, 0, 0},
    {"SVM's instructions are privileged; an omission there [AMD3 STGI]",
     PRIVILEGE, MAP_0F, 0x01, 0x01, is_svm, 0, 0},
    {"ENQCMDS is privileged; an omission there", PRIVILEGE, MAP_0F38, 0xf8,
     0xf8, is_enqcmds, 0, 0},
    {"ENCLV is #UD at ring 3, so privileged here", PRIVILEGE, MAP_0F, 0x01,
     0x01, is_enclv, 0, 0},
};
// clang-format on

// How often each was of use. With 0 the strings did not reach it, or it is not
// needed any more.
enum { QUIRKS = sizeof quirks / sizeof quirks[0] };
static uint64_t met[QUIRKS];

// Explaining --------------------------------------------------------------

// A map has one number for 0f xx and for the VEX and EVEX rows of the same
// name; ANY_VECTOR says which of the two is meant.
static bool is_about(const struct quirk *q, const struct pair *p)
{
    bool vector = p->insn.encoding != ENCODING_LEGACY;
    return (q->map & ~ANY_VECTOR) == p->insn.map &&
           !(q->map & ANY_VECTOR) == !vector && p->insn.opcode >= q->first &&
           p->insn.opcode <= q->last && (!q->applies || q->applies(p));
}

// Privileged here, ordinary there: the only way in which privilege may differ.
static bool is_omission(const struct pair *p)
{
    return p->ours.privilege == PRIVILEGE_PRIVILEGED &&
           p->theirs.privilege == PRIVILEGE_ORDINARY;
}

// Of the differences that it may explain, those whose registers and flags it
// covers.
//
//   differences   what is ours alone, or theirs     allowed
//   READS_MORE    reads & ~their reads              registers, TOLD_BY_FEW
//   READS_LESS    their reads & ~reads              registers
static uint32_t explained(const struct quirk *q, const struct pair *p)
{
    const struct effects *a = &p->ours.effects, *b = &p->theirs.effects;
    uint32_t d = q->differences;
    const struct {
        uint64_t set, allowed;
        uint32_t difference;
    } checks[] = {
        {a->reads & ~b->reads, q->registers | TOLD_BY_FEW, READS_MORE},
        {b->reads & ~a->reads, q->registers, READS_LESS},
        {a->writes & ~b->writes, q->registers | TOLD_BY_FEW, WRITES_MORE},
        {b->writes & ~a->writes, q->registers, WRITES_LESS},
        {a->flags_read ^ b->flags_read, q->flags, FLAGS_READ},
        {a->flags_written ^ b->flags_written, q->flags, FLAGS_WRITTEN},
        {a->flags_undefined ^ b->flags_undefined, q->flags, FLAGS_UNDEFINED},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].set & ~checks[i].allowed)
            d &= ~checks[i].difference;
    return is_omission(p) ? d : d & ~PRIVILEGE;
}

// A quirk about privilege is needed by every instruction that it names. If it
// is not, our table has lost the word, and the two are wrong alike.
static bool lacks_omission(const struct quirk *q, const struct pair *p)
{
    return q->differences & PRIVILEGE && p->status == INSN_OK &&
           p->theirs.valid && !is_omission(p) && is_about(q, p);
}

// Several quirks may be needed for one instruction; each takes away its kinds.
// What is left has no reason, and is printed.
uint32_t quirks_explain(const struct pair *p, uint32_t differences)
{
    for (unsigned i = 0; i < QUIRKS; i++) {
        if (lacks_omission(&quirks[i], p))
            return differences | PRIVILEGE;
        if (!(quirks[i].differences & differences) || !is_about(&quirks[i], p))
            continue;
        uint32_t left = differences & ~explained(&quirks[i], p);
        met[i] += left != differences;
        differences = left;
    }
    return differences;
}

// Neighbours in the table may have one reason.
void quirks_print(void)
{
    puts("quirks met:");
    for (unsigned i = 0; i < QUIRKS;) {
        const char *reason = quirks[i].reason;
        uint64_t count = 0;
        for (; i < QUIRKS && strcmp(quirks[i].reason, reason) == 0; i++)
            count += met[i];
        if (count)
            printf("%10llu  %s\n", (unsigned long long)count, reason);
    }
}
