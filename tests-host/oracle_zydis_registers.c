// SPDX-License-Identifier: MIT
// Zydis' names of registers in our terms.
#include "tests-host/oracle_zydis.h"

static struct their_register registers[ZYDIS_REGISTER_MAX_VALUE + 1];

// Their classes of general registers are our sizes; in a set one bit stands
// for all of them. Numbers are those of the encoding on both sides. BIT_OTHER
// is one bit for many registers: nothing may be added to it.
//
//        al 0  cl 1  dl 2  bl 3
//        ah 4  ch 5  dh 6  bh 7    a part of register 4 & 3, which is eax
//
// Classes that are not listed (IP, flags) keep size 0: no register of ours.
static struct their_register translate(ZydisRegister reg)
{
    struct {
        uint8_t class, first, size;
    } as[] = {
        [ZYDIS_REGCLASS_GPR8] = {CLASS_GPR, BIT_GPR, 1},
        [ZYDIS_REGCLASS_GPR16] = {CLASS_GPR, BIT_GPR, 2},
        [ZYDIS_REGCLASS_GPR32] = {CLASS_GPR, BIT_GPR, 4},
        [ZYDIS_REGCLASS_GPR64] = {CLASS_GPR, BIT_GPR, 8},
        [ZYDIS_REGCLASS_X87] = {CLASS_X87, BIT_X87, 10},
        [ZYDIS_REGCLASS_MMX] = {CLASS_MMX, BIT_MMX, 8},
        [ZYDIS_REGCLASS_XMM] = {CLASS_VECTOR, BIT_VECTOR, 16},
        [ZYDIS_REGCLASS_YMM] = {CLASS_VECTOR, BIT_VECTOR, 32},
        [ZYDIS_REGCLASS_ZMM] = {CLASS_VECTOR, BIT_VECTOR, 64},
        [ZYDIS_REGCLASS_SEGMENT] = {CLASS_SEGMENT, BIT_SEGMENT, 2},
        [ZYDIS_REGCLASS_CONTROL] = {CLASS_CONTROL, BIT_CONTROL, 4},
        [ZYDIS_REGCLASS_DEBUG] = {CLASS_DEBUG, BIT_DEBUG, 4},
        [ZYDIS_REGCLASS_TEST] = {CLASS_TEST, BIT_OTHER, 4},
        [ZYDIS_REGCLASS_MASK] = {CLASS_MASK, BIT_OTHER, 8},
        [ZYDIS_REGCLASS_BOUND] = {CLASS_BOUND, BIT_OTHER, 16},
    };
    ZydisRegisterClass class = ZydisRegisterGetClass(reg);
    ZyanI8 id = ZydisRegisterGetId(reg);
    struct their_register r = {0, (uint8_t)id, 0, 0};
    // R8 and higher: SYSCALL has them even here.
    if (class >= sizeof as / sizeof as[0] || !as[class].size || id < 0 ||
        (class == ZYDIS_REGCLASS_GPR64 && id > 7))
        return r;
    r.class = as[class].class;
    r.size = as[class].size;
    unsigned number = class == ZYDIS_REGCLASS_GPR8 ? id & 3 : id & 7;
    if (as[class].first == BIT_OTHER)
        number = 0;
    r.bit = REGISTER_BIT(as[class].first + number);
    return r;
}

// Those that have no number, or whose class is no class of ours: only a bit.
// Register 0 is NONE and stays empty, so that it adds nothing to a set.
static void set_up(void)
{
    static const struct {
        ZydisRegister reg;
        uint8_t bit;
    } single[] = {
        {ZYDIS_REGISTER_GDTR, BIT_GDTR},
        {ZYDIS_REGISTER_LDTR, BIT_LDTR},
        {ZYDIS_REGISTER_IDTR, BIT_IDTR},
        {ZYDIS_REGISTER_TR, BIT_TR},
        {ZYDIS_REGISTER_MXCSR, BIT_MXCSR},
        {ZYDIS_REGISTER_PKRU, BIT_OTHER},
        {ZYDIS_REGISTER_XCR0, BIT_OTHER},
        {ZYDIS_REGISTER_X87CONTROL, BIT_X87_CONTROL},
        {ZYDIS_REGISTER_X87STATUS, BIT_X87_STATUS},
    };
    for (int r = 1; r <= ZYDIS_REGISTER_MAX_VALUE; r++)
        registers[r] = translate(r);
    for (size_t i = 0; i < sizeof single / sizeof single[0]; i++)
        registers[single[i].reg].bit = REGISTER_BIT(single[i].bit);
}

// A table, and not a translation each time: each of 30 million strings asks
// for several.
const struct their_register *their_register(ZydisRegister reg)
{
    static bool ready;
    if (!ready)
        set_up();
    ready = true;
    return &registers[reg];
}
