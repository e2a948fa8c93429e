// SPDX-License-Identifier: MIT
// The kernel as libc.so.6 and ld-linux.so.2.
#include "smc/load/elf/shared_host.h"
#include "kernel/string.h"
#include "smc/load/host/host.h"

bool shared_host_library(const char *name)
{
    return strcmp(name, "libc.so.6") == 0 ||
           strcmp(name, "ld-linux.so.2") == 0;
}

bool shared_host_version(const char *library, const char *version)
{
    return shared_host_library(library) && strncmp(version, "GLIBC_", 6) == 0;
}

bool shared_host_find(const char *library, const struct shared_name *name,
                      struct shared_found *found)
{
    uint32_t address = strcmp(library, "libc.so.6") == 0
                           ? host_c_symbol(name->name)
                           : 0;

    *found = (struct shared_found){SHARED_ADDRESS, address, 0, 0};
    return address;
}
