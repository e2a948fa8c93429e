// SPDX-License-Identifier: MIT
// `bios N [REG=VALUE]...`: one BIOS call from the shell. Registers not named
// are 0. A buffer for the BIOS to fill is at 0000:7100 (BIOS_BUFFER).
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/patch/intn/bios.h"
#include <stddef.h>

#define FIELD(name) offsetof(struct bios_regs, name)

// eax takes 32 bits, ax and the segments 16.
static const struct register_name {
    const char *name;
    uint8_t offset, bytes;
} names[] = {
    {"eax", FIELD(eax), 4}, {"ebx", FIELD(ebx), 4}, {"ecx", FIELD(ecx), 4},
    {"edx", FIELD(edx), 4}, {"esi", FIELD(esi), 4}, {"edi", FIELD(edi), 4},
    {"ebp", FIELD(ebp), 4}, {"ax", FIELD(eax), 2},  {"bx", FIELD(ebx), 2},
    {"cx", FIELD(ecx), 2},  {"dx", FIELD(edx), 2},  {"si", FIELD(esi), 2},
    {"di", FIELD(edi), 2},  {"bp", FIELD(ebp), 2},  {"es", FIELD(es), 2},
    {"ds", FIELD(ds), 2},
};

// The length is compared too: "e" is the start of eight names.
static const struct register_name *find_name(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].name) == len && !strncmp(names[i].name, word, len))
            return &names[i];
    return NULL;
}

// Reads "ax=0x4f00". Prints what is wrong with it, if anything is.
static bool set_register(struct bios_regs *regs, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : 0;
    const struct register_name *r = find_name(word, len);
    uint32_t value;

    // A word without "=" has a name of no length, which is none of these.
    if (!r) {
        kprintf("bios: '%s' is not REG=VALUE with one of eax ebx ecx edx esi "
                "edi ebp ax bx cx dx si di bp es ds\n",
                word);
        return false;
    }
    if (!parse_u32(equals + 1, &value) || (r->bytes == 2 && value > 0xffff)) {
        kprintf("bios: '%s' is not a number of %u bits for %s\n", equals + 1,
                r->bytes * 8u, r->name);
        return false;
    }
    // Little-endian: the low bytes come first, the others stay 0.
    memcpy((uint8_t *)regs + r->offset, &value, r->bytes);
    return true;
}

// Carry comes first: most services report failure by it, and then ah has the
// reason.
static void print_registers(uint32_t n, const struct bios_regs *r)
{
    kprintf("int 0x%02x: carry %s\n", n,
            r->eflags & BIOS_CARRY ? "set" : "clear");
    kprintf("   eax %08x  ebx %08x  ecx %08x  edx %08x\n", r->eax, r->ebx,
            r->ecx, r->edx);
    kprintf("   esi %08x  edi %08x  ebp %08x  ds %04x es %04x flags %04x\n",
            r->esi, r->edi, r->ebp, r->ds, r->es, r->eflags & 0xffff);
}

static int run_bios(int argc, char **argv)
{
    struct bios_regs regs = {0};
    uint32_t n;
    char why[160];

    if (argc < 2)
        return command_usage("bios");
    if (!parse_u32(argv[1], &n)) {
        kprintf("bios: '%s' is not a number\n", argv[1]);
        return 1;
    }
    // Every word is understood before anything is executed.
    for (int i = 2; i < argc; i++)
        if (!set_register(&regs, argv[i]))
            return 1;
    // n is not judged here: bios_call refuses 256 and says why.
    struct bios_result result = bios_call(n, &regs);
    if (result.reason != BIOS_OK) {
        kprintf("bios: %s\n", bios_explain(why, sizeof why, &result));
        return 1;
    }
    print_registers(n, &regs);
    return 0;
}

COMMAND(bios, "N [REG=VALUE]...", "call a BIOS service: bios 0x10 ax=0x0f00",
        run_bios);
