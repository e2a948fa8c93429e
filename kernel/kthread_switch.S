/* SPDX-License-Identifier: MIT
 *
 * void kthread_switch(uint32_t *save_esp, uint32_t load_esp)
 *
 * Called by one thread, returns in another: what C expects to be preserved is
 * pushed on the one stack and popped from the other.
 *
 *     load_esp
 *     save_esp
 *     return address      struct kthread_frame from here down:
 *     ebp ebx esi edi  <- *save_esp
 *
 * eflags need not be saved: interrupts are off on both sides, and the thread
 * that goes on gets its own by sched_lock or by IRET. The trap frame of a
 * thread that was preempted lies higher on its stack.
 */
    .text
    .globl kthread_switch
    .type kthread_switch, @function
kthread_switch:
    mov 4(%esp), %eax
    mov 8(%esp), %edx
    push %ebp
    push %ebx
    push %esi
    push %edi
    mov %esp, (%eax)
    mov %edx, %esp
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size kthread_switch, . - kthread_switch

    .section .note.GNU-stack, "", @progbits
