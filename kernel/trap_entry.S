/* SPDX-License-Identifier: MIT
 *
 * Trap entry: 256 ordinary stubs, 256 soft ones, and the two ways out that
 * C cannot express (unwinding a trap_try, entering ring 3).
 *
 * The CPU pushes an error code for exceptions 8, 10-14, 17, 21, 29 and 30
 * and for nothing else; an INT n never has one, not even INT 14. So every
 * vector has two stubs: the ordinary one knows which exceptions bring their
 * error code, the soft one always pushes a 0. Both leave this:
 *
 *     ss, esp             only from ring 3
 *     eflags, cs, eip     by the CPU
 *     error               by the CPU or the stub
 *     vector              by the stub, + 256 from a soft one
 *     eax ... edi         pusha
 *     ds es fs gs      <- esp, the struct trap_frame
 */
#include "kernel/gdt.h"

#define STUB_SIZE 16

    .text
    .balign STUB_SIZE
    .globl trap_stubs
trap_stubs:
    .set n, 0
    .rept 256
    .balign STUB_SIZE, 0xcc
    .if (n == 8) || ((n >= 10) && (n <= 14)) || (n == 17) || (n == 21) || (n == 29) || (n == 30)
    .else
    push $0
    .endif
    push $n
    jmp trap_common
    .set n, n + 1
    .endr

    .balign STUB_SIZE, 0xcc
    .globl trap_soft_stubs
trap_soft_stubs:
    .set n, 0
    .rept 256
    .balign STUB_SIZE, 0xcc
    push $0
    push $(n + 256)
    jmp trap_common
    .set n, n + 1
    .endr

    .type trap_common, @function
trap_common:
    pusha
    push %ds
    push %es
    push %fs
    push %gs
    mov $GDT_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    cld
    push %esp
    call trap_dispatch
    add $4, %esp
    pop %gs
    pop %fs
    pop %es
    pop %ds
    popa
    add $8, %esp
    iret
    .size trap_common, . - trap_common

/* bool trap_try_raw(void (*fn)(void *), void *arg)
 * Chains the stack pointer of this frame in trap_catch; trap_unwind comes
 * back to it as if fn had returned, but with the answer false. */
    .globl trap_try_raw
    .type trap_try_raw, @function
trap_try_raw:
    push %ebp
    mov %esp, %ebp
    push %ebx
    push %esi
    push %edi
    pushf
    push trap_catch
    mov %esp, trap_catch
    push 12(%ebp)
    call *8(%ebp)
    add $4, %esp
    mov $1, %eax
1:  pop trap_catch
    popf
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size trap_try_raw, . - trap_try_raw

/* noreturn void trap_unwind(void) */
    .globl trap_unwind
    .type trap_unwind, @function
trap_unwind:
    cli
    cld
    mov trap_catch, %esp
    lea 20(%esp), %ebp              /* where trap_try_raw's ebp points */
    xor %eax, %eax
    jmp 1b
    .size trap_unwind, . - trap_unwind

/* noreturn void trap_enter_user(uint32_t eip, uint32_t esp) */
    .globl trap_enter_user
    .type trap_enter_user, @function
trap_enter_user:
    mov 4(%esp), %ecx
    mov 8(%esp), %edx
    mov $GDT_USER_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    push %eax
    push %edx
    pushf
    push $GDT_USER_CODE
    push %ecx
    iret
    .size trap_enter_user, . - trap_enter_user

    .section .note.GNU-stack, "", @progbits
