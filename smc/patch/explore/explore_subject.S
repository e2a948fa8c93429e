/* SPDX-License-Identifier: MIT
 *
 * Code whose answer tells exactly what was executed. It does not care where it
 * lies: the right way pokes it here, the wrong ways write a copy in an arena.
 *
 *   site                     answer
 *   RET                      100
 *   JMP to the end           102
 *   NOP                      103
 *   CALL of explore_add_10   113, and 203 of explore_add_100
 *   MOV $0, %eax             3
 *   CALL to the end          105: half of a CALL, half of the JMP
 */
#include "smc/patch/explore/explore_layout.h"

    .text
    .globl explore_subject, explore_subject_end
    .globl explore_site, explore_after, explore_end
    .type explore_subject, @function
    .p2align 4, 0xcc
explore_subject:
    mov $0x7fffffff, %eax
    inc %eax                        /* sets OF: INTO traps, if it is there */
    mov $100, %eax
explore_site:
    .byte 0x66, 0x66, 0x66, 0x66, 0x90
explore_after:
    inc %eax
explore_end:
    add $2, %eax
    ret
    .size explore_subject, . - explore_subject

/* Whoever has called, executed or emulated, comes back to the INC (40) behind
 * the site. The distances are 0x20, 0x60, 0x320 and 0x360: a CALL that is half
 * this and half that arrives at one of the two in the middle. */
    .macro callee name, distance, number
    .skip \distance - (. - explore_after), 0xcc
    .globl \name
    .type \name, @function
\name:
    mov (%esp), %edx
    cmpb $0x40, (%edx)
    jne 1f
    add $\number, %eax
    ret
1:  add $EXPLORE_NO_RETURN, %eax    /* nobody has called */
    ret
    .size \name, . - \name
    .endm

    callee explore_add_10, 0x20, 10
    callee explore_torn, 0x60, EXPLORE_TORN
    callee explore_torn_back, 0x320, EXPLORE_TORN
    callee explore_add_100, 0x360, 100
explore_subject_end:

/* uint32_t explore_enter(uint32_t (*code)(uint32_t), uint32_t arg,
 *                        bool *intact)
 * Calls code(arg). *intact becomes true if the stack pointer, the words above
 * it and the registers that C relies on have come back as they were.
 *
 *   8   code, arg, intact
 *   4   return address
 *   0   ebp               <- ebp
 *  -12  ebx, esi, edi
 *  -16  0x52525252
 *  -20  arg               <- esp, before and after the call
 */
    .globl explore_enter
    .type explore_enter, @function
explore_enter:
    push %ebp
    mov %esp, %ebp
    push %ebx
    push %esi
    push %edi
    push $0x52525252
    push 12(%ebp)
    mov $0x53535353, %ebx
    mov %ebx, %esi                  /* no address of anything */
    mov %ebx, %edi
    call *8(%ebp)
    lea -20(%ebp), %edx
    cmp %esp, %edx
    jne 1f
    cmpl $0x52525252, 4(%esp)
    jne 1f
    cmp $0x53535353, %ebx
    jne 1f
    cmp %ebx, %esi
    jne 1f
    cmp %ebx, %edi
    jne 1f
    mov 16(%ebp), %ecx
    movb $1, (%ecx)
1:  lea -12(%ebp), %esp
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size explore_enter, . - explore_enter

/* uint32_t explore_resume(uint32_t at)
 * Goes on at `at` as a CPU that was preempted there, in explore_subject. */
    .globl explore_resume
    .type explore_resume, @function
explore_resume:
    mov 4(%esp), %edx
    mov $100, %eax
    jmp *%edx
    .size explore_resume, . - explore_resume

    .section .note.GNU-stack, "", @progbits
