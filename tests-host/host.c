// SPDX-License-Identifier: MIT
// The ground under every program in tests-host: the kernel's functions that
// engines call, arguments, verdicts, random values and memory.
#include "tests-host/host.h"
#include "kernel/console.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SHOWN = 20, RUNS = 11 };

// The same seed for everybody, so that two runs are two times the same.
struct host_options host = {.seed = 1, .runs = RUNS};
static uint64_t judged_count, failed_count;
static uint64_t random_state, deadline;

// What the kernel gives its engines ---------------------------------------

// Under kernel/printf.c: kprintf ends here.
// In the same buffer as the C library's printf, so that lines of both come out
// in order.
void console_write(const char *s, size_t len)
{
    fwrite(s, 1, len, stdout);
}

// Our own broken invariant is a crash here, so that a debugger, a sanitizer
// and libFuzzer all take it for one.
// stdout first: the last line before the crash is the one that is wanted.
void panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fputs("panic: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    abort();
}

// parse_u32 of kernel/string.h with 64 bits: a seed has as many.
//
//   strtoull alone     here
//   "-1"  2^64 - 1     refused
//   " 1"  1            refused
//   "010" 8 in base 0  10
static bool parse(const char *s, uint64_t *value)
{
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
    // strtoull alone would take signs and blanks.
    if (!strchr(digits, s[hex ? 2 : 0]) || !s[hex ? 2 : 0])
        return false;
    char *end;
    errno = 0;
    *value = strtoull(s, &end, hex ? 16 : 10);
    return !*end && !errno;
}

// Arguments ---------------------------------------------------------------

static _Noreturn void usage(const char *program, const char *purpose)
{
    fprintf(stderr,
            "%s: %s\n"
            "usage: %s [--seed N] [--count N] [--seconds N] [--runs N]"
            " [--verbose] [FILE...]\n",
            program, purpose, program);
    exit(2);
}

// The option's value, or NULL if the word is no option that has one.
// `runs` is taken in apart: host_begin still has to look at it, since 0 runs
// have no median.
static uint64_t *number_option(const char *word, uint64_t *runs)
{
    if (strcmp(word, "--seed") == 0)
        return &host.seed;
    if (strcmp(word, "--count") == 0)
        return &host.count;
    if (strcmp(word, "--seconds") == 0)
        return &host.seconds;
    return strcmp(word, "--runs") == 0 ? runs : NULL;
}

void host_begin(int argc, char **argv, const char *purpose)
{
    uint64_t runs = RUNS;
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        uint64_t *value = number_option(argv[at], &runs);
        if (strcmp(argv[at], "--verbose") == 0)
            host.verbose = true;
        else if (!value || ++at == argc || !parse(argv[at], value))
            usage(argv[0], purpose);
    }
    host.runs = runs > 0 && runs < 1000 ? (unsigned)runs : RUNS;
    host.files = argv + at;
    host.file_count = argc - at;
    // Spread over all bits; the generator must not start from 0.
    // Odd, so it cannot be 0, from which xorshift never leaves.
    random_state = (host.seed + 1) * 0x9e3779b97f4a7c15ull | 1;
    deadline = host.seconds ? host_ns() + host.seconds * 1000000000u : 0;
}

// Verdicts ----------------------------------------------------------------

// A broken table fails a million times: the first few say what it is.
static void fail(const char *fmt, va_list ap)
{
    failed_count++;
    if (failed_count > SHOWN && !host.verbose)
        return;
    fputs("FAIL: ", stdout);
    vprintf(fmt, ap);
    putchar('\n');
    if (failed_count == SHOWN && !host.verbose)
        puts("(further ones are only counted: --verbose)");
}

bool host_judge(bool ok, const char *fmt, ...)
{
    judged_count++;
    if (ok)
        return true;
    va_list ap;
    va_start(ap, fmt);
    fail(fmt, ap);
    va_end(ap);
    return false;
}

void host_fail(const char *fmt, ...)
{
    judged_count++;
    va_list ap;
    va_start(ap, fmt);
    fail(fmt, ap);
    va_end(ap);
}

// Nothing judged is a failure: an empty directory of inputs must not look like
// success.
int host_end(void)
{
    printf("%llu judged, %llu failed, seed %llu\n",
           (unsigned long long)judged_count, (unsigned long long)failed_count,
           (unsigned long long)host.seed);
    return judged_count == 0 || failed_count != 0;
}

// Status 2, not 1: the program could not judge. Tests tell the two apart.
void host_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    exit(2);
}

// Only every 1024th question looks at the clock.
// Once over, it stays over.
bool host_time_is_up(void)
{
    static unsigned asked;
    static bool up;
    if (deadline && !up && asked++ % 1024 == 0)
        up = host_ns() >= deadline;
    return up;
}

// Random values -----------------------------------------------------------

// Three shifts and a multiplication, whose upper half is the better one.
uint32_t host_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 0x2545f4914f6cdd1dull >> 32);
}

// As host_begin does it, with `n` mixed in so that neighbours are unlike.
void host_reseed(uint64_t n)
{
    random_state = (host.seed + 1) * 0x9e3779b97f4a7c15ull | 1;
    random_state ^= (n + 1) * 0xbf58476d1ce4e5b9ull;
    random_state += !random_state;
    for (unsigned i = 0; i < 8; i++)
        host_random();
}

// By multiplication: no division, and the bias is below limit / 2^32.
uint32_t host_random_below(uint32_t limit)
{
    return (uint32_t)((uint64_t)host_random() * limit >> 32);
}

void host_random_bytes(void *out, size_t len)
{
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(host_random() >> 24);
}

//   0   random        2   -16 .. 16
//   1   a power of 2  3   a limit, or one more or less
uint32_t host_random_edge(void)
{
    static const uint32_t limits[] = {0,      0x7f,       0x80,      0xff,
                                      0x7fff, 0x8000,     0xffff,    0x10000,
                                      0xfff,  0x7fffffff, 0x80000000};
    switch (host_random() & 3) {
    case 0: return host_random();
    case 1: return 1u << host_random_below(32);
    case 2: return host_random_below(33) - 16;
    default: break;
    }
    uint32_t i = host_random_below(sizeof limits / sizeof limits[0]);
    return limits[i] + host_random_below(3) - 1;
}

// Memory and files --------------------------------------------------------

// A kernel that lets nobody have writable code would refuse here. In 32-bit
// programs every address is a guest address.
uint8_t *host_code_pages(size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_32BIT
    flags |= MAP_32BIT; // known to 64-bit programs only
#endif
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1,
                   0);
    if (p == MAP_FAILED)
        host_die("no %zu bytes of executable memory: error %d", size, errno);
    return p;
}

// fseek fails for pipes: the size must be known before.
uint8_t *host_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        host_die("%s: cannot be read: error %d", path, errno);
    long length = ftell(file);
    rewind(file);
    uint8_t *bytes = length < 0 ? NULL : malloc((size_t)length);
    // malloc(0) may be NULL; an empty file is not an error.
    if (length && (!bytes || fread(bytes, (size_t)length, 1, file) != 1))
        host_die("%s: cannot be read: error %d", path, errno);
    fclose(file);
    *size = (size_t)length;
    return bytes;
}
