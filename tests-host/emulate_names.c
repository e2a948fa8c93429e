// SPDX-License-Identifier: MIT
// Instructions that share an opcode with another one: BSF and TZCNT, MOV and
// XABORT, NOP and what hints have become since. The emulator chooses by
// opcode; so everything it accepts is looked up here by name.
#include "smc/x86/emulate.h"
#include "tests-host/emulate_known.h"
#include "tests-host/host.h"
#include <string.h>

static const char names[] =
    " aaa aad aam aas adc add and bsf bsr bswap bt btc btr bts call cbtw clc "
    "cld cli cltd cmc cmp cmps cmpxchg cmpxchg8b cwtd cwtl daa das dec div "
    "enter hlt idiv imul inc int int1 int3 into iret jcxz jecxz jmp lahf "
    "lcall lds lea leave les lfs lgs ljmp lods loop loope loopne lret lss "
    "mov movs movz mul neg nop not or pause pop popa popf push pusha pushf "
    "rcl rcr ret rol ror sahf sar sbb scas shl shld shr shrd stc std sti "
    "stos sub test ud0 ud1 ud2 xadd xchg xlat xor cldemote endbr32 endbr64 "
    "rdsspd ";
// Sixteen conditions each, and hints. The last four names are hints, too, for
// processors or systems that do without what they are for.
static const char *const families[] = {"j", "set", "cmov", "prefetch"};

static bool is_known(const char *name)
{
    char word[32];
    ksnprintf(word, sizeof word, " %s ", name);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (strncmp(name, families[i], strlen(families[i])) == 0)
            return true;
    }
    return strstr(names, word) != NULL;
}

static struct emulate_result nothing_read(void *context, uint32_t address,
                                          void *bytes, size_t size,
                                          bool will_write)
{
    (void)context;
    (void)address;
    (void)will_write;
    memset(bytes, 0, size);
    return (struct emulate_result){.kind = EMULATE_OK};
}

static struct emulate_result nothing_written(void *context, uint32_t address,
                                             const void *bytes, size_t size)
{
    (void)context;
    (void)address;
    (void)bytes;
    (void)size;
    return (struct emulate_result){.kind = EMULATE_OK};
}

static void check_one(const uint8_t *bytes)
{
    const struct emulate_world world = {.read = nothing_read,
                                        .write = nothing_written};
    struct cpu_state state = {.eflags = 2};
    struct insn insn;
    char text[48];
    if (insn_decode(&insn, bytes, 15, INSN_32) != INSN_OK)
        return;
    emulate_flat(&state);
    if (emulate(&state, &insn, &world).kind == EMULATE_UNSUPPORTED)
        return;
    host_judge(is_known(insn_name(&insn)), "%s is emulated: %s",
               hex_bytes(text, sizeof text, bytes, insn.length),
               insn_name(&insn));
}

// Every opcode of all maps with every ModRM byte, after no prefix, 66, F2, F3
// and LOCK.
void known_names(void)
{
    static const uint8_t prefixes[] = {0x3e, 0x66, 0xf2, 0xf3, 0xf0};
    static const uint8_t escapes[4][2] = {
        {0x3e, 0x3e}, {0x3e, 0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
    for (unsigned i = 0; i < 5 * 4; i++) {
        for (unsigned n = 0; n < 0x10000; n++) {
            uint8_t bytes[15] = {prefixes[i % 5], escapes[i / 5][0],
                                 escapes[i / 5][1], (uint8_t)(n >> 8),
                                 (uint8_t)n};
            check_one(bytes);
        }
    }
}
