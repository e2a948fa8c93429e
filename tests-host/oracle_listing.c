// SPDX-License-Identifier: MIT
// Reading what objdump prints. All of a listing is kept, because judging an
// instruction takes the bytes behind it, which stand in the next lines.
#include "tests-host/oracle_listing.h"
#include "smc/x86/decode.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// -w and --insn-width=15: an instruction is one line, however long it is.
// -z: zeros are shown. Without it objdump prints "..." for many of them, and
// the bytes of the listing would be fewer than those of the file.
// LC_ALL=C: other languages have other words.
static void read_output(struct listing *l, const char *words)
{
    char command[1024];
    snprintf(command, sizeof command,
             "LC_ALL=C objdump -w -z --insn-width=15 %s", words);
    FILE *pipe = popen(command, "r");
    size_t room = 1 << 20, got;
    l->output = malloc(room + 1);
    while (pipe && l->output &&
           (got = fread(l->output + l->size, 1, room - l->size, pipe)) > 0) {
        l->size += got;
        if (l->size == room)
            l->output = realloc(l->output, (room *= 2) + 1);
    }
    if (!pipe || !l->output || pclose(pipe) != 0)
        host_die("failed: %s", command);
    // The room is one byte more than what is read: for this.
    l->output[l->size] = 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Takes one line apart if it shows an instruction. Others are the heads of
// sections and symbols.
//
//   "  8049000:\t89 e5                \tmov    %esp,%ebp"
//             ^ end   ^ s - 1           ^ text
//
// Behind the last pair of digits s may have passed the tab, or the end of a
// line that has none; so the search begins one letter before.
static void read_line(struct listing *l, char *s, uint32_t *at)
{
    char *end;
    uint32_t address = (uint32_t)strtoul(s, &end, 16);
    if (end == s || end[0] != ':' || end[1] != '\t') {
        if (l->count)
            l->lines[l->count - 1].last = true;
        return;
    }
    struct line *line = &l->lines[l->count];
    *line = (struct line){.address = address, .at = *at};
    for (s = end + 2; digit(s[0]) >= 0 && digit(s[1]) >= 0; s += 3)
        l->code[*at + line->length++] = (uint8_t)(digit(s[0]) << 4 |
                                                  digit(s[1]));
    char *text = strchr(s - 1, '\t');
    if (!line->length || !text)
        return;
    line->text = text + 1;
    *at += line->length;
    l->count++;
}

// Lines are at most as many as newlines. Two digits and a blank are one byte
// of code, so a third of this would do for `code`.
void listing_read(struct listing *l, const char *words)
{
    read_output(l, words);
    size_t newlines = 0;
    for (size_t i = 0; i < l->size; i++)
        newlines += l->output[i] == '\n';
    l->lines = malloc((newlines + 1) * sizeof *l->lines);
    l->code = malloc(l->size + 1);
    if (!l->lines || !l->code)
        host_die("no memory for %s", words);
    uint32_t at = 0;
    for (char *s = l->output, *next; (next = strchr(s, '\n')); s = next + 1) {
        *next = 0;
        read_line(l, s, &at);
    }
}

// Fewer bytes than objdump had would be INSN_TRUNCATED here, more might make
// an instruction of what it calls (bad): both would count as differences.
size_t listing_room(const struct listing *l, size_t i)
{
    size_t size = l->lines[i].length;
    for (; size < INSN_MAX && i + 1 < l->count && !l->lines[i].last; i++)
        size += l->lines[i + 1].length;
    return size;
}

void listing_free(struct listing *l)
{
    free(l->output);
    free(l->lines);
    free(l->code);
}
