// SPDX-License-Identifier: MIT
// What it costs to know an instruction: the kernel's own text is the input.
//
// Every way walks over the same instructions, so rows can be compared: what
// is above the first row is the price of the question asked.
//
// A buffer of its own would measure less: one instruction that is decoded for
// ever is predicted and cached as no code in use is.
#include "kernel/bench.h"
#include "kernel/layout.h"
#include "kernel/symbols.h"
#include "smc/x86/assemble.h"
#include "smc/x86/boundaries.h"
#include "smc/x86/emulate.h"
#include "smc/x86/print.h"
#include "smc/x86/relocate.h"
#include "smc/x86/x86_sample.h"
#include <stddef.h>

enum { WALK = 2000, LINES = 20, FUNCTION_MAX = 4096, INSNS_MAX = 1024 };

// A place in text. All ways begin at the first byte and go on in a circle. The
// door is what comes first, in instructions of ordinary C.
struct walk {
    const uint8_t *at;
};

// Padding between functions decodes as well as anything else. What cannot be
// decoded has length 0 and costs one byte, so that the walk goes on; near the
// end it turns back, since a truncated instruction is a cheaper one.
static void step(struct walk *walk, struct insn *insn)
{
    insn_decode(insn, walk->at, (size_t)(text_end - walk->at), INSN_32);
    walk->at += insn->length ? insn->length : 1;
    if (text_end - walk->at < INSN_MAX)
        walk->at = text_start;
}

// The first row, with which the table compares all others: the walk itself is
// in every one of them, and nothing is asked of the instruction here.
static void run_decode(void *arg)
{
    struct insn insn;
    step(arg, &insn);
}

// An instruction not in the tables has no row to ask; GCC makes none.
static void run_operands(void *arg)
{
    struct insn insn;
    struct operand operands[INSN_OPERANDS];
    step(arg, &insn);
    if (insn.row)
        insn_operands(&insn, operands);
}

static void run_effects(void *arg)
{
    struct insn insn;
    step(arg, &insn);
    if (insn.row)
        insn_effects(&insn);
}

static void run_print(void *arg)
{
    struct insn insn;
    char text[INSN_TEXT_MAX];
    step(arg, &insn);
    if (insn.row)
        insn_print(text, sizeof text, &insn, (uint32_t)insn.bytes, NULL);
}

// A world in which every read gives zero and no write arrives: any
// instruction can be tried in it, wherever its registers point. Without it the
// bench would overwrite the kernel that runs it.
static struct emulate_result read_zeros(void *context, uint32_t address,
                                        void *bytes, size_t size,
                                        bool will_write)
{
    uint8_t *p = bytes;
    (void)context, (void)address, (void)will_write;
    while (size--)
        *p++ = 0;
    return (struct emulate_result){EMULATE_OK, 0, 0, 0};
}

static struct emulate_result drop_write(void *context, uint32_t address,
                                        const void *bytes, size_t size)
{
    (void)context, (void)address, (void)bytes, (void)size;
    return (struct emulate_result){EMULATE_OK, 0, 0, 0};
}

// Each from the same state. Branches are taken or not, and the walk goes on
// behind them all the same.
static void run_emulate(void *arg)
{
    static const struct emulate_world world = {.read = read_zeros,
                                               .write = drop_write};
    struct cpu_state state = {.gpr = {1, 1, 1, 1, 1, 1, 1, 1}};
    struct insn insn;
    step(arg, &insn);
    emulate_flat(&state);
    state.eip = (uint32_t)insn.bytes;
    if (insn.row)
        emulate(&state, &insn, &world);
}

// With symbols there would be a search besides, which is the kernel's: so an
// instruction without.
static void run_assemble(void *arg)
{
    struct assembled code;
    (void)arg;
    assemble(&code, "mov $1,%eax", 0, NULL);
}

// One walk each, all from the start of text: with a common one, each row would
// begin where the last has stopped and see other instructions. The assembler
// has fewer repetitions: it tries many rows of the table for one line.
static void bench_instructions(void)
{
    struct walk walks[5];
    const struct bench_way ways[] = {
        {"decode", NULL, run_decode, &walks[0], 0},
        {"decode, operands", NULL, run_operands, &walks[1], 0},
        {"decode, effects", NULL, run_effects, &walks[2], 0},
        {"decode, print", NULL, run_print, &walks[3], 0},
        {"decode, emulate", NULL, run_emulate, &walks[4], 0},
        {"assemble `mov $1,%eax`", NULL, run_assemble, NULL, 0},
    };
    bench_begin("x86", "one instruction of kernel text");
    for (unsigned i = 0; i < 5; i++)
        walks[i].at = text_start;
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], i < 5 ? WALK : LINES);
    bench_end("executed by the processor, each takes 1; no way makes code");
}

// One function of the kernel, of middling size. kvsnprintf has a switch, loops
// and calls, and it will not go away.
struct function {
    const uint8_t *start;
    uint32_t size;
};

// The tables are static: 4 KiB of marks, and 20 KiB for the relocation below,
// are no load for a kernel stack.
static void run_boundaries(void *arg)
{
    static uint8_t marks[FUNCTION_MAX];
    const struct function *f = arg;
    struct boundaries b;
    boundaries_find(&b, f->start, f->size, (uint32_t)f->start, marks);
}

// To 0x1000, far from everything in the kernel: calls get another distance,
// short branches inside move along. The copy is not executed.
static void run_relocate(void *arg)
{
    static uint8_t out[2 * FUNCTION_MAX];
    static struct moved moved[INSNS_MAX];
    const struct function *f = arg;
    struct relocation r = {.code = f->start,
                           .size = f->size,
                           .address = (uint32_t)f->start,
                           .out = out,
                           .out_size = sizeof out,
                           .out_address = 0x1000,
                           .moved = moved,
                           .moved_max = INSNS_MAX,
                           .calls = true};
    relocate(&r);
}

// What a probe pays once per function, where the rows above are paid per
// instruction.
static void bench_functions(void)
{
    struct function f;
    symbol_range(symbol_find("kvsnprintf"), &f.start, &f.size);
    if (f.size > FUNCTION_MAX)
        f.size = FUNCTION_MAX;
    const struct bench_way ways[] = {
        {"boundaries", NULL, run_boundaries, &f, 0},
        {"relocate", NULL, run_relocate, &f, 0},
    };
    bench_begin("x86", "one function: kvsnprintf");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 20);
    // Rows can be compared with each other, but not between two kernels.
    bench_end("it depends on the compiler how many instructions that is");
}

void x86_bench(void)
{
    bench_instructions();
    bench_functions();
}
