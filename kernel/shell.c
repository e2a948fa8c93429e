// SPDX-License-Identifier: MIT
// From words to commands, whether typed or given on the kernel command line:
//
//   check=a,b demo=a bench=a   run at boot, in this order
//   exit                       leave when done: 0x10 good, 0x11 if any failed
//   patience=SECONDS           how long a call into loaded code may run
//   -- COMMAND; COMMAND        shell commands, after the above
//
// A word that is not known counts as a command that failed.
#include "kernel/shell.h"
#include "boot/info.h"
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/lineedit.h"
#include "kernel/panic.h"
#include "kernel/string.h"

static const char *const batch_words[] = {"check", "demo", "bench"};

// Turns "a,b" into "check a b" and runs it.
// A list longer than the buffers is cut; a cut name is then unknown.
static int run_batch(const char *command, const char *names)
{
    char text[LINE_MAX];
    ksnprintf(text, sizeof text, "%s %s", command, names);
    for (char *p = text; *p; p++)
        if (*p == ',')
            *p = ' ';
    return command_run_line(text);
}

static int run_command_line(void)
{
    int failed = boot_words_judge();
    char names[256];
    for (unsigned i = 0; i < sizeof batch_words / sizeof batch_words[0]; i++)
        if (boot_word(batch_words[i], names, sizeof names))
            failed += run_batch(batch_words[i], names);
    if (boot_script())
        failed += command_run_line(boot_script());
    return failed;
}

_Noreturn void shell_run(void)
{
    int failed = run_command_line();
    // Under test nobody types: leave before the prompt, with a verdict. A bare
    // `exit` in the script never gets here.
    if (boot_word("exit", NULL, 0))
        machine_exit(failed ? 0x11 : 0x10);
    kprintf("palimpsest: ready in %llu us; type help\n", clock_us());
    for (;;) {
        // A later `exit` answers for the last line only, not for old typos.
        command_forget_failures();
        const char *line = lineedit_read("palimpsest> ");
        if (line)
            command_run_line(line);
    }
}
