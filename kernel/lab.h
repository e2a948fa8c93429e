// SPDX-License-Identifier: MIT
// Labs and checks: how the kernel shows its techniques and proves them.
//
// A suite of checks prints TAP 13 with the plan first. A lab is a suite of
// the same name plus a narrated demo and a bench. Nobody includes a lab:
// the registry, a linker section, finds it.
#pragma once
#include "kernel/printf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum check_result { CHECK_FAIL, CHECK_PASS, CHECK_SKIP };

struct check {
    const char *name; // what holds if this passes: "same n does not write"
    enum check_result (*run)(void);
};

static inline enum check_result verdict(bool pass)
{
    return pass ? CHECK_PASS : CHECK_FAIL;
}

// Says what a check judged ("old cd ff, new cd 15"). The text is appended to
// the check's result line; a later call replaces an earlier one. At most 511
// characters. A skipped check says why it was skipped.
void judged(const char *fmt, ...) PRINTF_LIKE(1, 2);

struct suite {
    const char *name;
    const struct check *checks;
    size_t count;
};

// Registers a suite, as COMMAND does a command: checks_ must be an array, so
// that its length is known here.
#define CHECK_SUITE(id, checks_)                               \
    static const struct suite suite_##id = {                   \
        #id, checks_, sizeof(checks_) / sizeof((checks_)[0])}; \
    static const struct suite *const suite_ptr_##id            \
        __attribute__((used, section(".registry.suites." #id))) = &suite_##id

struct lab {
    const char *name;
    const char *summary; // one line for `labs` and the README
    const char *source;  // where the mechanism lives
    void (*demo)(void);  // prints with tell and tell_bytes
    void (*bench)(void); // prints with bench_begin ... bench_end
};

#define LAB(id, summary_, source_, demo_, bench_)                      \
    static const struct lab lab_##id = {#id, summary_, source_, demo_, \
                                        bench_};                       \
    static const struct lab *const lab_ptr_##id                        \
        __attribute__((used, section(".registry.labs." #id))) = &lab_##id

// By exact name, or NULL.
const struct lab *lab_find(const char *name);
const struct suite *suite_find(const char *name);

// The name lists, for completion and `all`.
size_t lab_count(void);
const struct lab *lab_at(size_t index);
size_t suite_count(void);
const struct suite *suite_at(size_t index);

// Runs one suite and prints its TAP. Returns the number of failed checks.
int suite_run(const struct suite *suite);

// Narration for demos: "  " + text, and bytes with an address before them.
void tell(const char *fmt, ...) PRINTF_LIKE(1, 2);
void tell_bytes(const char *label, const void *site, size_t len,
                const char *meaning);

// The same for instructions: what the bytes mean is read from the bytes.
void tell_code(const char *label, const void *site, size_t len);
