// SPDX-License-Identifier: MIT
// The bytes of a static key's site, as the assembler makes them.
//
// Which of the two instructions a site begins with is known when it is
// assembled: the key's first state and the kind of the branch decide. How long
// it is, the assembler decides by the distance to the block:
//
//   distance      jump              NOP in the image    NOP after boot
//   -128..127     eb rel8           66 90               66 90
//   farther       e9 rel32          66 66 66 66 90      0f 1f 44 00 00
//
// 66 before 90 is one instruction, however often: every i386 executes it,
// which cannot be said of the long NOP. static_key_open puts the long one in
// where the processor has it. Linux did so until 2021, and has dropped the
// processors without.
#pragma once

/* Patch site static_branch_likely, static_branch_unlikely
 * before: what the key's first state asks for: a jump, or one NOP
 * after:  the other one, of the same length; and back
 * who:    static_key_inc and static_key_dec, when the first user comes and
 *         when the last one goes
 * safe:   one instruction becomes one instruction of the same length, by the
 *         protocol of text_poke_batch; either is right at any time, the
 *         callers only have to agree from when on
 * without it: a flag is loaded, tested and predicted on every pass
 */

// How long would `jmp target` be? The assembler makes one itself where the
// site begins as a jump. Where it begins as a NOP, .skip counts the prefixes;
// a comparison that holds is -1, so that 4 becomes 1. The jump would end at
// 1b + 2, hence 129 and -126.
//
// The length depends on a distance of which it is a part. That settles: a
// site that is short enough when it is short stays so. LLVM's assembler does
// not try; sites that begin as a NOP are all long there.
#ifdef __clang__
#define STATIC_KEY_NOP(target) ".byte 0x66, 0x66, 0x66, 0x66, 0x90\n\t"
#else
#define STATIC_KEY_NOP(target)                                       \
    ".skip 4 + 3 * ((" target " - 1b <= 129) & (" target " - 1b >= " \
    "-126)), 0x66\n\t"                                               \
    ".byte 0x90\n\t"
#endif

// One site, and its line in the table (struct static_key_site). All arguments
// are text: of a symbol, of 0 or 1, of a label. The section bears the key's
// name and the linker sorts by it, so that the sites of one key end up side by
// side. `target - 2b` also keeps out a block in another section, to which the
// assembler could not know the distance.
#define STATIC_KEY_SITE(key, first, likely, target)                          \
    "1:\n\t"                                                                 \
    ".if " first " ^ " likely "\n\t"                                         \
    "jmp " target "\n\t"                                                     \
    ".else\n\t" STATIC_KEY_NOP(target) ".endif\n"                            \
                                       "2:\n\t"                              \
                                       ".pushsection .static_key_sites." key \
                                       ", \"a\"\n\t"                         \
                                       ".balign 4\n\t"                       \
                                       ".long " key ", 1b, " target          \
                                       " - 2b\n\t"                           \
                                       ".byte 2b - 1b, " likely ", 0, 0\n\t" \
                                       ".popsection\n"
