// SPDX-License-Identifier: MIT
// How fast is decoding? A file of flat 32-bit code is walked from end to end;
// in the 64-bit program Zydis walks it in turns with us. Zydis' minimal mode
// does what insn_decode does: lengths, parts and the row of a table; its full
// one also works out operands, as insn_operands does, and flags.
//
//   objcopy -O binary -j .text /lib32/libc.so.6 libc.text
//   time_x86 libc.text
#include "smc/x86/decode.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <stdlib.h>
#ifdef __x86_64__
#include <Zydis/Zydis.h>
#endif

static const uint8_t *code;
static size_t code_size;

// Where a decoder finds no instruction it goes on one byte further, so that
// all walk alike. Each leaves here how many steps it took.
static uint64_t steps;

// HOST_KEEP: without it the compiler would drop what nobody looks at.
static void walk(void *arg)
{
    (void)arg;
    struct insn insn;
    steps = 0;
    for (size_t at = 0; at < code_size; steps++) {
        enum insn_status status = insn_decode(&insn, code + at, code_size - at,
                                              INSN_32);
        at += insn_has_length(status) ? insn.length : 1;
        HOST_KEEP(insn.row);
    }
}

// The same walk and, of each instruction, what a translator asks.
static void walk_meaning(void *arg)
{
    (void)arg;
    struct insn insn;
    struct operand operands[INSN_OPERANDS];
    steps = 0;
    for (size_t at = 0; at < code_size; steps++) {
        enum insn_status status = insn_decode(&insn, code + at, code_size - at,
                                              INSN_32);
        at += insn_has_length(status) ? insn.length : 1;
        if (status != INSN_OK)
            continue;
        HOST_KEEP(insn_operands(&insn, operands));
        HOST_KEEP(insn_effects(&insn).flags_written);
    }
}

#ifdef __x86_64__

// NULL as context: it is for decoding operands later, which the minimal mode
// has none of.
static void walk_zydis(void *arg)
{
    ZydisDecodedInstruction insn;
    steps = 0;
    for (size_t at = 0; at < code_size; steps++) {
        ZyanStatus status = ZydisDecoderDecodeInstruction(
            arg, NULL, code + at, code_size - at, &insn);
        at += ZYAN_SUCCESS(status) ? insn.length : 1;
        HOST_KEEP(insn.mnemonic);
    }
}

// Flags come with the instruction. To keep one operand is enough: the compiler
// cannot see into the library.
static void walk_zydis_meaning(void *arg)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    steps = 0;
    for (size_t at = 0; at < code_size; steps++) {
        ZyanStatus status = ZydisDecoderDecodeFull(
            arg, code + at, code_size - at, &insn, operands);
        at += ZYAN_SUCCESS(status) ? insn.length : 1;
        HOST_KEEP(operands[0].id);
    }
}

// The mode is the decoder's, so there are two of them.
static ZydisDecoder minimal, full;

// The full one is copied before the other is cut down.
static void set_up_zydis(void)
{
    ZydisDecoderInit(&minimal, ZYDIS_MACHINE_MODE_LEGACY_32,
                     ZYDIS_STACK_WIDTH_32);
    full = minimal;
    ZydisDecoderEnableMode(&minimal, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
}

#endif

// Another program as a whole: start, decoding, and printing into the void.
// The price of asking another program, which is what tools do.
static void objdump(void *arg)
{
    char command[512];
    snprintf(command, sizeof command,
             "objdump -D -b binary -m i386 '%s' > /dev/null", (char *)arg);
    if (system(command) != 0)
        host_die("failed: %s", command);
}

// Different steps would be different work, and the times no comparison.
static void check_steps(const struct host_way *ways, size_t count)
{
    ways[0].run(ways[0].arg);
    uint64_t first = steps;
    for (size_t w = 1; w < count; w++) {
        ways[w].run(ways[w].arg);
        if (steps != first)
            printf("note: %s takes %lld steps more\n", ways[w].name,
                   (long long)(steps - first));
    }
    steps = first;
}

int main(int argc, char **argv)
{
    host_begin(argc, argv, "decoding on this CPU");
    if (host.file_count != 1)
        host_die("name one file of flat 32-bit code");
    code = host_read_file(host.files[0], &code_size);
    struct host_way ways[] = {
        {"decode", walk, NULL},
        {"decode, operands, effects", walk_meaning, NULL},
#ifdef __x86_64__
        {"Zydis, minimal", walk_zydis, &minimal},
        {"Zydis, full", walk_zydis_meaning, &full},
#endif
        {"objdump, whole process", objdump, host.files[0]},
    };
    size_t count = sizeof ways / sizeof ways[0];
#ifdef __x86_64__
    set_up_zydis();
#endif
    // Not objdump, the last: it has no steps to count.
    check_steps(ways, count - 1);
    char title[128];
    snprintf(title, sizeof title, "decode, %zu-bit: %llu instructions, %zu K",
             8 * sizeof(void *), (unsigned long long)steps, code_size >> 10);
    // Nothing is judged here: test_time.py reads the rows and compares.
    host_time(title, ways, count, steps, code_size, NULL);
    return 0;
}
