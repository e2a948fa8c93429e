// SPDX-License-Identifier: MIT
// Where the first entry of every procedure linkage table leads.
//
// A call is under way: eax, edx and ecx may hold arguments of a function with
// regparm, so all registers are kept, and the flags, which cost nothing.
//
//   esp -->  | flags | edi esi ebp esp ebx edx ecx eax | image | offset | ret
//            0       4                                  36      40       44
    .text
    .globl shared_lazy_entry
    .type shared_lazy_entry, @function
shared_lazy_entry:
    pushal
    pushfl
    cld
    mov %esp, %ebx
    sub $4, %esp
    and $-16, %esp
    mov %ebx, (%esp)        // one argument: the frame
    call shared_bind
    mov %ebx, %esp
    mov %eax, 40(%esp)      // over the offset, as the address to return to
    popfl
    popal
    lea 4(%esp), %esp       // past the image; ADD would change the flags
    ret                     // to the function; its return address is on top
    .size shared_lazy_entry, . - shared_lazy_entry
    .section .note.GNU-stack, "", @progbits
