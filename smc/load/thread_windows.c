// SPDX-License-Identifier: MIT
// The thread environment block of Windows, as far as compiled code and a C
// runtime read it.
//
// Compilers know fs:[0] (exception handlers) and fs:[0x2c] (variables that are
// declared thread-local); runtimes know fs:[0x18], [0x30], [0x34]. All else is
// for ntdll, which is not here, and reads as 0.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/thread.h"
#include "smc/load/thread_block.h"
#include <stddef.h>

// Process environment block.
struct peb {
    uint8_t inherited, spare, being_debugged, bits;
    uint32_t mutant, image_base, loader_data, parameters;
    uint32_t unused[59];
};

struct teb {
    uint32_t exceptions, stack_base, stack_limit; // 0
    uint32_t subsystem, fiber, user, self;        // 0xc
    uint32_t environment, process, thread;        // 0x1c
    uint32_t rpc, tls, peb, last_error;           // 0x28
    uint8_t unused[0xe10 - 0x38];
    uint32_t slots[THREAD_SLOTS];
} __attribute__((aligned(4096)));

_Static_assert(offsetof(struct peb, image_base) == 8, "PEB");
_Static_assert(offsetof(struct teb, self) == 0x18, "TEB");
_Static_assert(offsetof(struct teb, last_error) == 0x34, "TEB");
_Static_assert(offsetof(struct teb, slots) == 0xe10, "TEB");
_Static_assert(sizeof(struct teb) == 4096, "the segment's limit is a page");

static struct teb teb;
static struct peb peb;
static void *tls[THREAD_TEB_TLS];

// Whose slot it is; `used` because the owner may be nobody.
static struct {
    bool used;
    const struct image *owner;
} slots[THREAD_SLOTS];

uint32_t thread_teb(void)
{
    return (uint32_t)(uintptr_t)&teb;
}

// The chain of exception handlers lies on the stack. One that a cut-off call
// has left behind leads to dead stack; -1 ends the chain.
uint32_t thread_windows_block(const struct image *image, uint32_t low,
                              uint32_t high)
{
    teb.exceptions = UINT32_MAX;
    teb.stack_base = high;
    teb.stack_limit = low;
    teb.self = thread_teb();
    teb.process = THREAD_PROCESS_ID;
    teb.thread = THREAD_ID;
    teb.tls = (uint32_t)(uintptr_t)tls;
    teb.peb = (uint32_t)(uintptr_t)&peb;
    peb.image_base = (uint32_t)(uintptr_t)image->base;
    return teb.self;
}

void thread_windows_save(struct thread_state *outer)
{
    outer->exceptions = teb.exceptions;
    outer->image_base = peb.image_base;
}

void thread_windows_restore(const struct thread_state *outer)
{
    teb.exceptions = outer->exceptions;
    peb.image_base = outer->image_base;
}

bool thread_teb_tls_add(const void *contents, uint32_t size,
                        uint32_t zero_fill, uint32_t *index)
{
    uint32_t i = 0;
    uint8_t *copy;

    while (i < THREAD_TEB_TLS && tls[i])
        i++;
    if (i == THREAD_TEB_TLS || zero_fill >= UINT32_MAX - size)
        return false;
    // One byte more: an empty section is in use all the same.
    copy = heap_zalloc(1, size + zero_fill + 1);
    if (!copy)
        return false;
    memcpy(copy, contents, size);
    tls[i] = copy;
    *index = i;
    return true;
}

void thread_teb_tls_remove(uint32_t index)
{
    if (index < THREAD_TEB_TLS) {
        heap_free(tls[index]);
        tls[index] = NULL;
    }
}

void *thread_teb_tls_at(uint32_t index)
{
    return index < THREAD_TEB_TLS ? tls[index] : NULL;
}

uint32_t thread_last_error(void)
{
    return teb.last_error;
}

void thread_set_last_error(uint32_t error)
{
    teb.last_error = error;
}

// A new slot reads as 0, whatever was in it before. [TlsAlloc]
bool thread_slot_alloc(const struct image *owner, uint32_t *slot)
{
    uint32_t i = 0;

    while (i < THREAD_SLOTS && slots[i].used)
        i++;
    if (i == THREAD_SLOTS)
        return false;
    slots[i].used = true;
    slots[i].owner = owner;
    teb.slots[i] = 0;
    *slot = i;
    return true;
}

static bool in_use(uint32_t slot)
{
    return slot < THREAD_SLOTS && slots[slot].used;
}

bool thread_slot_free(uint32_t slot)
{
    if (!in_use(slot))
        return false;
    slots[slot].used = false;
    return true;
}

bool thread_slot_get(uint32_t slot, uint32_t *value)
{
    if (!in_use(slot))
        return false;
    *value = teb.slots[slot];
    return true;
}

bool thread_slot_set(uint32_t slot, uint32_t value)
{
    if (!in_use(slot))
        return false;
    teb.slots[slot] = value;
    return true;
}

void thread_slots_free(const struct image *owner)
{
    for (uint32_t i = 0; i < THREAD_SLOTS; i++)
        if (slots[i].owner == owner)
            slots[i].used = false;
}
