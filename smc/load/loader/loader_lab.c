// SPDX-License-Identifier: MIT
// Lab `loader`: watch a foreign file become code at an address that it was
// not made for.
//
// Every value that is shown is read when it is shown: from the file, or from
// memory at its final address. Nothing is a constant of the text.
#include "kernel/lab.h"
#include "kernel/module.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/load/call.h"
#include "smc/load/elf/elf_format.h"
#include "smc/load/loader/digest.h"
#include "smc/load/loader/loader_bench.h"
#include "smc/load/loader/walk.h"
#include "smc/load/open.h"
#include "smc/load/pe/pe_format.h"

#define ADDRESS(p) ((uint32_t)(uintptr_t)(p))

static void tell_missing(const char *name, const char *package)
{
    tell("%s is not among the boot modules. Debian has it in the", name);
    tell("package %s; `make run MODULES=\"FILE ...\"` brings it.", package);
}

// The first relocated word at or behind an RVA.
struct first_word {
    uint32_t from;
    struct walk_word word;
};

static void keep_first(const struct walk_word *word, void *arg)
{
    struct first_word *first = arg;

    if (word->rva >= first->from &&
        (first->word.rva == 0 || word->rva < first->word.rva))
        first->word = *word;
}

// crc32_z is exported and its first absolute operand follows soon.
static void show_relocation(const struct module *file,
                            const struct image *image)
{
    uint32_t function = image_symbol(image, "crc32_z"), now, at;
    struct first_word first = {.from = function - ADDRESS(image->base)};
    char operand[40];
    bool code;

    walk_relocations(file, keep_first, &first);
    at = first.word.rva;
    memcpy(&now, image->base + at, sizeof now);
    tell("One of them, in crc32_z, which reads its table by address. The");
    tell("operand is 3 bytes into the instruction, at RVA 0x%x:", at);
    ksnprintf(operand, sizeof operand, "operand 0x%08x", first.word.value);
    // 33 14 8d: the opcode and the two bytes that say how to address.
    tell_bytes("file", file->data + walk_offset(file, at, &code) - 3, 7,
               operand);
    ksnprintf(operand, sizeof operand, "operand 0x%08x", now);
    tell_bytes("memory", image->base + at - 3, 7, operand);
    tell("0x%08x + 0x%08x - 0x%08x = 0x%08x", first.word.value,
         ADDRESS(image->base), image->preferred, now);
}

// Three views of one import: what the file holds, what it was bound to, and,
// if nobody offers it, the code that stands in.
static void show_import(const struct module *file, const struct image *image,
                        const char *symbol)
{
    uint32_t count, slot = walk_import(file, symbol, &count), address;
    char target[64];
    bool code;

    if (!slot)
        return;
    memcpy(&address, image->base + slot, sizeof address);
    tell("%s, slot at RVA 0x%x:", symbol, slot);
    tell_bytes("file", file->data + walk_offset(file, slot, &code), 4,
               "RVA of the name");
    tell_bytes("memory", image->base + slot, 4,
               symbol_format(target, sizeof target,
                             (const void *)(uintptr_t)address));
    // An import that leads into an image, and here into this one, has a stub.
    if (image_of(address))
        tell_bytes("stub", (const void *)(uintptr_t)address, 10,
                   "push $record; call resolve_refused");
}

static void show_calls(struct image *image)
{
    struct call call;

    if (call_symbol(&call, image, "crc32", 3, 0, "123456789", 9))
        tell("crc32(0, \"123456789\", 9) = %08x", call.result);
    if (!call_symbol(&call, image, "crc32", 3, 0, 0x40000000, 9))
        tell("crc32 of nothing: %s", call.text);
}

// An image of its own, so that the demo looks the same whatever the shell
// has loaded before.
static void demo_dll(const struct module *file)
{
    struct load_error error;
    struct image *image;
    uint32_t pages;

    tell("%s, %u bytes: a DLL for Windows. Nothing in it was made for",
         file->name, file->size);
    tell("this kernel. The linker put it at 0x%08x.",
         walk_header(file)->ImageBase);
    image = image_load(file, &error);
    if (!image) {
        tell("%s", error.text);
        return;
    }
    tell("It lies at 0x%08x now. %u words hold addresses and had to change.",
         ADDRESS(image->base), image->relocations[PE_REL_HIGHLOW]);
    show_relocation(file, image);
    tell("Imports are words of data; binding one changes no code:");
    show_import(file, image, "malloc");
    show_import(file, image, "_open");
    // The slots, the data and the headers are not in the journal: writing
    // data is not modifying code.
    tell("The door was opened once for the code, once for the stubs:");
    journal_tail(2);
    show_calls(image);
    pages = image->size / PAGE_SIZE;
    if (image_unload(image, &error))
        tell("Unloaded: its %u pages are plain memory again.", pages);
}

// Where the first executable section lies in the file. The loader puts it
// at the start of the image.
static const uint8_t *text_in_file(const struct module *file)
{
    const struct elf_header *header = (const void *)file->data;
    const struct elf_section *section = (const void *)(file->data +
                                                       header->e_shoff);

    while (!(section->sh_flags & SHF_EXEC))
        section++;
    return file->data + section->sh_offset;
}

// The first call at the head of a function that no linker has touched yet,
// found by its bytes: assemblers leave -4 as the addend.
static const uint8_t *unlinked_call(const uint8_t *function)
{
    static const uint8_t call[] = {0xe8, 0xfc, 0xff, 0xff, 0xff};

    for (const uint8_t *at = function; at < function + 32; at++)
        if (memcmp(at, call, sizeof call) == 0)
            return at;
    return function;
}

static void demo_object(const struct module *file)
{
    struct load_error error;
    struct image *image = open_image(file->name, &error);
    const uint8_t *text = text_in_file(file), *at;
    char target[64];
    uint32_t displacement;

    tell("%s, %u bytes: a module of GRUB, an object without any address.",
         file->name, file->size);
    if (!image) {
        tell("%s", error.text);
        return;
    }
    // An offset in the image's code is the same offset in the file's .text,
    // because the loader lays out code first.
    at = unlinked_call(text + (image->init - ADDRESS(image->base)));
    tell("Its grub_mod_init calls grub_md_register, which is in crypto.mod:");
    tell_bytes("file", at, 5, "R_386_PC32, addend -4");
    at = image->base + (at - text);
    memcpy(&displacement, at + 1, sizeof displacement);
    ksnprintf(target, sizeof target, "call 0x%08x, in %s",
              ADDRESS(at) + 5 + displacement,
              image_of(ADDRESS(at) + 5 + displacement)->name);
    tell_bytes("memory", at, 5, target);
}

static void demo_digest(void)
{
    struct load_error error;
    uint8_t out[DIGEST_MAX];
    char text[3 * DIGEST_MAX];
    uint32_t len;

    if (digest_of("crc32", "123456789", 9, out, &len, &error))
        tell("digest crc32 \"123456789\" = %s, from GRUB's code.",
             hex_bytes(text, sizeof text, out, len));
    else
        tell("%s", error.text);
}

static void demo(void)
{
    const struct module *dll = module_find("zlib1.dll");
    const struct module *object = module_find("gcry_crc.mod");
    const struct image *before = image_first();

    if (dll)
        demo_dll(dll);
    else
        tell_missing("zlib1.dll", "libz-mingw-w64");
    if (object && module_find("crypto.mod")) {
        demo_object(object);
        demo_digest();
    } else {
        tell_missing("crypto.mod or gcry_crc.mod", "grub-pc-bin");
    }
    close_newer(before);
    if (dll || object) {
        tell("What it bought: the words are changed once, at load time. From");
        tell("then on the code runs as if it had been linked for this place.");
    }
}

LAB(loader, "foreign code is rewritten for the address where it is loaded",
    "smc/load/image.h", demo, loader_bench);
