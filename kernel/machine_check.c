// SPDX-License-Identifier: MIT
// Suite `machine`: traps, clock, printf, strings, symbols: what the other
// suites stand on.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/layout.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "kernel/trap.h"
#include "kernel/wide.h"

// Reads and writes one byte: faults unless the page allows both.
static void touch_at(void *arg)
{
    *(volatile uint8_t *)arg = *(volatile uint8_t *)arg;
}

// A fault enters by an interrupt gate, which clears IF. trap_unwind leaves
// without IRET, so the flag must come back from the frame of trap_try.
static enum check_result check_trap_nesting(void)
{
    struct trap_frame f = {0};
    bool on = interrupts_off();
    bool passed = trap_try(touch_at, NULL, &f);
    bool still_off = !(read_eflags() & EFLAGS_IF);
    interrupts_restore(on);
    bool on_after = !!(read_eflags() & EFLAGS_IF) == on;
    judged("interrupts stay %s across a caught fault",
           still_off ? "off" : "ON");
    return verdict(!passed && still_off && on_after);
}

// Five ticks are 40 to 50 ms by the TSC. The bound is lower: an emulator that
// is late may deliver ticks in bursts.
static enum check_result check_clock(void)
{
    uint32_t start = clock_ticks();
    uint64_t begin = clock_us();
    while (clock_ticks() < start + 5)
        wait_for_interrupt();
    uint32_t us = (uint32_t)(clock_us() - begin);
    judged("5 ticks took %u us by the TSC", us);
    return verdict(clock_tsc_khz() && us > 20000);
}

// Is the text and the length returned what is wanted? Says so if not.
static bool prints(const char *want, const char *fmt, ...)
{
    char out[64];
    va_list ap;
    va_start(ap, fmt);
    int n = kvsnprintf(out, sizeof out, fmt, ap);
    va_end(ap);
    if (strcmp(out, want) == 0 && (size_t)n == strlen(want))
        return true;
    judged("\"%s\" instead of \"%s\"", out, want);
    return false;
}

// Each line is a case that some printf has got wrong: the smallest number,
// zeros behind a sign, a width from an argument, a conversion that does not
// exist.
static enum check_result check_printf(void)
{
    char small[4];
    bool ok = prints("0 -1 4294967295", "%d %d %u", 0, -1, -1) &&
              prints("-2147483648", "%d", INT32_MIN) &&
              prints("   42|42   |00042", "%5d|%-5d|%05d", 42, 42, 42) &&
              prints("ff FF 0x000000ff", "%x %X %p", 255, 255, (void *)255) &&
              prints("18446744073709551615", "%llu", UINT64_MAX) &&
              prints("-00007", "%06d", -7) &&
              prints("ab   |   ab|a", "%-5s|%5s|%.1s", "ab", "ab", "ab") &&
              prints("(null) % c", "%s %% %c", (char *)NULL, 'c') &&
              prints("  x", "%*c", 3, 'x') && prints("%q", "%q");
    bool cut = ksnprintf(small, sizeof small, "%s", "abcdef") == 6 &&
               strcmp(small, "abc") == 0;
    if (ok && cut)
        judged("widths, flags, 64 bits, NULL, a cut");
    return verdict(ok && cut);
}

// Both directions, and both refusals: no such name, no text address.
static enum check_result check_symbols(void)
{
    uint32_t offset = 0;
    const uint8_t *at = symbol_find("text_write");
    const char *name = at ? symbol_name(at + 5, &offset) : "none";
    judged("text_write is at %p; 5 bytes on is %s+0x%x", at, name, offset);
    return verdict(at && !strcmp(name, "text_write") && offset == 5 &&
                   !symbol_find("no_such_symbol") &&
                   !symbol_name(rodata_start, &offset));
}

// All overlaps of up to 11 bytes in both directions. A wrong direction is
// wrong for some of them only, so all are tried.
static enum check_result check_memmove(void)
{
    uint32_t wrong = 0;
    for (int from = 0; from < 12; from++)
        for (int to = 0; to < 12; to++)
            for (int n = 0; n < 12; n++) {
                uint8_t a[24], want[24];
                for (int i = 0; i < 24; i++)
                    a[i] = want[i] = (uint8_t)i;
                for (int i = 0; i < n; i++)
                    want[to + i] = (uint8_t)(from + i);
                memmove(a + to, a + from, (size_t)n);
                wrong += memcmp(a, want, 24) != 0;
            }
    judged("1728 moves, %u wrong", wrong);
    return verdict(!wrong);
}

// Copies `n` bytes, or clears them without a `src`, with known bytes in the
// registers of SSE. Returns how many of these registers are others afterwards.
static uint32_t watch_wide(uint8_t *dst, const uint8_t *src, size_t n)
{
    uint8_t before[16], after[16];
    uint32_t wrong = 0;
    memset(before, (int)n, sizeof before);
    if (cpu.sse)
        __asm__ volatile("movups %0, %%xmm0; movups %0, %%xmm3"
                         :
                         : "m"(before));
    if (src)
        copy_wide(dst, src, n);
    else
        clear_wide(dst, n);
    if (!cpu.sse)
        return 0;
    __asm__ volatile("movups %%xmm0, %0" : "=m"(after));
    wrong += memcmp(before, after, sizeof after) != 0;
    __asm__ volatile("movups %%xmm3, %0" : "=m"(after));
    return wrong + (memcmp(before, after, sizeof after) != 0);
}

// Every length around the steps, at every offset from a word; what lies before
// and behind stays.
static enum check_result check_wide(void)
{
    enum { MOST = 450, ROOM = MOST + 16 };
    static uint8_t from[ROOM], to[ROOM], want[ROOM];
    uint32_t wrong = 0, blocks = 0;
    for (size_t i = 0; i < ROOM; i++)
        from[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t n = 0; n <= MOST; n += n < 250 ? 25 : 1)
        for (size_t at = 0; at < 4; at++, blocks += 2) {
            memset(to, 0xee, ROOM);
            memset(want, 0xee, ROOM);
            memcpy(want + 4 + at, from + 2 * at, n);
            wrong += watch_wide(to + 4 + at, from + 2 * at, n);
            wrong += memcmp(to, want, ROOM) != 0;
            memset(want + 4 + at, 0, n);
            wrong += watch_wide(to + 4 + at, NULL, n);
            wrong += memcmp(to, want, ROOM) != 0;
        }
    judged("%u blocks, %s SSE: %u wrong", blocks, cpu.sse ? "with" : "without",
           wrong);
    return verdict(blocks && !wrong);
}

static const struct check machine_checks[] = {
    {"a caught fault keeps the interrupt flag", check_trap_nesting},
    {"the clock ticks", check_clock},
    {"printf", check_printf},
    {"memmove", check_memmove},
    {"wide copies, wide clearing", check_wide},
    {"symbols", check_symbols},
};
CHECK_SUITE(machine, machine_checks);
