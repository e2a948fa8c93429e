// SPDX-License-Identifier: MIT
// `digest`: five algorithms that this kernel does not contain.
//
// crypto.mod keeps a list of digests. Each gcry_*.mod adds its own to that
// list in grub_mod_init, by calling a function of crypto.mod: two files that
// were never linked with each other or with this kernel.
#include "smc/load/loader/digest.h"
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/module.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/open.h"
#include "smc/load/report.h"

// The head of GRUB's gcry_md_spec_t.
//
//   crypto.mod   grub_digests --> sha256 --> md5 --> crc32 --> 0
//                                   |         |        '- in gcry_crc.mod
//                                   |         '- in gcry_md5.mod
//                                   '- in gcry_sha256.mod, name "SHA256"
//
// Nobody here knows the functions' addresses: crypto.mod follows pointers in
// these records. Each was written by the loader, as one R_386_32.
struct digest_spec {
    const char *name;
    uint32_t asnoid, asnlen, oids;
    uint32_t mdlen;
};

// By name, as GRUB's own list of crypto modules (crypto.lst) is by name.
static bool is_algorithm(const char *name)
{
    size_t len = strlen(name);

    return strncmp(name, "gcry_", 5) == 0 && len > 4 &&
           strcmp(name + len - 4, ".mod") == 0;
}

// Some gcry modules need more than this kernel has (big numbers). They are
// left out; the algorithm that is asked for decides whether that matters.
static struct image *open_all(struct load_error *error)
{
    struct image *crypto = open_image("crypto.mod", error);
    struct load_error ignored;

    // Opening an image that is there already costs one look at the list.
    for (size_t i = 0; crypto && i < module_count(); i++) {
        const struct module *file = module_at(i);
        ignored.file = file->name;
        if (is_algorithm(file->name))
            open_image(file->name, &ignored);
    }
    return crypto;
}

// What the list holds comes from loaded code, so it is judged too.
static bool check_spec(const struct digest_spec *spec, const char *algorithm,
                       struct load_error *error)
{
    uint32_t address = (uint32_t)(uintptr_t)spec;

    if (!spec)
        return load_fail(error, "no loaded module offers %s", algorithm);
    // Both ends, as the record could begin on an image's last page.
    if (!image_of(address) || !image_of(address + sizeof *spec - 1))
        return load_fail(error, "the record of %s is at 0x%x, in no image",
                         algorithm, address);
    // It decides how many bytes grub_crypto_hash writes to `out`.
    if (spec->mdlen > DIGEST_MAX)
        return load_fail(error, "%s says it makes %u bytes; at most %d fit",
                         algorithm, spec->mdlen, DIGEST_MAX);
    return true;
}

// Two calls into crypto.mod: the first finds the record of the algorithm in
// its list, the second runs init, write, final and read through pointers in
// that record, which lead into another module.
bool digest_of(const char *algorithm, const void *data, uint32_t size,
               uint8_t out[DIGEST_MAX], uint32_t *len,
               struct load_error *error)
{
    const struct digest_spec *spec;
    struct image *crypto;
    struct call call;

    error->file = "crypto.mod";
    crypto = open_all(error);
    if (!crypto)
        return false;
    if (!call_symbol(&call, crypto, "grub_crypto_lookup_md_by_name", 1,
                     (uint32_t)(uintptr_t)algorithm))
        return load_fail(error, "%s", call.text);
    spec = (const void *)(uintptr_t)call.result;
    if (!check_spec(spec, algorithm, error))
        return false;
    *len = spec->mdlen;
    return call_symbol(&call, crypto, "grub_crypto_hash", 4,
                       (uint32_t)(uintptr_t)spec, (uint32_t)(uintptr_t)out,
                       (uint32_t)(uintptr_t)data, size) ||
           load_fail(error, "%s", call.text);
}

static int run_digest(int argc, char **argv)
{
    struct load_error error;
    uint8_t out[DIGEST_MAX];
    const struct module *file;
    const void *data;
    uint32_t size, len;

    if (argc != 3)
        return command_usage("digest");
    data = argv[2];
    size = (uint32_t)strlen(argv[2]);
    if (!command_arg_quoted(argv[2])) {
        file = module_find(argv[2]);
        if (!file) {
            kprintf("%s: no such file; put text in double quotes\n", argv[2]);
            return 1;
        }
        data = file->data;
        size = file->size;
    }
    if (!digest_of(argv[1], data, size, out, &len, &error))
        return report_error(&error);
    for (uint32_t i = 0; i < len; i++)
        kprintf("%02x", out[i]);
    kprintf("  %s\n", argv[2]);
    return 0;
}

COMMAND(digest, "ALGORITHM FILE|\"TEXT\"", "digest by GRUB's crypto modules",
        run_digest);
