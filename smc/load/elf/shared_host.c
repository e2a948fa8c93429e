// SPDX-License-Identifier: MIT
// The kernel as libc.so.6 and ld-linux.so.2: its table of names, and what is
// no address in it.
#include "smc/load/elf/shared_host.h"
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/thread.h"

bool shared_host_library(const char *name)
{
    return host_shared_library(name);
}

bool shared_host_version(const char *library, const char *version)
{
    return host_shared_version(library, version);
}

// The two functions of ld-linux.so.2 that find a thread-local variable by
// module and offset. [TLS 3.4.2]
static uint32_t find_thread(const char *name)
{
    if (strcmp(name, "___tls_get_addr") == 0)
        return (uint32_t)(uintptr_t)thread_tls_get_addr_eax;
    if (strcmp(name, "__tls_get_addr") == 0)
        return (uint32_t)(uintptr_t)thread_tls_get_addr;
    return 0;
}

bool shared_host_find(const char *library, const struct shared_name *name,
                      struct shared_found *found)
{
    *found = (struct shared_found){.kind = SHARED_ADDRESS,
                                   .from = "the kernel"};
    // libm stores its errors in glibc's variable itself.
    if (strcmp(name->name, "errno") == 0) {
        found->kind = SHARED_TLS;
        found->tpoff = thread_errno_tpoff();
        found->size = sizeof(int);
        return true;
    }
    found->value = find_thread(name->name);
    if (!found->value)
        found->value = host_shared_symbol(library, name->name, name->version,
                                          &found->size);
    found->sizeless = found->size == 0;
    return found->value;
}
