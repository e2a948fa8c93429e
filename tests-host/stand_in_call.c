// SPDX-License-Identifier: MIT
// smc/load/call.h where nothing is called. What was loaded for a test may be
// damaged, and here no trap would bring the program back.
#include "kernel/clock.h"
#include "kernel/panic.h"
#include "kernel/printf.h"
#include "smc/load/call.h"

struct image *call_owner(void)
{
    return NULL;
}

bool call_image(struct call *call)
{
    ksnprintf(call->text, sizeof call->text, "is not run here");
    return false;
}

// Reached from loaded code only.
_Noreturn void call_end(uint32_t caller, const char *fmt, ...)
{
    panic("call_end from %08x: %s", caller, fmt);
}

_Noreturn void call_exit(uint32_t result)
{
    panic("call_exit(%u)", result);
}

uint64_t clock_us(void)
{
    return 0;
}

// What the procedure linkage table of a shared object would jump to. Nobody
// calls into an image here, so nobody gets there.
void shared_lazy_entry(void);
void shared_lazy_entry(void)
{
    __builtin_trap();
}
