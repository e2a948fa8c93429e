// SPDX-License-Identifier: MIT
// The life of a once-only block: armed, running, done.
//
// The slow path (jump taken) stays correct for ever, whatever happens to the
// patch: a refusal costs speed only. [Linux lib/once.c; SDM2 NOP]
#include "smc/patch/once/once.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "smc/door/text.h"
#include <stddef.h>

enum { JMP_REL8 = 0xeb, JMP_REL32 = 0xe9, LONGEST_SITE = 5 };

// One instruction each, never two: whoever is interrupted between two would
// resume in the middle of what replaces them. The long NOP is not on every
// i686; LEA of esi into itself is.
static const uint8_t nop2[] = {0x66, 0x90};
static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
static const uint8_t lea5[] = {0x3e, 0x8d, 0x74, 0x26, 0x00};

// The jump that the assembler made for this site; returns its length.
static size_t make_jump(const struct once_site *s, uint8_t *bytes)
{
    size_t len = (size_t)(s->end - s->site);
    int32_t distance = (int32_t)(s->target - s->end);
    bytes[0] = len == 2 ? JMP_REL8 : JMP_REL32;
    memcpy(bytes + 1, &distance, len - 1); // little endian: rel8 is byte 0
    return len;
}

static const uint8_t *nop_for(size_t len)
{
    return len == 2 ? nop2 : cpu.long_nop ? nop5 : lea5;
}

static bool is_nop(const struct once_site *s)
{
    size_t len = (size_t)(s->end - s->site);
    return memcmp(s->site, nop_for(len), len) == 0;
}

static enum text_reason patch(const struct once_site *s, bool to_nop)
{
    uint8_t jump[LONGEST_SITE];
    size_t len = make_jump(s, jump);
    const uint8_t *nop = nop_for(len);
    return text_write(s->site, to_nop ? jump : nop, to_nop ? nop : jump, len,
                      "once")
        .reason;
}

// Patches all sites of a block; the first refusal is remembered, not fatal.
static bool patch_all(struct once *once, bool to_nop)
{
    once->refused = TEXT_OK;
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once == once && is_nop(s) != to_nop) {
            enum text_reason reason = patch(s, to_nop);
            if (reason != TEXT_OK)
                once->refused = (uint8_t)reason;
        }
    return once->refused == TEXT_OK;
}

struct once *once_enter(struct once *once)
{
    bool on = interrupts_off();
    bool enter = once->state == ONCE_ARMED;
    if (enter) {
        once->state = ONCE_RUNNING;
        once->frame = __builtin_frame_address(0);
        once->tries++;
    }
    interrupts_restore(on);
    return enter ? once : NULL;
}

void once_leave(struct once **guard)
{
    struct once *once = *guard;
    if (!once)
        return;
    if (once->state != ONCE_COMPLETE) {
        once->state = ONCE_ARMED; // left early: it failed
        return;
    }
    once->state = ONCE_DONE;
    if (door_is_open())
        patch_all(once, true);
}

void once_unwind(const void *limit)
{
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once->state == ONCE_RUNNING && s->once->frame < limit)
            s->once->state = ONCE_ARMED;
}

void once_open(void)
{
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once->state == ONCE_DONE && !is_nop(s))
            patch_all(s->once, true);
}

bool once_rearm(struct once *once)
{
    if (!patch_all(once, false))
        return false;
    once->state = ONCE_ARMED;
    return true;
}

bool once_is_patched(const struct once *once)
{
    bool any = false;
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once == once) {
            any = true;
            if (!is_nop(s))
                return false;
        }
    return any;
}
