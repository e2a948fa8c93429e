/* SPDX-License-Identifier: MIT
 *
 * The instruction that is rewritten, the table that is not, and the call
 * that carries registers into either and out again.
 */

/* The flags that go in from intn_regs: CF PF AF ZF SF OF. */
#define STATUS_FLAGS 0x8d5

/* Offsets in struct intn_regs. */
#define REGS_EAX 0
#define REGS_EBX 4
#define REGS_ECX 8
#define REGS_EDX 12
#define REGS_ESI 16
#define REGS_EDI 20
#define REGS_EBP 24
#define REGS_EFLAGS 28

    .text

/* Patch site intn_site
 *   before   CD 00     int $0x00
 *   after    CD nn     int $nn, for the nn of the latest call
 *   who      intn_aim and intn_always in intn.c, through text_write
 *   safe     interrupts are off from the write until the INT itself: STI
 *            takes effect after the instruction that follows it, so no
 *            maskable interrupt comes between the two. One CPU uses it.
 *   without  the vector would have to be known when this is assembled
 *
 * intn_site_sti is the entry for a caller with interrupts on. The handler
 * must find IF = 1 in its frame, as after a plain INT, so the STI cannot
 * come later. [SDM2 STI]
 *
 *     sti        IF = 1 from here, but inhibited for one instruction
 *     int nn     pushes eflags with IF = 1; the gate clears IF
 *     ...        the handler; its IRET sets IF again
 *     ret        <- the first place where a pending interrupt is taken
 *
 * The shadow exists only if IF was 0 before the STI. Entered with interrupts
 * on, this would be no better than intn_site.
 */
    .globl intn_site_sti, intn_site, intn_site_end
intn_site_sti:
    sti
intn_site:
    .byte 0xcd, 0x00
intn_site_end:
    ret

/* The wrong order, kept as an exhibit. The NOP uses up the shadow of STI. A
 * pending interrupt is taken at the JMP, and if its handler uses intn_site
 * too, the INT that runs here is the handler's. */
    .globl intn_site_late
intn_site_late:
    sti
    nop
    jmp intn_site

/* void intn_enter(struct intn_regs *regs, const void *entry)
 *
 *     28(%esp)  entry                       as it stands at the CALL
 *     24(%esp)  regs
 *     20(%esp)  return address
 *      4(%esp)  edi esi ebx ebp             the caller's
 *      0(%esp)  eflags                      the caller's
 */
    .globl intn_enter
    .type intn_enter, @function
intn_enter:
    push %ebp
    push %ebx
    push %esi
    push %edi
    pushf
    /* TF, DF, IF and the rest are the caller's own; only six bits are
     * another's to choose. */
    mov 24(%esp), %ebp
    mov (%esp), %eax
    and $~STATUS_FLAGS, %eax
    mov REGS_EFLAGS(%ebp), %ecx
    and $STATUS_FLAGS, %ecx
    or %ecx, %eax
    push %eax
    popf                            /* from here on only MOV: flags stay */
    mov REGS_EAX(%ebp), %eax
    mov REGS_EBX(%ebp), %ebx
    mov REGS_ECX(%ebp), %ecx
    mov REGS_EDX(%ebp), %edx
    mov REGS_ESI(%ebp), %esi
    mov REGS_EDI(%ebp), %edi
    mov REGS_EBP(%ebp), %ebp
    /* All seven registers hold the handler's arguments, so the address
     * comes from memory, and so does regs afterwards. After the two pushes:
     *
     *     32(%esp)  regs
     *      8(%esp)  eflags                  the caller's, as before
     *      4(%esp)  eflags                  the handler's
     *      0(%esp)  ebp                     the handler's */
    call *28(%esp)                  /* no register is left for entry */
    pushf                           /* nor one to find regs with */
    push %ebp
    mov 32(%esp), %ebp
    mov %eax, REGS_EAX(%ebp)
    mov %ebx, REGS_EBX(%ebp)
    mov %ecx, REGS_ECX(%ebp)
    mov %edx, REGS_EDX(%ebp)
    mov %esi, REGS_ESI(%ebp)
    mov %edi, REGS_EDI(%ebp)
    popl REGS_EBP(%ebp)             /* the two pushes, in reverse */
    popl REGS_EFLAGS(%ebp)
    popf                            /* IF is as at the call: off, at a site */
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size intn_enter, . - intn_enter

/* The way without modification: every INT there is, each with its RET, and
 * an INT3 that rounds the entry to four bytes. The opcode is given as a
 * number because an assembler may turn `int $3` into CC, one byte, and shift
 * all that follows. Aligned to its size, so that it lies in one page: the
 * lab maps that page for ring 3. */
    .balign 1024, 0xcc
    .globl intn_stubs
intn_stubs:
    .set vector, 0
    .rept 256
    .byte 0xcd, vector, 0xc3, 0xcc
    .set vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
