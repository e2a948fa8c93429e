// SPDX-License-Identifier: MIT
// A key with a thousand sites, as a tracing switch in a large kernel has.
// Each of them adds one while the key is on, so the sum tells of every site.
#include "smc/patch/static_key/static_key_subject.h"

DEFINE_STATIC_KEY_FALSE(lab_many);

// Repeated by the assembler: a thousand asm goto are seconds of a compiler's
// time. No goto is needed, as nobody leaves the asm. They begin as a jump
// over the INC, one byte:
//
//   off   eb 01   jmp 3f       on   66 90   nop
//         40      inc %eax          40      inc %eax
//   3:                         3:
#define NEAR_SITES                                                          \
    ".rept 99\n" STATIC_KEY_SITE("lab_many", "0", "1", "3f") "inc %[sum]\n" \
                                                             "3:\n"         \
                                                             ".endr\n"

// The hundredth jumps over 200 bytes more, so it is a long one.
#define FAR_SITE                                \
    STATIC_KEY_SITE("lab_many", "0", "1", "3f") \
    "inc %[sum]\n\t"                            \
    "jmp 3f\n\t"                                \
    ".skip 200, 0xcc\n"                         \
    "3:\n"

// A function with a hundred of them. The number in the comment keeps them
// apart: gcc makes one of functions that are equal.
#define HUNDRED(n)                                              \
    static __attribute__((noinline)) uint32_t hundred_##n(void) \
    {                                                           \
        uint32_t sum = 0;                                       \
        __asm__ volatile("# " #n "\n" NEAR_SITES FAR_SITE       \
                         : [sum] "+r"(sum)                      \
                         :                                      \
                         : "cc");                               \
        return sum;                                             \
    }
HUNDRED(0)
HUNDRED(1)
HUNDRED(2)
HUNDRED(3)
HUNDRED(4)
HUNDRED(5)
HUNDRED(6)
HUNDRED(7)
HUNDRED(8)
HUNDRED(9)

uint32_t static_key_many(void)
{
    return hundred_0() + hundred_1() + hundred_2() + hundred_3() +
           hundred_4() + hundred_5() + hundred_6() + hundred_7() +
           hundred_8() + hundred_9();
}
