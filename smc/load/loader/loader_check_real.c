// SPDX-License-Identifier: MIT
// Checks of the loader on real files: a DLL for Windows, modules of GRUB.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/loader/digest.h"
#include "smc/load/loader/loader_check.h"
#include "smc/load/loader/walk.h"
#include "smc/load/loader/zip.h"
#include "smc/load/open.h"
#include "smc/load/pe/pe_format.h"

#define ADDRESS(p) ((uint32_t)(uintptr_t)(p))

struct recount {
    const struct image *image;
    uint32_t right, code;
};

// What the word should be is computed from the file alone.
static void recount_word(const struct walk_word *word, void *arg)
{
    struct recount *count = arg;
    const struct image *image = count->image;
    uint32_t delta = ADDRESS(image->base) - image->preferred, now;

    memcpy(&now, image->base + word->rva, sizeof now);
    // The same sum as in pe_reloc.c, but from the file's word and not from
    // what the loader has read: if it has read wrongly, this tells.
    count->right += now == word->value + delta;
    count->code += word->code;
}

// Debian 12's zlib1.dll, of which the figures are known by other tools
// (objdump -p, python3-pefile). Another version is only counted twice.
static bool is_known(const struct module *file)
{
    return file->size == 139790;
}

uint32_t zlib_words_right(const struct image *image, uint32_t *listed)
{
    struct recount count = {.image = image};

    *listed = walk_relocations(module_find("zlib1.dll"), recount_word, &count);
    return count.right;
}

enum check_result check_relocations(void)
{
    enum check_result result;
    struct image *image = zlib_load(&result);
    const struct module *file = module_find("zlib1.dll");
    struct recount count = {.image = image};
    uint32_t listed;

    if (!image)
        return result;
    listed = walk_relocations(file, recount_word, &count);
    judged("%u relocated, %u listed, %u of them in code, %u words right",
           image->relocations[PE_REL_HIGHLOW], listed, count.code,
           count.right);
    return zlib_verdict(image,
                        listed && count.right == listed &&
                            image->relocations[PE_REL_HIGHLOW] == listed &&
                            (!is_known(file) || listed == 786));
}

enum check_result check_imports(void)
{
    enum check_result result;
    struct image *image = zlib_load(&result);
    const struct module *file = module_find("zlib1.dll");
    uint32_t listed;

    if (!image)
        return result;
    walk_import(file, "malloc", &listed);
    judged("%u bound by the kernel, %u by refusing stubs, %u listed",
           image->bound, image->refused, listed);
    return zlib_verdict(image, image->bound + image->refused == listed &&
                                   (!is_known(file) || listed == 51));
}

// The known answers of the two checksums for the nine digits are in every
// description of them.
enum check_result check_checksums(void)
{
    enum check_result result;
    struct image *image = zlib_load(&result);
    struct call crc, adler;
    bool ok;

    if (!image)
        return result;
    // crc32 uses a table by address; adler32 uses no address at all. If only
    // the second is right, relocation is to blame and not the call.
    ok = call_symbol(&crc, image, "crc32", 3, 0, "123456789", 9) &&
         call_symbol(&adler, image, "adler32", 3, 1, "123456789", 9);
    judged("crc32 %08x, adler32 %08x", ok ? crc.result : 0,
           ok ? adler.result : 0);
    return zlib_verdict(image, ok && crc.result == 0xcbf43926 &&
                                   adler.result == 0x091e01de);
}

// A megabyte or more makes deflate slide its window; the largest file that
// is there has to do.
static const struct module *largest_module(void)
{
    const struct module *largest = module_at(0);

    for (size_t i = 1; i < module_count(); i++)
        if (module_at(i)->size > largest->size)
            largest = module_at(i);
    return largest;
}

enum check_result check_round_trip(void)
{
    enum check_result result;
    struct image *image = zlib_load(&result);
    const struct module *file = largest_module();
    struct load_error error;
    struct zip zip;

    if (!image)
        return result;
    // The fresh image, not the one that the shell may have used.
    if (zip_round_trip(image, file->data, file->size, &zip, &error)) {
        judged("%s: %u bytes, compressed %u, %s", file->name, zip.size,
               zip.packed, zip.identical ? "identical" : "different");
        return zlib_verdict(image, zip.identical && zip.packed < zip.size);
    }
    judged("%s", error.text);
    return zlib_verdict(image, false);
}

static const struct {
    const char *algorithm, *module, *known;
} digests[] = {
    {"crc32", "gcry_crc.mod", "cb f4 39 26"},
    {"md5", "gcry_md5.mod", "25 f9 e7 94 32 3b 45 38 85 f5"},
    {"sha1", "gcry_sha1.mod", "f7 c3 bc 1d 80 8e 04 73 2a df"},
    {"sha256", "gcry_sha256.mod", "15 e2 b0 d3 c3 38 91 eb b0 f1"},
    {"sha512", "gcry_sha512.mod", "d9 e6 76 2d d1 c8 ea f6 d6 1b"},
};
#define DIGESTS (sizeof digests / sizeof digests[0])

// The first module that is needed and not there, or NULL.
static const char *missing_module(void)
{
    if (!module_find("crypto.mod"))
        return "crypto.mod";
    for (size_t i = 0; i < DIGESTS; i++)
        if (!module_find(digests[i].module))
            return digests[i].module;
    return NULL;
}

enum check_result check_digests(void)
{
    const struct image *before = image_first();
    struct load_error error;
    uint8_t out[DIGEST_MAX];
    uint32_t len, right = 0;
    char text[40] = "";

    if (missing_module())
        return check_without(missing_module());
    for (size_t i = 0; i < DIGESTS; i++)
        if (digest_of(digests[i].algorithm, "123456789", 9, out, &len,
                      &error)) {
            // Ten bytes are enough: a digest is right or altogether wrong.
            hex_bytes(text, sizeof text, out, len < 10 ? len : 10);
            right += strcmp(text, digests[i].known) == 0;
        }
    judged("%u of %u right, %s %s ...", right, (unsigned)DIGESTS,
           digests[DIGESTS - 1].algorithm, text);
    close_newer(before);
    return right == DIGESTS ? CHECK_PASS : CHECK_FAIL;
}

// gcry_md5.mod says in .moddeps that it needs crypto.mod, and points into it
// once it is loaded.
enum check_result check_needs(void)
{
    const struct image *before = image_first();
    struct load_error error;
    struct image *user, *used;
    bool refused;

    if (!module_find("crypto.mod") || !module_find("gcry_md5.mod"))
        return check_without("crypto.mod or gcry_md5.mod");
    user = open_image("gcry_md5.mod", &error);
    used = image_find("crypto.mod");
    // Not even its fini may be run while another image is in its list.
    refused = used && !close_image(used, &error);
    judged("%s; %s", user && used ? "both are loaded" : "NOT loaded",
           error.text);
    close_newer(before);
    return user && refused ? CHECK_PASS : CHECK_FAIL;
}

// The kernel offers all that zlib1.dll imports. In the copy the import _open,
// to which gzopen leads, has a name that nobody offers.
static bool rename_import(uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i + 6 <= size; i++)
        if (memcmp(data + i, "_open", 6) == 0) {
            data[i + 4] = 'm';
            return true;
        }
    return false;
}

// The copy must be gone after the image only: nothing is read from it later.
static bool call_renamed(const struct module *file, struct call *call)
{
    struct load_error error;
    struct image *image = image_load(file, &error);
    bool refused;

    if (!image)
        return false;
    refused = !call_symbol(call, image, "gzopen", 2, "file", "r") &&
              check_says(call->text, "zlib1.dll called msvcrt.dll!_opem, "
                                     "which this kernel does not offer");
    return image_unload(image, &error) && refused;
}

enum check_result check_refused(void)
{
    const struct module *file = module_find("zlib1.dll");
    struct trial trial = {0};
    struct call call = {.text = "no copy of the file with such an import"};
    uint8_t *copy;
    bool pass;

    if (!file)
        return check_without("zlib1.dll");
    copy = try_copy_of(file, &trial);
    pass = copy && rename_import(copy, file->size) &&
           call_renamed(&trial.file, &call);
    heap_free(copy);
    judged("%s", call.text);
    return verdict(pass);
}

// A wild pointer as an argument; then a good call in the same image, which
// must not have noticed.
enum check_result check_crash(void)
{
    enum check_result result;
    struct image *image = zlib_load(&result);
    struct call call;
    bool returned, works;

    if (!image)
        return result;
    // Nothing of this kernel is mapped there, unless a process runs.
    returned = call_symbol(&call, image, "crc32", 3, 0, 0x40000000, 9);
    works = zlib_agree(image, image);
    judged("%s; then %s", returned ? "it returned" : call.text,
           works ? "cbf43926" : "WRONG");
    return zlib_verdict(image, !returned && works);
}
