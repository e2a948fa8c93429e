# SPDX-License-Identifier: MIT
# The lab's site in an assembler source, and what its replacements call.
#include "smc/patch/alternative/alternative.h"

    .text

# In and out: eax.
    .globl alternative_add_ten
    .type alternative_add_ten, @function
alternative_add_ten:
    add $10, %eax
    ret
    .size alternative_add_ten, . - alternative_add_ten

alternative_double:
    add %eax, %eax
    ret

# The jump leads backwards, and two bytes of the site remain behind it.
    .globl alternative_jumps
    .type alternative_jumps, @function
alternative_jumps:
    mov 4(%esp), %eax
    ALTERNATIVE "add $1, %eax; xchg %eax, %edx; xchg %edx, %eax; cld; nop", \
        "jmp alternative_double", FEATURE_LAB_A
    ret
    .size alternative_jumps, . - alternative_jumps

    .section .note.GNU-stack, "", @progbits
