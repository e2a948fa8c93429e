// SPDX-License-Identifier: MIT
// The kernel as libc.so.6 and ld-linux.so.2.
#include "smc/load/elf/shared_host.h"
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/thread.h"

bool shared_host_library(const char *name)
{
    return strcmp(name, "libc.so.6") == 0 ||
           strcmp(name, "ld-linux.so.2") == 0;
}

bool shared_host_version(const char *library, const char *version)
{
    return shared_host_library(library) && strncmp(version, "GLIBC_", 6) == 0;
}

// What only the block behind %gs can answer: where errno is, and the function
// that finds a variable by module and offset. [TLS 3.4.2]
static uint32_t find_thread(const char *name)
{
    if (strcmp(name, "__errno_location") == 0)
        return (uint32_t)(uintptr_t)thread_errno;
    if (strcmp(name, "___tls_get_addr") == 0)
        return (uint32_t)(uintptr_t)thread_tls_get_addr_eax;
    if (strcmp(name, "__tls_get_addr") == 0)
        return (uint32_t)(uintptr_t)thread_tls_get_addr;
    return 0;
}

bool shared_host_find(const char *library, const struct shared_name *name,
                      struct shared_found *found)
{
    uint32_t address = strcmp(library, "libc.so.6") == 0
                           ? host_c_symbol(name->name)
                           : find_thread(name->name);

    if (strcmp(name->name, "errno") == 0)
        *found = (struct shared_found){.kind = SHARED_TLS,
                                       .tpoff = thread_errno_tpoff(),
                                       .size = sizeof(int)};
    else if (address)
        *found = (struct shared_found){.kind = SHARED_ADDRESS,
                                       .value = address};
    else
        return false;
    found->from = "the kernel";
    return true;
}
