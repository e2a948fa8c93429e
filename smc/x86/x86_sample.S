/* SPDX-License-Identifier: MIT
 *
 * Small functions whose bytes are known, for the lab to take apart.
 */
    .text

/* uint32_t x86_sum(uint32_t n): n + (n - 1) + ... + 1. Has a branch of each
 * direction, and both are of the kind that knows rel8 only. */
    .globl x86_sum
x86_sum:
    mov 4(%esp), %ecx
    xor %eax, %eax
    jecxz .Lsum_done
.Lsum_more:
    add %ecx, %eax
    loop .Lsum_more
.Lsum_done:
    ret

/* One instruction that has every part an instruction can have. Executed by
 * nobody; the INT3 says so. */
    .globl x86_parts
x86_parts:
    lock addw $0x1234, 0x20(%ebx,%ecx,4)
    int3

/* Patch site x86_site
 *   before   B8 01 00 00 00   mov $1, %eax
 *   after    whatever was typed, padded by a NOP
 *   who      x86_poke, through text_write
 *   safe     boundaries are judged; all CPUs stand still, no thread is in it
 *   without  `poke` would have no place where a beginner does no harm
 */
    .globl x86_site
x86_site:
    mov $1, %eax
    ret
/* Behind the RET, so that a listing has all of the function and ends with it:
 * the padding of the page belongs to the last symbol of text. */
x86_site_end:

    .section .note.GNU-stack, "", @progbits
