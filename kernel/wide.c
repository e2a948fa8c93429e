// SPDX-License-Identifier: MIT
// Copying and clearing by 16 bytes at a time, in the registers of SSE. They
// are as they were afterwards, and no other thread gets to them meanwhile: a
// call of loaded code that was interrupted may have them in use, and nobody
// saves them.
#include "kernel/wide.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/one_page.h"
#include "kernel/string.h"

enum { STEP = 64, LEAST = 4 * STEP }; // bytes; below, it does not pay

// `steps` is not 0.
ONE_PAGE(256)
static void copy_steps(uint8_t *dst, const uint8_t *src, size_t steps)
{
    uint8_t kept[STEP];
    __asm__ volatile("movups %%xmm0, (%[kept])\n\t"
                     "movups %%xmm1, 16(%[kept])\n\t"
                     "movups %%xmm2, 32(%[kept])\n\t"
                     "movups %%xmm3, 48(%[kept])\n"
                     "1:\n\t"
                     "movups (%[src]), %%xmm0\n\t"
                     "movups 16(%[src]), %%xmm1\n\t"
                     "movups 32(%[src]), %%xmm2\n\t"
                     "movups 48(%[src]), %%xmm3\n\t"
                     "movups %%xmm0, (%[dst])\n\t"
                     "movups %%xmm1, 16(%[dst])\n\t"
                     "movups %%xmm2, 32(%[dst])\n\t"
                     "movups %%xmm3, 48(%[dst])\n\t"
                     "add $64, %[src]\n\t"
                     "add $64, %[dst]\n\t"
                     "dec %[steps]\n\t"
                     "jnz 1b\n\t"
                     "movups (%[kept]), %%xmm0\n\t"
                     "movups 16(%[kept]), %%xmm1\n\t"
                     "movups 32(%[kept]), %%xmm2\n\t"
                     "movups 48(%[kept]), %%xmm3"
                     : [dst] "+r"(dst), [src] "+r"(src), [steps] "+r"(steps)
                     : [kept] "r"(kept)
                     : "memory", "cc");
}

// `steps` is not 0.
ONE_PAGE(128) static void clear_steps(uint8_t *dst, size_t steps)
{
    uint8_t kept[16];
    __asm__ volatile("movups %%xmm0, (%[kept])\n\t"
                     "xorps %%xmm0, %%xmm0\n"
                     "1:\n\t"
                     "movups %%xmm0, (%[dst])\n\t"
                     "movups %%xmm0, 16(%[dst])\n\t"
                     "movups %%xmm0, 32(%[dst])\n\t"
                     "movups %%xmm0, 48(%[dst])\n\t"
                     "add $64, %[dst]\n\t"
                     "dec %[steps]\n\t"
                     "jnz 1b\n\t"
                     "movups (%[kept]), %%xmm0"
                     : [dst] "+r"(dst), [steps] "+r"(steps)
                     : [kept] "r"(kept)
                     : "memory", "cc");
}

// What goes in steps; 0 if it does not pay.
static size_t wide_part(size_t n)
{
    return cpu.sse && n >= LEAST ? n & ~(size_t)(STEP - 1) : 0;
}

void copy_wide(void *dst, const void *src, size_t n)
{
    size_t wide = wide_part(n);
    if (wide) {
        preempt_off();
        copy_steps(dst, src, wide / STEP);
        preempt_on();
    }
    memcpy((uint8_t *)dst + wide, (const uint8_t *)src + wide, n - wide);
}

void clear_wide(void *dst, size_t n)
{
    size_t wide = wide_part(n);
    if (wide) {
        preempt_off();
        clear_steps(dst, wide / STEP);
        preempt_on();
    }
    memset((uint8_t *)dst + wide, 0, n - wide);
}
