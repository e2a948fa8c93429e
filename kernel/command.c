// SPDX-License-Identifier: MIT
// Splitting lines into words, finding and running commands, completion.
#include "kernel/command.h"
#include "kernel/clock.h"
#include "kernel/lab.h"
#include "kernel/lineedit.h"
#include "kernel/module.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/patch/static_key/static_key.h"

extern const struct command *const commands_start[], *const commands_end[];

enum { MAX_WORDS = 64, QUOTED = 1 }; // QUOTED: a word's mark

const struct command *command_find(const char *name)
{
    for (const struct command *const *c = commands_start; c < commands_end;
         c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

int command_usage(const char *name)
{
    const struct command *c = command_find(name);
    kprintf("usage: %s %s\n", name, c ? c->usage : "");
    return 1;
}

bool command_arg_quoted(const char *arg)
{
    return arg[-1] == QUOTED;
}

// One command's words, each with a mark before it and a NUL behind it:
//
//    text  | 0 | echo NUL | 1 | two words NUL | 0 | ...
//              ^argv[0]         ^argv[1]
//
// argv points behind the marks, so a command sees plain strings, and the mark
// is found again at argv[i][-1]. A line of LINE_MAX - 1 characters in 64 words
// needs at most 2 bytes more per word: it always fits. argv ends with a NULL.
struct line {
    char text[2 * LINE_MAX];
    size_t used; // of text
    char *argv[MAX_WORDS + 1];
    int argc;
    const char *error; // in words, or NULL
};

// Copies one word into the line's own text. Returns where it ended. Quotes
// count only around a whole word; a blank or `;` in them is text.
static const char *take_word(struct line *line, const char *p)
{
    bool quoted = *p == '"';
    p += quoted;
    if (line->argc == MAX_WORDS) {
        line->error = "too many words";
        return p + strlen(p);
    }
    line->text[line->used++] = quoted ? QUOTED : 0;
    line->argv[line->argc++] = line->text + line->used;
    while (*p && (quoted ? *p != '"' : *p != ' ' && *p != '\t' && *p != ';'))
        line->text[line->used++] = *p++;
    line->text[line->used++] = 0;
    if (quoted && !*p)
        line->error = "a quote is not closed";
    return p + (quoted && *p);
}

// Fills in the words up to `;` or the end. Returns where it stopped.
static const char *take_command(struct line *line, const char *p)
{
    *line = (struct line){0};
    while (*p && *p != ';') {
        if (*p == ' ' || *p == '\t')
            p++;
        else
            p = take_word(line, p);
    }
    return p;
}

// For whoever wants to know how long commands take: `key command_times on`.
DEFINE_STATIC_KEY_FALSE(command_times);

static int run_timed(const struct command *c, struct line *line)
{
    uint64_t begin = clock_us();
    int failed = c->run(line->argc, line->argv) ? 1 : 0;
    kprintf("%s took %llu us\n", c->name, clock_us() - begin);
    return failed;
}

// 0 or 1: did it fail. A line with an error runs nothing, not even the words
// that were understood. No words (`;;`, an empty line) is no failure.
static int run_words(struct line *line)
{
    if (line->error) {
        kprintf("error: %s\n", line->error);
        return 1;
    }
    if (!line->argc)
        return 0;
    const struct command *c = command_find(line->argv[0]);
    if (!c) {
        kprintf("%s: unknown command; `help` lists them\n", line->argv[0]);
        return 1;
    }
    if (static_branch_unlikely(&command_times))
        return run_timed(c, line);
    return c->run(line->argc, line->argv) ? 1 : 0;
}

// Counted apart from the return values, because `exit` runs in mid-line.
static int failures;

int command_failures(void)
{
    return failures;
}

void command_forget_failures(void)
{
    failures = 0;
}

int command_run_line(const char *p)
{
    int failed = 0;
    struct line line;
    if (strlen(p) >= LINE_MAX) {
        kprintf("line too long: %u characters at most\n", LINE_MAX - 1);
        return 1;
    }
    for (;; p++) {
        p = take_command(&line, p);
        int bad = run_words(&line);
        failed += bad;
        failures += bad;
        if (!*p)
            return failed;
    }
}

#define COLUMN "                                 " // all before the help

// A usage that is wider than its column has a line of its own. A long name
// takes its room from the usage's column.
static void print_row(const struct command *c)
{
    char usage[96];
    ksnprintf(usage, sizeof usage, "%-8s %s", c->name, c->usage);
    kprintf("  %-31s%s %s\n", usage, strlen(usage) > 31 ? "\n" COLUMN : "",
            c->help);
}

static int run_help(int argc, char **argv)
{
    if (argc == 2) {
        const struct command *c = command_find(argv[1]);
        if (!c) {
            kprintf("help: no command \"%s\"\n", argv[1]);
            return 1;
        }
        kprintf("%s %s\n  %s\n", c->name, c->usage, c->help);
        return 0;
    }
    for (const struct command *const *c = commands_start; c < commands_end;
         c++)
        print_row(*c);
    kprintf("Several commands go on one line with `;` between them. Tab "
            "completes.\n");
    return 0;
}
COMMAND(help, "[COMMAND]", "this list, or one command", run_help);

static int run_echo(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        kprintf("%s%s", i > 1 ? " " : "", argv[i]);
    kprintf("\n");
    return 0;
}
COMMAND(echo, "[WORD ...]", "print the words", run_echo);

static void offer(const char *name, const char *prefix,
                  void (*add)(const char *))
{
    if (strncmp(name, prefix, strlen(prefix)) == 0)
        add(name);
}

// The first word of a command completes to commands, the words of demo,
// bench and check to labs and suites, all others to files.
void lineedit_complete(const char *line, size_t word_start,
                       void (*add)(const char *candidate))
{
    const char *prefix = line + word_start;
    size_t start = word_start;
    while (start && line[start - 1] != ';')
        start--;
    while (line[start] == ' ')
        start++;
    // The command that the word belongs to: after the last `;`.
    const char *verb = line + start;
    if (start >= word_start || !strncmp(verb, "help ", 5))
        for (const struct command *const *c = commands_start; c < commands_end;
             c++)
            offer((*c)->name, prefix, add);
    else if (!strncmp(verb, "demo ", 5) || !strncmp(verb, "bench ", 6))
        for (size_t i = 0; i < lab_count(); i++)
            offer(lab_at(i)->name, prefix, add);
    else if (!strncmp(verb, "check ", 6))
        for (size_t i = 0; i < suite_count(); i++)
            offer(suite_at(i)->name, prefix, add);
    else
        for (size_t i = 0; i < module_count(); i++)
            offer(module_at(i)->name, prefix, add);
}
