// SPDX-License-Identifier: MIT
// Loading a PE32 DLL: what Windows loads, and what UEFI firmware loads too.
//
// The file was linked for one address, ImageBase. Sections keep their
// distances at any other, so that only absolute addresses change:
//
//   base  +---------------------+   file
//         | headers        r--  |   0 .. SizeOfHeaders
//   +1000 | .text          r-x  |   PointerToRawData, SizeOfRawData
//         | .data          rw-  |   ... padded with zeros to VirtualSize
//         | .idata .reloc  ...  |
//         +---------------------+   SizeOfImage
//         | refusing stubs r-x  |   not in the file: smc/load/resolve.h
//         +---------------------+
#pragma once
#include "smc/load/pe/pe_format.h"
#include "smc/load/resolve.h"

extern const struct image_format pe_format;

// Words that the table of base relocations names in ascending order.
struct pe_run {
    uint32_t block;       // RVA of the block with the first entry
    uint32_t first, last; // RVAs of that entry, and behind the last one
    uint32_t low, next;   // of the words: where they begin and end
    uint32_t limit;       // no word of this run may begin above
    uint32_t words;       // 0: there is no run
};

// An image on its way from one base to another.
struct pe_move {
    struct pe *pe;
    struct pe_directory table;
    uint32_t from, delta;  // the base it is linked for now, what to add
    bool used;             // its code has run: its data may be its own
    struct pe_run run;     // of the sweep that goes on
    struct pe_run claimed; // which build_claim_run knows as a whole
};

// What is kept of the file as long as the image is there. The image has the
// headers, too, but its own code may write there.
struct pe_detail {
    // By ordinal: 1 + the number in image->export, or 0.
    uint32_t *function;
    uint32_t functions, ordinal_base;
    // The RVAs of all slots that imports were bound in.
    uint32_t *slot;
    uint32_t slots;
    bool tls; // it has thread-local storage, under this index
    uint32_t tls_index;
    // Last, because the header ends with an array of any length.
    union {
        struct pe_header header; // a directory that the file lacks is 0
        uint8_t bytes[sizeof(struct pe_header) +
                      DIR_COUNT * sizeof(struct pe_directory)];
    };
};

// A forwarder's two halves.
struct pe_forward {
    char dll[NAME_MAX + 5];
    const char *symbol;
};

// Between the files of this format: the file after pe_check.
struct pe {
    const struct module *file;
    struct image *image;
    struct load_error *error;
    struct loading *in;
    const struct pe_header *header;
    const struct pe_section *section;
    uint32_t imports;     // how many the import table names
    const char *last_dll; // the DLL of the import that was counted last
    struct pe_detail *detail;
    struct pe_move move;
};

// The stage holds the image and, behind it, as many stubs as a file may need:
// IMAGE_MAX bounds both together, so an image alone must be smaller.
#define PE_IMPORTS_MAX 2048u
#define PE_SIZE_MAX (IMAGE_MAX - PE_IMPORTS_MAX * RESOLVE_STUB_SIZE)

// How much of the address space a section takes. VirtualSize 0 is what old
// linkers left there; Windows then takes the size of the bytes in the file.
static inline uint32_t pe_section_size(const struct pe_section *section)
{
    return section->VirtualSize ? section->VirtualSize
                                : section->SizeOfRawData;
}

// pe_check.c: is it PE at all, and everything that the headers say.
bool pe_is(const struct module *file);
bool pe_check(struct pe *pe);
// pe_section.c: the section table, and the parts of the image.
bool pe_check_sections(struct pe *pe);

// The directory entry, all zeros if the file has none. pe_in_image refuses
// one that reaches out of the image.
struct pe_directory pe_directory(const struct pe *pe, uint32_t index);
bool pe_in_image(struct pe *pe, const char *field, uint32_t rva,
                 uint32_t count, uint32_t entry);
// True if these bytes are in a section or in the headers.
bool pe_in_part(const struct image *image, uint32_t rva, uint32_t size);
// The string at an RVA of the stage, or NULL with the reason in the error:
// at most 255 printable characters.
const char *pe_string(struct pe *pe, const char *field, uint32_t rva);

// pe_reloc.c: moves every word that the table names from the base `from`, for
// which the stage is linked, to the image's base. `used`: the code has run, so
// that a word of data that is no address of the image any more is left alone.
bool pe_relocate(struct pe *pe, uint32_t from, bool used);
const char *pe_reloc_name(uint32_t type);

// pe_tls.c: judges the TLS directory of a relocated stage and makes the
// thread's copy; gives that back; and the callbacks by number, 0 at the end.
bool pe_add_tls(struct pe *pe);
void pe_drop_tls(const struct pe_detail *detail);
uint32_t pe_tls_callback(const struct image *image, uint32_t number);

// pe_start.c: see struct image_format.
bool pe_start(struct image *image, struct load_error *error);
bool pe_stop(struct image *image, struct load_error *error);

// pe_rebase.c: see struct image_format.
bool pe_rebase(struct image *image, uint32_t base, struct load_error *error);

// pe_import.c: counts the imports and takes what they need into the set; then
// binds them. Delayed ones come after relocating, the others before.
bool pe_count_imports(struct pe *pe);
bool pe_bind_imports(struct pe *pe);
bool pe_bind_delayed(struct pe *pe);

// pe_export.c: makes what is exported known; later follows the forwarders.
bool pe_publish(struct pe *pe);
bool pe_follow_forwards(struct pe *pe);
// The function with this ordinal, or NULL.
const struct image_export *pe_export_at(const struct image *image,
                                        uint32_t ordinal);

// pe_resolve.c: the image that goes by this name, taken into the set if it is
// a boot module; *image is NULL if there is none. False on an error.
bool pe_dll(struct pe *pe, const char *dll, struct image **image);
// Looks up another DLL's function by lookup->dll and ->name, "#12" for
// ordinal 12, through all forwarders. `from`: the forwarder that asks, or
// NULL. False on an error; that nobody offers it is none.
bool pe_resolve(struct pe *pe, const struct image_export *from,
                struct lookup *lookup);
bool pe_forward_split(const char *forward, struct pe_forward *out);
