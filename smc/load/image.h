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
// An ELF object needs no buffer: its size is known before its first byte is
// copied, so that its stage is the arena itself, as long as that is data.
//
// Every system with shared libraries does this: ntdll's LdrpRelocateImage,
// Linux's module loader, GRUB's dl.c. [ELF 1-22], [PE "The .reloc Section"]
#pragma once
#include "kernel/module.h"
#include "smc/door/arena.h"
#include "smc/load/refuse.h"

// A file that asks for more is refused, not believed.
#define IMAGE_MAX (32u << 20)
// PE allows 96 sections; the headers and the stubs are two parts more.
#define IMAGE_PARTS 98
// GRUB's bsd.mod needs 13 others, more than any other module.
#define IMAGE_USES 32
// Relocation types are counted by their own numbers: 0 to 43 of ELF, 0 to 15
// of PE.
#define IMAGE_RELOC_TYPES 64

// Who may be bound to whom. Names of one family mean nothing in another, and
// neither do its calling conventions: GRUB's strlen has its argument in eax.
enum family { FAMILY_C, FAMILY_GRUB, FAMILY_WINDOWS, FAMILIES };

enum part_kind { PART_CODE, PART_READ_ONLY, PART_DATA };

// A stretch of an image that has one kind of pages. Parts are in ascending
// order, and those of different kinds never share a page.
struct image_part {
    char name[9];
    enum part_kind kind;
    uint32_t offset, size;
};

// Among files that are linked together the higher rank wins. Two that are
// strong are an error of whoever wrote them; of two weak ones the first file's
// is taken. Libraries offer plain names, which may meet.
enum export_rank { EXPORT_PLAIN, EXPORT_WEAK, EXPORT_COMMON, EXPORT_STRONG };

// A symbol that others may ask for: a link in its family's table of names
// (smc/load/names.c) as long as its image is there.
struct image_export {
    uint32_t name;    // offset into image->names
    uint32_t address; // 0: a forwarder to what nobody offers, or an
                      // indirect function that was not chosen yet
    uint32_t hash;    // of the name; 0 if nobody has computed it yet
    uint32_t size;    // of objects' symbols; 0 if it is not known
    uint16_t align;   // of EXPORT_COMMON
    uint8_t rank;     // enum export_rank
    bool hidden;      // seen only by the files it was linked with
    uint32_t ordinal; // PE: a number that others may ask for instead
    uint32_t forward; // PE: "DLL.NAME" in image->names; 0: not a forwarder
    struct image *image;
    struct image_export *next; // in the same bucket, older
};

// An import that this kernel does not offer. A stub in the image calls
// resolve_refused with the address of this record.
struct image_refusal {
    struct image *image;
    uint32_t dll, symbol; // offsets into image->names
};

struct loading;
struct image;

// What tells the formats apart: one of these for each.
//
//   file   is --> judge --> lay_out --> link -----> start .... stop --> forget
//                           |           |           |
//                           stage and   resolve,    its own code runs: init
//                           address     relocate    functions, DllMain
//
// judge of all files of a set comes before lay_out of any, so that they may
// share pages, and that before link of any, so that they may need each other
// in a circle. All but `is`, lay_out, link and reloc_name may be NULL.
struct image_format {
    const char *name; // "ELF", "PE"
    bool (*is)(const struct module *file);
    // Judges the file, asks for room, names the files that it needs.
    bool (*judge)(struct loading *in);
    // Fills the stage, chooses the address, exports names. Without a judge of
    // its own it judges the file, too.
    bool (*lay_out)(struct loading *in);
    // Resolves what the file asks for, relocates the stage.
    bool (*link)(struct loading *in);
    // Frees in->work; called once after link, or after what failed.
    void (*drop)(struct loading *in);
    // Runs the image's own code when it comes and when it goes. False with
    // the reason: the image is then broken.
    bool (*start)(struct image *image, struct load_error *error);
    bool (*stop)(struct image *image, struct load_error *error);
    // Moves the image, with its data as it is now, to another address; 0 is
    // wherever there is room. False with the reason: then it is still where
    // it was, and whole.
    bool (*rebase)(struct image *image, uint32_t base,
                   struct load_error *error);
    // Frees image->detail.
    void (*forget)(struct image *image);
    const char *(*reloc_name)(uint32_t type); // never NULL
};

// Who keeps whom alive. An arrow is a pointer that the loader counts or owns:
//
//   images --> gcry_md5.mod --> crypto.mod --> 0      the list, newest first
//                  |   '---uses----^ users 1          no unload below users
//                  |
//                  +--> arena       r-x, r--, rw- pages, and nothing else's;
//                  |                or code on pages that it shares
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
    const struct image_format *format;
    enum family family;
    void *detail;        // the format's own, as long as the image is there
    struct arena *arena; // its address range, and nothing else is in it; or,
                         // if it shares pages (room.h), its code
    uint8_t *base;
    uint32_t size;      // to the end of its last part: whole pages, the stubs
                        // included; of shared ones others' parts as well
    uint32_t bytes;     // of memory that are its own
    uint32_t preferred; // PE: the address that the file was linked for
    uint32_t register_args; // arguments that its functions take in registers

    struct image_part *part; // ascending
    uint32_t parts, parts_size;
    uint32_t relocations[IMAGE_RELOC_TYPES];
    uint32_t bound;   // imports that the kernel or an image satisfies
    uint32_t refused; // imports that lead to a refusing stub
    struct image_refusal *refusal;
    uint32_t stubs; // offset of the stubs that lead to them

    char *names; // all names of exports and refusals, each with NUL
    uint32_t names_used, names_size;
    struct image_export *export;
    uint32_t exports, exports_size;
    bool published; // the exports are in the family's table

    struct image *uses[IMAGE_USES]; // images that this one points into
    uint32_t uses_count;
    uint32_t users;      // images that point into this one
    uint32_t init, fini; // GRUB modules: their two life cycle functions
    const char *words; // PE: the command line of a program that runs, or NULL
    bool started;
    // Its init or fini did not return. Nobody knows what it has told others
    // of its addresses, so it stays, and nothing is bound to it any more.
    bool broken;

    uint8_t *stage; // only while loading: the image as it will be
};

// One change that the loader makes, for those who want to watch.
struct fixup {
    uint32_t offset, size; // bytes of the image: 4, 2 or 1 of them
    const char *type;      // "R_386_PC32", "HIGHLOW", "import"
    const char *symbol;    // or NULL
    uint32_t before, after;
};
// One name that a file asks others for, and who has it.
struct lookup {
    const char *dll; // where the file expects it, or NULL: anywhere
    const char *name;
    const char *from; // an image's name, "the kernel"; NULL: nobody
    uint32_t address; // 0: nobody
};
// Any of the three functions may be NULL.
struct load_watch {
    void (*see)(const struct image *image, const struct fixup *fixup,
                void *arg);
    void (*look)(const struct image *image, const struct lookup *lookup,
                 void *arg);
    // image_try only: the image is complete and about to be forgotten.
    void (*done)(const struct image *image, void *arg);
    void *arg;
};

// When a shared object's calls into others are bound, and how.
enum binding {
    BINDING_LAZY,   // at the first call, in a word of data
    BINDING_NOW,    // all while loading
    BINDING_DIRECT, // at the first call, in the calling instruction
    BINDING_PLT     // at the first call, in the jump that calls go through
};

// The time stamp counter between the passes of a set, for benches.
enum { LOAD_BEGUN, LOAD_LAID_OUT, LOAD_LINKED, LOAD_COMMITTED, LOAD_PASSES };
struct load_times {
    uint64_t at[LOAD_PASSES];
};

// All zeros is what nobody has asked to be different.
struct load_options {
    uint32_t base; // where the first file goes; 0: wherever there is room
    uint32_t seed; // not 0: the others go to addresses drawn from it
    enum binding binding;
    const struct load_watch *watch; // told of every change, or NULL
    struct load_times *times;       // filled in, or NULL
};

// Loads some files and what they need, all or nothing, and runs none of
// their code. Imports are satisfied by the kernel, by the images that are
// loaded already and by each other. Returns the first file's image, or NULL
// with the reason in *error; then nothing was kept. `options` may be NULL.
struct image *image_load_set(const struct module *const *files, uint32_t count,
                             const struct load_options *options,
                             struct load_error *error);
struct image *image_load(const struct module *file, struct load_error *error);

// The same up to the last step: options->watch sees every change that would
// be made, and then all is forgotten.
bool image_try(const struct module *const *files, uint32_t count,
               const struct load_options *options, struct load_error *error);

// Frees all that the images hold, the memory that their code allocated
// included. All or nothing: refuses while an image outside of the set uses
// one of them, and if one is broken. They must be loaded.
bool image_unload_set(struct image *const *set, uint32_t count,
                      struct load_error *error);
bool image_unload(struct image *image, struct load_error *error);

// The first loaded image; follow ->next. Newest first, and an image comes
// before those that it uses, circles aside.
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
