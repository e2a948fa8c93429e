// SPDX-License-Identifier: MIT
// The thread control block of i386 Linux, and the thread-local data below it.
//
// gcc compiles a `__thread` variable to %gs:offset and a function that is
// worth protecting to a comparison with %gs:0x14. Both are a convention with
// the C library, which makes the block (glibc, nptl/descr.h; musl, the same
// offsets). The first word leads to the block itself, because an address in
// another segment cannot be taken otherwise.
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/thread.h"
#include "smc/load/thread_block.h"

// Aligned to the largest alignment: the start of a block is tp minus a
// multiple of its own.
static struct {
    uint8_t tls[THREAD_TLS_SIZE];
    uint32_t self, dtv, self_again, threads, sysinfo, canary, pointer_guard;
    uint32_t unused[57]; // what else a libc keeps here reads as 0
} __attribute__((aligned(4096))) block;

// A block takes the bytes from tp - tpoff up to tp - tpoff + size. Its number
// is its place in this table plus 1; the first is the host's.
static struct tls_block {
    uint32_t tpoff, size; // size 0: free
} blocks[THREAD_TLS_BLOCKS] = {{4, 4}};

uint8_t *thread_tls_at(uint32_t tpoff)
{
    return (uint8_t *)&block.self - tpoff;
}

static bool overlap(const struct tls_block *b, uint32_t tpoff, uint32_t size)
{
    return b->size && b->tpoff - b->size < tpoff && tpoff - size < b->tpoff;
}

// The lowest offset from `from` on at which nothing lies: behind every block
// that is in the way the search begins again, and no block is met twice.
static uint32_t find_room(uint32_t size, uint32_t align)
{
    uint32_t tpoff = (size + align - 1) & ~(align - 1);
    int i = 0;

    while (i < THREAD_TLS_BLOCKS && tpoff <= THREAD_TLS_SIZE)
        if (overlap(&blocks[i], tpoff, size)) {
            tpoff = (blocks[i].tpoff + size + align - 1) & ~(align - 1);
            i = 0;
        } else {
            i++;
        }
    return tpoff;
}

static struct tls_block *free_entry(void)
{
    for (int i = 0; i < THREAD_TLS_BLOCKS; i++)
        if (!blocks[i].size)
            return &blocks[i];
    return NULL;
}

bool thread_tls_reserve(uint32_t size, uint32_t align, uint32_t *tpoff)
{
    struct tls_block *b = free_entry();

    size = size ? size : 1;
    align = align ? align : 1;
    // Both limits first: the sums below must not wrap.
    if (!b || size > THREAD_TLS_SIZE || align > THREAD_TLS_ALIGN_MAX ||
        (align & (align - 1)))
        return false;
    *tpoff = find_room(size, align);
    if (*tpoff > THREAD_TLS_SIZE)
        return false;
    b->tpoff = *tpoff;
    b->size = size;
    memset(thread_tls_at(*tpoff), 0, size);
    return true;
}

uint32_t thread_tls_module(uint32_t tpoff)
{
    for (uint32_t i = 0; i < THREAD_TLS_BLOCKS; i++)
        if (blocks[i].size && blocks[i].tpoff == tpoff)
            return i + 1;
    return 0;
}

void thread_tls_release(uint32_t tpoff)
{
    uint32_t module = thread_tls_module(tpoff);

    if (module > 1) // the host's own stays
        blocks[module - 1].size = 0;
}

uint32_t thread_errno_tpoff(void)
{
    return blocks[0].tpoff;
}

int *thread_errno(void)
{
    return (int *)(void *)thread_tls_at(blocks[0].tpoff);
}

void *thread_tls_get_addr(const struct thread_tls_index *index)
{
    uint32_t at = index->module - 1; // 0 wraps to what is out of range

    if (at >= THREAD_TLS_BLOCKS || !blocks[at].size)
        call_end((uint32_t)(uintptr_t)__builtin_return_address(0),
                 "__tls_get_addr: there is no TLS module %u", index->module);
    return thread_tls_at(blocks[at].tpoff) + index->offset;
}

__attribute__((regparm(1))) void *
thread_tls_get_addr_eax(const struct thread_tls_index *index)
{
    return thread_tls_get_addr(index);
}

// Not a secret that holds against anybody: the time of the first call, mixed.
// The low byte is 0, so that a string function that runs over it stops there.
// [glibc, sysdeps/generic/dl-osinfo.h does the same]
static uint32_t random_word(void)
{
    uint64_t time = rdtsc();
    uint32_t mixed = (uint32_t)time ^ (uint32_t)(time >> 32);

    mixed = (mixed ^ mixed >> 16) * 0x7feb352du;
    mixed = (mixed ^ mixed >> 15) * 0x846ca68bu;
    return mixed ^ mixed >> 16;
}

uint32_t thread_linux_block(void)
{
    uint32_t tp = (uint32_t)(uintptr_t)&block.self;

    if (!block.self) {
        block.canary = random_word() << 8;
        block.pointer_guard = random_word();
        block.self = block.self_again = tp;
    }
    return tp;
}
