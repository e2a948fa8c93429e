// SPDX-License-Identifier: MIT
// Multiboot modules as files. boot/info.c has judged each of them: a module
// that lies outside memory, over the kernel or over another module is named
// and left out.
#include "kernel/module.h"
#include "boot/info.h"
#include "kernel/command.h"
#include "kernel/log.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"

enum { NAME_SIZE = 64 };

// The first `count` entries of both are valid; entry i of names is the name of
// module i. The boot information may have more: those with a fault are not
// here.
static struct module modules[BOOT_MAX_MODULES];
static char names[BOOT_MAX_MODULES][NAME_SIZE];
static size_t count;

// The indices of the modules by name, as a loader of many modules looks for
// many: a chain of one hash is in the order of the modules.
//
//   bucket[hash] --> 3 --> 17 --> NONE      next[3] = 17
enum { BUCKETS = 256, NONE = 0xffff };
static uint16_t bucket[BUCKETS], next[BOOT_MAX_MODULES];

// Up to the end of the name, or to the # before a number. *len is how far.
static uint32_t hash_of(const char *name, size_t *len)
{
    uint32_t hash = 5381;
    size_t i = 0;
    for (; name[i] && name[i] != '#'; i++)
        hash = hash * 33 + (uint8_t)name[i];
    *len = i;
    return hash % BUCKETS;
}

// The last path component of the first word; "module" if there is none. Cut at
// 63 characters.
//
//   "/boot/zlib1.dll arg arg"  ->  "zlib1.dll"
static void name_of(const char *string, char *out, size_t size)
{
    const char *start = string;
    while (*start == ' ')
        start++;
    const char *end = start;
    for (; *end && *end != ' '; end++)
        if (*end == '/')
            start = end + 1;
    size_t n = (size_t)(end - start);
    if (n >= size)
        n = size - 1;
    memcpy(out, start, n);
    out[n] = 0;
    if (!n)
        strlcpy(out, "module", size);
}

// NULL if the device window is full. A module that begins in the direct map
// but ends beyond it is mapped a second time, as a whole.
static const uint8_t *map_module(const struct boot_module *m)
{
    if (m->end <= DIRECT_MAP_SIZE)
        return virt_of(m->start);
    return paging_map_device(m->start, m->end - m->start, PAGE_READ);
}

// A file is read-only, and its pages say so. Loaders begin modules at a page
// (we ask for that in the header), and the allocator gives out no page that a
// module touches, so nobody else has data in its last one. Low memory is not
// protected: the BIOS lives there, too.
static void protect_module(const struct boot_module *m)
{
    uintptr_t first = PAGE_ALIGN_DOWN((uintptr_t)m->start);
    uintptr_t end = PAGE_ALIGN_UP((uintptr_t)m->end);
    if (m->end <= DIRECT_MAP_SIZE && m->start >= 0x100000)
        paging_protect(virt_of(first), (end - first) / PAGE_SIZE, PAGE_READ);
}

// Puts the last module at the end of its chain. Those of its name that are
// there already give it its number.
static void enter(uint16_t index)
{
    const char *name = names[index];
    size_t len;
    uint16_t *link = &bucket[hash_of(name, &len)];
    modules[index].number = 1;
    for (; *link != NONE; link = &next[*link])
        modules[index].number += strcmp(names[*link], name) == 0;
    *link = index;
    next[index] = NONE;
}

void modules_init(void)
{
    memset(bucket, 0xff, sizeof bucket); // NONE
    for (uint32_t i = 0; i < bootinfo.module_count; i++) {
        const struct boot_module *m = &bootinfo.modules[i];
        const uint8_t *data = m->fault ? NULL : map_module(m);
        name_of(m->string, names[count], sizeof names[count]);
        if (!data) {
            log_print("module %s [%08x, %08x) left out: %s\n", names[count],
                      m->start, m->end,
                      m->fault ? m->fault : "it is too large to map");
            continue;
        }
        protect_module(m);
        modules[count] = (struct module){names[count], m->string, data,
                                         m->end - m->start, 0};
        enter((uint16_t)count++);
    }
    if (bootinfo.lost_modules)
        log_print("%u modules too many: only the first %u are kept\n",
                  bootinfo.lost_modules, BOOT_MAX_MODULES);
}

size_t module_count(void)
{
    return count;
}

const struct module *module_at(size_t index)
{
    return index < count ? &modules[index] : NULL;
}

const struct module *module_find(const char *name)
{
    size_t len;
    uint32_t hash = hash_of(name, &len);
    // Without # the first one. 0 finds nothing.
    uint32_t wanted = 1;
    if (name[len] && !parse_u32(name + len + 1, &wanted))
        return NULL;
    for (size_t i = bucket[hash]; len < NAME_SIZE && i != NONE; i = next[i])
        if (modules[i].number == wanted && !names[i][len] &&
            !memcmp(names[i], name, len))
            return &modules[i];
    return NULL;
}

static int run_ls(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < count; i++) {
        kprintf("%10u  %s", modules[i].size, modules[i].name);
        if (modules[i].number > 1)
            kprintf("#%u", modules[i].number);
        kprintf("\n");
    }
    if (!count)
        kprintf("no modules: make run MODULES=\"FILE ...\" brings files\n");
    return 0;
}
COMMAND(ls, "", "list the files (multiboot modules)", run_ls);
