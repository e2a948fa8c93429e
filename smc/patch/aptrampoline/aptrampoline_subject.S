/* SPDX-License-Identifier: MIT
 *
 * Three ways to tell a CPU that starts its number and its stack, as 32-bit
 * code that CPU 0 can run and count: the trampoline itself begins in real mode
 * and does not come back. Each leaves the number in eax and the stack in edx.
 */
    .text

/* Patch sites aptrampoline_subject_number, aptrampoline_subject_stack
 *   before   b8 00 00 00 00, ba 00 00 00 00   as assembled
 *   after    a number, an address behind the first byte
 *   who      the bench in aptrampoline_lab.c
 *   safe     only that bench calls it, on the CPU that has patched it
 *   without  the words lie in memory, and the code must know where
 */
    .globl apt_by_operand
    .type apt_by_operand, @function
apt_by_operand:
    .globl aptrampoline_subject_number, aptrampoline_subject_stack
aptrampoline_subject_number:
    mov $0, %eax
aptrampoline_subject_stack:
    mov $0, %edx
    ret
    .size apt_by_operand, . - apt_by_operand

/* A block of parameters beside the code, written as data, as Linux and xv6
 * have it. In real mode its address is found by what cs says. */
    .globl apt_by_block
    .type apt_by_block, @function
apt_by_block:
    mov $apt_block, %ecx
    mov (%ecx), %eax
    mov 4(%ecx), %edx
    ret
    .size apt_by_block, . - apt_by_block

/* One start message for all: each takes the next number, and its stack from a
 * table. Who is who is only known afterwards. */
    .globl apt_by_counter
    .type apt_by_counter, @function
apt_by_counter:
    mov $1, %eax
    lock xadd %eax, apt_counter
    and $7, %eax
    mov apt_stacks(, %eax, 4), %edx
    ret
    .size apt_by_counter, . - apt_by_counter

/* The table of all, searched by what the CPU knows of itself: its APIC number,
 * from CPUID. No order matters, and nothing is written per CPU. */
    .globl apt_by_search
    .type apt_by_search, @function
apt_by_search:
    push %ebx
    mov $1, %eax
    cpuid
    shr $24, %ebx
    xor %eax, %eax
1:  cmp %ebx, apt_ids(, %eax, 4)
    je 2f
    inc %eax
    cmp $8, %eax
    jb 1b
2:  mov apt_stacks(, %eax, 4), %edx
    pop %ebx
    ret
    .size apt_by_search, . - apt_by_search

    .globl apt_subjects_end
apt_subjects_end:

    .section .bss
    .balign 4
    .globl apt_block, apt_counter, apt_stacks, apt_ids
apt_block:
    .skip 8
apt_counter:
    .skip 4
apt_stacks:
    .skip 8 * 4
apt_ids:
    .skip 8 * 4

    .section .note.GNU-stack, "", @progbits
