// SPDX-License-Identifier: MIT
// The resolver behind the procedure linkage table.
//
// It runs in the middle of somebody's call, with two words from that
// somebody's stack: which object, and which relocation. Both may be wrong, if
// the code went astray, and end the call in words then. glibc believes them.
#include "smc/load/elf/shared_lazy.h"
#include "kernel/heap.h"
#include "smc/load/call.h"

// The lab `bind` defines it. Programs without that lab have none.
#pragma weak shared_patch

// The head of the GOT is for the resolver: which object this is, and where to
// go. [0] is the linker's, the address of the dynamic section.
//
//   DT_PLTGOT --> | _DYNAMIC | image | shared_lazy_entry | slot | slot ...
bool shared_prepare_lazy(struct shared *shared)
{
    struct image *image = shared->image;
    const struct shared_segment *segment;
    uint32_t got = shared_tag(shared, TAG_PLTGOT) - shared->low;

    if (!shared->jmprel.size || !shared->tag[TAG_PLTGOT])
        return true;
    segment = shared_segment(shared, got, 12);
    if (!segment || !(segment->flags & PF_WRITE))
        return shared_refuse_tag(shared, TAG_PLTGOT,
                                 "no three words of a writable segment");
    shared->pltgot = got;
    if (shared->binding == BINDING_NOW)
        return true;
    shared->lazy = true;
    build_put(image, got + 4, (uint32_t)(uintptr_t)image);
    build_put(image, got + 8, (uint32_t)(uintptr_t)shared_lazy_entry);
    shared_ran(shared, got, got + 12);
    return true;
}

// A pointer from foreign memory is compared before it is followed.
static struct shared *find_caller(const struct shared_frame *frame)
{
    for (struct image *image = image_first(); image; image = image->next)
        if (image == frame->image && shared_of(image))
            return shared_of(image);
    call_end(frame->caller, "a PLT names no loaded object: GOT[1] is 0x%x",
             (uint32_t)(uintptr_t)frame->image);
}

static const struct elf_rel *find_relocation(const struct shared *shared,
                                             const struct shared_frame *frame)
{
    const struct elf_rel *rel;
    uint32_t offset = frame->offset;

    if (offset % sizeof *rel || offset >= shared->jmprel.size)
        call_end(frame->caller,
                 "%s: lazy call with offset 0x%x, which is no entry of its "
                 "PLT's 0x%x bytes",
                 shared->image->name, offset, shared->jmprel.size);
    rel = (const void *)(shared->jmprel.at + offset);
    if ((uint8_t)rel->r_info != R_386_JMP_SLOT)
        call_end(frame->caller,
                 "%s: lazy call with offset 0x%x, which is a %s",
                 shared->image->name, offset,
                 shared_reloc_name((uint8_t)rel->r_info));
    return rel;
}

// An indirect function is asked here and now: we are in a call already, and
// what happens in the resolver happens to that call.
static uint32_t target_of(const struct shared *shared,
                          const struct elf_rel *rel,
                          const struct shared_frame *frame)
{
    const struct elf_symbol *symbol = shared_symbol(shared, rel->r_info >> 8);
    const char *name = symbol ? shared_string(shared, symbol->st_name) : NULL;
    struct shared_found found;

    if (!name)
        call_end(frame->caller,
                 "%s: lazy call of symbol %u, which has no name",
                 shared->image->name, rel->r_info >> 8);
    shared_find(shared, rel->r_info >> 8, &found);
    if (found.kind == SHARED_INDIRECT)
        return ((uint32_t(*)(void))(uintptr_t)found.value)();
    if (found.kind != SHARED_ADDRESS || !found.value)
        call_end(frame->caller,
                 "%s called %s, which this kernel does not offer",
                 shared->image->name, name);
    return found.value;
}

// The slot is judged once more: only a writable page of this image is written.
static uint32_t *slot_of(const struct shared *shared,
                         const struct elf_rel *rel,
                         const struct shared_frame *frame)
{
    uint32_t offset = rel->r_offset - shared->low;
    const struct shared_segment *segment = shared_segment(shared, offset, 4);

    if (!segment || !(segment->flags & PF_WRITE) ||
        (offset + 4 > shared->relro_low && offset < shared->relro_high))
        call_end(frame->caller,
                 "%s: lazy call with a slot at 0x%x, which is "
                 "not writable",
                 shared->image->name, rel->r_offset);
    return (uint32_t *)(shared->image->base + offset);
}

uint32_t shared_bind(const struct shared_frame *frame)
{
    struct shared *shared = find_caller(frame);
    const struct elf_rel *rel = find_relocation(shared, frame);
    uint32_t *slot = slot_of(shared, rel, frame);
    struct shared_bound bound = {
        .image = shared->image,
        .slot = (uint32_t)(uintptr_t)slot,
        .target = target_of(shared, rel, frame),
        .frame = frame,
    };

    shared->image->bound++;
    if (shared->binding == BINDING_LAZY || !shared_patch ||
        !shared_patch(shared->binding, &bound))
        *slot = bound.target;
    return bound.target;
}
