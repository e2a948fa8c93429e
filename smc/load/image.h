// SPDX-License-Identifier: MIT
// A loaded image: a file that was written for some other address and has
// been rewritten for the one where it now lies.
//
// The same few steps serve every format. Nothing executable is touched
// before the last one:
//
//        the file            the staging buffer          the arena
//   +---------------+      +--------------------+     +----------------+
//   | headers       | lay  | .text  e8 fc ff .. | one | .text   r-x    |
//   | .text         | out  |        ^ relocate  |write|                |
//   | .data         | ---> | .data  00 10 08 63 | --> | .data   rw-    |
//   | relocations   |      | imports: bind      |     | imports rw-    |
//   +---------------+      +--------------------+     +----------------+
//     never written          plain heap memory          never rwx
//
// Every system with shared libraries does this: ntdll's LdrpRelocateImage,
// Linux's module loader, GRUB's dl.c. [ELF 1-22], [PE "The .reloc Section"]
#pragma once
#include "kernel/module.h"
#include "smc/door/arena.h"
#include "smc/load/refuse.h"

// A file that asks for more is refused, not believed.
#define IMAGE_MAX (16u << 20)
// PE allows 96 sections; the headers and the stubs are two parts more.
#define IMAGE_PARTS 98
// GRUB's bsd.mod needs 13 others, more than any other module.
#define IMAGE_USES 16

enum image_kind { IMAGE_ELF, IMAGE_PE };
enum part_kind { PART_CODE, PART_READ_ONLY, PART_DATA };

// A stretch of an image that has one kind of pages. Parts are in ascending
// order and never share a page.
struct image_part {
    char name[9];
    enum part_kind kind;
    uint32_t offset, size;
};

// What was changed, for `images` and the checks: one count per type.
enum reloc_type {
    RELOC_32,
    RELOC_PC32,
    RELOC_PLT32,
    RELOC_HIGHLOW,
    RELOC_TYPES
};

struct image_export {
    uint32_t name;    // offset into image->names
    uint32_t address; // 0 for a forwarder, which is listed but not followed
};

// An import that this kernel does not offer. A stub in the image calls
// resolve_refused with the address of this record.
struct image_refusal {
    struct image *image;
    uint32_t dll, symbol; // offsets into image->names
};

// Who keeps whom alive. An arrow is a pointer that the loader counts or owns:
//
//   images --> gcry_md5.mod --> crypto.mod --> 0      the list, newest first
//                  |   '---uses----^ users 1          no unload below users
//                  |
//                  +--> arena       r-x, r--, rw- pages, and nothing else's
//                  +--> names, export, refusal        heap
//                  '--> blocks      what its code allocated (host_heap.c)
//
// Pointers from one image's data into another's, as crypto.mod's list has
// them, are not counted: only the modules' own init and fini know of them.
struct image {
    struct image *next; // the list of images, newest first
    char name[80];      // of its file, as `ls` shows it
    // Only to be compared: what the checks load from is gone afterwards.
    const struct module *file;
    enum image_kind kind;
    struct arena *arena; // its address range, and nothing else is in it
    uint8_t *base;
    uint32_t size;          // whole pages, the stubs included
    uint32_t preferred;     // PE: the address that the file was linked for
    uint32_t register_args; // arguments that its functions take in registers

    struct image_part part[IMAGE_PARTS]; // ascending, no page in two of them
    uint32_t parts;
    uint32_t relocations[RELOC_TYPES];
    uint32_t bound;   // imports that the kernel or an image satisfies
    uint32_t refused; // imports that lead to a refusing stub
    struct image_refusal *refusal;
    uint32_t stubs; // offset of the stubs that lead to them

    char *names; // all names of exports and refusals, each with NUL
    uint32_t names_used, names_size;
    struct image_export *export;
    uint32_t exports, exports_size;

    struct image *uses[IMAGE_USES]; // images that this one points into
    uint32_t uses_count;
    uint32_t users;      // images that point into this one
    uint32_t init, fini; // GRUB modules: their two life cycle functions
    bool started;
    // Its init or fini did not return. Nobody knows what it has told others
    // of its addresses, so it stays, and nothing is bound to it any more.
    bool broken;

    // Only while loading.
    uint8_t *stage;     // the image as it will be
    uint8_t *claimed;   // one bit per byte that the loader has changed
    uint32_t last_part; // where the last change was
};

// Loads a file. Imports are satisfied by the kernel and by the images that
// are loaded already. Runs nothing. Returns NULL with the reason in *error;
// then nothing was kept.
struct image *image_load(const struct module *file, struct load_error *error);

// Frees all that an image holds, the memory that its code allocated
// included. Refuses while another image uses it, and if it is broken.
bool image_unload(struct image *image, struct load_error *error);

// The first loaded image; follow ->next. Newest first.
struct image *image_first(void);
// The newest image with this name. A file has several names: NAME and NAME#1
// are the same boot module.
struct image *image_find(const char *name);
// The image that an address lies in, or NULL.
struct image *image_of(uint32_t address);

// An exported symbol, or NULL. Its address is 0 if it is a forwarder.
const struct image_export *image_export(const struct image *image,
                                        const char *name);
// Only its address; 0 if there is none.
uint32_t image_symbol(const struct image *image, const char *name);
// The symbol at or before an address, for fault reports, or NULL.
const struct image_export *image_nearest(const struct image *image,
                                         uint32_t address);
const char *image_export_name(const struct image *image,
                              const struct image_export *export);
uint32_t image_code_bytes(const struct image *image);
