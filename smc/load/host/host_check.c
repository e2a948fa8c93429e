// SPDX-License-Identifier: MIT
// Checks of what the kernel offers: the tables, and the functions of its own
// that are behind them. Files of other systems use the rest in
// tests-qemu/test_hosts*.py.
#include "kernel/heap.h"
#include "kernel/lab.h"
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

static const char *print(const char *fmt, ...)
{
    static char text[64];
    va_list ap;

    va_start(ap, fmt);
    host_vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return text;
}

// What ISO C says of each; a C library on the host printed the same.
static enum check_result check_printf(void)
{
    uint32_t right = 0, asked = 0;
    const char *last = "none";

#define PRINTS(wanted, ...)                          \
    do {                                             \
        asked++;                                     \
        if (strcmp(print(__VA_ARGS__), wanted) == 0) \
            right++;                                 \
        else                                         \
            last = wanted;                           \
    } while (0)
    PRINTS("[  -7|-7  |-0007|+7| 7]", "[%4d|%-4d|%05d|%+d|% d]", -7, -7, -7, 7,
           7);
    PRINTS("[007|  007|     007]", "[%.3d|%5.3d|%*.*d]", 7, 7, 8, 3, 7);
    PRINTS("[] [0] [] [00]", "[%.0d] [%d] [%.0u] [%.2x]", 0, 0, 0, 0);
    PRINTS("0x1f 0X1F 037 0 0", "%#x %#X %#o %#x %#o", 31, 31, 31, 0, 0);
    PRINTS("0x001f 0x00001f", "%#.4x %#08x", 31, 31);
    PRINTS("-1 255 -1 65535", "%hhd %hhu %hd %hu", 255, -1, 65535, -1);
    PRINTS("-9223372036854775808 18446744073709551615", "%lld %llu",
           (int64_t)INT64_MIN, UINT64_MAX);
    PRINTS("1777777777777777777777", "%llo", UINT64_MAX);
    PRINTS("4294967296 5 6 7", "%I64d %I32d %zu %td", (int64_t)1 << 32, 5, 6,
           7);
    PRINTS("4294967295 8", "%jd %ld", (int64_t)UINT32_MAX, 8);
    PRINTS("[ab|  abc|abc  |  a]", "[%.2s|%5s|%-5s|%3.1s]", "abc", "abc",
           "abc", "abc");
    PRINTS("(null) a% %y", "%s %c%% %y", NULL, 'a');
    PRINTS("[7     ]", "[%*d]", -6, 7);
    PRINTS("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9a", "%C%C%C", 0xe4, 0x20ac,
           0x1f41a);
    PRINTS("(float) 3", "%f %d", (uint64_t)0, 3);
#undef PRINTS
    judged("%u of %u, not printed: %s", right, asked, last);
    return verdict(right == asked);
}

// A cut text ends with a NUL and tells how long it would have been; nothing
// behind the room is written.
static enum check_result check_cut(void)
{
    char text[8] = "xxxxxxx";
    int len = host_snprintf(text, 4, "%d", 123456);
    bool none = host_snprintf(text + 5, 0, "%d", 1) == 1;

    judged("\"%s\", %d, then '%c%c'", text, len, text[4], text[5]);
    return verdict(strcmp(text, "123") == 0 && len == 6 && text[4] == 'x' &&
                   text[5] == 'x' && none);
}

struct number {
    const char *text;
    int base, value, used, error;
};

static enum check_result check_numbers(void)
{
    static const struct number known[] = {
        {"  -12x", 10, -12, 5, 0},
        {"0x1Fg", 0, 31, 4, 0},
        {"0xg", 0, 0, 1, 0},
        {"0x", 16, 0, 1, 0},
        {"0778", 0, 63, 3, 0},
        {"zz", 36, 1295, 2, 0},
        {"+", 10, 0, 0, 0},
        {"", 0, 0, 0, 0},
        {"2147483647", 10, INT32_MAX, 10, 0},
        {"2147483648", 10, INT32_MAX, 10, HOST_ERANGE},
        {"-2147483648", 10, INT32_MIN, 11, 0},
        {"-2147483649", 10, INT32_MIN, 11, HOST_ERANGE},
        {"99999999999999999999999", 10, INT32_MAX, 23, HOST_ERANGE},
        {"12", 1, 0, 0, 0},
    };
    uint32_t right = 0, count = sizeof known / sizeof known[0];
    const char *end, *last = "none";

    for (uint32_t i = 0; i < count; i++) {
        const struct number *n = &known[i];
        host_errno = 0;
        if (host_strtol(n->text, &end, n->base) == n->value &&
            end == n->text + n->used && host_errno == n->error)
            right++;
        else
            last = n->text;
    }
    judged("%u of %u, not read: %s", right, count, last);
    return verdict(right == count &&
                   host_strtoull("18446744073709551615", &end, 10) ==
                       UINT64_MAX &&
                   !*end);
}

static int compare_words(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

// Two permutations of the numbers below n: backwards, and by a multiplier
// that has no factor in common with n.
static enum check_result check_sort(void)
{
    enum { COUNT = 1000, FACTOR = 387 };
    static uint32_t words[COUNT + 1];
    uint32_t wrong = 0;

    for (uint32_t factor = 1; factor <= FACTOR; factor += FACTOR - 1) {
        for (uint32_t i = 0; i < COUNT; i++)
            words[i] = COUNT - 1 - i * factor % COUNT;
        words[COUNT] = 0xfeedface;
        host_sort(words, COUNT, sizeof words[0], compare_words);
        for (uint32_t i = 0; i < COUNT; i++)
            wrong += words[i] != i;
    }
    judged("2 orders of %d words, %u in a wrong place", COUNT, wrong);
    return verdict(wrong == 0 && words[COUNT] == 0xfeedface);
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
    {"printf prints what ISO C says", check_printf},
    {"a cut text stays in its room", check_cut},
    {"numbers are read to their limits", check_numbers},
    {"sorting sorts", check_sort},
    {"boot modules are files, read only", check_files},
    {"libraries are known by name and version", check_versions},
    {"blocks are aligned, moved and given back", check_blocks},
    {"no page becomes writable and executable", check_protect},
};
CHECK_SUITE(hosts, hosts_checks);
