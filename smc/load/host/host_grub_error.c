// SPDX-License-Identifier: MIT
// GRUB's errors: a number, its words, and a stack of both.
//
// A function that fails leaves the number in grub_errno, returns it, and its
// caller passes it on; push and pop put an error aside while cleaning up.
// GRUB's shell prints the words in the end. Here a function may be called
// with no such shell behind it, so that the words are printed at once.
#include "kernel/string.h"
#include "smc/load/host/host_grub.h"

int32_t host_grub_errno, host_grub_printed;
char host_grub_errmsg[256];

// As deep as GRUB's.
static struct {
    int32_t number;
    char text[256];
} stack[10];
static uint32_t depth;

int host_grub_error(int number, const char *fmt, ...)
{
    va_list ap;

    host_grub_errno = number;
    va_start(ap, fmt);
    host_vsnprintf(host_grub_errmsg, sizeof host_grub_errmsg, fmt, ap);
    va_end(ap);
    kprintf("%s (GRUB error %d)\n", host_grub_errmsg, number);
    return number;
}

// Too deep: the error is lost, as in GRUB.
GRUB void host_grub_error_push(void)
{
    if (depth < sizeof stack / sizeof stack[0]) {
        stack[depth].number = host_grub_errno;
        memcpy(stack[depth].text, host_grub_errmsg, sizeof host_grub_errmsg);
        depth++;
    }
    host_grub_errno = 0;
}

// Returns whether there was one.
GRUB int host_grub_error_pop(void)
{
    host_grub_errno = 0;
    if (depth == 0)
        return 0;
    depth--;
    host_grub_errno = stack[depth].number;
    memcpy(host_grub_errmsg, stack[depth].text, sizeof host_grub_errmsg);
    return 1;
}

// The words are on the console already. What is left is to count and forget.
GRUB void host_grub_print_error(void)
{
    do
        host_grub_printed += host_grub_errno != 0;
    while (host_grub_error_pop());
}
