// SPDX-License-Identifier: MIT
// `dis` and `asm`: instructions read and written in the shell. `poke`, which
// changes code, is in x86_poke.c.
//
// Both are harmless with any argument: `dis` reads what is mapped and no
// device, `asm` writes to a buffer of its own.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/x86/assemble.h"
#include "smc/x86/x86_list.h"
#include "smc/x86/x86_show.h"

enum {
    DEFAULT_LINES = 32, // of a function, if it is not over before
    OTHER_LINES = 8,    // where there is no symbol that tells an end
    MOST_LINES = 1000,
};

// As objdump heads a function. Elsewhere in it, the offset tells.
static void print_heading(const uint8_t *at)
{
    char where[64];
    uint32_t offset;
    if (symbol_name(at, &offset) || arena_of(at, 1))
        kprintf("%08x <%s>:\n", (uint32_t)at,
                symbol_format(where, sizeof where, at));
}

// Lists up to `lines` instructions, before `end`. Returns where it stopped.
// Readability is asked for each: a listing may run off the end of a page into
// one that is not mapped.
static const uint8_t *list_code(const uint8_t *at, uint32_t lines,
                                const uint8_t *end)
{
    for (uint32_t i = 0; i < lines && at != end; i++) {
        uint32_t offset;
        size_t room = x86_readable(at, INSN_MAX);
        if (!room) {
            kprintf("  %08x: not mapped\n", (uint32_t)at);
            break;
        }
        if (i && symbol_name(at, &offset) && !offset)
            print_heading(at);
        at += x86_list(at, room);
    }
    return at;
}

// Decoding from the middle of an instruction shows code that nobody runs:
// allowed, it is instructive, but it is said.
static void warn_of_middle(const uint8_t *at)
{
    const uint8_t *start = x86_instruction_at(at);
    if (start != at)
        kprintf("  (inside the instruction at %08x)\n", (uint32_t)start);
}

// Without a number, a function is listed to its end, as far as a screen goes.
// With one, the listing goes on into what follows, symbol by symbol.
static int run_dis(int argc, char **argv)
{
    const uint8_t *at, *start, *end = NULL;
    uint32_t size, lines = OTHER_LINES;
    if (argc < 2 || argc > 3)
        return command_usage("dis");
    if (!x86_place("dis", argv[1], &at))
        return 1;
    if (argc == 3 &&
        (!parse_u32(argv[2], &lines) || !lines || lines > MOST_LINES)) {
        kprintf("dis: \"%s\" is not a number of instructions, 1 to %u\n",
                argv[2], MOST_LINES);
        return 1;
    }
    if (!x86_readable(at, 1)) {
        kprintf("dis: nothing can be read at %08x\n", (uint32_t)at);
        return 1;
    }
    if (argc == 2 && symbol_range(at, &start, &size)) {
        end = start + size;
        lines = DEFAULT_LINES;
    }
    x86_namesakes("dis", argv[1]);
    print_heading(at);
    warn_of_middle(at);
    at = list_code(at, lines, end);
    if (end && at < end)
        kprintf("  ... %u bytes more\n", (uint32_t)(end - at));
    return 0;
}
COMMAND(dis, "PLACE [N]", "list code at a symbol[+N] or address", run_dis);

// The place changes the bytes of direct branches only, whose distance counts
// from there. Without one they are assembled as if they stood at 0.
//
// Nothing is executed or written: whoever wants that uses `poke`.
static int run_asm(int argc, char **argv)
{
    struct assembled code;
    const uint8_t *at = NULL; // only branches care where they stand
    if (argc < 2 || argc > 3)
        return command_usage("asm");
    if (argc == 3 && !x86_place("asm", argv[2], &at))
        return 1;
    if (!assemble(&code, argv[1], (uint32_t)at, x86_lookup)) {
        kprintf("asm: %s\n", code.error);
        return 1;
    }
    // Decoded again: what is shown is what the bytes say. Data may be several
    // instructions.
    for (size_t done = 0; done < code.len;)
        done += x86_list_bytes(code.bytes + done, code.len - done,
                               (uint32_t)at + done);
    return 0;
}
COMMAND(asm, "\"LINE\" [PLACE]", "assemble one line into bytes", run_asm);
