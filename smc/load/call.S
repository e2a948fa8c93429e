// SPDX-License-Identifier: MIT
// The jump into foreign code, for every i386 calling convention at once.
//
// cdecl pops its arguments in the caller, stdcall and -mrtd in the callee,
// regparm takes the first ones in registers. The stack pointer is therefore
// restored from ebp, which all of them preserve, and never computed.
//
//   uint32_t call_enter(const struct call_frame *frame);
//
//   frame +0 entry  +4 eax  +8 edx  +12 ecx  +16 words  +20 stack words...
    .text
    .globl call_enter
    .type call_enter, @function
call_enter:
    push %ebp
    mov %esp, %ebp
    push %ebx
    push %esi
    push %edi
    mov 8(%ebp), %ebx
    mov 16(%ebx), %ecx
    lea 20(%ebx), %esi
    lea (,%ecx,4), %eax
    sub %eax, %esp
    and $-16, %esp          // compilers since gcc 4 rely on this alignment
    mov %esp, %edi
    cld
    rep movsl
    mov 4(%ebx), %eax
    mov 8(%ebx), %edx
    mov 12(%ebx), %ecx
    call *(%ebx)
    cld                     // a careless callee may leave it set
    lea -12(%ebp), %esp
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size call_enter, . - call_enter
    .section .note.GNU-stack, "", @progbits
