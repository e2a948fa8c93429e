# SPDX-License-Identifier: MIT
# A tail call on every compiler and level: what `return f(x);` becomes.

    .text
    .globl static_call_jumper
    .type static_call_jumper, @function
static_call_jumper:
    jmp static_call_tramp_lab_subject
    .size static_call_jumper, . - static_call_jumper

    .section .note.GNU-stack, "", @progbits
