// SPDX-License-Identifier: MIT
// Checks of the thread blocks, from both sides: what the loader puts there,
// and what code behind %gs and %fs finds. The code is the kernel's own, called
// as if it were an image's.
#include "kernel/lab.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/thread.h"

#define BLOCKS 40

static uint32_t read_gs(int32_t offset)
{
    uint32_t v;

    __asm__ volatile("mov %%gs:(%1), %0" : "=r"(v) : "r"(offset));
    return v;
}

static uint32_t read_fs(uint32_t offset)
{
    uint32_t v;

    __asm__ volatile("mov %%fs:(%1), %0" : "=r"(v) : "r"(offset));
    return v;
}

// The limits can only be counted while nobody else has a part.
static bool is_alone(void)
{
    if (image_first())
        judged("images are loaded; `unload` them first");
    return !image_first();
}

static struct image pretended = {.name = "thread_check", .base = NULL};

// Calls kernel code as foreign code is called.
static bool call_as_foreign(struct call *call, uint32_t (*fn)(uint32_t),
                            uint32_t argument)
{
    *call = (struct call){.image = &pretended,
                          .entry = (uint32_t)(uintptr_t)fn,
                          .argc = 1,
                          .args = {argument}};
    return call_image(call);
}

// Static TLS -----------------------------------------------------------------

struct tls {
    uint32_t size, align, tpoff;
};

// Sizes and alignments of all kinds, from one byte to a page.
static struct tls pick(uint32_t i)
{
    return (struct tls){.size = i * 37 % 300, .align = 1u << i * 5 % 9};
}

static bool disjoint(const struct tls *a, const struct tls *b)
{
    return a->tpoff <= b->tpoff - b->size || b->tpoff <= a->tpoff - a->size;
}

// 0 if this block is aligned, zero, and apart from the first `count` others
// and from errno.
static uint32_t block_is_wrong(const struct tls *t, const struct tls *others,
                               uint32_t count)
{
    struct tls number = {4, 4, thread_errno_tpoff()};
    uint8_t *at = thread_tls_at(t->tpoff);
    bool good = (uintptr_t)at % t->align == 0 && disjoint(t, &number);

    for (uint32_t i = 0; i < t->size; i++)
        good = good && at[i] == 0;
    for (uint32_t i = 0; i < count; i++)
        good = good && disjoint(t, &others[i]);
    memset(at, 0xa5, t->size); // the next owner must not see it
    return !good;
}

// Twice: the second time into the holes that every third block has left.
static enum check_result check_tls_blocks(void)
{
    struct tls t[BLOCKS];
    uint32_t wrong = 0, refused = 0;

    for (uint32_t i = 0; i < BLOCKS; i++) {
        t[i] = pick(i);
        refused += !thread_tls_reserve(t[i].size, t[i].align, &t[i].tpoff);
        wrong += block_is_wrong(&t[i], t, i);
    }
    for (uint32_t i = 0; i < BLOCKS; i += 3)
        thread_tls_release(t[i].tpoff);
    for (uint32_t i = 0; i < BLOCKS; i += 3) {
        refused += !thread_tls_reserve(t[i].size, t[i].align, &t[i].tpoff);
        wrong += block_is_wrong(&t[i], t, i);
    }
    for (uint32_t i = 0; i < BLOCKS; i++)
        thread_tls_release(t[i].tpoff);
    judged("%u blocks of 0 to 299 bytes, a third of them twice: %u wrong, %u "
           "refused",
           BLOCKS, wrong, refused);
    return verdict(!wrong && !refused);
}

static enum check_result check_tls_limits(void)
{
    uint32_t all = THREAD_TLS_SIZE - 4, a = 0, b = 0, count = 0;
    uint32_t tpoff[THREAD_TLS_BLOCKS + 1];
    bool fits, more, odd, last;

    if (!is_alone())
        return CHECK_SKIP;
    fits = thread_tls_reserve(all, 1, &a);
    more = thread_tls_reserve(1, 1, &b);
    thread_tls_release(a);
    odd = thread_tls_reserve(8, 3, &b) || thread_tls_reserve(8, 8192, &b) ||
          thread_tls_reserve(UINT32_MAX, 1, &b) ||
          thread_tls_reserve(UINT32_MAX - 8, 4096, &b);
    while (count <= THREAD_TLS_BLOCKS &&
           thread_tls_reserve(1, 1, &tpoff[count]))
        count++;
    last = count == THREAD_TLS_BLOCKS - 1; // one is the host's
    for (uint32_t i = 0; i < count; i++)
        thread_tls_release(tpoff[i]);
    thread_tls_release(thread_errno_tpoff()); // which does nothing
    judged("all %u bytes: %s, one more: %s, odd requests: %s, %u blocks", all,
           fits ? "yes" : "no", more ? "yes" : "no", odd ? "yes" : "no",
           count);
    return verdict(fits && !more && !odd && last &&
                   thread_tls_module(thread_errno_tpoff()) == 1);
}

// As general-dynamic code does it: the index in eax, the address in eax.
static uint32_t variable_eax(uint32_t index)
{
    uint32_t at;

    __asm__ volatile("call thread_tls_get_addr_eax"
                     : "=a"(at)
                     : "a"(index)
                     : "ecx", "edx", "memory", "cc");
    return *(uint32_t *)(uintptr_t)at;
}

static uint32_t variable_stack(uint32_t index)
{
    return *(uint32_t *)thread_tls_get_addr(
        (const struct thread_tls_index *)(uintptr_t)index);
}

// And as local-exec code does: an offset from tp.
static uint32_t variable_gs(uint32_t tpoff)
{
    return read_gs(-(int32_t)tpoff + 4);
}

static enum check_result check_tls_variable(void)
{
    struct thread_tls_index index = {.offset = 4}, none = {99, 4};
    static const char wanted[] = "__tls_get_addr: there is no TLS module 99";
    struct call a, b, c, d;
    uint32_t tpoff = 0;
    bool ok = thread_tls_reserve(8, 4, &tpoff);

    memcpy(thread_tls_at(tpoff) + 4, "TLS!", 4);
    index.module = thread_tls_module(tpoff);
    ok = ok && call_as_foreign(&a, variable_eax, (uint32_t)&index) &&
         call_as_foreign(&b, variable_stack, (uint32_t)&index) &&
         call_as_foreign(&c, variable_gs, tpoff) &&
         !call_as_foreign(&d, variable_stack, (uint32_t)&none);
    thread_tls_release(tpoff);
    judged("%08x by eax, %08x by stack, %08x by gs; %s", a.result, b.result,
           c.result, d.text);
    return verdict(ok && a.result == 0x21534c54 && b.result == a.result &&
                   c.result == a.result &&
                   strncmp(d.text, wanted, sizeof wanted - 1) == 0);
}

// Windows --------------------------------------------------------------------

// The first byte of a .tls copy, as compiled code finds it.
static uint32_t first_of_copy(uint32_t index)
{
    const uint32_t *array = (const uint32_t *)(uintptr_t)read_fs(0x2c);

    return *(const uint32_t *)(uintptr_t)array[index];
}

static enum check_result check_teb_tls(void)
{
    uint32_t index[THREAD_TEB_TLS + 1], count = 0, zeros = 0;
    struct call call;
    const uint8_t *copy;
    bool found;

    if (!is_alone())
        return CHECK_SKIP;
    while (count <= THREAD_TEB_TLS &&
           thread_teb_tls_add("template", 8, 24, &index[count]))
        count++;
    found = call_as_foreign(&call, first_of_copy, index[5]);
    copy = thread_teb_tls_at(index[5]);
    for (int i = 8; i < 32; i++)
        zeros += copy[i] == 0;
    for (uint32_t i = 0; i < count; i++)
        thread_teb_tls_remove(index[i]);
    judged("%u copies; the fifth begins with %08x and ends with %u zeros",
           count, call.result, zeros);
    return verdict(found && count == THREAD_TEB_TLS && zeros == 24 &&
                   call.result == 0x706d6574 && !thread_teb_tls_at(index[5]) &&
                   !thread_teb_tls_add("x", UINT32_MAX, 1, &index[0]));
}

// Where inlined TlsGetValue looks: in the block itself.
static uint32_t slot_in_block(uint32_t slot)
{
    return read_fs(0xe10 + 4 * slot);
}

static enum check_result check_slots(void)
{
    uint32_t slot[THREAD_SLOTS + 1], count = 0, value = 1;
    struct call call;
    bool set, found, freed;

    if (!is_alone())
        return CHECK_SKIP;
    while (count <= THREAD_SLOTS &&
           thread_slot_alloc(&pretended, &slot[count]))
        count++;
    set = thread_slot_set(slot[9], 4711);
    found = call_as_foreign(&call, slot_in_block, slot[9]);
    freed = thread_slot_free(slot[9]) && !thread_slot_free(slot[9]) &&
            !thread_slot_set(slot[9], 1) && !thread_slot_get(slot[9], &value);
    // The same one again, and empty.
    freed = freed && thread_slot_alloc(&pretended, &slot[9]) &&
            thread_slot_get(slot[9], &value) && value == 0;
    thread_slots_free(&pretended);
    judged("%u slots, one holds %u, and 0 when given out again", count,
           call.result);
    return verdict(set && found && freed && count == THREAD_SLOTS &&
                   call.result == 4711 && !thread_slot_get(slot[0], &value));
}

// Calls within calls ---------------------------------------------------------

static uint32_t inner(uint32_t fault)
{
    __asm__ volatile("movl $0x1234, %fs:0");
    if (fault)
        __asm__ volatile("ud2");
    return (uint32_t)(uintptr_t)__builtin_frame_address(0);
}

// 1 if nothing of the inner call is left to be seen.
static uint32_t outer(uint32_t fault)
{
    struct call call;
    uint32_t self = read_gs(0), frame;
    bool returned, same;

    frame = (uint32_t)(uintptr_t)__builtin_frame_address(0);
    __asm__ volatile("movl $0x5678, %fs:0");
    returned = call_as_foreign(&call, inner, fault);
    same = read_gs(0) == self && read_fs(0x18) == thread_teb() &&
           read_fs(0) == 0x5678 && call_owner() == &pretended;
    // Below the outer one, on the same stack.
    return same && returned == !fault &&
           (fault || (call.result < frame && call.result > read_fs(8)));
}

static enum check_result check_nesting(void)
{
    struct call good, bad;
    bool ok = call_as_foreign(&good, outer, 0) &&
              call_as_foreign(&bad, outer, 1);

    judged("after an inner call that returned: %u, that faulted: %u",
           good.result, bad.result);
    return verdict(ok && good.result == 1 && bad.result == 1 && !call_owner());
}

static const struct check checks[] = {
    {"TLS blocks are aligned, zero and apart", check_tls_blocks},
    {"the TLS area has limits and says so", check_tls_limits},
    {"a variable is found by all three ways", check_tls_variable},
    {"copies of .tls are found behind fs:[0x2c]", check_teb_tls},
    {"64 slots, found behind fs:[0xe10]", check_slots},
    {"a call within a call leaves no trace", check_nesting},
};
CHECK_SUITE(thread, checks);
