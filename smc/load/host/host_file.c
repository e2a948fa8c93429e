// SPDX-License-Identifier: MIT
// Descriptors: the boot modules as a read-only file system without folders.
//
// There is no disk here and none is faked: what was booted along can be
// read, and every attempt to write answers EROFS, as on a CD.
#include "smc/load/host/host_file.h"
#include "kernel/module.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host_text.h"

#define FIRST 3 // below are the console's three

// The owner is who opened it: unloading closes what an image left open.
static struct descriptor {
    const struct module *file; // NULL: free
    const struct image *owner;
    uint32_t at;
} table[16];

static int fail(int number)
{
    host_errno = number;
    return -1;
}

const char *host_error_text(int number)
{
    switch (number) {
    case 0: return "Success";
    case HOST_ENOENT: return "No such file or directory";
    case HOST_EBADF: return "Bad file descriptor";
    case HOST_EINVAL: return "Invalid argument";
    case HOST_EMFILE: return "Too many open files";
    case HOST_EROFS: return "Read-only file system";
    case HOST_ERANGE: return "Numerical result out of range";
    default: return "Unknown error";
    }
}

// O_WRONLY is 1 and O_RDWR 2, on Linux and in msvcrt. What else a flag may
// ask for (create, truncate) counts for nothing without one of them.
int host_open(const char *path, int flags)
{
    const char *slash = host_strrchr(path, '/');
    const struct module *file = module_find(slash ? slash + 1 : path);

    if (flags & 3)
        return fail(HOST_EROFS);
    if (!file)
        return fail(HOST_ENOENT);
    for (int i = 0; i < (int)(sizeof table / sizeof table[0]); i++)
        if (!table[i].file) {
            table[i] = (struct descriptor){file, call_owner(), 0};
            return i + FIRST;
        }
    return fail(HOST_EMFILE);
}

// The number came from foreign code.
static struct descriptor *find(int fd)
{
    size_t i = (size_t)fd - FIRST;

    return i < sizeof table / sizeof table[0] && table[i].file ? &table[i]
                                                               : NULL;
}

int host_read(int fd, void *out, size_t size)
{
    struct descriptor *open = find(fd);
    uint32_t rest;

    if (!open)
        return fd == 0 ? 0 : fail(HOST_EBADF);
    // A position behind the end is legal and has nothing to read.
    rest = open->at < open->file->size ? open->file->size - open->at : 0;
    if (size > rest)
        size = rest;
    memcpy(out, open->file->data + open->at, size);
    open->at += size;
    return (int)size;
}

int host_write(int fd, const void *data, size_t size)
{
    const char *text = data;

    if (fd != 1 && fd != 2)
        return fail(find(fd) ? HOST_EROFS : HOST_EBADF);
    for (size_t i = 0; i < size; i++)
        kprintf("%c", text[i]);
    return (int)size;
}

// whence: 0 from the start, 1 from here, 2 from the end.
int64_t host_seek(int fd, int64_t offset, int whence)
{
    struct descriptor *open = find(fd);
    int64_t to;

    if (!open)
        return fail(HOST_EBADF);
    to = offset + (whence == 1   ? open->at
                   : whence == 2 ? open->file->size
                                 : 0);
    if (whence < 0 || whence > 2 || to < 0 || to > INT32_MAX)
        return fail(HOST_EINVAL);
    open->at = (uint32_t)to;
    return to;
}

int host_close(int fd)
{
    struct descriptor *open = find(fd);

    if (!open)
        return fd >= 0 && fd < FIRST ? 0 : fail(HOST_EBADF);
    open->file = NULL;
    return 0;
}

void host_close_all(const struct image *owner)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].owner == owner)
            table[i].file = NULL;
}
