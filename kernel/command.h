// SPDX-License-Identifier: MIT
// Shell commands. Each is registered beside its implementation and found
// through a linker section, so that `help` and completion are never stale.
#pragma once
#include <stdbool.h>

struct command {
    const char *name;  // one word
    const char *usage; // arguments only: "N [FILE]"
    const char *help;  // one line, no full stop
    // argv[0] is the name. Returns 0 on success. A bad argument is reported
    // by the command in one line that names it.
    int (*run)(int argc, char **argv);
};

// Registers a command: the structure, and a pointer to it in the list that
// linker.ld collects between commands_start and commands_end. The section name
// carries the command's name, so that the linker sorts; `used` keeps the
// compiler from dropping a pointer that nobody mentions.
#define COMMAND(id, usage_, help_, run_)                                   \
    static const struct command command_##id = {#id, usage_, help_, run_}; \
    static const struct command *const command_ptr_##id __attribute__((    \
        used, section(".registry.commands." #id))) = &command_##id

// Finds a command by its exact name, or NULL.
const struct command *command_find(const char *name);

// Runs one line: words split at blanks, "quotes" group, `;` separates
// commands. Returns the number of commands that failed; those after a failure
// are run all the same. An error in the line itself is printed and counts as
// one. At most LINE_MAX - 1 characters and 64 words per command.
int command_run_line(const char *line);

// How many commands have failed so far while the kernel command line was
// being run: what a bare `exit` in a script answers with. The prompt starts
// from nothing with every line.
int command_failures(void);
void command_forget_failures(void);

// The usage line as an error: prints "usage: NAME ARGS" and returns 1.
int command_usage(const char *name);

// True if this word of argv was written in double quotes. Only for words of
// the argv that a command was given, not for copies of them.
bool command_arg_quoted(const char *arg);
