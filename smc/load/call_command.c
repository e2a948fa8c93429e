// SPDX-License-Identifier: MIT
// `call`: a foreign function by its name, and what it answered.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/call_words.h"
#include "smc/load/decimal.h"
#include "smc/load/report.h"

// A result has no type. If it points to what can only be a text, in an image,
// where reading is safe, the reader wants to see that: zlibVersion.
static void print_text(uint32_t address)
{
    const struct image *image = image_of(address);
    const char *text = (const char *)(uintptr_t)address;
    uint32_t room;

    if (!image)
        return;
    // To the end of the image and no further: every page of it is mapped.
    room = (uint32_t)(uintptr_t)image->base + image->size - address;
    if (*text && printable_name(text, room))
        kprintf(", \"%s\"", text);
}

// A double is told by its bits, too: they are what a test can compare.
//
//   79 | 78..64    | 63      | 62..11               | 10..0
//   s  | exponent  | integer | a double's fraction  | what it cannot hold
//
// A long double may have more bits, or an exponent that is out of a double's
// range, 1 - 1023 to 1023; then all 80 are shown.
static void print_floating(const struct call *call)
{
    char text[DECIMAL_MAX];
    uint32_t low, high, exponent;

    memcpy(&low, call->result80, sizeof low);
    memcpy(&high, call->result80 + 4, sizeof high);
    exponent = (call->result80[8] | call->result80[9] << 8) & 0x7fff;
    decimal_from_double(text, sizeof text, call->result_double);
    kprintf("%s (bits %016llx)", text, call->result_double);
    if ((low & 0x7ff) || (exponent != 0x7fff && (low | high) &&
                          exponent - (16383u - 1022) > 1022 + 1023))
        kprintf(", 80 bits %02x%02x%08x%08x", call->result80[9],
                call->result80[8], high, low);
}

// With arguments of 32 bits only, edx is what the function happened to leave
// there.
static void print_result(const struct call *call, bool wide)
{
    uint64_t both = (uint64_t)call->result_high << 32 | call->result;

    if (call->floating) {
        print_floating(call);
        return;
    }
    kprintf("0x%08x (%u)", call->result, call->result);
    if (wide)
        kprintf(", as 64 bits 0x%016llx (%lld)", both, both);
    print_text(call->result);
}

static int call_and_print(struct call *call, const char *symbol, bool wide)
{
    if (!call_image(call)) {
        kprintf("%s did not return: %s\n", symbol, call->text);
        return 1;
    }
    kprintf("%s returned ", symbol);
    print_result(call, wide);
    kprintf("\n");
    return 0;
}

// The buffers are shown after a call that was cut off, too: how far it came is
// worth to know.
static int call_with_words(struct call *call, const char *symbol, char **argv)
{
    struct call_words words = {0};
    bool ok = true;
    int status = 1;

    for (; ok && *argv; argv++)
        ok = call_words_add(&words, *argv);
    if (ok) {
        call->argc = words.count;
        memcpy(call->args, words.word, sizeof words.word);
        status = call_and_print(call, symbol, words.wide);
        call_words_show(&words);
    }
    // After the result was printed: it may be a pointer into one of them.
    call_words_free(&words);
    return status;
}

static int run_call(int argc, char **argv)
{
    const struct image_export *export;
    struct call call = {0};

    if (argc < 3)
        return command_usage("call");
    call.image = report_open(argv[1]);
    if (!call.image)
        return 1;
    export = image_export(call.image, argv[2]);
    if (!export || !export->address) {
        kprintf(export ? "%s: %s is a forwarder to what nobody offers\n"
                       : "%s exports no %s; see `symbols`\n",
                argv[1], argv[2]);
        return 1;
    }
    call.entry = export->address;
    return call_with_words(&call, argv[2], argv + 3);
}

COMMAND(call, "NAME SYMBOL [ARGS...]",
        "run it with 7 7ll .5 \"text\" @FILE #FILE buf:9", run_call);
