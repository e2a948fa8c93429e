/* SPDX-License-Identifier: MIT
 *
 * From 32-bit paged protected mode to real mode, one INT, and back.
 *
 *   kernel      0xc01xxxxx  paging, 32 bit    bios_switch
 *      |  far jump to GDT_CODE16
 *   thunk       0x6000      paging, 16 bit    while the GDT is reachable
 *      |  CR0.PG = 0, CR0.PE = 0, far jump
 *   thunk       0000:60xx   real mode         INT nn
 *      |  CR0.PE = 1 and CR0.PG = 1
 *      |  far jump to GDT_CODE
 *   kernel      0xc01xxxxx  paging, 32 bit    bios_return
 *
 * The GDT lies above 0xc0000000 and is out of reach without paging, so every
 * segment register is loaded on the near side of a switch. TR, EFER and the
 * translation tables are not touched by real mode. [SDM3 9.9]
 *
 * A segment register keeps base, limit and width from its last load in
 * protected mode; a load in real mode changes the base alone. So the 64 KiB
 * limits must be loaded before CR0.PE is cleared. With limits of 4 GiB much
 * would still work, which is why it is easily forgotten. [SDM3 9.9.2]
 */
#include "kernel/gdt.h"
#include "smc/patch/intn/bios_layout.h"

#define KERNEL_BASE 0xC0000000
#define HIGH(phys) (KERNEL_BASE + (phys))
#define CR0_PE 0x00000001
#define CR0_PG 0x80000000

    .text

/* void bios_switch(void)
 * Interrupts are off, BIOS_CODE is mapped to itself, BIOS_REGS is filled.
 * The kernel's stack keeps all that must come back by a pop:
 *
 *     return address
 *     ebp ebx esi edi     what C expects to be kept
 *     eflags              IF among them
 *     ds es fs gs      <- BIOS_SAVED_ESP
 *
 * What cannot be pushed is stored on the data page, by its high address: it
 * is read again in real mode, by its low one, when no stack is left. */
    .globl bios_switch
    .type bios_switch, @function
bios_switch:
    push %ebp
    push %ebx
    push %esi
    push %edi
    pushf
    push %ds
    push %es
    push %fs
    push %gs
    mov %esp, HIGH(BIOS_SAVED_ESP)
    sgdt HIGH(BIOS_SAVED_GDT)
    sidt HIGH(BIOS_SAVED_IDT)
    mov %cr0, %eax
    mov %eax, HIGH(BIOS_SAVED_CR0)
    mov %cr3, %eax
    mov %eax, HIGH(BIOS_SAVED_CR3)
    mov %cr4, %eax
    mov %eax, HIGH(BIOS_SAVED_CR4)
    ljmp $GDT_CODE16, $BIOS_CODE
    .size bios_switch, . - bios_switch

    .type bios_return, @function
bios_return:
    /* cs is right by the far jump. ds before the first load from memory, ss
     * and esp together: between the two no stack may be used. */
    mov $GDT_DATA, %eax
    mov %eax, %ds
    mov %eax, %ss
    mov HIGH(BIOS_SAVED_ESP), %esp
    pop %gs
    pop %fs
    pop %es
    pop %ds
    popf
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size bios_return, . - bios_return

/* The thunk is a template: it runs as a copy at BIOS_CODE. Its labels have
 * the addresses of the template, so whatever it says of itself goes through
 * THUNK. It lies in rodata: it is data until the door has copied it. */
#define THUNK(label) (BIOS_CODE + label - bios_thunk)

    .section .rodata
    .code16
    .globl bios_thunk, bios_thunk_end, bios_site, bios_site_end
bios_thunk:
    mov $GDT_DATA16, %ax            /* limits of 64 KiB, as real mode wants */
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %gs
    mov %ax, %ss
    mov %cr0, %eax
    and $~CR0_PG, %eax
    mov %eax, %cr0                  /* this also empties the TLB */
    /* Linear is physical now. The next instruction is fetched from 0x60..,
     * as it was before: that is what the identity mapping is for. */
    and $~CR0_PE, %eax
    mov %eax, %cr0
    ljmp $0, $THUNK(bios_real)      /* cs = 0, and what was prefetched goes */
bios_real:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %fs
    mov %ax, %gs
    mov %ax, %ss
    lidtl THUNK(bios_ivt)
    mov $BIOS_REGS, %esp            /* the upper half too: a BIOS may use it */
    popal
    pop %es
    pop %ds
    popfl                           /* now sp is BIOS_STACK_TOP */

/* Patch site bios_site (in the copy: HIGH(THUNK(bios_site)))
 *   before   CD 00     int $0x00
 *   after    CD nn     int $nn
 *   who      intn_aim, called by bios_call in bios.c
 *   safe     interrupts are off, and the thunk is entered only after the
 *            write. The write goes in by another address than the one this
 *            runs at; the MOV to CR0 and the far jumps on the way
 *            serialise. [SDM3 11.6]
 *   without  one thunk for each service of the BIOS
 */
bios_site:
    .byte 0xcd, 0x00
bios_site_end:
    pushfl
    cli                             /* a BIOS may return with IF = 1 */
    cld
    push %ds
    push %es
    pushal
    /* ds, as only real mode's 0000 reaches the data page. Then the tables:
     * a BIOS that went to protected mode itself (INT 15h, AH = 87h) has
     * loaded its own. CR4 before CR0: paging goes on in the format that CR4
     * says, and with PAE it reads four entries at CR3 at that moment.
     * [SDM3 4.4.1] */
    xor %ax, %ax
    mov %ax, %ds
    /* The BIOS may have closed A20 (INT 15h, AX = 2400h). The page tables lie
     * above 1 MiB: with A20 closed, the CPU would read other memory as
     * tables, and the first symptom is a reset. Port 92h, bit 1 opens it;
     * bit 0 would reset the machine. */
    in $0x92, %al
    test $2, %al
    jnz 1f
    or $2, %al
    and $0xfe, %al
    out %al, $0x92
1:  lgdtl BIOS_SAVED_GDT
    lidtl BIOS_SAVED_IDT
    mov BIOS_SAVED_CR4, %eax
    mov %eax, %cr4
    mov BIOS_SAVED_CR3, %eax
    mov %eax, %cr3
    mov BIOS_SAVED_CR0, %eax
    mov %eax, %cr0                  /* protection and paging in one step */
    ljmpl $GDT_CODE, $bios_return

/* The interrupt table of real mode: 256 far pointers at address 0. */
bios_ivt:
    .word 256 * 4 - 1
    .long 0
bios_thunk_end:

    .section .note.GNU-stack, "", @progbits
