/* SPDX-License-Identifier: MIT
 *
 * From the multiboot loader to the first line of C.
 *
 * The loader leaves us in flat 32-bit protected mode without paging, with a
 * magic number in eax and the information block's address in ebx. Its GDT
 * may be gone, so no segment register is loaded until gdt_init. This code
 * checks that the CPU is an i686, maps the kernel high, and jumps there:
 *
 *   0x00000000  2 or 4 MiB   where this code runs; gone in the final tables
 *   0xc0000000  896 MiB      the direct map of physical memory
 *
 * PAE is chosen here, once: going from one table format to the other would
 * need paging off again. [Multiboot 0.6.96, 3.2] [SDM3 4.1]
 */
#include "boot/multiboot.h"

#define KERNEL_BASE 0xC0000000
#define LOW(sym) ((sym) - KERNEL_BASE)
#define HEADER_FLAGS 3              /* modules on pages, memory sizes */

#define CPUID_PSE  (1 << 3)
#define CPUID_TSC  (1 << 4)
#define CPUID_MSR  (1 << 5)
#define CPUID_PAE  (1 << 6)
#define CPUID_CX8  (1 << 8)
#define CPUID_CMOV (1 << 15)

#define CR4_PSE 0x10
#define CR4_PAE 0x20
#define CR0_PG_WP 0x80010000        /* WP: ring 0 honours read-only pages */

#define PRESENT 0x01
#define LARGE_PAGE 0x83             /* present, writable, 2 or 4 MiB */

    .section .multiboot, "a"
    .balign 4
    .globl multiboot_header
multiboot_header:
    .long MULTIBOOT_HEADER_MAGIC, HEADER_FLAGS
    .long -(MULTIBOOT_HEADER_MAGIC + HEADER_FLAGS)

    .section .boot, "ax"
    .globl _start
_start:
    cli
    cld
    mov $LOW(boot_stack_top), %esp
    push %ebx
    push %eax
    call need_i686
    mov $1, %eax
    cpuid
    test $CPUID_PAE, %edx
    jnz 1f
    call make_two_level
    jmp 2f
1:  call make_pae
2:  mov %cr0, %eax
    or $CR0_PG_WP, %eax
    mov %eax, %cr0
    mov $high, %eax
    jmp *%eax

/* Two-level tables: one directory, 4 MiB pages. */
make_two_level:
    mov $LOW(boot_tables), %edi
    movl $LARGE_PAGE, (%edi)
    mov $LARGE_PAGE, %eax
    xor %ecx, %ecx
1:  mov %eax, 768 * 4(%edi, %ecx, 4)
    add $0x400000, %eax
    inc %ecx
    cmp $224, %ecx
    jb 1b
    mov $CR4_PSE, %eax
    jmp load_tables

/* PAE tables: a pointer table and two directories, 2 MiB pages. */
make_pae:
    mov $LOW(boot_tables), %edi
    lea 0x1000 + PRESENT(%edi), %eax /* these have no writable bit */
    mov %eax, 0(%edi)
    add $0x1000, %eax
    mov %eax, 3 * 8(%edi)
    movl $LARGE_PAGE, 0x1000(%edi)
    mov $LARGE_PAGE, %eax
    xor %ecx, %ecx
1:  mov %eax, 0x2000(%edi, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $448, %ecx
    jb 1b
    /* With PAE, large pages need no PSE; an emulator that thinks otherwise
       is served by setting both. */
    mov $CR4_PAE | CR4_PSE, %eax
load_tables:
    mov %cr4, %edx
    or %eax, %edx
    mov %edx, %cr4
    mov %edi, %cr3
    ret

/* Refuses, in words, a processor that cannot run this kernel. */
need_i686:
    pushf
    pop %eax
    mov %eax, %ecx
    xor $0x200000, %eax             /* EFLAGS.ID toggles if CPUID exists */
    push %eax
    popf
    pushf
    pop %eax
    mov $no_cpuid, %esi
    xor %ecx, %eax
    test $0x200000, %eax
    jz refuse
    mov $1, %eax
    cpuid
    mov $no_pse, %esi
    test $CPUID_PSE, %edx
    jz refuse
    mov $no_tsc, %esi
    test $CPUID_TSC, %edx
    jz refuse
    mov $no_msr, %esi
    test $CPUID_MSR, %edx
    jz refuse
    mov $no_cx8, %esi
    test $CPUID_CX8, %edx
    jz refuse
    mov $no_cmov, %esi
    test $CPUID_CMOV, %edx
    jz refuse
    ret

refuse:
    push %esi
    mov $0xb8000, %edi
    mov $refusal, %esi
    call say
    pop %esi
    call say
    mov $refusal_end, %esi
    call say
    mov $0xf4, %edx                 /* isa-debug-exit reads 0, a hole 0xff */
    in %dx, %al
    test %al, %al
    jnz 1f
    mov $0x12, %al
    out %al, %dx
1:  cli
    hlt
    jmp 1b

/* Prints the string at esi on COM1 and on the VGA text screen at edi. */
say:
    lodsb
    test %al, %al
    jz 3f
    mov %al, %bl
    mov $0x0f, %ah
    stosw
    mov $0xffff, %ecx               /* bounded: the port may not exist */
    mov $0x3fd, %edx
1:  in %dx, %al
    test $0x20, %al
    jnz 2f
    loop 1b
2:  mov %bl, %al
    mov $0x3f8, %edx
    out %al, %dx
    jmp say
3:  ret

refusal:
    .asciz "palimpsest: this processor is older than an i686: it lacks "
no_cpuid: .asciz "CPUID"
no_pse:   .asciz "large pages (PSE)"
no_tsc:   .asciz "the time stamp counter (TSC)"
no_msr:   .asciz "model specific registers (MSR)"
no_cx8:   .asciz "CMPXCHG8B (CX8)"
no_cmov:  .asciz "conditional moves (CMOV)"
refusal_end:
    .asciz ". Try qemu-system-i386 -cpu pentium2 or newer.\r\n"

    .text
    .type high, @function
high:
    add $KERNEL_BASE, %esp          /* eax and ebx are still on this stack */
    xor %ebp, %ebp                  /* the end of every backtrace */
    call kernel_main
1:  cli
    hlt
    jmp 1b
    .size high, . - high

    .section .bss
    .balign 4096
boot_tables:
    .skip 3 * 4096

    .section .bss.stacks, "aw", @nobits
    .balign 4096
    .globl boot_stack_guard, boot_stack_top
boot_stack_guard:
    .skip 4096
    .skip 8 * 4096
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
