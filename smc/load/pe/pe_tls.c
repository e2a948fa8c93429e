// SPDX-License-Identifier: MIT
// The TLS directory: variables of which every thread has its own.
// [PE "The .tls Section"; ".tls" and what a compiler makes of it]
//
//   .tls    | contents of the variables |   copied for each thread
//           ^ Start                     ^ End, then SizeOfZeroFill zeros
//   .data   | index |                       written here, once
//   .rdata  | callback | callback | 0 |     called when a thread comes or goes
//
//   mov  index, %ecx              what compilers make of a variable:
//   mov  %fs:0x2c, %eax           the array of this thread's copies
//   mov  (%eax,%ecx,4), %eax      our copy
//
// Unlike the other directories this one holds addresses, not RVAs: words that
// are relocated like any other. So it is read after that. There is one thread
// here, and the copy is made while loading.
#include "kernel/string.h"
#include "smc/load/pe/pe.h"
#include "smc/load/thread.h"

// No program is known to want more; a file could ask for the whole heap.
#define TLS_MAX 0x100000u

static bool refuse(struct pe *pe, const char *field, uint32_t where,
                   uint32_t value, const char *why)
{
    uint32_t rva = pe_directory(pe, DIR_TLS).VirtualAddress;

    return load_refuse(pe->error, field, "RVA", rva + where, value, why);
}
#define REFUSE(pe, tls, field, why) \
    refuse(pe, #field, offsetof(struct pe_tls, field), (tls)->field, why)

// From an address in the image to its RVA. One below the base becomes a large
// number, which is outside like any other.
static uint32_t rva_of(const struct pe *pe, uint32_t address)
{
    return address - (uint32_t)(uintptr_t)pe->image->base;
}

static bool check_contents(struct pe *pe, const struct pe_tls *tls)
{
    uint32_t image = pe->header->SizeOfImage;
    uint32_t start = rva_of(pe, tls->StartAddressOfRawData);
    uint32_t size = tls->EndAddressOfRawData - tls->StartAddressOfRawData;

    if (size && start >= image)
        return REFUSE(pe, tls, StartAddressOfRawData, "outside the image");
    if (size && size > image - start)
        return REFUSE(pe, tls, EndAddressOfRawData,
                      "before the start or outside the image");
    if (tls->SizeOfZeroFill > TLS_MAX)
        return REFUSE(pe, tls, SizeOfZeroFill, "more than a mebibyte");
    return true;
}

// The index is written into the stage, so that even constants could be where
// it lies; but it must be in the image, and not in its headers.
static bool check_index(struct pe *pe, const struct pe_tls *tls)
{
    uint32_t rva = rva_of(pe, tls->AddressOfIndex);

    if (rva >= pe->header->SizeOfHeaders && pe_in_part(pe->image, rva, 4))
        return true;
    return REFUSE(pe, tls, AddressOfIndex, "in no section of the image");
}

// Callbacks are called, so each must be code of this image.
static bool is_code(const struct image *image, uint32_t address)
{
    uint32_t rva = address - (uint32_t)(uintptr_t)image->base;

    for (uint32_t i = 0; i < image->parts; i++)
        if (rva - image->part[i].offset < image->part[i].size)
            return image->part[i].kind == PART_CODE;
    return false;
}

static bool check_callbacks(struct pe *pe, const struct pe_tls *tls)
{
    uint32_t rva = rva_of(pe, tls->AddressOfCallBacks), callback;

    if (tls->AddressOfCallBacks == 0)
        return true;
    for (;; rva += 4) {
        if (!range_inside(rva, 4, pe->header->SizeOfImage))
            return REFUSE(pe, tls, AddressOfCallBacks,
                          "the list does not end inside the image");
        callback = build_get(pe->image, rva);
        if (callback == 0)
            return true;
        if (!is_code(pe->image, callback))
            return load_refuse(pe->error, "TLS callback", "RVA", rva, callback,
                               "no code of this image");
    }
}

// Keeps what is needed when the image has been moved, or runs.
static bool add(struct pe *pe, const struct pe_tls *tls)
{
    struct pe_detail *detail = pe->detail;
    uint32_t size = tls->EndAddressOfRawData - tls->StartAddressOfRawData;
    const uint8_t *contents = pe->image->stage;
    struct fixup fixup = {
        rva_of(pe, tls->AddressOfIndex), 4, "TLS index", NULL, 0, 0};

    if (size)
        contents += rva_of(pe, tls->StartAddressOfRawData);
    if (!thread_teb_tls_add(contents, size, tls->SizeOfZeroFill, &fixup.after))
        return load_fail(pe->error, "no room for its thread-local storage");
    detail->tls_index = fixup.after;
    detail->tls = true;
    fixup.before = build_get(pe->image, fixup.offset);
    build_tell(pe->in, &fixup);
    build_put(pe->image, fixup.offset, fixup.after);
    return true;
}

bool pe_add_tls(struct pe *pe)
{
    uint32_t rva = pe_directory(pe, DIR_TLS).VirtualAddress;
    struct pe_tls tls;

    if (rva == 0)
        return true;
    if (!pe_in_image(pe, "the TLS directory", rva, 1, sizeof tls))
        return false;
    memcpy(&tls, pe->image->stage + rva, sizeof tls);
    return check_contents(pe, &tls) && check_index(pe, &tls) &&
           check_callbacks(pe, &tls) && add(pe, &tls);
}

void pe_drop_tls(const struct pe_detail *detail)
{
    if (detail->tls)
        thread_teb_tls_remove(detail->tls_index);
}

// In the image as it is now, which its own code may have changed: what is no
// code of it ends the list.
uint32_t pe_tls_callback(const struct image *image, uint32_t number)
{
    const struct pe_detail *detail = image->detail;
    uint32_t directory = detail->header.Directory[DIR_TLS].VirtualAddress;
    const struct pe_tls *tls = (const void *)(image->base + directory);
    uint32_t rva, callback;

    if (!directory || !tls->AddressOfCallBacks)
        return 0;
    rva = tls->AddressOfCallBacks - (uint32_t)(uintptr_t)image->base;
    if (!pe_in_part(image, rva, 4 * number + 4))
        return 0;
    callback = ((const struct word *)(image->base + rva))[number].value;
    return is_code(image, callback) ? callback : 0;
}
