// SPDX-License-Identifier: MIT
// Exit handlers of loaded code.
//
// C++ registers a destructor for every static object; a process runs them
// when it ends, a shared object when it is closed (__cxa_finalize with its
// own handle). Here a call takes the place of a process. [Itanium C++ ABI
// 3.3.5; ISO C 7.22.4.2]
#include "smc/load/host/host_exit.h"
#include "smc/load/call.h"

// ISO C promises 32.
static struct handler {
    void (*fn)(void *); // NULL: free
    void *arg;
    const void *object;
    const struct image *owner;
} handlers[32];
#define HANDLERS (sizeof handlers / sizeof handlers[0])

// Above the last one in use and not in the first gap: the order counts.
int host_exit_add(void (*fn)(void *), void *arg, const void *object)
{
    size_t i = HANDLERS;

    while (i > 0 && !handlers[i - 1].fn)
        i--;
    if (i == HANDLERS)
        return -1;
    handlers[i] = (struct handler){fn, arg, object, call_owner()};
    return 0;
}

// Forgotten before it runs, so that one which calls exit is not called
// again. The search starts anew each time, as a handler may add others.
void host_exit_run(const void *object)
{
    for (size_t i = HANDLERS; i-- > 0;) {
        struct handler handler = handlers[i];
        if (!handler.fn || handler.owner != call_owner() ||
            (object && handler.object != object))
            continue;
        handlers[i].fn = NULL;
        handler.fn(handler.arg);
        i = HANDLERS;
    }
}

void host_exit_forget(const struct image *owner)
{
    for (size_t i = 0; i < HANDLERS; i++)
        if (handlers[i].owner == owner)
            handlers[i].fn = NULL;
}

_Noreturn void host_exit(int status)
{
    host_exit_run(NULL);
    call_exit((uint32_t)status);
}
