// SPDX-License-Identifier: MIT
// What both decoders say, in our terms. Theirs is translated here from
// Zydis' registers, actions, categories and attributes.
#include "tests-host/oracle_zydis.h"

// Their operands ----------------------------------------------------------

// NONE has a number, too, which would say EAX.
static uint8_t number_of(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_NONE ? REG_NONE : their_register(reg)->number;
}

// A conditional access counts as one: CMOV writes its destination, as in
// struct effects.
static uint8_t access_of(ZydisOperandActions actions)
{
    return (actions & ZYDIS_OPERAND_ACTION_MASK_READ ? OPERAND_READ : 0) |
           (actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? OPERAND_WRITE : 0);
}

// Sizes are in bits there, and NONE is a register like any other.
static struct operand their_memory(const ZydisDecodedOperand *o)
{
    struct operand m = {.kind = OPERAND_MEM, .size = o->size / 8};
    m.segment = number_of(o->mem.segment);
    m.base = number_of(o->mem.base);
    m.index = number_of(o->mem.index);
    m.scale = o->mem.scale;
    m.disp = (int32_t)o->mem.disp.value;
    return m;
}

// By the operand's type. A register has the size of its class, whatever the
// operand's.
static struct operand their_operand(const ZydisDecodedOperand *o)
{
    struct operand mine = {.size = o->size / 8};
    switch (o->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        mine.kind = OPERAND_REG;
        mine.class = their_register(o->reg.value)->class;
        mine.reg = their_register(o->reg.value)->number;
        mine.size = their_register(o->reg.value)->size;
        break;
    case ZYDIS_OPERAND_TYPE_MEMORY: mine = their_memory(o); break;
    case ZYDIS_OPERAND_TYPE_POINTER:
        mine.kind = OPERAND_FAR;
        mine.imm = o->ptr.offset;
        mine.selector = o->ptr.segment;
        break;
    default:
        mine.kind = o->imm.is_relative ? OPERAND_REL : OPERAND_IMM;
        if (mine.kind == OPERAND_REL)
            mine.disp = (int32_t)o->imm.value.s;
        else
            mine.imm = (uint32_t)o->imm.value.u;
    }
    mine.access = access_of(o->actions);
    return mine;
}

// What is pushed or popped is a hidden operand at ESP, or EBP for LEAVE.
static bool is_stack(const ZydisDecodedOperand *o)
{
    if (o->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN)
        return false;
    uint8_t base = number_of(o->mem.base);
    return o->mem.segment == ZYDIS_REGISTER_SS &&
           (base == REG_SP || base == REG_BP);
}

// The registers of an address are read even if the memory is not (LEA).
// An access times the lowest flag of its kind is the set of flags:
//
//   access              * MEMORY_READ (1)    * STACK_READ (4)
//   OPERAND_READ   1    MEMORY_READ   1      STACK_READ   4
//   OPERAND_WRITE  2    MEMORY_WRITE  2      STACK_WRITE  8
//   both           3    both          3      both        12
static void add_their_memory(const ZydisDecodedOperand *o, struct effects *e)
{
    uint8_t access = access_of(o->actions);
    e->reads |= their_register(o->mem.base)->bit |
                their_register(o->mem.index)->bit;
    if (is_stack(o)) {
        e->memory |= access * STACK_READ;
        return;
    }
    e->memory |= access * MEMORY_READ;
    if (access)
        e->memory_size = o->size / 8;
}

// Their visibility, and what becomes of it:
//
//   explicit   bits choose it          an operand, to be one of ours in order
//   implicit   shown, but no bits      an implied one, to be one of ours
//   hidden     not even shown          an implied one that may be ours
//
// All three go into the sets of registers and memory, which are compared as
// a whole: who says it in an operand, and who in an effect, is all the same.
static void add_their_operand(struct view *view, const ZydisDecodedOperand *o)
{
    struct effects *e = &view->effects;
    // {%k1}: an operand there, a part of the instruction here; k0 is no mask.
    if (o->encoding == ZYDIS_OPERAND_ENCODING_MASK) {
        if (o->reg.value != ZYDIS_REGISTER_K0)
            e->reads |= REGISTER_BIT(BIT_OTHER);
        return;
    }
    if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
        add_their_memory(o, e);
    if (o->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        uint8_t access = access_of(o->actions);
        e->reads |= access & OPERAND_READ ? their_register(o->reg.value)->bit
                                          : 0;
        e->writes |= access & OPERAND_WRITE ? their_register(o->reg.value)->bit
                                            : 0;
    }
    if (o->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT) {
        view->explicit[view->explicit_count++] = their_operand(o);
        return;
    }
    struct operand *implied = &view->implied[view->implied_count++];
    *implied = their_operand(o);
    // Only what they print as an operand must be one of ours.
    implied->implied = o->visibility == ZYDIS_OPERAND_VISIBILITY_IMPLICIT;
}

// Their flags, flow, privilege --------------------------------------------

// IOPL is two bits here, one there.
// Which flags are FLAG_* is EFLAGS' layout, on both sides. [SDM1 3.4.3]
static uint32_t flags_of(uint32_t theirs)
{
    return theirs & ZYDIS_CPUFLAG_IOPL ? theirs | FLAG_IOPL : theirs;
}

// A flag that is set or cleared always is one that is written.
static void set_their_flags(struct view *view, const ZydisAccessedFlags *f)
{
    view->effects.flags_read = flags_of(f->tested);
    view->effects.flags_written = flags_of(f->modified | f->set_0 | f->set_1);
    view->effects.flags_undefined = flags_of(f->undefined);
}

// By name first: these are in categories that would say otherwise, or in none
// that says enough. `direct`: the target is in the instruction.
static enum insn_flow flow_of(const ZydisDecodedInstruction *z, bool direct)
{
    bool far = z->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD: return FLOW_IRET;
    case ZYDIS_MNEMONIC_HLT: return FLOW_HALT;
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2: return FLOW_UNDEFINED;
    case ZYDIS_MNEMONIC_BOUND:  // in their category of interrupts
    case ZYDIS_MNEMONIC_XABORT: // jumps to them; here the CPU aborts,
    case ZYDIS_MNEMONIC_XEND: return FLOW_NEXT; // as in a fault
    default: break;
    }
    switch (z->meta.category) {
    case ZYDIS_CATEGORY_COND_BR: return FLOW_BRANCH;
    case ZYDIS_CATEGORY_CALL:
        return far ? FLOW_CALL_FAR : direct ? FLOW_CALL : FLOW_CALL_INDIRECT;
    case ZYDIS_CATEGORY_UNCOND_BR:
        return far ? FLOW_JUMP_FAR : direct ? FLOW_JUMP : FLOW_JUMP_INDIRECT;
    case ZYDIS_CATEGORY_RET: return far ? FLOW_RETURN_FAR : FLOW_RETURN;
    case ZYDIS_CATEGORY_INTERRUPT: return FLOW_INTERRUPT;
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET: return FLOW_SYSTEM;
    default: return FLOW_NEXT;
    }
}

// They know privileged instructions only. Which ones are sensitive is said
// here a second time, from the paper. [Robin and Irvine 2000, section 3]
// SYSENTER and its kin load segment registers, too, but are not sensitive:
// hence the look at the flow at the end.
static enum insn_privilege privilege_of(const struct pair *p)
{
    const ZydisDecodedInstruction *z = &p->their;
    if (z->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
        return PRIVILEGE_PRIVILEGED;
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_SGDT:
    case ZYDIS_MNEMONIC_SIDT:
    case ZYDIS_MNEMONIC_SLDT:
    case ZYDIS_MNEMONIC_SMSW:
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_STR: return PRIVILEGE_SENSITIVE;
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI: return PRIVILEGE_IO;
    default: break;
    }
    if (z->meta.category == ZYDIS_CATEGORY_IO ||
        z->meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
        return PRIVILEGE_IO;
    enum insn_flow flow = p->theirs.flow;
    if (flow == FLOW_INTERRUPT || flow == FLOW_IRET || flow == FLOW_CALL_FAR ||
        flow == FLOW_JUMP_FAR || flow == FLOW_RETURN_FAR)
        return PRIVILEGE_SENSITIVE;
    for (int i = 0; i < z->operand_count; i++) // MOV, PUSH, POP, LDS
        if (p->operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            ZydisRegisterGetClass(p->operands[i].reg.value) ==
                ZYDIS_REGCLASS_SEGMENT &&
            flow != FLOW_SYSTEM)
            return PRIVILEGE_SENSITIVE;
    return PRIVILEGE_ORDINARY;
}

// The two views -----------------------------------------------------------

// Their second immediate is not taken over: it follows the first, and the
// length tells whether it is there.
static void set_their_layout(struct view *v, const ZydisDecodedInstruction *z)
{
    v->length = z->length;
    v->modrm_at = z->raw.modrm.offset;
    v->sib_at = z->raw.sib.offset;
    v->disp_at = z->raw.disp.offset;
    v->disp_size = z->raw.disp.size / 8;
    v->imm_at = z->raw.imm[0].offset;
    v->imm_size = z->raw.imm[0].size / 8;
}

// In this order: `direct` needs the operands, the privilege needs the flow.
static void set_their_view(struct pair *p)
{
    struct view *v = &p->theirs;
    set_their_layout(v, &p->their);
    for (int i = 0; i < p->their.operand_count; i++)
        add_their_operand(v, &p->operands[i]);
    if (p->their.cpu_flags)
        set_their_flags(v, p->their.cpu_flags);
    bool direct = v->explicit_count && v->explicit[0].kind == OPERAND_REL;
    ZyanU64 target = NO_TARGET;
    if (direct)
        ZydisCalcAbsoluteAddress(&p->their, p->operands, VIEW_ADDRESS,
                                 &target);
    v->target = (uint32_t)target;
    v->flow = flow_of(&p->their, direct);
    v->privilege = privilege_of(p);
}

// insn_target writes nothing if there is no target, so NO_TARGET stays.
static void set_our_view(struct pair *p)
{
    const struct insn *insn = &p->insn;
    struct view *v = &p->ours;
    struct operand operands[INSN_OPERANDS];
    unsigned count = insn_operands(insn, operands);
    v->modrm_at = insn->modrm_at;
    v->sib_at = insn->sib_at;
    v->disp_at = insn->disp_at;
    v->disp_size = insn->disp_size;
    v->imm_at = insn->imm_at;
    v->imm_size = insn->imm_size;
    for (unsigned i = 0; i < count; i++)
        if (operands[i].implied)
            v->implied[v->implied_count++] = operands[i];
        else
            v->explicit[v->explicit_count++] = operands[i];
    v->effects = insn_effects(insn);
    v->flow = insn_flow(insn);
    v->privilege = insn_privilege(insn);
    v->target = NO_TARGET;
    insn_target(insn, VIEW_ADDRESS, &v->target);
}

// One for each of our modes, set up once and not for each string.
static const ZydisDecoder *their_decoder(enum insn_mode mode)
{
    static ZydisDecoder decoders[2];
    static bool ready;
    if (!ready) {
        ZydisDecoderInit(&decoders[INSN_16], ZYDIS_MACHINE_MODE_LEGACY_16,
                         ZYDIS_STACK_WIDTH_16);
        ZydisDecoderInit(&decoders[INSN_32], ZYDIS_MACHINE_MODE_LEGACY_32,
                         ZYDIS_STACK_WIDTH_32);
        ready = true;
    }
    return &decoders[mode];
}

// The views are large and mostly unused: what is counted need not be cleared.
// Called for each of 30 million strings.
static void clear(struct view *view)
{
    view->explicit_count = view->implied_count = 0;
    view->effects = (struct effects){0};
}

// A displacement of 16 bits may be extended with any bit: sums have 16.
//
//   mov 0xfffe(%bx),%ax     disp 65534 or -2: the same address
static void cut_displacements(struct view *view)
{
    for (unsigned i = 0; i < view->explicit_count; i++)
        if (view->explicit[i].kind == OPERAND_MEM)
            view->explicit[i].disp = (int16_t)view->explicit[i].disp;
}

// Only the view of a decoder that sees an instruction is set: who compares
// asks `valid` first. Of INSN_UNKNOWN the length is known, and no more.
void pair_decode(struct pair *p, const uint8_t *bytes, size_t available,
                 enum insn_mode mode)
{
    p->bytes = bytes;
    p->available = available;
    p->mode = mode;
    p->their_status = ZydisDecoderDecodeFull(
        their_decoder(mode), bytes, available, &p->their, p->operands);
    p->status = insn_decode(&p->insn, bytes, available, mode);
    clear(&p->ours);
    clear(&p->theirs);
    p->theirs.valid = ZYAN_SUCCESS(p->their_status);
    p->ours.valid = insn_has_length(p->status);
    p->ours.length = p->insn.length;
    if (p->theirs.valid)
        set_their_view(p);
    if (p->status == INSN_OK)
        set_our_view(p);
    if (p->insn.address_size == 2) {
        cut_displacements(&p->ours);
        cut_displacements(&p->theirs);
    }
}
