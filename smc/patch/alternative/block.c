// SPDX-License-Identifier: MIT
// With ERMS a processor's microcode copies whole cache lines, whatever the
// alignment, for one REP MOVSB. [Intel optimization manual 3.7.6]
#include "smc/patch/alternative/block.h"
#include "smc/patch/alternative/alternative.h"

/* Patch sites in block_copy and block_fill: ALTERNATIVE, feature erms
 * before: E8 rel32, CALL to the words' loop in words.S
 * after:  F3 A4 or F3 AA, REP MOVSB or REP STOSB, and one NOP
 * who:    alternatives_open
 * safe:   both move edi (and esi) to the end and ecx to 0
 * without it: a test of the feature for each block
 */
// The callee keeps every register but those that the string instruction would
// change as well: that is why the two can stand for each other.
void *block_copy(void *dst, const void *src, size_t n)
{
    void *to = dst;
    __asm__ volatile(
        ALTERNATIVE("call block_copy_words", "rep movsb", FEATURE_ERMS)
        : "+D"(to), "+S"(src), "+c"(n)
        :
        : "memory", "cc");
    return dst;
}

// eax holds the byte four times, for the words; STOSB takes the lowest.
void *block_fill(void *dst, int c, size_t n)
{
    void *to = dst;
    uint32_t pattern = (uint8_t)c * 0x01010101u;
    __asm__ volatile(
        ALTERNATIVE("call block_fill_words", "rep stosb", FEATURE_ERMS)
        : "+D"(to), "+c"(n)
        : "a"(pattern)
        : "memory", "cc");
    return dst;
}
