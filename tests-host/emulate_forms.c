// SPDX-License-Identifier: MIT
// What the emulator is to know, opcode by opcode. Not derived from its own
// tables: an opcode that is missing there must be missed here.
#include "tests-host/emulate_forms.h"
#include "tests-host/host.h"
#include <stdio.h>

// Pairs: the first and the last opcode of a range.
// Left out: prefixes and escapes, BOUND, ARPL, I/O, FWAIT, SALC, x87.
static const uint8_t one_byte[][2] = {
    {0x00, 0x0e}, {0x10, 0x25}, {0x27, 0x2d}, {0x2f, 0x35}, {0x37, 0x3d},
    {0x3f, 0x61}, {0x68, 0x6b}, {0x70, 0x9a}, {0x9c, 0xd5}, {0xd7, 0xd7},
    {0xe0, 0xe3}, {0xe8, 0xeb}, {0xf1, 0xf1}, {0xf4, 0xff},
};
// Left out: system instructions, CPUID, RSM, MMX and SSE, POPCNT.
static const uint8_t two_byte[][2] = {
    {0x0b, 0x0b}, {0x0d, 0x0d}, {0x18, 0x19}, {0x1c, 0x1d}, {0x1f, 0x1f},
    {0x40, 0x4f}, {0x80, 0xa1}, {0xa3, 0xa5}, {0xa8, 0xa9}, {0xab, 0xad},
    {0xaf, 0xb7}, {0xba, 0xc1}, {0xc7, 0xcf},
};

// Elsewhere reg is an operand, and random.
static bool is_group(uint8_t map, uint8_t opcode)
{
    if (map == MAP_0F)
        return opcode == 0xba || opcode == 0xc7;
    switch (opcode) {
    case 0x80 ... 0x83:
    case 0x8c: // a segment register: 6 and 7 do not exist
    case 0x8e:
    case 0x8f:
    case 0xc0 ... 0xc1:
    case 0xc6 ... 0xc7:
    case 0xd0 ... 0xd3:
    case 0xf6 ... 0xf7:
    case 0xfe ... 0xff: return true;
    }
    return false;
}

// Of groups, what is outside the emulator or needs a newer processor.
static bool is_foreign(uint8_t map, uint8_t opcode, int group, bool memory)
{
    if (map == MAP_0F && opcode == 0x0d) // NOP to Intel, undefined to AMD
        return !memory;
    if (map == MAP_0F)
        return opcode == 0xc7 && (group != 1 || !memory);
    if (opcode == 0x8f) // the others begin an XOP instruction
        return group != 0;
    if (opcode == 0xc4 || opcode == 0xc5) // and VEX
        return !memory;
    // XABORT and XBEGIN
    return (opcode == 0xc6 || opcode == 0xc7) && group == 7;
}

// The decoder may be asked: it is judged by others. Zeros follow the opcode,
// so ModRM is 0, if there is one.
static bool has_modrm(uint8_t map, uint8_t opcode)
{
    uint8_t bytes[16] = {0x0f, opcode};
    const uint8_t *from = map == MAP_0F ? bytes : bytes + 1;
    struct insn insn;
    insn_decode(&insn, from, 15, INSN_32);
    return insn.modrm_at != 0;
}

// f7: with memory and without, eight operations each, makes 16 forms.
static size_t list_opcode(uint8_t map, uint8_t opcode, struct form *forms,
                          size_t count, size_t room)
{
    bool group = is_group(map, opcode), modrm = has_modrm(map, opcode);
    for (int memory = 0; memory <= modrm; memory++) {
        for (int reg = 0; reg < (group ? 8 : 1); reg++) {
            struct form form = {.map = map,
                                .opcode = opcode,
                                .group = (int8_t)(group ? reg : -1),
                                .modrm = modrm,
                                .memory = memory};
            if (is_foreign(map, opcode, reg, memory))
                continue;
            if (count == room)
                host_die("more than %zu forms", room);
            forms[count++] = form;
        }
    }
    return count;
}

// What is counted here a test demands, so a form that is lost is missed.
size_t forms_list(struct form *forms, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof one_byte / sizeof one_byte[0]; i++)
        for (unsigned op = one_byte[i][0]; op <= one_byte[i][1]; op++)
            count = list_opcode(MAP_1, (uint8_t)op, forms, count, room);
    for (size_t i = 0; i < sizeof two_byte / sizeof two_byte[0]; i++)
        for (unsigned op = two_byte[i][0]; op <= two_byte[i][1]; op++)
            count = list_opcode(MAP_0F, (uint8_t)op, forms, count, room);
    return count;
}

const char *forms_text(char *out, size_t size, const struct form *form)
{
    char group[8] = "";
    if (form->group >= 0)
        snprintf(group, sizeof group, " /%d", form->group);
    snprintf(out, size, "%s%02x%s%s", form->map == MAP_0F ? "0f " : "",
             form->opcode, group, form->memory ? " memory" : "");
    return out;
}
