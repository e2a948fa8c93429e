// SPDX-License-Identifier: MIT
// The handful of string functions that a freestanding compiler expects to
// find or that a kernel cannot live without. Same contracts as ISO C. Any
// context; nothing is allocated or kept. GCC and clang may call the first four
// for an assignment or an initialiser that names none of them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

// Copies at most size-1 characters and always ends dst with a NUL.
// Returns strlen(src), so that a result >= size tells of a cut.
size_t strlcpy(char *dst, const char *src, size_t size);

// Reads all of `s` as a number: decimal, or hexadecimal after 0x. Returns
// false for an empty word, a foreign character, or more than 32 bits.
bool parse_u32(const char *s, uint32_t *value);
