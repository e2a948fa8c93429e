// SPDX-License-Identifier: MIT
// The subjects: one site each, at a known place, at the start of a function.
#include "smc/patch/static_key/static_key_subject.h"

DEFINE_STATIC_KEY_FALSE(lab_subject);
DEFINE_STATIC_KEY_FALSE(lab_far);

uint32_t static_key_hits;

// As static_branch_unlikely, with a label on either side of the site.
#define LABELLED_GOTO(key_)                                          \
    __asm__ goto(".globl static_key_site, static_key_site_end\n"     \
                 "static_key_site:\n" STATIC_KEY_SITE(               \
                     "%c[key]", "0", "0",                            \
                     "%l[static_key_away]") "static_key_site_end:\n" \
                 :                                                   \
                 : [key] "i"(key_)                                   \
                 :                                                   \
                 : static_key_away)

__attribute__((noinline)) void static_key_subject(void *arg)
{
    (void)arg;
    if (STATIC_BRANCH(0, LABELLED_GOTO(&lab_subject.key)))
        static_key_hits++;
}

// Laid out by hand, so that no compiler brings the block near. It begins as
// the jump over 200 bytes that nobody executes.
__attribute__((noinline)) void static_key_far(void *arg)
{
    (void)arg;
    __asm__ volatile(
        STATIC_KEY_SITE("lab_far", "0", "1", "3f") "incl static_key_hits\n\t"
                                                   "jmp 3f\n\t"
                                                   ".skip 200, 0xcc\n"
                                                   "3:"
        :
        :
        : "memory", "cc");
}

// asm goto, as in the others, so that the compiler lays out the block out of
// line here as well. Nothing is ever patched: the first never reaches the
// label, the second always does.
__attribute__((noinline)) void static_key_twin(void *arg)
{
    (void)arg;
    if (STATIC_BRANCH(0, __asm__ goto(".byte 0x66, 0x90"
                                      :
                                      :
                                      :
                                      : static_key_away)))
        static_key_hits++;
}

__attribute__((noinline)) void static_key_twin_on(void *arg)
{
    (void)arg;
    if (STATIC_BRANCH(0, __asm__ goto("jmp %l[static_key_away]"
                                      :
                                      :
                                      :
                                      : static_key_away)))
        static_key_hits++;
}

__attribute__((noinline)) void static_key_baseline(void *arg)
{
    (void)arg;
    // Or the call would be dropped: the function has no effect.
    __asm__ volatile("");
}
