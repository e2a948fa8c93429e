// SPDX-License-Identifier: MIT
// Strings and numbers as ISO C has them, for the tables of what is offered.
// The kernel itself needs none of these. They work on the caller's memory
// alone: a wrong pointer faults, which ends the caller's call.
#pragma once
#include <stddef.h>
#include <stdint.h>

char *host_strcpy(char *dst, const char *src);
char *host_strncpy(char *dst, const char *src, size_t n);
char *host_strcat(char *dst, const char *src);
char *host_strrchr(const char *s, int c);
char *host_strstr(const char *s, const char *what);
size_t host_strspn(const char *s, const char *set);
size_t host_strcspn(const char *s, const char *set);
int host_isspace(int c);
int host_tolower(int c);
int host_strcasecmp(const char *a, const char *b);

// A number in `text`, as strtoull reads it: blanks, a sign, 0x or 0, digits.
// *end is where it ended, `text` if there were no digits. The value is cut at
// `limit`, which *overflow tells. The sign is left to the caller.
uint64_t host_number(const char *text, const char **end, int base,
                     uint64_t limit, int *minus, int *overflow);

// Sorts `n` elements of `size` bytes; cdecl. In place and in n log n steps,
// whatever the input: a heap sort. Equal elements may change places.
void host_sort(void *base, size_t n, size_t size,
               int (*compare)(const void *, const void *));
