// SPDX-License-Identifier: MIT
// The subject: one site, one block, and the same function without it.
#include "smc/patch/once/once_subject.h"
#include "kernel/string.h"

uint32_t once_runs;
bool once_fail_now;

// noinline: one site, at a known place, at the start of a function. The block
// fails by `break`, which skips the step that would make it COMPLETE.
__attribute__((noinline)) void once_subject(void *arg)
{
    (void)arg;
    ONCE (lab_subject) {
        once_runs++;
        if (once_fail_now)
            break;
    }
}

// asm goto, as in ONCE, so that the compiler lays out the block out of line
// here as well. There is no entry in .once_sites: nothing is ever patched, and
// the label is reached by nobody.
__attribute__((noinline)) void once_twin(void *arg)
{
    static struct once once_lab_twin = {.name = "lab_twin"};
    (void)arg;
    __asm__ goto(".byte 0x66, 0x90" : : : : once_armed_lab_twin);
    ONCE_BLOCK(lab_twin)
    {
        once_runs++;
        if (once_fail_now)
            break;
    }
}

__attribute__((noinline)) void once_baseline(void *arg)
{
    (void)arg;
    // Or the call would be dropped: the function has no effect.
    __asm__ volatile("");
}

const struct once_site *once_site_of(const char *name)
{
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (strcmp(s->once->name, name) == 0)
            return s;
    return NULL;
}

size_t once_site_len(const struct once_site *s)
{
    return (size_t)(s->end - s->site);
}

// Re-armed only if need be: a re-arm is a write, and checks count writes.
const struct once_site *once_subject_fresh(void)
{
    const struct once_site *s = once_site_of("lab_subject");
    if (s->once->state != ONCE_ARMED)
        once_rearm(s->once);
    once_runs = 0;
    once_fail_now = false;
    return s;
}
