// SPDX-License-Identifier: MIT
// A ring of text: the oldest bytes go first.
//
//   written % 8192 --.
//                    v
//   | ..new lines... | rest of a cut line | oldest whole line ... |
//
// Lines, not records: the only reader prints them all.
#include "kernel/log.h"
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/console.h"
#include "kernel/spinlock.h"
#include <stdbool.h>

static char ring[8192];
static uint32_t written; // bytes ever; the ring holds the last 8192

// A line is kept in one piece, whichever CPUs write at the same time.
static struct spinlock lock;

static void keep(const char *line)
{
    for (; *line; line++)
        ring[written++ % sizeof ring] = *line;
}

static void record(bool loud, const char *fmt, va_list ap)
{
    char stamp[24], line[200];
    uint64_t ms = u64_div(clock_us(), 1000);
    ksnprintf(stamp, sizeof stamp, "[%4u.%03u] ", (uint32_t)u64_div(ms, 1000),
              (uint32_t)ms % 1000);
    kvsnprintf(line, sizeof line, fmt, ap);
    bool on = spin_lock(&lock);
    keep(stamp);
    keep(line);
    spin_unlock(&lock, on);
    if (loud)
        console_puts(line);
}

void log_print(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    record(true, fmt, ap);
    va_end(ap);
}

void log_note(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    record(false, fmt, ap);
    va_end(ap);
}

static int run_log(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    uint32_t from = written > sizeof ring ? written - sizeof ring : 0;
    bool whole = from == 0; // else skip the line that was cut
    for (uint32_t i = from; i < written; i++) {
        if (whole)
            console_putc(ring[i % sizeof ring]);
        whole |= ring[i % sizeof ring] == '\n';
    }
    return 0;
}
COMMAND(log, "", "what happened since boot", run_log);
