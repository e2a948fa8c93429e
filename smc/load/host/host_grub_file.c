// SPDX-License-Identifier: MIT
// Files for GRUB's modules: the boot modules, through GRUB's filters.
//
//   grub_file_open --> a file whose fs is ours
//        |  filter 0: verify.mod   1: gzio.mod   2: xzio.mod   3: lzopio.mod
//        '--> each may return another file in front of it, of its own fs
//
// So a gzip file among the boot modules is read unpacked once gzio.mod has
// been loaded, and not one line here knows of gzip.
#include "kernel/module.h"
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_grub.h"
#include "smc/load/host/host_text.h"

struct grub_file *(GRUB *host_grub_filters[GRUB_FILTERS])(struct grub_file *,
                                                          uint32_t);

// The caller has cut the range to the file's size.
static GRUB int32_t read_module(struct grub_file *file, char *out,
                                uint32_t size)
{
    const struct module *module = file->data;

    memcpy(out, module->data + (uint32_t)file->offset, size);
    return (int32_t)size;
}

static const struct grub_fs module_fs = {.name = "module",
                                         .read = read_module};

// verifiers.mod asks every file for its device: on neither disk nor network.
static const struct grub_device memory_device;

static char *copy(const char *name)
{
    char *text = host_alloc(strlen(name) + 1);

    return text ? host_strcpy(text, name) : NULL;
}

// "(hd0,1)/boot/x.gz" is x.gz here: there is one flat folder.
static struct grub_file *open_module(const char *name)
{
    const char *slash = host_strrchr(name, '/');
    const struct module *module = module_find(slash ? slash + 1 : name);
    struct grub_file *file;

    if (!module) {
        host_grub_error(GRUB_FILE_NOT_FOUND, "file `%s' not found", name);
        return NULL;
    }
    file = host_zalloc(1, sizeof *file);
    if (!file)
        return NULL;
    file->device = &memory_device;
    file->fs = &module_fs;
    file->name = copy(name);
    file->size = module->size;
    file->data = (void *)(uintptr_t)module;
    return file;
}

// A filter takes over the file that it is given, also if it fails.
GRUB struct grub_file *host_grub_file_open(const char *name, uint32_t type)
{
    struct grub_file *file, *below;

    host_grub_errno = 0;
    file = open_module(name);
    for (int i = 0; file && i < GRUB_FILTERS; i++) {
        if (!host_grub_filters[i])
            continue;
        below = file;
        file = host_grub_filters[i](below, type);
        if (file && file != below) {
            file->name = copy(name);
            host_grub_errno = 0;
        }
        if (!file)
            host_grub_file_close(below);
    }
    return file;
}

GRUB int32_t host_grub_file_read(struct grub_file *file, void *out,
                                 uint32_t size)
{
    int32_t got;

    if (file->offset > file->size) {
        host_grub_error(GRUB_OUT_OF_RANGE,
                        "attempt to read past the end of file");
        return -1;
    }
    // 0 asks for all that is left. An unpacked size that is not known yet is
    // all ones.
    if (size == 0 || size > file->size - file->offset)
        size = (uint32_t)(file->size - file->offset);
    got = size ? file->fs->read(file, out, size) : 0;
    if (got > 0)
        file->offset += (uint32_t)got;
    return got;
}

// Returns where it was, or all ones.
GRUB uint64_t host_grub_file_seek(struct grub_file *file, uint64_t offset)
{
    uint64_t before = file->offset;

    if (offset > file->size) {
        host_grub_error(GRUB_OUT_OF_RANGE,
                        "attempt to seek outside of the file");
        return ~(uint64_t)0;
    }
    file->offset = offset;
    return before;
}

// A filter's close closes the file behind it, through this function.
GRUB int host_grub_file_close(struct grub_file *file)
{
    if (file->fs->close)
        file->fs->close(file);
    host_free(file->name);
    host_free(file);
    return host_grub_errno;
}

// The "hd0,1" of "(hd0,1)/x"; NULL if no device is named.
GRUB char *host_grub_file_device_name(const char *name)
{
    const char *end = *name == '(' ? strchr(name, ')') : NULL;
    char *device;

    if (!end)
        return NULL;
    device = copy(name + 1);
    if (device)
        device[end - name - 1] = '\0';
    return device;
}
