// SPDX-License-Identifier: MIT
// The bytes of each form, and what the subject answers.
#include "kernel/string.h"
#include "smc/door/poke.h"
#include "smc/patch/explore/explore.h"

const char *const explore_form_names[] = {
    "NOP", "JMP", "CALL of one",  "CALL of another",
    "RET", "MOV", "NOP of entry", "two NOPs"};
const uint32_t explore_answers[] = {103, 102, 113, 203, 100, 3, 103, 103};

// poke_branch counts from where the site will be executed: distances within
// the copy are those within the original.
static void branch(uint8_t *out, uint8_t opcode, uint8_t *subject,
                   const uint8_t *target)
{
    uint8_t bytes[POKE_MAX];
    size_t delta = (size_t)(subject - (uint8_t *)explore_subject);
    poke_branch(bytes, opcode, explore_site + delta, target + delta);
    memcpy(out, bytes, 5);
}

void explore_form_bytes(uint8_t bytes[5], enum explore_form form,
                        uint8_t *subject)
{
    switch (form) {
    case FORM_NOP: memcpy(bytes, poke_nop(5), 5); break;
    case FORM_JMP: branch(bytes, 0xe9, subject, explore_end); break;
    case FORM_CALL_10: branch(bytes, 0xe8, subject, explore_add_10); break;
    case FORM_CALL_100: branch(bytes, 0xe8, subject, explore_add_100); break;
    case FORM_RET: memcpy(bytes, "\xc3\xcc\xcc\xcc\xcc", 5); break;
    case FORM_MOV: memcpy(bytes, "\xb8\x00\x00\x00\x00", 5); break;
    case FORM_ENTRY: memcpy(bytes, "\x66\x66\x66\x66\x90", 5); break;
    default: memcpy(bytes, "\x66\x90\x8d\x76\x00", 5); // NOP; LEA 0(%esi)
    }
}
