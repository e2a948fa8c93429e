// SPDX-License-Identifier: MIT
// `call`: words of the shell as arguments of a foreign function.
//
//   12, 0x1f, -1     a number
//   word, "12 34"    a pointer to a copy that ends with NUL
//   @FILE, #FILE     a pointer to the bytes of a boot module, their number
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
    if (*word == '-' && parse_u32(word + 1, value)) {
        *value = 0 - *value;
        return true;
    }
    if (*word == '@' || *word == '#')
        return module_argument(word, value);
    return string_argument(word, value, copy);
}

static int call_and_print(struct call *call, const char *symbol)
{
    if (!call_image(call)) {
        kprintf("%s did not return: %s\n", symbol, call->text);
        return 1;
    }
    kprintf("%s returned 0x%08x (%u)\n", symbol, call->result, call->result);
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
    for (uint32_t i = 0; i < call->argc; i++)
        heap_free(copies[i]);
    return status;
}

static int run_call(int argc, char **argv)
{
    struct call call = {0};

    if (argc < 3)
        return command_usage("call");
    if (argc - 3 > CALL_ARGS) {
        kprintf("%d arguments; at most %d fit\n", argc - 3, CALL_ARGS);
        return 1;
    }
    call.image = report_open(argv[1]);
    if (!call.image)
        return 1;
    call.entry = image_symbol(call.image, argv[2]);
    call.argc = (uint32_t)(argc - 3);
    if (!call.entry) {
        kprintf("%s exports no %s; see `exports`\n", argv[1], argv[2]);
        return 1;
    }
    return call_with_words(&call, argv[2], argv + 3);
}

COMMAND(call, "NAME SYMBOL [ARGS...]",
        "call a function of an image; \"text\", @FILE and #FILE are arguments",
        run_call);
