// SPDX-License-Identifier: MIT
// Function pointers whose calls are direct.
//
//     DECLARE_STATIC_CALL(console_screen, vga_putc);     // in a header
//     DEFINE_STATIC_CALL(console_screen, vga_putc);      // once, in a .c file
//     static_call(console_screen)(c);                    // anywhere
//     static_call_update(console_screen, other_putc);    // seldom
//
// A pointer is read, and an indirect call predicted, at every use. Here the
// use is a CALL with the address in it, and an update rewrites every such CALL
// in one batch. Linux has it since 5.10, for the calls that mitigations of
// Spectre had made dear.
//
//   site           target     bytes             means
//   call tramp     f          e8 rel32          call f
//                  NULL       0f 1f 44 00 00    one NOP
//                  return 0   b8 00 00 00 00    mov $0, %eax
//   jmp tramp      f          e9 rel32          jmp f
//   (tail call)    NULL       c3 cc cc cc cc    ret
//                  return 0   e9 rel32          jmp static_call_return0
//
// Each is one instruction of five bytes, so any of them may become any other
// while other CPUs execute the site: smc/door/poke.h.
//
// Callers that the table does not know (a pointer to static_call(id), code
// loaded later) reach the trampoline, a tail site of its own, patched in the
// same batch. So no caller is ever wrong, only slower.
//
//   site:  call tramp  -->  tramp:  jmp f  -->  f     as linked
//   site:  call f      ---------------------->  f     after static_call_open
//
// Restrictions: no function that pops its own arguments (a structure as its
// result, stdcall), since a NOP pops nothing. A result of "return 0" has at
// most 32 bits. Not in the door's part of text.
#pragma once
#include "smc/door/text.h"

struct static_call_key {
    const char *name;
    const void *target; // the function, NULL, or static_call_return0
    const void *linked; // what the trampoline was assembled for
    uint8_t *tramp;
};

// xor %eax, %eax; ret. Stands for "return 0" as a target.
void static_call_return0(void);

#define DECLARE_STATIC_CALL(id, function)               \
    extern struct static_call_key static_call_key_##id; \
    extern __typeof__(function) static_call_tramp_##id

// The trampoline is five bytes, whatever it does. Its symbol has a size, so
// that the symbol table knows where the next begins.
#define STATIC_CALL_TRAMPOLINE(id, bytes)                  \
    __asm__(".pushsection .text.static_call, \"ax\"\n\t"   \
            ".balign 8, 0xcc\n\t"                          \
            ".globl static_call_tramp_" #id "\n\t"         \
            ".type static_call_tramp_" #id ", @function\n" \
            "static_call_tramp_" #id ":\n\t" bytes "\n\t"  \
            ".size static_call_tramp_" #id ", 5\n\t.popsection")

#define STATIC_CALL_KEY(id, first)                                      \
    struct static_call_key static_call_key_##id = {                     \
        #id, (const void *)(first), (const void *)(first),              \
        (uint8_t *)static_call_tramp_##id};                             \
    static struct static_call_key *const static_call_ptr_##id           \
        __attribute__((used, section(".registry.static_calls." #id))) = \
            &static_call_key_##id

/* Patch site: every call of a trampoline, and the trampoline itself
 * before: E8 or E9 rel32, CALL or JMP to the trampoline; there: JMP
 * after:  one of the five-byte forms above
 * who:    static_call_open, and static_call_update at any time
 * safe:   one instruction becomes one instruction, by text_poke_batch
 * without it: a pointer is read and called at every use
 */
// With a function, with none, and with "return 0". `type` is any function of
// the right type; it need not exist.
#define DEFINE_STATIC_CALL(id, function)                                   \
    DECLARE_STATIC_CALL(id, function);                                     \
    STATIC_CALL_TRAMPOLINE(id, ".byte 0xe9; .long " #function " - . - 4"); \
    STATIC_CALL_KEY(id, function)

#define DEFINE_STATIC_CALL_NULL(id, type)                      \
    DECLARE_STATIC_CALL(id, type);                             \
    STATIC_CALL_TRAMPOLINE(id, "ret; int3; int3; int3; int3"); \
    STATIC_CALL_KEY(id, NULL)

#define DEFINE_STATIC_CALL_RET0(id, type)                                   \
    DECLARE_STATIC_CALL(id, type);                                          \
    STATIC_CALL_TRAMPOLINE(id, ".byte 0xe9; .long static_call_return0 - . " \
                               "- 4");                                      \
    STATIC_CALL_KEY(id, static_call_return0)

// Calls the target. What it returns while that is NULL means nothing.
#define static_call(id) static_call_tramp_##id

// Makes `function` (of the same type, or NULL) the target at every site.
// Returns TEXT_OK, also if it is the target already; else nothing has changed.
// As text_poke_batch: interrupts are on unless one CPU is online, and not in
// handlers. The ?: compares the types and is otherwise of no effect.
#define static_call_update(id, function)   \
    static_call_set(&static_call_key_##id, \
                    (const void *)(1 ? (function) : &static_call_tramp_##id))
#define static_call_update_return0(id) \
    static_call_set(&static_call_key_##id, (const void *)static_call_return0)

struct text_result static_call_set(struct static_call_key *key,
                                   const void *target);

// Replaces the calls of trampolines by direct ones. Called once, after the
// door has opened; before that the trampolines do.
void static_call_open(void);

// A site as the linker has noted it, in distances from text_start.
struct static_call_site {
    uint32_t at, tramp;
};
extern const struct static_call_site static_call_sites_start[],
    static_call_sites_end[];
extern struct static_call_key *const static_calls_start[],
    *const static_calls_end[];

#define STATIC_CALL_LEN 5

// The bytes of a site at `at` for this target. Also for checks.
void static_call_bytes(uint8_t bytes[STATIC_CALL_LEN], const uint8_t *at,
                       bool tail, const void *target);

uint8_t *static_call_at(const struct static_call_site *site);
// Whether the site belongs to this key, and whether it is patched at all: see
// static_call.c for the few that are not. *tail tells a JMP from a CALL.
bool static_call_owns(const struct static_call_key *key,
                      const struct static_call_site *site, bool *tail);

// The key of this name, or NULL.
struct static_call_key *static_call_find(const char *name);
