// SPDX-License-Identifier: MIT
// Checks of what the kernel offers: the tables, and the functions of its own
// that are behind them. Files of other systems use the rest in
// tests-qemu/test_hosts*.py.
#include "smc/load/host/host_check.h"
#include "kernel/heap.h"
#include "kernel/module.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_c.h"
#include "smc/load/host/host_dll.h"
#include "smc/load/host/host_text.h"
#include "smc/load/names.h"

static enum check_result check_sorted(void)
{
    const struct host_family *family;
    uint32_t names = 0, wrong = 0;
    const char *last = "none";
    size_t f = 0;

    for (; (family = host_family_at(f)); f++)
        for (size_t i = 1; i < family->count; i++, names++)
            if (strcmp(family->symbols[i - 1].name, family->symbols[i].name) >=
                0) {
                wrong++;
                last = family->symbols[i].name;
            }
    judged("%u neighbours in %u tables, %u out of order, the last: %s", names,
           (unsigned)f, wrong, last);
    return verdict(wrong == 0 && names > 250);
}

// Every name, and the same with its last letter gone or one too many, which
// must lead to another entry or to none.
static enum check_result check_found(void)
{
    const struct host_family *family;
    const struct host_symbol *symbol;
    uint32_t found = 0, wrong = 0;
    char other[64];

    for (size_t f = 0; (family = host_family_at(f)); f++)
        for (size_t i = 0; i < family->count; i++) {
            symbol = &family->symbols[i];
            found += host_find(family, symbol->name) == symbol;
            wrong += host_find(family, symbol->name) != symbol;
            ksnprintf(other, sizeof other, "%s!", symbol->name);
            wrong += host_find(family, other) != NULL;
            other[strlen(symbol->name) - 1] = '\0';
            wrong += host_find(family, other) == symbol;
        }
    judged("%u names found, %u wrong answers", found, wrong);
    return verdict(found > 250 && wrong == 0 && !host_find(&host_c, ""));
}

// The first boot module, byte for byte; and every way to write to it.
static enum check_result check_files(void)
{
    const struct module *file = module_count() ? module_at(0) : NULL;
    char name[80], bytes[16];
    bool reads, writes;
    int fd;

    if (!file) {
        judged("no boot module");
        return CHECK_SKIP;
    }
    ksnprintf(name, sizeof name, "/any/%s", file->name);
    fd = host_open(name, 0);
    reads = fd >= 3 && host_seek(fd, -1, 2) == file->size - 1 &&
            host_read(fd, bytes, sizeof bytes) == 1 &&
            (uint8_t)bytes[0] == file->data[file->size - 1] &&
            host_read(fd, bytes, 1) == 0 && host_seek(fd, -1, 0) == -1 &&
            host_seek(fd, 0, 0) == 0 && host_read(fd, bytes, 1) == 1 &&
            (uint8_t)bytes[0] == file->data[0];
    writes = host_write(fd, bytes, 1) != -1 || host_errno != HOST_EROFS ||
             host_open(name, 1) != -1 || host_errno != HOST_EROFS ||
             host_open(name, 0x242) != -1 || host_errno != HOST_EROFS;
    reads = reads && host_close(fd) == 0 && host_close(fd) == -1 &&
            host_errno == HOST_EBADF && host_read(fd, bytes, 1) == -1;
    judged("%s as descriptor %d: %s, %s", name, fd, reads ? "read" : "misread",
           writes ? "written" : "not written");
    return verdict(reads && !writes && host_open("no such file", 0) == -1 &&
                   host_errno == HOST_ENOENT);
}

static enum check_result check_versions(void)
{
    uint32_t size = 1, data = 0, address;
    const char *c = "libc.so.6", *ld = "ld-linux.so.2";
    bool known, unknown;

    address = host_shared_symbol(c, "malloc", "GLIBC_2.0", &size);
    known = address &&
            address == host_c_symbol("malloc", names_hash("malloc")) &&
            size == 0 && host_shared_symbol(c, "stderr", NULL, &data) &&
            data == 4 &&
            host_shared_symbol(ld, "_rtld_global_ro", "GLIBC_PRIVATE", &size);
    unknown = host_shared_symbol(c, "malloc", "GLIBC_2.37", &data) ||
              host_shared_symbol(c, "_rtld_global_ro", NULL, &data) ||
              host_shared_symbol(ld, "malloc", NULL, &data) ||
              host_shared_symbol("libm.so.6", "malloc", NULL, &data) ||
              host_shared_symbol(c, "pthread_once", NULL, &data) ||
              host_shared_version(c, "GLIBC_2.19") ||
              host_shared_version(ld, "GLIBC_2.2") ||
              host_shared_version("libm.so.6", "GLIBC_2.0");
    judged("_rtld_global_ro has %u bytes", size);
    return verdict(known && !unknown && size == 916);
}

// Each power of two up to a page; what the list of blocks holds in between
// is what the heap counts.
static enum check_result check_blocks(void)
{
    struct heap_stats before = heap_stats(), after;
    uint32_t wrong = 0;
    uint8_t *block;

    for (size_t align = 1; align <= 4096; align *= 2) {
        block = host_alloc_aligned(align, 100);
        wrong += !block || (uintptr_t)block % align;
        memset(block, 0xa5, 100);
        block = host_resize(block, 200);
        wrong += !block || block[0] != 0xa5 || block[99] != 0xa5;
        host_free(block);
    }
    wrong += host_alloc_aligned(8192, 1) || host_alloc_aligned(24, 1) ||
             host_alloc_aligned(0, 1) || host_alloc((size_t)-1) ||
             host_zalloc(0x10001, 0x10000);
    after = heap_stats();
    judged("%u wrong, %u blocks before, %u after", wrong, before.blocks,
           after.blocks);
    return verdict(wrong == 0 && before.blocks == after.blocks &&
                   before.bytes == after.bytes);
}

static unsigned rights_of(uint32_t address)
{
    struct page_info page = {0};

    paging_lookup((const void *)(address & ~4095u), &page);
    return page.rights & (PAGE_WRITE | PAGE_EXEC);
}

static uint32_t first_part(const struct image *image, enum part_kind kind)
{
    for (uint32_t i = 0; i < image->parts; i++)
        if (image->part[i].kind == kind)
            return (uint32_t)(uintptr_t)image->base + image->part[i].offset;
    return 0;
}

// 4 is PAGE_READWRITE, 0x40 PAGE_EXECUTE_READWRITE, 2 PAGE_READONLY.
static bool protects(const struct image *image)
{
    uint32_t code = first_part(image, PART_CODE), old = 0;
    uint32_t data = first_part(image, PART_DATA);
    bool refused = !host_virtual_protect(code, 1, 4, &old) &&
                   !host_virtual_protect(code, 1, 0x40, &old) &&
                   !host_virtual_protect(data, 1, 0x40, &old) &&
                   !host_virtual_protect(data, 1, 0x20, &old) &&
                   !host_virtual_protect(data, 0xfffffff0, 2, &old) &&
                   !host_virtual_protect(0, 1, 2, &old) && old == 0;
    bool done = host_virtual_protect(data, 1, 2, &old) && old == 4 &&
                rights_of(data) == 0 &&
                host_virtual_protect(data, 1, 4, &old) && old == 2 &&
                rights_of(data) == PAGE_WRITE;

    judged("code %s, data %s", refused ? "stays as it is" : "was changed",
           done ? "became read-only and writable again" : "did not change");
    return refused && done && rights_of(code) == PAGE_EXEC;
}

static enum check_result check_protect(void)
{
    const struct module *file = module_find("zlib1.dll");
    struct load_error error = {0};
    struct image *image = file ? image_load(file, &error) : NULL;
    bool pass;

    if (!image) {
        judged("%s", file ? error.text : "zlib1.dll is not here");
        return file ? CHECK_FAIL : CHECK_SKIP;
    }
    pass = protects(image);
    return verdict(image_unload(image, &error) && pass);
}

static const struct check hosts_checks[] = {
    {"every table is sorted and has no name twice", check_sorted},
    {"every name is found, and no other", check_found},
    {"printf prints what ISO C says", check_host_printf},
    {"a cut text stays in its room", check_host_cut},
    {"numbers are read to their limits", check_host_numbers},
    {"sorting sorts", check_host_sort},
    {"boot modules are files, read only", check_files},
    {"libraries are known by name and version", check_versions},
    {"blocks are aligned, moved and given back", check_blocks},
    {"no page becomes writable and executable", check_protect},
};
CHECK_SUITE(hosts, hosts_checks);
