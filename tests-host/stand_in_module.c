// SPDX-License-Identifier: MIT
// kernel/module.h over files of the command line.
#include "kernel/string.h"
#include "tests-host/host.h"
#include "tests-host/stand_in.h"
#include <stdlib.h>

static struct module *modules;
static size_t module_total;

static const char *last_component(const char *path)
{
    const char *name = path;

    for (; *path; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}

void stand_in_files(char **paths, size_t count)
{
    for (size_t i = 0; i < module_total; i++)
        free((void *)modules[i].data);
    free(modules);
    module_total = count;
    modules = calloc(count + 1, sizeof *modules);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        modules[i].data = host_read_file(paths[i], &size);
        modules[i].size = (uint32_t)size;
        modules[i].cmdline = paths[i];
        modules[i].name = last_component(paths[i]);
    }
}

struct module *stand_in_file(size_t index)
{
    return &modules[index];
}

size_t module_count(void)
{
    return module_total;
}

const struct module *module_at(size_t index)
{
    return index < module_total ? &modules[index] : NULL;
}

// Without NAME#2: a directory has no two files of one name.
const struct module *module_find(const char *name)
{
    for (size_t i = 0; i < module_total; i++)
        if (strcmp(modules[i].name, name) == 0)
            return &modules[i];
    return NULL;
}
