// SPDX-License-Identifier: MIT
// `zip`: a boot module through compress and uncompress, there and back.
//
// The best test of a loader is a program that knows its own answer. Deflate
// uses tables, function pointers and a good part of the DLL; a single word
// that was relocated wrongly makes the copy differ from the original.
#include "smc/load/loader/zip.h"
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/report.h"

// zlib's functions return 0 on success and a small negative number if not.
static bool zlib_call(struct call *call, const char *what, bool returned,
                      struct load_error *error)
{
    if (!returned)
        return load_fail(error, "%s: %s", what, call->text);
    return call->result == 0 ||
           load_fail(error, "%s returned %d", what, (int)call->result);
}

// zlib takes and returns the length through one pointer: room before the
// call, size after it.
static bool pack_and_unpack(struct image *zlib, const void *data,
                            uint8_t *packed, uint8_t *copy, struct zip *zip,
                            struct load_error *error)
{
    // uncompress must not be told the true size: it reports it.
    uint32_t size = zip->size;
    struct call call;
    bool ok;

    ok = call_symbol(&call, zlib, "compress", 4, (uint32_t)(uintptr_t)packed,
                     (uint32_t)(uintptr_t)&zip->packed,
                     (uint32_t)(uintptr_t)data, size);
    if (!zlib_call(&call, "compress", ok, error))
        return false;
    ok = call_symbol(&call, zlib, "uncompress", 4, (uint32_t)(uintptr_t)copy,
                     (uint32_t)(uintptr_t)&size, (uint32_t)(uintptr_t)packed,
                     zip->packed);
    if (!zlib_call(&call, "uncompress", ok, error))
        return false;
    // Compared here, by the kernel's memcmp: zlib cannot judge itself.
    zip->identical = size == zip->size && memcmp(copy, data, size) == 0;
    return true;
}

bool zip_round_trip(struct image *zlib, const void *data, uint32_t size,
                    struct zip *zip, struct load_error *error)
{
    uint8_t *packed, *copy;
    bool ok = false;

    error->file = zlib->name;
    *zip = (struct zip){.size = size};
    // compressBound of zlib: what no input can need more than.
    zip->packed = size + (size >> 12) + (size >> 14) + (size >> 25) + 13;
    packed = heap_alloc(zip->packed);
    copy = heap_alloc(size);
    if (packed && copy)
        ok = pack_and_unpack(zlib, data, packed, copy, zip, error);
    else
        load_fail(error, "no memory for %u and %u bytes", zip->packed, size);
    heap_free(packed);
    heap_free(copy);
    return ok;
}

static int run_zip(int argc, char **argv)
{
    struct load_error error;
    const struct module *file;
    struct image *zlib;
    struct zip zip;

    if (argc != 2)
        return command_usage("zip");
    file = module_find(argv[1]);
    if (!file) {
        kprintf("%s: no such file among the boot modules\n", argv[1]);
        return 1;
    }
    zlib = report_open("zlib1.dll");
    if (!zlib)
        return 1;
    if (!zip_round_trip(zlib, file->data, file->size, &zip, &error))
        return report_error(&error);
    // size is at least 1: a boot module is never empty.
    kprintf("%s: %u bytes, compressed %u (%u %%), round trip %s\n", file->name,
            zip.size, zip.packed,
            (unsigned)u64_div((uint64_t)zip.packed * 100, zip.size),
            zip.identical ? "identical" : "DIFFERS");
    return zip.identical ? 0 : 1;
}

COMMAND(zip, "FILE", "compress a file with zlib1.dll and back", run_zip);
