// SPDX-License-Identifier: MIT
// What the shell says about loaded images. Several commands say the same, so
// that a reader finds base, size and relocations at the same place each time.
#include "smc/load/report.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/open.h"

#define NAME_COLUMN 24 // as long as the longest of GRUB's

int report_error(const struct load_error *error)
{
    kprintf("%s\n", error->text);
    return 1;
}

// Type by type, because the types tell the formats apart.
static void print_relocations(const struct image *image)
{
    const char *between = "";

    for (uint32_t type = 0; type < IMAGE_RELOC_TYPES; type++)
        if (image->relocations[type]) {
            kprintf("%s%u %s", between, image->relocations[type],
                    image->format->reloc_name(type));
            between = ", ";
        }
    if (!*between)
        kprintf("none");
}

// DLL by DLL, as the import tables have them, broken into lines of 78 columns.
// Whoever is about to call the image wants to know which names lead nowhere,
// and not only how many.
static void print_refused(const struct image *image)
{
    const char *dll, *symbol, *last = "";
    size_t column = 0;

    for (uint32_t i = 0; i < image->refused; i++) {
        dll = image->names + image->refusal[i].dll;
        symbol = image->names + image->refusal[i].symbol;
        if (strcmp(dll, last) != 0) {
            kprintf("\n    %s: ", dll);
            column = 4 + strlen(dll) + 2;
        } else if (column + 2 + strlen(symbol) > 77) { // and a comma
            kprintf(",\n      ");
            column = 6;
        } else {
            kprintf(", ");
            column += 2;
        }
        kprintf("%s", symbol);
        column += strlen(symbol);
        last = dll;
    }
    kprintf("\n");
}

void report_image(const struct image *image)
{
    kprintf("%s: %s at 0x%08x, 0x%x bytes, %u of code", image->name,
            image->format->name, (unsigned)(uintptr_t)image->base,
            image->bytes, image_code_bytes(image));
    // Only PE files prefer an address, and it says how far this one moved.
    if (image->preferred)
        kprintf(", linked for 0x%08x", image->preferred);
    kprintf("\n  relocations: ");
    print_relocations(image);
    kprintf("\n  imports: %u bound, %u lead to refusing stubs", image->bound,
            image->refused);
    print_refused(image);
    if (image->broken)
        kprintf("  broken: its init or fini did not return; it stays\n");
    for (uint32_t i = 0; i < image->uses_count; i++)
        kprintf("  uses %s\n", image->uses[i]->name);
}

// What the tables of the processor say, not what the file asked for.
static void print_part(const struct image *image,
                       const struct image_part *part)
{
    const uint8_t *at = image->base + part->offset;
    struct page_info page;

    // An empty part has no page of its own.
    if (!paging_lookup(at, &page))
        page.rights = PAGE_READ;
    kprintf("  %-8s at 0x%08x, %u bytes, r%c%c\n", part->name,
            (unsigned)(uintptr_t)at, part->size,
            page.rights & PAGE_WRITE ? 'w' : '-',
            page.rights & PAGE_EXEC ? 'x' : '-');
}

// Arrows are kept at their tail only: who uses an image is found by asking
// all the others.
static bool uses(const struct image *image, const struct image *other)
{
    for (uint32_t i = 0; i < image->uses_count; i++)
        if (image->uses[i] == other)
            return true;
    return false;
}

void report_refused(const struct image *image)
{
    if (image->refused == 0)
        return;
    kprintf("%s: %u imports lead to refusing stubs", image->name,
            image->refused);
    print_refused(image);
}

void report_details(const struct image *image)
{
    report_image(image);
    for (uint32_t i = 0; i < image->parts; i++)
        print_part(image, &image->part[i]);
    for (const struct image *other = image_first(); other; other = other->next)
        if (uses(other, image))
            kprintf("  used by %s\n", other->name);
    if (!image->started && !image->broken)
        kprintf("  not started: nothing of it has run\n");
}

void report_heading(void)
{
    kprintf("%-24s format         base   KiB  relocs uses users\n", "name");
}

// 78 columns: 275 lines must not be 550. A longer name stands above its line.
void report_line(const struct image *image)
{
    bool fits = strlen(image->name) <= NAME_COLUMN;
    uint32_t relocations = 0;

    if (!fits)
        kprintf("%s\n", image->name);
    for (uint32_t type = 0; type < IMAGE_RELOC_TYPES; type++)
        relocations += image->relocations[type];
    kprintf("%-24s %-10s %08x %5u %7u %4u %5u%s\n", fits ? image->name : "",
            image->format->name, (unsigned)(uintptr_t)image->base,
            (image->bytes + 1023) / 1024, relocations, image->uses_count,
            image->users,
            image->broken    ? "  broken"
            : image->started ? ""
                             : "  not run");
}

// Several commands load on demand. Whoever typed `call` wants to see what
// that has loaded, once.
struct image *report_open(const char *name)
{
    struct load_error error;
    // Asked before open_image makes it true.
    bool loaded = image_find(name);
    struct image *image = open_image(name, &error);

    if (!image)
        report_error(&error);
    else if (!loaded)
        report_image(image);
    return image;
}

struct image *report_find(const char *name)
{
    struct image *image = image_find(name);

    if (!image)
        kprintf("%s is not loaded; `modules` lists what is\n", name);
    return image;
}

const struct module *report_file(const char *name)
{
    const struct module *file = module_find(name);

    if (!file)
        kprintf("%s: no such file among the boot modules\n", name);
    return file;
}
