/* SPDX-License-Identifier: MIT
 *
 * Functions with sites to poke. Each answers in a way that tells exactly what
 * was executed, so that a third behaviour cannot look like one of the two.
 */

/* int poke_five(void)
 * A site of 5 bytes between two words on the stack.
 *
 *   site                 answer
 *   NOP                  1
 *   JMP to the end       0
 *   CALL of poke_add_n   n + 1; 10 and 100 are there
 *   anything else        none of these; -1 if a word of the stack was lost
 */
    .text
    .globl poke_five, poke_five_site, poke_five_site_end, poke_five_end
    .type poke_five, @function
    .p2align 4
poke_five:
    push $0x51515151
    push $0x52525252
    xor %eax, %eax
poke_five_site:
    .byte 0x3e, 0x8d, 0x74, 0x26, 0x00
poke_five_site_end:
    inc %eax
poke_five_end:
    pop %edx
    pop %ecx
    cmp $0x52525252, %edx
    jne 1f
    cmp $0x51515151, %ecx
    jne 1f
    ret
1:  or $-1, %eax
    ret
    .size poke_five, . - poke_five

/* The return address is the instruction behind the site, whether the CALL was
 * executed or emulated; otherwise the answer is far off. */
    .macro adder name, number
    .globl \name
    .type \name, @function
\name:
    cmpl $poke_five_site_end, (%esp)
    jne 1f
    add $\number, %eax
    ret
1:  add $1000, %eax
    ret
    .size \name, . - \name
    .endm

    adder poke_add_10, 10
    adder poke_add_100, 100

/* bool poke_jcc8(uint32_t flags, uint32_t *after), and poke_jcc32
 * Was the branch in the site taken? With these of the flags OF SF ZF AF PF CF;
 * *after is what they were behind it. */
    .macro flag_subject name, bytes:vararg
    .globl \name, \name\()_site, \name\()_site_end, \name\()_taken
    .type \name, @function
    .p2align 4
\name:
    mov 4(%esp), %eax
    pushf
    andl $~0x8d5, (%esp)
    orl %eax, (%esp)
    popf
\name\()_site:
    .byte \bytes
\name\()_site_end:
    mov $0, %eax                    /* MOV leaves the flags alone */
    jmp 1f
\name\()_taken:
    mov $1, %eax
1:  pushf
    pop %edx
    and $0x8d5, %edx
    mov 8(%esp), %ecx
    mov %edx, (%ecx)
    ret
    .size \name, . - \name
    .endm

    flag_subject poke_jcc8, 0x66, 0x90
    flag_subject poke_jcc32, 0x8d, 0xb6, 0, 0, 0, 0

/* int poke_one(void)
 * A site of one byte: NOP answers 1, RET 0. */
    .globl poke_one, poke_one_site
    .type poke_one, @function
poke_one:
    xor %eax, %eax
poke_one_site:
    nop
    inc %eax
    ret
    .size poke_one, . - poke_one

/* int poke_branched(void)
 * What is called a site here is an instruction into whose middle a branch
 * leads: the second byte of 66 90 is a NOP. */
    .globl poke_branched, poke_branched_site
    .type poke_branched, @function
poke_branched:
    xor %eax, %eax
    test %eax, %eax
    jz poke_branched_site + 1
poke_branched_site:
    .byte 0x66, 0x90
    inc %eax
    ret
    .size poke_branched, . - poke_branched

    .section .note.GNU-stack, "", @progbits
