// SPDX-License-Identifier: MIT
// VirtualProtect and VirtualQuery: the rights of an image's pages.
//
// Windows lets a program make its own code writable, and hot patching there
// does so. Here only the door writes to code, so that data may become
// read-only and writable again, code stays what it is, and the rest is
// refused with a last error.
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "smc/load/host/host_dll.h"
#include "smc/load/image.h"

// PAGE_* of Windows. Each is a bit of its own.
enum {
    READ_ONLY = 0x02,
    READ_WRITE = 0x04,
    WRITE_COPY = 0x08,
    EXECUTE = 0x10,
    EXECUTE_READ = 0x20
};

// 0 if nothing is mapped there.
static uint32_t protection(uint32_t address)
{
    struct page_info page;

    if (!paging_lookup((const void *)PAGE_ALIGN_DOWN(address), &page))
        return 0;
    if (page.rights & PAGE_EXEC)
        return EXECUTE_READ;
    return page.rights & PAGE_WRITE ? READ_WRITE : READ_ONLY;
}

// How many bytes from a page on, below `end`, have the rights of the first.
static uint32_t region(uint32_t from, uint32_t end)
{
    uint32_t to = from, protect = protection(from);

    while (to < end && protection(to) == protect)
        to += PAGE_SIZE;
    return to - from;
}

STDCALL uint32_t host_virtual_protect(uint32_t address, uint32_t size,
                                      uint32_t protect, uint32_t *old)
{
    const struct image *image = image_of(address);
    uint32_t from = PAGE_ALIGN_DOWN(address), end, now, bytes;
    bool code = protect == EXECUTE || protect == EXECUTE_READ;
    bool writable = protect == READ_WRITE || protect == WRITE_COPY;

    if (!image || !size)
        return host_last_error(HOST_INVALID_ADDRESS);
    end = (uint32_t)(uintptr_t)image->base + image->size;
    // The end is compared before it is computed: address + size can wrap.
    if (size > end - address)
        return host_last_error(HOST_INVALID_ADDRESS);
    now = protection(address);
    bytes = PAGE_ALIGN_UP(address + size) - from;
    // All pages are of one kind: otherwise half of a refused request would
    // have been carried out.
    for (uint32_t at = from; at < from + bytes; at += PAGE_SIZE)
        if ((protection(at) == EXECUTE_READ) != code)
            return host_last_error(HOST_ACCESS_DENIED);
    if (!code && !writable && protect != READ_ONLY)
        return host_last_error(HOST_ACCESS_DENIED);
    if (!code && !arena_make_data(image->arena, (void *)from, bytes, writable))
        return host_last_error(HOST_ACCESS_DENIED);
    *old = now;
    return true;
}

// MEMORY_BASIC_INFORMATION, seven words:
//
//   base | of the image | rights at first | bytes | state | rights | type
//
// Only images are told about. The kernel's memory is free as far as a program
// can know; it must not allocate there either.
STDCALL uint32_t host_virtual_query(uint32_t address, uint32_t *out,
                                    uint32_t size)
{
    const struct image *image = image_of(address);
    uint32_t from = PAGE_ALIGN_DOWN(address), base;

    if (size < 28)
        return host_last_error(HOST_INVALID_PARAMETER);
    out[0] = from;
    out[1] = out[2] = out[5] = out[6] = 0;
    out[3] = PAGE_SIZE;
    out[4] = 0x10000; // MEM_FREE
    if (image) {
        base = (uint32_t)(uintptr_t)image->base;
        out[1] = base;
        out[2] = WRITE_COPY; // what Windows maps every image with, at first
        out[3] = region(from, base + image->size);
        out[4] = 0x1000; // MEM_COMMIT
        out[5] = protection(from);
        out[6] = 0x1000000; // MEM_IMAGE
    }
    return 28;
}
