/* SPDX-License-Identifier: MIT
 *
 * The one-byte cousins of CD 03, CD 04 and CD 01, each with a RET. Given as
 * numbers, so that no assembler has an opinion about them.
 * [SDM2 INT n/INTO/INT3/INT1]
 */
    .text

/* INT3: vector 3 in one byte, so that it fits over any instruction. */
    .globl intn_probe_int3
intn_probe_int3:
    .byte 0xcc
    ret

/* INTO: vector 4, but only if OF is set. */
    .globl intn_probe_into
intn_probe_into:
    .byte 0xce
    ret

/* INT1: vector 1, and no DPL check from ring 3. Never executed here: QEMU's
 * translator stops the machine on it. */
    .globl intn_probe_int1
intn_probe_int1:
    .byte 0xf1
    ret

    .section .note.GNU-stack, "", @progbits
