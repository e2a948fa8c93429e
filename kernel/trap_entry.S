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
 *   68  ss, esp             only from ring 3
 *   56  eflags, cs, eip     by the CPU
 *   52  error               by the CPU or the stub
 *   48  vector              by the stub, + 256 from a soft one
 *   16  eax ... edi         pusha
 *    0  ds es fs gs      <- esp, the struct trap_frame
 *
 * A stub that got the error code wrong would shift everything above it by one
 * word; the first symptom is an IRET whose eip is a selector.
 * [SDM3 6.12.1, 6.13]
 *
 * All of this lies between door_start and door_end: no byte of it is ever
 * patched, since it may run in the middle of a patch.
 */
#include "kernel/gdt.h"

#define STUB_SIZE 16
#define VECTOR_BREAKPOINT 3

    .text
/* trap_init finds a stub by arithmetic, so each has STUB_SIZE bytes. The
 * longest is 12: push imm8 (2), push imm32 (5), jmp rel32 (5). Gaps trap. */
    .balign STUB_SIZE
    .globl trap_stubs
trap_stubs:
    .set n, 0
    .rept 256
    .balign STUB_SIZE, 0xcc
    .set pushes_error, (n == 8) || ((n >= 10) && (n <= 14)) || (n == 17)
    .if pushes_error || (n == 21) || (n == 29) || (n == 30)
    .else
    push $0
    .endif
    push $n
    .if n == VECTOR_BREAKPOINT
    jmp trap_int3
    .else
    jmp trap_common
    .endif
    .set n, n + 1
    .endr

/* The same, but always with a 0, for vectors that software reaches by INT n.
 * + 256 tells trap_dispatch which table the frame came through. */
    .balign STUB_SIZE, 0xcc
    .globl trap_soft_stubs
trap_soft_stubs:
    .set n, 0
    .rept 256
    .balign STUB_SIZE, 0xcc
    push $0
    push $(n + 256)
    .if n == VECTOR_BREAKPOINT
    jmp trap_int3
    .else
    jmp trap_common
    .endif
    .set n, n + 1
    .endr

/* The data segments, by way of eax. */
    .macro load_segments selector
    mov $\selector, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    .endm

/* The lower half of the frame. Ring 3 or loaded code may have put anything
 * into the segment registers; cs and ss the gate has loaded. C expects the
 * direction flag to be clear, and memmove may have been interrupted while it
 * was set. */
    .macro save_all
    pusha
    push %ds
    push %es
    push %fs
    push %gs
    load_segments GDT_DATA
    cld
    .endm

    .macro restore_all
    pop %gs
    pop %fs
    pop %es
    pop %ds
    popa
    .endm

    .type trap_common, @function
trap_common:
    save_all
    push %esp                       /* the argument: the frame's address */
    call trap_dispatch
    add $4, %esp
    restore_all
    add $8, %esp                    /* vector and error */
    iret
    .size trap_common, . - trap_common

/* A breakpoint may be a site that is being poked, whose new instruction is a
 * CALL. From ring 0 the frame lies right below the interrupted stack, where
 * that CALL is to push. So the five words are pushed a second time, and those
 * of the first time are a gap (TRAP_GAP in kernel/trap.h):
 *
 *   T                       where the interrupted stack ends
 *   T - 20   the five words, first time; now free
 *   T - 40   eflags cs eip error vector    what C sees
 *   ...      pusha, segments          <- the struct trap_frame
 *
 * poke_int3 builds the three words for IRET below wherever the stack is to
 * end, in the gap or above, and returns their address. It travels in the
 * vector's place to the last instruction but one, since POPA takes all
 * registers. All that is needed stays above esp, so an NMI may come at any
 * point of this; it may itself meet a site, and its IRET opens the door for
 * the next NMI, which finds the same. */
    .type trap_int3, @function
trap_int3:
    testb $3, 12(%esp)              /* cs: ring 3 has left no frame there */
    jnz 1f
    .rept 5
    pushl 16(%esp)
    .endr
1:  save_all
    push %esp
    call poke_int3
    add $4, %esp
    mov %eax, 48(%esp)              /* the vector */
    restore_all
    mov (%esp), %esp
    iret
    .size trap_int3, . - trap_int3

/* The double-fault task. The CPU has pushed the error code, and the stack is
 * otherwise empty. IRET with NT set switches back to the interrupted state,
 * and leaves this task where it would go on: behind the IRET, at the jump. */
    .globl trap_double_fault
    .type trap_double_fault, @function
trap_double_fault:
    call gdt_double_fault           /* returns only to switch back */
    add $4, %esp
    iret
    jmp trap_double_fault
    .size trap_double_fault, . - trap_double_fault

/* bool trap_try_raw(void (*fn)(void *), void *arg, uint32_t *catch)
 * Chains the stack pointer of this frame in *catch, which belongs to the
 * thread that runs; trap_unwind comes back to it as if fn had returned, but
 * with the answer false.
 *
 *   40  catch
 *   36  arg
 *   32  fn
 *   28  return address
 *   24  ebp                <- ebp
 *   12  ebx, esi, edi         what C expects to be preserved
 *    8  eflags                the interrupt flag, as it was
 *    4  catch                 again: ebp is lost when unwinding
 *    0  outer *catch       <- *catch
 *
 * Calls nest through the last word: a linked list down the stack. It must be
 * exact. A frame that is left without its pop leaves *catch pointing into
 * dead stack; the first symptom is that the next fault resumes nonsense. */
    .globl trap_try_raw
    .type trap_try_raw, @function
trap_try_raw:
    push %ebp
    mov %esp, %ebp
    push %ebx
    push %esi
    push %edi
    pushf
    mov 16(%ebp), %ebx
    push %ebx
    push (%ebx)
    mov %esp, (%ebx)
    push 12(%ebp)
    call *8(%ebp)
    add $4, %esp
    mov $1, %eax
1:  mov 4(%esp), %ebx
    pop (%ebx)
    pop %ebx
    popf
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size trap_try_raw, . - trap_try_raw

/* noreturn void trap_unwind(uint32_t catch)
 * Throws away everything below the trap_try_raw frame at `catch`: fn, the
 * fault's frame, and with them whatever fn had not finished. Called with the
 * frame of the fault already copied, since it lies in what is thrown away.
 * Segment registers may be those of loaded code: it was only asked to stop. */
    .globl trap_unwind
    .type trap_unwind, @function
trap_unwind:
    cli
    cld
    load_segments GDT_DATA
    mov 4(%esp), %esp
    lea 24(%esp), %ebp              /* where trap_try_raw's ebp points */
    xor %eax, %eax
    jmp 1b
    .size trap_unwind, . - trap_unwind

/* noreturn void trap_enter_user(uint32_t eip, uint32_t esp)
 * IRET to a less privileged ring pops five words, in this order: eip, cs,
 * eflags, esp, ss. It is the only way there. The data segments are loaded
 * before it, because IRET clears those that ring 3 may not use. Privilege 0
 * comes back by the next trap, on the stack that the CPU's task state names.
 * [SDM2 IRET] */
    .globl trap_enter_user
    .type trap_enter_user, @function
trap_enter_user:
    mov 4(%esp), %ecx               /* eip */
    mov 8(%esp), %edx               /* esp */
    load_segments GDT_USER_DATA
    push %eax
    push %edx
    pushf
    push $GDT_USER_CODE
    push %ecx
    iret
    .size trap_enter_user, . - trap_enter_user

    .section .note.GNU-stack, "", @progbits
