// SPDX-License-Identifier: MIT
// Lists the mnemonics of each class of privilege, by asking the decoder about
// every opcode: each prefix that may choose a row, each map, each ModRM byte.
// docs/sensitive.md has the same list, with reasons; test_chapter.py compares.
//
//   list_privileges           "sensitive 27: int int1 ...", a line each
#include "smc/x86/decode.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = PRIVILEGE_IO + 1, NAMES_MAX = 256 };

static const char *const class_names[CLASSES] = {
    [PRIVILEGE_ORDINARY] = "ordinary",
    [PRIVILEGE_PRIVILEGED] = "privileged",
    [PRIVILEGE_SENSITIVE] = "sensitive",
    [PRIVILEGE_IO] = "io",
};

// In order of discovery; sorted before they are printed.
static struct {
    const char *name[NAMES_MAX];
    size_t count;
} lists[CLASSES];

// Names are those of the tables, which live as long as the program. A mnemonic
// may stand in two classes: MOV to CR0 is privileged, MOV to %ds sensitive.
static void note(enum insn_privilege class, const char *name)
{
    size_t n = lists[class].count;
    for (size_t i = 0; i < n; i++)
        if (strcmp(lists[class].name[i], name) == 0)
            return;
    if (n == NAMES_MAX)
        host_die("more than %u names of one class", NAMES_MAX);
    lists[class].name[n] = name;
    lists[class].count++;
}

// The bytes of a prefix (or none), an escape and an opcode, and all ModRMs.
// Zeros follow, so no instruction is cut short. Opcodes without ModRM are
// asked 256 times, which is quicker than finding out.
static void visit(uint8_t prefix, const char *escape, uint8_t opcode)
{
    uint8_t bytes[INSN_MAX] = {0};
    size_t at = 0;
    if (prefix)
        bytes[at++] = prefix;
    for (; *escape; escape++)
        bytes[at++] = (uint8_t)*escape;
    bytes[at++] = opcode;
    for (unsigned modrm = 0; modrm < 256; modrm++) {
        struct insn insn;
        bytes[at] = (uint8_t)modrm;
        if (insn_decode(&insn, bytes, sizeof bytes, INSN_32) != INSN_OK)
            continue;
        enum insn_privilege class = insn_privilege(&insn);
        if (class != PRIVILEGE_ORDINARY)
            note(class, insn_name(&insn));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// VEX and EVEX have none that is not ordinary, so their maps are left out.
int main(int argc, char **argv)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf2, 0xf3};
    static const char *const maps[] = {"", "\x0f", "\x0f\x38", "\x0f\x3a"};
    host_begin(argc, argv, "the mnemonics of each class of privilege");
    for (size_t p = 0; p < sizeof prefixes; p++)
        for (size_t m = 0; m < sizeof maps / sizeof maps[0]; m++)
            for (unsigned opcode = 0; opcode < 256; opcode++)
                visit(prefixes[p], maps[m], (uint8_t)opcode);
    for (size_t c = PRIVILEGE_PRIVILEGED; c < CLASSES; c++) {
        qsort(lists[c].name, lists[c].count, sizeof lists[c].name[0], by_name);
        printf("%s %zu:", class_names[c], lists[c].count);
        for (size_t i = 0; i < lists[c].count; i++)
            printf(" %s", lists[c].name[i]);
        printf("\n");
    }
    return 0;
}
