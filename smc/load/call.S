// SPDX-License-Identifier: MIT
// The jump into foreign code, for every i386 calling convention at once.
//
// cdecl pops its arguments in the caller, stdcall and -mrtd in the callee,
// regparm takes the first ones in registers. How many words the callee pops
// is therefore unknown, and so is what the stack pointer will be. All of them
// promise to preserve ebp, but foreign code may break a promise: a kernel that
// returns through a stranger's ebp returns to where the stranger likes. So the
// stack pointer comes back from memory, call_stack, and all the rest from the
// stack. Only the result is taken from a register.
//
//   call_stack --> | edi | esi | ebx | ebp | return | frame |
//                  below: padding, then the arguments of the callee
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
    mov %esp, call_stack
    mov 16(%ebx), %ecx
    lea 20(%ebx), %esi
    lea (,%ecx,4), %eax
    sub %eax, %esp
    // Down to the alignment after making room, so that the gap is above the
    // arguments and the first of them lies at a multiple of 16.
    and $-16, %esp          // compilers since gcc 4 rely on this alignment
    mov %esp, %edi
    // The arguments lie in the frame as the stack wants them: upward.
    cld
    rep movsl
    mov 4(%ebx), %eax
    mov 8(%ebx), %edx
    mov 12(%ebx), %ecx
    call *(%ebx)
    // A careless callee may leave behind the direction flag, and a segment
    // register that it needed for something else. ss must be right, or the
    // RET that came here would have faulted.
    cld
    mov %ss, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov call_stack, %esp
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size call_enter, . - call_enter
    .section .note.GNU-stack, "", @progbits
