# SPDX-License-Identifier: MIT
# The old instructions of popcount32, block_copy and block_fill: they stand in
# for one instruction, so they change no register but those that it changes.

    .text

# Clears the lowest set bit until none is left. In and out: eax.
    .globl popcount_loop
    .type popcount_loop, @function
popcount_loop:
    push %ecx
    push %edx
    xor %ecx, %ecx
    test %eax, %eax
    jz 2f
1:  lea -1(%eax), %edx      # x & (x - 1)
    inc %ecx
    and %edx, %eax
    jnz 1b
2:  mov %ecx, %eax
    pop %edx
    pop %ecx
    ret
    .size popcount_loop, . - popcount_loop

# Words, then what is left of them. In: edi, esi, ecx, as for REP MOVSB.
    .globl block_copy_words
    .type block_copy_words, @function
block_copy_words:
    push %ecx
    shr $2, %ecx
    rep movsl
    pop %ecx
    and $3, %ecx
    rep movsb
    ret
    .size block_copy_words, . - block_copy_words

# In: edi, ecx, and in eax the byte four times.
    .globl block_fill_words
    .type block_fill_words, @function
block_fill_words:
    push %ecx
    shr $2, %ecx
    rep stosl
    pop %ecx
    and $3, %ecx
    rep stosb
    ret
    .size block_fill_words, . - block_fill_words

    .section .note.GNU-stack, "", @progbits
