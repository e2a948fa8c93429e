/* SPDX-License-Identifier: MIT
 *
 * The two places where compiled code is interrupted without knowing it.
 *
 *   function:  call tracer_entry     the entry, as patched
 *              push %ebp ...
 *              ret  -----------+     to tracer_return, which goes on to
 *                              |     the caller
 *   caller:    call function   |
 *              ...  <----------+
 *
 * Everything is preserved, flags too. That is more than the i386 ABI asks of a
 * function: static ones have conventions of their own, arguments in any
 * register, and callers that know which registers stay as they are.
 *
 * Interrupts are off in the tracer: what a handler calls is counted after, not
 * in the middle. Linux's ftrace_caller and return_to_handler do the same work.
 */
    .text
/* On the stack, from the top of it down:
 *
 *   40  the caller's return address   what a timed call replaces
 *   36  behind the call at the entry
 *   32  eflags
 *    0  eax ... edi                <- esp */
    .globl tracer_entry
    .type tracer_entry, @function
tracer_entry:
    pushf
    pusha
    cld
    cli
    lea 40(%esp), %eax
    push %eax
    push 40(%esp)                   /* 36, and 4 for the argument above */
    call tracer_enter
    add $8, %esp
    popa
    popf                            /* interrupts as they were */
    ret
    .size tracer_entry, . - tracer_entry

/* The RET that came here has popped its slot. Room is made for it again, and
 * tracer_leave puts the caller's address there.
 *
 *   36  the slot
 *   32  eflags
 *    0  eax ... edi, the result of the function among them */
    .globl tracer_return
    .type tracer_return, @function
tracer_return:
    push $0
    pushf
    pusha
    cld
    cli
    lea 36(%esp), %eax
    push %eax
    call tracer_leave
    add $4, %esp
    popa
    popf
    ret
    .size tracer_return, . - tracer_return
    .section .note.GNU-stack, "", @progbits
