// SPDX-License-Identifier: MIT
// The jump into foreign code, for every i386 calling convention at once.
//
// cdecl pops its arguments in the caller, stdcall and -mrtd in the callee,
// regparm takes the first ones in registers. How many words the callee pops
// is therefore unknown, and so is what the stack pointer will be. All of them
// promise to preserve ebp, but foreign code may break a promise: a kernel that
// returns through a stranger's ebp returns to where the stranger likes. So the
// stack pointer comes back from memory, call_stack, and all the rest from the
// stack. Only the result is taken from registers: eax, edx, and the top of the
// x87 stack.
//
//   kernel's stack                           foreign_stack
//   call_stack --> | edi | esi | ebx | ebp | return | frame |
//                                            | arguments | padding | top
//
//   void call_enter(const struct call_frame *frame);
//
//   frame  +0 entry  +4 eax  +8 edx  +12 ecx  +16 words  +20 fpu  +24 esp
//         +28 stack words...
//
//   call_returned  +0 eax  +4 edx  +8 st0, 10 bytes  +18 floating  +24 double
#include "kernel/gdt.h"

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
    mov 24(%ebx), %eax
    test %eax, %eax
    jz 1f
    mov %eax, %esp          // ebp stays behind: a backtrace finds its way
1:  mov 16(%ebx), %ecx
    lea 28(%ebx), %esi
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
    // RET that came here would have faulted. fs and gs are thread_leave's.
    cld
    mov %ss, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov call_stack, %esp
    mov %eax, call_returned
    mov %edx, call_returned + 4
    mov 20(%esp), %ecx      // the frame, again: ebx is only a promise
    cmpl $0, 20(%ecx)
    je 2f
    // The stack was empty before. If there is something on it now, that is
    // the result. FXAM tells without touching it: C3 C2 C0 are 1 0 1 for an
    // empty register. An error that the callee left pending is raised here.
    // [SDM2 FXAM]
    fwait
    fxam
    fnstsw %ax
    and $0x45, %ah
    cmp $0x41, %ah
    je 2f
    fstpt call_returned + 8
    fninit                  // round to nearest, whatever the callee prefers
    fldt call_returned + 8
    fstpl call_returned + 24
    movb $1, call_returned + 18
2:  pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size call_enter, . - call_enter

// Where foreign code goes on that is to be ended: nothing of its state is
// needed, and its stack may be what ran out. A task switch may have set TS.
    .globl call_cut
    .type call_cut, @function
call_cut:
    cld
    mov $GDT_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov call_stack, %esp
    clts
    call call_guard_cut     // does not return
    .size call_cut, . - call_cut
    .section .note.GNU-stack, "", @progbits
