// SPDX-License-Identifier: MIT
// Every function begins with push %ebp; mov %esp, %ebp. So:
//
//      ebp -> | caller's ebp | return address | arguments ...
//                  |
//                  '-> | its caller's ebp | return address | ...
//
// The chain ends at the 0 that boot/start.S put into ebp. A return address is
// the instruction after the call. If the call does not return, that may be the
// first byte of the next function, so the name is that of the byte before. Of
// a call that is being timed, the tracer keeps the return address.
#include "kernel/backtrace.h"
#include "kernel/kthread.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/symbols.h"
#include "smc/patch/trace/back.h"
#include <stdbool.h>

enum { MAX_FRAMES = 24 };

static void print_return(uint32_t eip)
{
    uint32_t offset;
    char where[64];
    const char *name = symbol_name((const void *)(eip - 1), &offset);
    if (name)
        ksnprintf(where, sizeof where, "%s+0x%x", name, offset + 1);
    else
        symbol_format(where, sizeof where, (const void *)eip);
    kprintf("  %08x  %s\n", eip, where);
}

// Both words of a frame are mapped. In a panic ebp may be anything.
static bool readable(uint32_t at)
{
    struct page_info info;
    return at % 4 == 0 && at && paging_lookup((const void *)at, &info) &&
           paging_lookup((const void *)(at + 7), &info);
}

void backtrace_print(uint32_t eip, uint32_t ebp)
{
    char where[64];
    kprintf("backtrace:\n");
    if (eip)
        kprintf("  %08x  %s\n", eip,
                symbol_format(where, sizeof where, (const void *)eip));
    for (int i = 0; i < MAX_FRAMES && readable(ebp); i++) {
        const uint32_t *frame = (const uint32_t *)ebp;
        if (!frame[1])
            break;
        print_return(tracer_back(kthread_current(), &frame[1]));
        if (frame[0] <= ebp) // older frames lie higher
            break;
        ebp = frame[0];
    }
}
