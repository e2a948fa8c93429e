# SPDX-License-Identifier: MIT
# What a tail site of "return 0" jumps to: the two instructions do not fit a
# site, as one instruction must replace one.

    .text
    .globl static_call_return0
    .type static_call_return0, @function
static_call_return0:
    xor %eax, %eax
    ret
    .size static_call_return0, . - static_call_return0

    .section .note.GNU-stack, "", @progbits
