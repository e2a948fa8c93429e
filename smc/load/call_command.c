// SPDX-License-Identifier: MIT
// `call`: words of the shell as arguments of a foreign function.
//
//   12, 0x1f, -1     a number
//   word, "12 34"    a pointer to a copy that ends with NUL
//   @FILE, #FILE     a pointer to the bytes of a boot module, their number
//
// The types are the caller's business: a C compiler would know the prototype,
// the shell only knows words. A wrong one is a wild pointer, which ends the
// call by a page fault as a rule, and may change any memory as an exception.
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/module.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/report.h"

static bool module_argument(const char *word, uint32_t *value)
{
    const struct module *file = module_find(word + 1);

    if (!file) {
        kprintf("%s: no such file among the boot modules\n", word);
        return false;
    }
    // The file itself, not a copy: its pages are read-only, so that foreign
    // code that writes there ends its call and does no harm.
    *value = *word == '@' ? (uint32_t)(uintptr_t)file->data : file->size;
    return true;
}

// Foreign code gets a copy: the shell's own line is not for it to write to.
static bool string_argument(const char *word, uint32_t *value, char **copy)
{
    size_t size = strlen(word) + 1;

    *copy = heap_alloc(size);
    if (!*copy) {
        kprintf("no memory for a copy of \"%s\"\n", word);
        return false;
    }
    memcpy(*copy, word, size);
    *value = (uint32_t)(uintptr_t)*copy;
    return true;
}

// Quotes decide first: "123456789" is a text even though it reads as a
// number. The shell marks such words.
static bool read_argument(const char *word, uint32_t *value, char **copy)
{
    if (command_arg_quoted(word))
        return string_argument(word, value, copy);
    if (parse_u32(word, value))
        return true;
    // Modulo 2^32: -1 is 0xffffffff, whatever the callee takes it for.
    if (*word == '-' && parse_u32(word + 1, value)) {
        *value = 0 - *value;
        return true;
    }
    if (*word == '@' || *word == '#')
        return module_argument(word, value);
    return string_argument(word, value, copy);
}

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

static int call_and_print(struct call *call, const char *symbol)
{
    if (!call_image(call)) {
        kprintf("%s did not return: %s\n", symbol, call->text);
        return 1;
    }
    kprintf("%s returned 0x%08x (%u)", symbol, call->result, call->result);
    print_text(call->result);
    kprintf("\n");
    return 0;
}

// The copies live as long as the call. Foreign code that keeps a pointer to
// one of them has a bug that a test may provoke; the heap is ours.
static int call_with_words(struct call *call, const char *symbol, char **words)
{
    char *copies[CALL_ARGS] = {NULL};
    bool ok = true;
    int status = 1;

    for (uint32_t i = 0; ok && i < call->argc; i++)
        ok = read_argument(words[i], &call->args[i], &copies[i]);
    if (ok)
        status = call_and_print(call, symbol);
    // After the result was printed: it may be a pointer into one of them.
    for (uint32_t i = 0; i < call->argc; i++)
        heap_free(copies[i]);
    return status;
}

static int run_call(int argc, char **argv)
{
    const struct image_export *export;
    struct call call = {0};

    if (argc < 3)
        return command_usage("call");
    // compress2 of zlib takes five; eight are enough for what is here.
    if (argc - 3 > CALL_ARGS) {
        kprintf("%d arguments; at most %d fit\n", argc - 3, CALL_ARGS);
        return 1;
    }
    call.image = report_open(argv[1]);
    if (!call.image)
        return 1;
    export = image_export(call.image, argv[2]);
    if (!export || !export->address) {
        kprintf(export ? "%s: %s is a forwarder, which is not followed\n"
                       : "%s exports no %s; see `exports`\n",
                argv[1], argv[2]);
        return 1;
    }
    call.entry = export->address;
    call.argc = (uint32_t)(argc - 3);
    return call_with_words(&call, argv[2], argv + 3);
}

COMMAND(call, "NAME SYMBOL [ARGS...]",
        "ARGS: 12, \"text\", @FILE, #FILE (its size)", run_call);
