// SPDX-License-Identifier: MIT
// emulate, on any instruction in any state and in a memory that may fault
// anywhere. What it promises in emulate.h must hold: all or nothing, one
// write and nothing after it, and LOCK means an atomic one.
//
//   input   flags, segments' rights, world's mood | 8 registers | instruction
//
//   0 eflags | 4 eip | 8 small segments | 9 rights | 10 cpl | 11 mood
//   12 swap, load or none | 13 mode | 16 registers | 48 instruction
#include "kernel/string.h"
#include "smc/x86/emulate.h"
#include "tests-host/fuzz.h"

enum { STATE = 48 };

struct memory {
    uint8_t mood;     // which addresses fault; whether races are lost
    bool written;     // and so the instruction must be over
    bool swapped;     // by the atomic way
    uint32_t summary; // of all that was asked and answered
};

// An access behind the write might fault, and the write could not be undone:
// that is why there is none, whatever the instruction.
static struct emulate_result visit(struct memory *m, uint32_t address,
                                   size_t size, bool write)
{
    fuzz_demand(size >= 1 && size <= 128, "an access of %zu bytes", size);
    fuzz_demand(!m->written, "an access to %x after the write", address);
    m->summary = (m->summary ^ address) * 0x01000193u + write;
    // One page in sixteen is missing, another is read only.
    uint32_t page = (address >> 12 ^ m->mood) & 15;
    if (page == 0 || (page == 1 && write))
        return emulate_page_fault(address, write ? 2 : 0);
    return (struct emulate_result){.kind = EMULATE_OK};
}

// The contents depend on the address alone: the same again the second time.
static struct emulate_result fuzz_read(void *context, uint32_t address,
                                       void *bytes, size_t size,
                                       bool will_write)
{
    struct emulate_result r = visit(context, address, size, will_write);
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)((address + i) * 0x9e3779b1u >> 24);
    return r;
}

static struct emulate_result fuzz_write(void *context, uint32_t address,
                                        const void *bytes, size_t size)
{
    struct memory *m = context;
    struct emulate_result r = visit(m, address, size, true);
    for (size_t i = 0; i < size; i++)
        m->summary = (m->summary ^ ((const uint8_t *)bytes)[i]) * 0x01000193u;
    m->written = r.kind == EMULATE_OK;
    return r;
}

// A race is lost if the mood's highest bit is set.
static struct emulate_result fuzz_swap(void *context, uint32_t address,
                                       const void *expected, const void *bytes,
                                       size_t size)
{
    struct memory *m = context;
    (void)expected;
    if (m->mood & 0x80)
        return (struct emulate_result){.kind = EMULATE_AGAIN};
    m->swapped = true;
    return fuzz_write(context, address, bytes, size);
}

// Some selectors fault, the others give one of the six segments there are.
static struct emulate_result fuzz_load(void *context,
                                       const struct cpu_state *state,
                                       unsigned index, uint16_t selector,
                                       struct cpu_segment *segment)
{
    (void)context;
    fuzz_demand(index < 6, "segment register %u", index);
    if (selector & 0x80)
        return emulate_fault(FAULT_PROTECTION, selector & ~3u);
    *segment = state->segment[selector % 6];
    segment->selector = selector;
    return (struct emulate_result){.kind = EMULATE_OK};
}

// Any state, even one that no processor has: flags and level as they come.
static struct cpu_state state_from(const uint8_t *data)
{
    struct cpu_state state;
    memset(&state, 0, sizeof state);
    memcpy(&state.eflags, data, 4);
    memcpy(&state.eip, data + 4, 4);
    memcpy(state.gpr, data + 16, sizeof state.gpr);
    emulate_flat(&state);
    for (unsigned i = 0; i < 6; i++) {
        if (data[8] >> i & 1) // a small one
            state.segment[i].base = state.segment[i].limit = 0xffffu;
        state.segment[i].selector = (uint16_t)(8 * i);
    }
    state.segment[data[9] % 6].rights = data[9] >> 5;
    state.cpl = data[10] & 3;
    return state;
}

// Everything but the unused bytes of a segment.
// memcmp would compare padding, which is copied or not as compilers like.
static bool same_state(const struct cpu_state *a, const struct cpu_state *b)
{
    for (unsigned i = 0; i < 6; i++) {
        const struct cpu_segment *p = &a->segment[i], *q = &b->segment[i];
        if (p->base != q->base || p->limit != q->limit ||
            p->selector != q->selector || p->rights != q->rights)
            return false;
    }
    return memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 && a->eip == b->eip &&
           a->eflags == b->eflags && a->cpl == b->cpl &&
           a->interrupt_shadow == b->interrupt_shadow;
}

// All that the outcome may depend on comes from `data`: called twice, it must
// do the same twice.
static struct emulate_result once(const uint8_t *data, const struct insn *insn,
                                  struct memory *m, struct cpu_state *state)
{
    const struct emulate_world world = {
        .context = m,
        .read = fuzz_read,
        .write = fuzz_write,
        .swap = data[12] & 1 ? fuzz_swap : NULL,
        .load = data[12] & 2 ? fuzz_load : NULL};
    *m = (struct memory){.mood = data[11]};
    *state = state_from(data);
    return emulate(state, insn, &world);
}

//   FAULT, UNSUPPORTED   no register is changed, no byte written
//   AGAIN                EIP stays on the instruction
//   LOCK, with a swap    what is written goes through it
//   all                  the same once more, from the same state
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct insn insn;
    struct memory m, again;
    struct cpu_state state, repeated;
    fuzz_begin(data, size);
    if (size <= STATE || insn_decode(&insn, data + STATE, size - STATE,
                                     data[13] & 1) != INSN_OK)
        return 0;
    struct cpu_state before = state_from(data);
    struct emulate_result r = once(data, &insn, &m, &state);
    bool stopped = r.kind == EMULATE_FAULT || r.kind == EMULATE_UNSUPPORTED;
    fuzz_demand(r.kind <= EMULATE_UNSUPPORTED, "outcome %d", r.kind);
    if (stopped)
        fuzz_demand(!m.written && same_state(&state, &before), "%s: changed",
                    emulate_kind_text(r.kind));
    else if (insn.prefixes & PREFIX_LOCK && data[12] & 1)
        fuzz_demand(m.swapped || !m.written, "a locked write is not atomic");
    if (r.kind == EMULATE_AGAIN)
        fuzz_demand(state.eip == before.eip, "again, but eip is %x",
                    state.eip);
    struct emulate_result s = once(data, &insn, &again, &repeated);
    fuzz_demand(r.kind == s.kind && same_state(&state, &repeated) &&
                    m.summary == again.summary,
                "the same again, but %s", emulate_kind_text(s.kind));
    return 0;
}
