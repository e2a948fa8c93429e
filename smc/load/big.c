// SPDX-License-Identifier: MIT
// Arithmetic on integers of some thousand bits, as taught in school: word by
// word, with a carry. [Knuth, The Art of Computer Programming 2, 4.3.1]
#include "smc/load/big.h"
#include "kernel/string.h"

void big_multiply(struct big *a, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;

    for (uint32_t i = 0; i < a->used; i++) {
        carry += (uint64_t)a->word[i] * factor;
        a->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        a->word[a->used++] = (uint32_t)carry;
}

// Nine digits a step: 10^9 is the largest power that fits a word.
void big_power_of_ten(struct big *a, uint32_t power)
{
    for (; power >= 9; power -= 9)
        big_multiply(a, 1000000000, 0);
    while (power--)
        big_multiply(a, 10, 0);
}

void big_shift_left(struct big *a, uint32_t bits)
{
    uint32_t words = bits / 32;

    if (!a->used)
        return;
    big_multiply(a, 1u << bits % 32, 0);
    memmove(a->word + words, a->word, a->used * sizeof a->word[0]);
    memset(a->word, 0, words * sizeof a->word[0]);
    a->used += words;
}

void big_halve(struct big *a)
{
    for (uint32_t i = 0; i < a->used; i++)
        a->word[i] = a->word[i] >> 1 |
                     (i + 1 < a->used ? a->word[i + 1] << 31 : 0);
    if (a->used && !a->word[a->used - 1])
        a->used--;
}

int big_compare(const struct big *a, const struct big *b)
{
    if (a->used != b->used)
        return a->used < b->used ? -1 : 1;
    for (uint32_t i = a->used; i-- > 0;)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

void big_subtract(struct big *a, const struct big *b)
{
    uint64_t borrow = 0;

    for (uint32_t i = 0; i < a->used; i++) {
        borrow = a->word[i] - (uint64_t)(i < b->used ? b->word[i] : 0) -
                 borrow;
        a->word[i] = (uint32_t)borrow;
        borrow = borrow >> 63;
    }
    while (a->used && !a->word[a->used - 1])
        a->used--;
}

int32_t big_bits(const struct big *a)
{
    return (int32_t)(a->used * 32) - __builtin_clz(a->word[a->used - 1]);
}

int big_half(struct big *a, const struct big *b)
{
    big_multiply(a, 2, 0);
    return big_compare(a, b);
}
