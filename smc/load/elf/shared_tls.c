// SPDX-License-Identifier: MIT
// Thread-local variables: each thread has its own errno. There is one thread
// here, and its block is laid out as compilers expect it. [TLS 3.4.6, 4.2]
//
//   lower addresses                          %gs:0
//   | variables of b.so | variables of a.so | thread control block |
//   ^ tp - tpoff(b)     ^ tp - tpoff(a)     ^ tp
//
//   type         the word becomes    code
//   TLS_TPOFF    S + A - tpoff       mov x@ntpoff(%ebx), %eax; mov %gs:(%eax)
//   TLS_TPOFF32  tpoff - S           the same, subtracted
//   TLS_DTPMOD32 number of module    call ___tls_get_addr, for objects that
//   TLS_DTPOFF32 S                   may come and go with threads running
//
// S is the variable's offset in its object's block.
#include "smc/load/elf/shared_tls.h"
#include "kernel/string.h"
#include "smc/load/thread.h"

// The first values lie in a segment, the zeros behind them in none.
static bool check_header(const struct shared *shared,
                         const struct elf_segment *header)
{
    uint32_t low = header->p_vaddr - shared->low;
    const struct shared_segment *segment = shared_segment(shared, low,
                                                          header->p_filesz);

    if (header->p_filesz && !segment)
        return REFUSE_FIELD(shared, header, p_vaddr,
                            "its first values are in no segment");
    if (header->p_align > THREAD_TLS_ALIGN_MAX)
        return REFUSE_FIELD(shared, header, p_align, "more than 4096");
    // The compiler has aligned variables within the block, so that the block
    // must lie as the linker saw it.
    if (header->p_align && header->p_vaddr % header->p_align)
        return REFUSE_FIELD(shared, header, p_vaddr,
                            "not a multiple of p_align");
    return true;
}

bool shared_reserve_tls(struct shared *shared)
{
    const struct elf_segment *header = shared->tls.header;

    if (!header || header->p_memsz == 0)
        return true;
    if (!check_header(shared, header))
        return false;
    shared->tls.low = header->p_vaddr - shared->low;
    shared->tls.file_size = header->p_filesz;
    shared->tls.size = header->p_memsz;
    shared->tls.reserved = thread_tls_reserve(
        header->p_memsz, header->p_align ? header->p_align : 1,
        &shared->tls.tpoff);
    return shared->tls.reserved ||
           REFUSE_FIELD(shared, header, p_memsz,
                        "no room for so much thread-local data");
}

// The first values are those of the image: they may hold addresses, which
// were relocated there.
void shared_fill_tls(struct shared *shared)
{
    if (shared->tls.reserved)
        memcpy(thread_tls_at(shared->tls.tpoff),
               shared->image->base + shared->tls.low, shared->tls.file_size);
}

void shared_release_tls(struct shared *shared)
{
    if (shared->tls.reserved)
        thread_tls_release(shared->tls.tpoff);
}

// Without a symbol it is about the object's own block, and the offset in it is
// what the word holds.
static bool find(struct shared *shared, const struct elf_rel *rel,
                 struct shared_found *found)
{
    uint32_t index = rel->r_info >> 8;
    const struct elf_symbol *symbol = shared_symbol(shared, index);
    const char *name = symbol ? shared_string(shared, symbol->st_name) : NULL;

    if (!name)
        return REFUSE_FIELD(shared, rel, r_info,
                            "no such symbol, or it has no name");
    *found = (struct shared_found){.kind = SHARED_TLS,
                                   .tpoff = shared->tls.tpoff};
    if (index == 0)
        return shared->tls.reserved ||
               REFUSE_FIELD(shared, rel, r_info,
                            "thread-local, and there is no PT_TLS");
    shared_find(shared, index, found);
    if (found->kind == SHARED_MISSING) {
        load_missing(shared->error, name);
        return true;
    }
    if (found->kind == SHARED_TLS)
        shared->image->bound += symbol->st_shndx == SHN_UNDEF;
    return found->kind == SHARED_TLS ||
           REFUSE_FIELD(shared, rel, r_info, "its symbol is not thread-local");
}

bool shared_relocate_tls(struct shared *shared, const struct elf_rel *rel,
                         uint32_t *value)
{
    struct shared_found found;

    if (!find(shared, rel, &found))
        return false;
    switch ((uint8_t)rel->r_info) {
    case R_386_TLS_TPOFF: *value += found.value - found.tpoff; break;
    case R_386_TLS_TPOFF32: *value += found.tpoff - found.value; break;
    case R_386_TLS_DTPMOD32: *value = thread_tls_module(found.tpoff); break;
    // Linkers have put the offset there already if there is no symbol.
    case R_386_TLS_DTPOFF32:
        if (rel->r_info >> 8)
            *value = found.value;
        break;
    }
    return true;
}
