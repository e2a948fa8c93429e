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
 * Both show the same memory. Between "paging on" and the jump the CPU still
 * fetches from low addresses, so without the first mapping the instruction
 * after the one that turns paging on would fault, with no IDT: the first
 * symptom would be a machine that restarts for ever.
 *
 * PAE is chosen here, once: going from one table format to the other would
 * need paging off again. [Multiboot 0.6.96, 3.2] [SDM3 4.1]
 */
#include "boot/multiboot.h"

#define KERNEL_BASE 0xC0000000
/* Only .boot is linked where it runs. Every other symbol is linked high and
 * must be named through LOW until paging is on. Each use is a word that
 * low_move corrects if it moves the kernel: LOW and high names are right
 * before the move and after it, but a register filled before is not. */
#define LOW(sym) ((sym) - KERNEL_BASE)
#define HEADER_FLAGS 3              /* modules on pages, memory sizes */

/* Leaf 1, edx. [SDM2 CPUID] */
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

    /* The header that the loader looks for: 12 bytes, 4-aligned, in the first
     * 8 KiB of the file. The three words must add up to 0.
     * [Multiboot 0.6.96, 3.1]
     *
     *    | magic | flags | -(magic + flags) |
     *
     * A section of its own, so that linker.ld can put it first. */
    .section .multiboot, "a"
    .balign 4
    .globl multiboot_header
multiboot_header:
    .long MULTIBOOT_HEADER_MAGIC, HEADER_FLAGS
    .long -(MULTIBOOT_HEADER_MAGIC + HEADER_FLAGS)

    /* The stack that _start builds stays in use until kernel_main has its
     * arguments. Pushed from the right, as C wants them:
     *
     *    boot_stack_top ->
     *                      info_phys      ebx as the loader left it
     *                      magic          eax as the loader left it
     *               esp ->
     *
     * Both must be saved first: CPUID below overwrites eax and ebx. */
    .section .boot, "ax"
    .globl _start
_start:
    cli
    cld
    /* The loader's esp is undefined. The stack lies in .bss, which the loader
     * has cleared as it does for any ELF segment. */
    mov $LOW(boot_stack_top), %esp
    push %ebx
    push %eax
    call need_i686
    /* The arguments again, as copies: a C function owns its arguments and may
       change them. */
    pushl 4(%esp)
    pushl 4(%esp)
    call low_move
    add $8, %esp
    pop %eax
    pop %ebx
/* If the kernel has moved, the word in this instruction is no longer that of
 * the one above. Whoever debugs reads low_report here and moves his symbols;
 * until here no instruction of the moved part has run. */
    .globl low_moved
low_moved:
    mov $LOW(boot_stack_top), %esp
    push %ebx
    push %eax
    mov $1, %eax
    cpuid
    test $CPUID_PAE, %edx
    jnz 1f
    call make_two_level
    jmp 2f
1:  call make_pae
/* From here to `high` the stack is not used: esp is still a low address, and
 * the image may reach beyond what the low mapping covers. Setting PG loads the
 * PAE root entries from where cr3 points. [SDM3 4.4.1] */
2:  mov %cr0, %eax
    or $CR0_PG_WP, %eax
    mov %eax, %cr0
    /* An absolute jump, because it leaves the low mapping for the high one. */
    mov $high, %eax
    jmp *%eax

/* Two-level tables: one directory, 4 MiB pages. Entry 768 is 0xc0000000.
 *
 *   boot_tables   [0] 0    [768] 0  [769] 4 MiB ... [991] 892 MiB
 *
 * An entry not written is 0, not present: .bss was cleared. */
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

/* PAE tables: a pointer table and two directories, 2 MiB pages. Entries have
 * 8 bytes; the upper halves stay 0, since nothing lies above 4 GiB.
 *
 *   boot_tables + 0x0000   [0] -> 0x1000   [3] -> 0x2000
 *   boot_tables + 0x1000   [0] 0
 *   boot_tables + 0x2000   [0] 0  [1] 2 MiB ... [447] 894 MiB
 *
 * Writable is not ours to say in the pointer table: the bit is reserved there
 * and a set one would fault when cr3 is loaded. [SDM3 4.4.1] */
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
/* CR4 first: the format must be fixed before paging is turned on. */
load_tables:
    mov %cr4, %edx
    or %eax, %edx
    mov %edx, %cr4
    mov %edi, %cr3
    ret

/* Refuses, in words, a processor that cannot run this kernel.
 * CPUID is missing on a 386 and on most 486s; executing it there would be an
 * undefined opcode without an IDT. So the flag is tried first. */
need_i686:
    pushf
    pop %eax
    mov %eax, %ecx                  /* the flags as they were */
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

/* esi is what is missing. There is no console yet and may never be one that
 * fits this CPU, so both devices are written by hand. Then the machine leaves
 * with the panic code, so that a test runner sees a verdict. */
refuse:
    push %esi
    mov $0xb8000, %edi              /* text memory, row 0 */
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

/* Prints the string at esi on COM1 and on the VGA text screen at edi. Advances
 * both, so that calls join up. Changes eax, bl, ecx, edx. The port is used as
 * firmware or loader left it: programming it is kernel/serial.c's work. */
say:
    lodsb
    test %al, %al
    jz 3f
    mov %al, %bl
    mov $0x0f, %ah                  /* white on black */
    stosw
    mov $0xffff, %ecx               /* bounded: the port may not exist */
    mov $0x3fd, %edx                /* line status */
1:  in %dx, %al
    test $0x20, %al                 /* room in the transmitter */
    jnz 2f
    loop 1b
2:  mov %bl, %al
    mov $0x3f8, %edx                /* data */
    out %al, %dx
    jmp say
3:  ret

/* Strings in an executable section: .boot has the only low addresses. */
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
/* The first instruction at a high address. The stack pointer gets its high
 * name, too; from here on nothing uses the low mapping, and paging_init can
 * drop it. kernel_main does not return. */
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
/* In use until paging_init loads the final tables. */
boot_tables:
    .skip 3 * 4096

    .section .bss.stacks, "aw", @nobits
    .balign 4096
    .globl boot_stack_guard, boot_stack_top
/* The stack of everything at ring 0. It grows down into a page that is not
 * mapped in the final tables; until then an overflow would go unnoticed.
 *
 *   boot_stack_guard   4 KiB   unmapped by paging_init
 *                     32 KiB   the stack
 *   boot_stack_top             the first push goes right below
 */
boot_stack_guard:
    .skip 4096
    .skip 8 * 4096
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
