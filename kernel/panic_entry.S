/* SPDX-License-Identifier: MIT
 *
 * void panic(const char *fmt, ...)
 *
 * Registers as they are at the call of panic, before any C has used them:
 *
 *     args ...        for fmt
 *     fmt
 *     return address  where panic was called
 *     eflags          pushf
 *     eax ... edi     pusha          <- esp, the struct panic_frame
 */
    .text
    .globl panic
    .type panic, @function
panic:
    pushf
    pusha
    cld
    push %esp
    call panic_here                 /* does not return */
    .size panic, . - panic

    .section .note.GNU-stack, "", @progbits
