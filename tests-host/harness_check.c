// SPDX-License-Identifier: MIT
// The harness judges itself: what stands in for the kernel keeps the
// contracts in kernel/*.h, in every home. Also the shortest example.
#include "kernel/string.h"
#include "tests-host/fuzz.h"
#include "tests-host/host.h"

// Of the kernel's own: no host has it. %p has eight digits in the 64-bit
// program, too, since guest addresses have.
static void check_printf(void)
{
    char out[32];
    int n = ksnprintf(out, sizeof out, "%p %-3u|%04x", (void *)0x1a, 7, 0xbe);
    host_judge(n == 19 && strcmp(out, "0x0000001a 7  |00be") == 0,
               "ksnprintf: %d, '%s'", n, out);
    n = ksnprintf(out, 4, "%s", "longer");
    host_judge(n == 6 && strcmp(out, "lon") == 0, "a cut: %d, '%s'", n, out);
    hex_bytes(out, sizeof out, "\xcd\x80\xc3", 3);
    host_judge(strcmp(out, "cd 80 c3") == 0, "hex_bytes: '%s'", out);
    uint64_t v = 10000000000123456789ull;
    uint32_t rest = u64_divmod(&v, 1000000000);
    host_judge(v == 10000000000 && rest == 123456789, "u64_divmod: %llu, %u",
               (unsigned long long)v, rest);
}

// The length that there would have been, and a NUL if there is any room.
static void check_strings(void)
{
    char out[4] = "xxx";
    size_t n = strlcpy(out, "abcdef", sizeof out);
    host_judge(n == 6 && strcmp(out, "abc") == 0, "strlcpy: %zu, '%s'", n,
               out);
    n = strlcpy(out, "z", 0);
    host_judge(n == 1 && strcmp(out, "abc") == 0, "strlcpy to nothing: '%s'",
               out);
}

// "010" is ten: a number that is octal for one reader only would be a trap.
static void check_parse(void)
{
    static const struct {
        const char *word;
        bool good;
        uint32_t value;
    } words[] = {
        {"0", true, 0},
        {"4294967295", true, UINT32_MAX},
        {"0xFFFFffff", true, UINT32_MAX},
        {"010", true, 10},
        {"4294967296", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"0x", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
        {"1a", false, 0},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        uint32_t value = 0;
        bool good = parse_u32(words[i].word, &value);
        host_judge(good == words[i].good && value == words[i].value,
                   "parse_u32 '%s': %d, %u", words[i].word, good, value);
    }
}

// A page that runs: mov $42, %eax; ret.
// Below 4 GiB in each program. Two shifts: by 32 would be undefined where a
// pointer has 32 bits.
static void check_pages(void)
{
    static const uint8_t code[] = {0xb8, 42, 0, 0, 0, 0xc3};
    uint8_t *page = host_code_pages(4096);
    memcpy(page, code, sizeof code);
    int result = ((int (*)(void))(uintptr_t)page)();
    host_judge(result == 42, "the code page returned %d", result);
    host_judge((uintptr_t)page >> 31 >> 1 == 0, "the page lies at %p",
               (void *)page);
}

// Known answers: a seed must mean the same everywhere and for ever, or a
// failure seen on one machine could not be repeated on another.
static void check_random(void)
{
    uint32_t value = host_random(), below = host_random_below(10);
    if (host.seed == 1)
        host_judge(value == 0x0f76417fu && below < 10,
                   "the first value of seed 1 is %#x", value);
    // The chance that one is missing is 10 times 0.9^1000, below 10^-44.
    uint32_t seen = 0;
    for (int i = 0; i < 1000; i++)
        seen |= 1u << host_random_below(10);
    host_judge(seen == 0x3ff, "of 0..9 came only %#x", seen);
}

// Findings on demand, for the tests that must see one. Any other word is a
// failed verdict.
// `n` is volatile: the compiler must not see the mistake before it is made.
static void fail_as_told(const char *how)
{
    static const uint8_t data[] = {0xcd, 0x80};
    fuzz_begin(data, sizeof data);
    volatile unsigned n = 32;
    if (strcmp(how, "fuzz-demand") == 0)
        fuzz_demand(n == 0, "%d is not %d", 1, 2);
    else if (strcmp(how, "fuzz-overrun") == 0)
        host_judge(fuzz_exact(data, sizeof data)[n / 16], "not seen");
    else if (strcmp(how, "fuzz-shift") == 0)
        host_judge(1u << n, "not seen");
    else
        host_fail("%s", how);
}

// Each home runs all of it: m32, asan, m64.
int main(int argc, char **argv)
{
    host_begin(argc, argv, "is the harness right?");
    for (int i = 0; i < host.file_count; i++)
        fail_as_told(host.files[i]);
    check_printf();
    check_strings();
    check_parse();
    check_pages();
    check_random();
    return host_end();
}
