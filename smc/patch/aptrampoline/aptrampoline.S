/* SPDX-License-Identifier: MIT
 *
 * From the real mode in which a CPU wakes up to the kernel's C.
 *
 *   real mode   xx00:0000       16 bit, no paging   after the start message
 *      |  CR0 = that of CPU 0: PE and PG in one step
 *      |  far jump to GDT_CODE
 *   kernel      0xc01xxxxx      32 bit, paging      aptrampoline_enter
 *      |
 *   cpu_entry   in C, on a stack of its own
 *
 * A CPU that starts knows nothing but the page that it begins in: cs is that
 * page's segment, the other registers are those of a reset. What it needs to
 * know cannot be passed. It is written into the instructions. [SDM3 8.4.4]
 *
 * A template: it runs as a copy in a page below 1 MiB, whichever the memory
 * map calls usable, and names no address of its own. It lies in rodata: it is
 * data until the door has copied it.
 */
#include "kernel/gdt.h"

#define MSR_EFER 0xc0000080

/* Patch sites aptrampoline_WORD (in the copy: at the same distance from its
 * start), each the last bytes of an instruction or of the table's pointer:
 *   before   00 00 00 00    as assembled
 *   after    a value of the kernel, or of the CPU that is started next
 *   who      aptrampoline_aim in aptrampoline.c
 *   safe     no CPU is in the page: the one that was started before has said
 *            that it is in C, the next gets its start message after the write.
 *            It wakes from a reset and so has nothing of the page in advance
 *   without  every CPU would look itself up by its APIC number in a table, in
 *            real mode, through pointers that are patched or fixed as well
 */
    .section .rodata
    .code16
    .globl aptrampoline, aptrampoline_end
    .globl aptrampoline_cr4, aptrampoline_cr3, aptrampoline_efer
    .globl aptrampoline_cr0, aptrampoline_entry, aptrampoline_gdt
    .globl aptrampoline_stack, aptrampoline_number
aptrampoline:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl aptrampoline_gdt - aptrampoline
    mov $0, %edi                    /* which CPU this is */
    .set aptrampoline_number, . - 4
    mov $0, %esp                    /* of its idle thread */
    .set aptrampoline_stack, . - 4
    /* The format of the tables before the tables: paging reads four entries
     * at CR3 at the moment it goes on, if CR4 says PAE. [SDM3 4.4.1] */
    mov $0, %eax
    .set aptrampoline_cr4, . - 4
    mov %eax, %cr4
    mov $0, %eax
    .set aptrampoline_cr3, . - 4
    mov %eax, %cr3
    /* NX is a reserved bit without this; a CPU without NX has no such
     * register. */
    mov $0, %eax
    .set aptrampoline_efer, . - 4
    test %eax, %eax
    jz 1f
    xor %edx, %edx
    mov $MSR_EFER, %ecx
    wrmsr
1:  mov $0, %eax
    .set aptrampoline_cr0, . - 4
    mov %eax, %cr0                  /* protection and paging in one step */
    /* Linear is no longer physical, and this is fetched from the page mapped
     * to itself. The descriptor is read at its high address. */
    ljmpl $GDT_CODE, $0
    .set aptrampoline_entry, . - 6
aptrampoline_gdt:
    .word 0
    .long 0
aptrampoline_end:

    .code32
    .text
    .globl aptrampoline_enter
    .type aptrampoline_enter, @function
/* The first instruction of a CPU at a high address. esp and edi are set. */
aptrampoline_enter:
    mov $GDT_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    xor %ebp, %ebp                  /* the end of every backtrace */
    push %edi
    call cpu_entry                  /* does not return */
    .size aptrampoline_enter, . - aptrampoline_enter

    .section .note.GNU-stack, "", @progbits
