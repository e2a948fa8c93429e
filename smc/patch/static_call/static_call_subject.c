// SPDX-License-Identifier: MIT
// The lab's static call.
#include "smc/patch/static_call/static_call_subject.h"
#include "kernel/symbols.h"

volatile uint32_t static_call_ones, static_call_twos;

__attribute__((noinline)) uint32_t static_call_one(uint32_t x)
{
    static_call_ones++;
    return x + 1000;
}

__attribute__((noinline)) uint32_t static_call_two(uint32_t x)
{
    static_call_twos++;
    return x + 2000;
}

DEFINE_STATIC_CALL(lab_subject, static_call_one);

// The addition keeps the compiler from making it a jump.
__attribute__((noinline)) uint32_t static_call_caller(uint32_t x)
{
    return static_call(lab_subject)(x) + 1;
}

uint32_t (*volatile static_call_pointer)(uint32_t x) =
    static_call(lab_subject);

const struct static_call_site *static_call_in(const void *function, bool *tail)
{
    const uint8_t *start;
    uint32_t size;
    if (!symbol_range(function, &start, &size))
        return NULL;
    const struct static_call_site *s = static_call_sites_start;
    for (; s < static_call_sites_end; s++) {
        const uint8_t *at = static_call_at(s);
        if (at >= start && at < start + size &&
            static_call_owns(&static_call_key_lab_subject, s, tail))
            return s;
    }
    return NULL;
}
