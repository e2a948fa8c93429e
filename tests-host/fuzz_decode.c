// SPDX-License-Identifier: MIT
// insn_decode and the questions about an instruction, on any bytes.
#include "kernel/string.h"
#include "smc/x86/decode.h"
#include "tests-host/fuzz.h"
#include <stdlib.h>

// Everything but the pointers, which differ between copies, and padding.
// `bytes` differs between copies of one string; `row` must not, and is
// compared by itself.
static bool same(const struct insn *a, const struct insn *b)
{
    size_t first = offsetof(struct insn, length);
    size_t last = offsetof(struct insn, evex_broadcast) + sizeof(bool);
    return a->row == b->row && a->disp == b->disp && a->imm == b->imm &&
           a->imm2 == b->imm2 &&
           memcmp((const char *)a + first, (const char *)b + first,
                  last - first) == 0;
}

// Little-endian.
static uint32_t read_bytes(const uint8_t *p, unsigned size)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < size; i++)
        v |= (uint32_t)p[i] << 8 * i;
    return v;
}

// A part that is there begins where the one before it ended.
// Returns where this one ends, so that the calls chain.
static unsigned part(unsigned at, unsigned size, unsigned end,
                     const char *name)
{
    if (!size)
        return end;
    fuzz_demand(at == end, "%s at %u, not %u", name, at, end);
    return at + size;
}

static bool is_direct(const struct insn *insn)
{
    enum insn_flow flow = insn_flow(insn);
    return flow == FLOW_JUMP || flow == FLOW_BRANCH || flow == FLOW_CALL;
}

// The distance of a direct branch is encoded as an immediate. Whether a disp
// is sign-extended is the addressing's business; an EVEX byte counts in units
// of the operand [SDM2 2.7.5].
static void check_displacement(const struct insn *insn, const uint8_t *p)
{
    bool direct = is_direct(insn);
    unsigned at = direct ? insn->imm_at : insn->disp_at;
    unsigned size = direct ? insn->imm_size : insn->disp_size;
    uint32_t there = read_bytes(p + at, size);
    uint32_t mask = size == 1 ? 0xff : size == 2 ? 0xffff : 0xffffffff;
    if (insn->encoding != ENCODING_EVEX)
        fuzz_demand(((uint32_t)insn->disp & mask) == there, "disp %d, not %x",
                    insn->disp, there);
}

// prefixes, opcode, ModRM, SIB, displacement, immediates: no gaps, and each
// value is what stands there. A 3DNow! opcode comes last of all.
//
//   66 f0   81       04      8d    10 00 00 00    01 00
//           ^        ^       ^     ^              ^
//           opcode_at modrm_at sib_at disp_at     imm_at
//
// `end` is worked out from behind: the length less the parts there are. An
// opcode is at most five bytes, the four of an EVEX prefix included.
static void check_layout(const struct insn *insn, const uint8_t *p)
{
    unsigned suffix = insn->map == MAP_3DNOW;
    unsigned tail = insn->disp_size + insn->imm_size + insn->imm2_size;
    unsigned parts = !!insn->modrm_at + !!insn->sib_at + tail + suffix;
    unsigned end = insn->length - parts;
    fuzz_demand(insn->opcode_at < end && end <= insn->opcode_at + 5u,
                "opcode at %u ends at %u", insn->opcode_at, end);
    end = part(insn->modrm_at, !!insn->modrm_at, end, "modrm");
    end = part(insn->sib_at, !!insn->sib_at, end, "sib");
    end = part(insn->disp_at, insn->disp_size, end, "disp");
    end = part(insn->imm_at, insn->imm_size, end, "imm");
    fuzz_demand(end + insn->imm2_size + suffix == insn->length,
                "parts end at %u of %u", end, insn->length);

    if (insn->modrm_at)
        fuzz_demand(insn->modrm == p[insn->modrm_at], "modrm value");
    if (insn->sib_at)
        fuzz_demand(insn->sib == p[insn->sib_at], "sib value");
    fuzz_demand(insn->imm == read_bytes(p + insn->imm_at, insn->imm_size) &&
                    insn->imm2 == read_bytes(p + insn->imm_at + insn->imm_size,
                                             insn->imm2_size),
                "imm %x, %x", insn->imm, insn->imm2);
    check_displacement(insn, p);
}

// A number beyond its class would be an index beyond a table of names.
static void check_operand(const struct operand *o)
{
    static const uint8_t registers[] = {
        [CLASS_GPR] = 8,   [CLASS_SEGMENT] = 6, [CLASS_CONTROL] = 8,
        [CLASS_DEBUG] = 8, [CLASS_TEST] = 8,    [CLASS_X87] = 8,
        [CLASS_MMX] = 8,   [CLASS_VECTOR] = 8,  [CLASS_MASK] = 8,
        [CLASS_BOUND] = 8, // objdump prints 4..7 as (bad), and goes on
    };
    fuzz_demand(o->kind <= OPERAND_FAR, "operand kind %u", o->kind);
    if (o->kind == OPERAND_REG)
        fuzz_demand(o->class < sizeof registers &&
                        o->reg < registers[o->class] && o->size,
                    "register %u of class %u", o->reg, o->class);
    if (o->kind != OPERAND_MEM)
        return;
    fuzz_demand(o->segment <= SEG_GS, "segment %u", o->segment);
    fuzz_demand(o->base <= REG_DI || o->base == REG_NONE, "base %u", o->base);
    fuzz_demand(o->index <= REG_DI || o->index == REG_NONE, "index %u",
                o->index);
    fuzz_demand(o->index == REG_NONE || o->scale == 1 || o->scale == 2 ||
                    o->scale == 4 || o->scale == 8,
                "scale %u", o->scale);
}

// A target is reported for direct jumps and no others.
static void check_flow(const struct insn *insn)
{
    enum insn_flow flow = insn_flow(insn);
    uint32_t target;
    fuzz_demand(flow <= FLOW_UNDEFINED, "flow %u", flow);
    fuzz_demand(insn_target(insn, 0x1000, &target) == is_direct(insn),
                "a target, but flow %u", flow);
    fuzz_demand(insn_privilege(insn) <= PRIVILEGE_IO, "privilege");
}

// The size is that of the access. PREFETCH and INVLPG have an address, but
// neither of the two.
static void check_effects(const struct insn *insn)
{
    struct effects e = insn_effects(insn);
    bool memory = e.memory & (MEMORY_READ | MEMORY_WRITE);
    fuzz_demand(memory || !e.memory_size, "memory of %u bytes, not touched",
                e.memory_size);
}

static void check_meaning(const struct insn *insn)
{
    struct operand operands[INSN_OPERANDS];
    unsigned count = insn_operands(insn, operands);
    fuzz_demand(count <= INSN_OPERANDS, "%u operands", count);
    for (unsigned i = 0; i < count; i++)
        check_operand(&operands[i]);
    fuzz_demand(insn_name(insn) && *insn_name(insn), "no name");
    check_flow(insn);
    check_effects(insn);
}

// Decodes the first `size` bytes with nothing behind them. What *insn held
// before, `fill`, must not be seen again.
//
//   fill 00   a member that is forgotten is 0, by luck often right
//   fill aa   the same member is aaaa.., and differs from the run before
static enum insn_status decode(struct insn *insn, const uint8_t *data,
                               size_t size, enum insn_mode mode, int fill)
{
    uint8_t *exact = fuzz_exact(data, size);
    memset(insn, fill, sizeof *insn);
    enum insn_status status = insn_decode(insn, exact, size, mode);
    fuzz_demand(*insn_status_text(status), "status %u has no words", status);
    fuzz_demand((status == INSN_OK) == !!insn->row, "status %u, row %p",
                status, (const void *)insn->row);
    if (insn_has_length(status))
        fuzz_demand(insn->length && insn->length <= size &&
                        insn->length <= INSN_MAX,
                    "length %u of %zu", insn->length, size);
    if (status == INSN_OK) {
        check_layout(insn, exact);
        check_meaning(insn);
    }
    free(exact);
    return status;
}

// Byte by byte: truncated until it is known, and then the same for ever.
//
//   bytes  0  1  2  3  4  5  6  7 ...
//          T  T  T  T  T  OK OK OK         length 5 at the first OK, and after
//
// A decoder that looks at a byte behind the instruction would change its mind.
static void check_growth(const uint8_t *data, size_t size, enum insn_mode mode)
{
    struct insn known, insn;
    enum insn_status status = INSN_TRUNCATED;
    for (size_t n = 0; n <= size; n++) {
        enum insn_status now = decode(&insn, data, n, mode, n & 1 ? 0xaa : 0);
        if (status != INSN_TRUNCATED) {
            fuzz_demand(now == status && same(&insn, &known),
                        "with %zu bytes another result", n);
        } else if (insn_has_length(now)) {
            fuzz_demand(insn.length == n, "length %u, but %zu bytes do",
                        insn.length, n);
        }
        status = now;
        known = insn;
    }
    fuzz_demand(status != INSN_TRUNCATED || size < INSN_MAX,
                "truncated with %zu bytes", size);
}

// Both modes with each input: what is found for one is often a seed for the
// other.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // One byte more than any instruction has.
    size = size < INSN_MAX + 1 ? size : INSN_MAX + 1;
    fuzz_begin(data, size);
    check_growth(data, size, INSN_32);
    check_growth(data, size, INSN_16);
    return 0;
}
