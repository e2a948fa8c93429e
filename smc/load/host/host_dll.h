// SPDX-License-Identifier: MIT
// What the files of the two DLLs share.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// KERNEL32 is stdcall: the callee pops its arguments. msvcrt is cdecl: the
// caller does.
#define STDCALL __attribute__((stdcall))

// host_msvcrt.c: the boot module's string of the running call's image.
const char *host_command_line(void);

// host_kernel32.c: what GetLastError answers. Returns false.
bool host_last_error(uint32_t number);
enum {
    HOST_INVALID_HANDLE = 6,
    HOST_NOT_ENOUGH_MEMORY = 8,
    HOST_ACCESS_DENIED = 5,
    HOST_INVALID_PARAMETER = 87,
    HOST_INSUFFICIENT_BUFFER = 122,
    HOST_MOD_NOT_FOUND = 126,
    HOST_PROC_NOT_FOUND = 127,
    HOST_INVALID_ADDRESS = 487
};

// host_pages.c: pages of images, for VirtualProtect and VirtualQuery.
STDCALL uint32_t host_virtual_protect(uint32_t address, uint32_t size,
                                      uint32_t protect, uint32_t *old);
STDCALL uint32_t host_virtual_query(uint32_t address, uint32_t *out,
                                    uint32_t size);

// host_dll.c: DLLs by name and handle.
STDCALL uint32_t host_module_handle(const char *name);
STDCALL uint32_t host_module_handle_wide(const uint16_t *name);
STDCALL uint32_t host_module_free(uint32_t handle);
STDCALL uint32_t host_module_symbol(uint32_t handle, const char *name);
