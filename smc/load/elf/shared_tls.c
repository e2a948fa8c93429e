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

// There is no block behind %gs yet.
bool shared_reserve_tls(struct shared *shared)
{
    const struct elf_segment *header = shared->tls.header;

    if (!header || header->p_memsz == 0)
        return true;
    return load_fail(shared->error, "PT_TLS: not offered");
}

void shared_fill_tls(struct shared *shared)
{
    (void)shared;
}

void shared_release_tls(struct shared *shared)
{
    (void)shared;
}

bool shared_relocate_tls(struct shared *shared, const struct elf_rel *rel,
                         uint32_t *value)
{
    (void)value;
    return REFUSE_FIELD(shared, rel, r_info, "thread-local: not offered");
}
