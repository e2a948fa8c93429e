// SPDX-License-Identifier: MIT
// The patch behind the resolver: which call came here, and what it becomes.
//
//   stack    | image | offset | return address | arguments ...
//                                  |
//   code     ... e8 rel32  <-------'  the five bytes in front of it
//                  |
//                  '--> f@plt: jmp *slot      the slot that is being bound
//
// A return address says where somebody returns to, not how he came. What is
// certain is proved from the bytes: they are a CALL of an entry that jumps
// through exactly this slot, and cannot be read as another instruction that
// pushes the same address. Anything else is left alone, and the slot written.
#include "smc/load/bind/bind.h"
#include "kernel/string.h"
#include "smc/door/poke.h"
#include "smc/x86/decode.h"

enum { CALL_REL32 = 0xe8, JMP_REL32 = 0xe9, NOP = 0x90 };
enum { CALL_SIZE = 5, ENTRY_SIZE = 6, REFUSALS = 32 };

// The newest ones; the oldest is overwritten.
static struct bind_refusal refusals[REFUSALS];
static uint32_t refused;

static bool refuse(const struct shared_bound *bound, enum bind_reason reason,
                   uint32_t entry)
{
    refusals[refused++ % REFUSALS] = (struct bind_refusal){
        .image = bound->image,
        .slot = bound->slot,
        .caller = bound->frame->caller,
        .entry = entry,
        .reason = reason,
    };
    return false;
}

const struct bind_refusal *bind_refusal_of(const struct image *image,
                                           uint32_t slot)
{
    for (uint32_t i = 1; i <= REFUSALS && i <= refused; i++) {
        const struct bind_refusal *r = &refusals[(refused - i) % REFUSALS];
        if (r->image == image && r->slot == slot)
            return r;
    }
    return NULL;
}

char *bind_explain(char *out, size_t size, const struct bind_refusal *refusal)
{
    static const char *const words[] = {
        [BIND_OK] = "it was bound",
        [BIND_FOREIGN] = "it returns to no code of this image",
        [BIND_NO_CALL] = "a jump or a pointer led here, no CALL of the entry",
        [BIND_UNSURE] = "its bytes can be read as an indirect call, too",
        [BIND_NO_ENTRY] = "the entry is none that is known here",
        [BIND_MANY] = "too many patches of this kind are live",
        [BIND_DOOR] = "the door refused",
    };

    ksnprintf(out, size, "call that returns to 0x%08x: %s", refusal->caller,
              words[refusal->reason]);
    if (refusal->reason == BIND_DOOR) {
        size_t len = strlen(out);
        ksnprintf(out + len, size - len, ", see #%u", refusal->entry);
    }
    return out;
}

// True if the bytes that end at `caller` are an indirect CALL as well, of two
// to seven bytes. Prefixes would be in front of those.
//
//   ff 94 e8 rel32     call *rel32(%eax,%ebp,8)
//         e8 rel32     call entry
static bool is_indirect_call(const struct image *image, uint32_t caller)
{
    struct insn insn;

    for (uint32_t size = 2; size <= 7; size++) {
        const uint8_t *at = (const void *)(uintptr_t)(caller - size);
        if (bind_in_code(image, caller - size, size) && at[0] == 0xff &&
            insn_decode(&insn, at, size, INSN_32) == INSN_OK &&
            insn.length == size && (insn.modrm >> 3 & 7) == 2)
            return true;
    }
    return false;
}

// The first byte is the door's to compare: where a debugger has put its INT3,
// it refuses and shows both.
static enum bind_reason judge_site(const struct shared_bound *bound)
{
    const struct image *image = bound->image;
    uint32_t caller = bound->frame->caller, jump;

    if (!bind_in_code(image, caller - CALL_SIZE, CALL_SIZE))
        return BIND_FOREIGN;
    if (!bind_leads_to_entry(image, caller, bound->slot, &jump))
        return BIND_NO_CALL;
    if (is_indirect_call(image, caller))
        return BIND_UNSURE;
    return bind_count(NULL) < BIND_MAX ? BIND_OK : BIND_MANY;
}

/* Patch site: the CALL in a shared object that has just been executed
 * before: e8 rel32 to the entry of the PLT
 * after:  e8 rel32 to the function
 * who:    bind_direct, within the first call
 * safe:   this CPU is behind the instruction, and no handler calls into
 *         images. Other CPUs, if they are online, may be executing it: then
 *         it is poked, one CALL for another
 * without it: each call goes through the entry and a word of data
 */
static bool bind_direct(const struct shared_bound *bound)
{
    enum bind_reason reason = judge_site(bound);
    uint32_t caller = bound->frame->caller;
    uint32_t distance = bound->target - caller;
    uint8_t *site = (uint8_t *)(uintptr_t)caller - CALL_SIZE;
    uint8_t expected[CALL_SIZE] = {CALL_REL32}, call[CALL_SIZE] = {CALL_REL32};
    struct text_result result;

    if (reason != BIND_OK)
        return refuse(bound, reason, 0);
    memcpy(expected + 1, site + 1, sizeof distance);
    memcpy(call + 1, &distance, sizeof distance);
    result = text_patch(site, expected, call, CALL_SIZE, BIND_TECHNIQUE);
    return result.reason == TEXT_OK || refuse(bound, BIND_DOOR, result.entry);
}

// The entry, however the call got there: as linkers make it, right in front
// of what the slot holds; else where the call leads.
static bool find_entry(const struct shared_bound *bound, uint32_t *jump)
{
    const struct image *image = bound->image;
    uint32_t stub = ((const struct word *)(uintptr_t)bound->slot)->value;
    uint32_t caller = bound->frame->caller;

    return bind_is_entry(image, stub - ENTRY_SIZE, bound->slot, jump) ||
           (bind_in_code(image, caller - CALL_SIZE, CALL_SIZE) &&
            bind_leads_to_entry(image, caller, bound->slot, jump));
}

/* Patch site: the first instruction of a PLT entry
 * before: ff a3 disp32    jmp *slot(%ebx)
 * after:  e9 rel32 90     jmp function
 * who:    bind_entry, within the first call of that function
 * safe:   this CPU is behind the entry, in the resolver. Images run on CPU 0
 *         only; the old instruction is none of those that a poke replaces
 * without it: the jump loads its target from data at each call
 */
static bool bind_entry(const struct shared_bound *bound)
{
    uint8_t jmp[ENTRY_SIZE] = {JMP_REL32, 0, 0, 0, 0, NOP};
    uint8_t expected[ENTRY_SIZE];
    struct text_result result;
    uint32_t jump, distance;

    if (!find_entry(bound, &jump))
        return refuse(bound, BIND_NO_ENTRY, 0);
    if (bind_count(NULL) >= BIND_MAX)
        return refuse(bound, BIND_MANY, 0);
    distance = bound->target - (jump + CALL_SIZE); // JMP has the same size
    memcpy(expected, (const void *)(uintptr_t)jump, ENTRY_SIZE);
    memcpy(jmp + 1, &distance, sizeof distance);
    result = text_write((void *)(uintptr_t)jump, expected, jmp, ENTRY_SIZE,
                        BIND_TECHNIQUE);
    return result.reason == TEXT_OK || refuse(bound, BIND_DOOR, result.entry);
}

bool shared_patch(enum binding binding, const struct shared_bound *bound)
{
    if (binding == BINDING_DIRECT)
        return bind_direct(bound);
    return binding == BINDING_PLT && bind_entry(bound);
}
