// SPDX-License-Identifier: MIT
// Which patches there are, which are on, and which of them lies on top: the
// one that was turned on last has the entry.
//
//   entry  --jmp-->  mean_up   order 2, the top
//                      mean      order 1, under it
//                        the function itself
#include "kernel/string.h"
#include "smc/patch/livepatch/livepatch_inside.h"

extern struct livepatch *const livepatches_start[], *const livepatches_end[];

struct livepatch *livepatch_at(uint32_t index)
{
    uint32_t count = (uint32_t)(livepatches_end - livepatches_start);
    return index < count ? livepatches_start[index] : NULL;
}

struct livepatch *livepatch_find(const char *name)
{
    struct livepatch *p;
    for (uint32_t i = 0; (p = livepatch_at(i)); i++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

static bool has(const struct livepatch *p, const void *function)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->changes[i].old == function)
            return true;
    return false;
}

struct livepatch *livepatch_top(const void *function)
{
    struct livepatch *top = NULL, *p;
    for (uint32_t i = 0; (p = livepatch_at(i)); i++)
        if (p->order && has(p, function) && (!top || p->order > top->order))
            top = p;
    return top;
}

const struct livepatch *livepatch_over(const struct livepatch *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct livepatch *top = livepatch_top(p->changes[i].old);
        if (top != p)
            return top;
    }
    return NULL;
}
