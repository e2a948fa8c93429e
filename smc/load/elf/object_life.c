// SPDX-License-Identifier: MIT
// What an object does when it comes and when it goes.
//
// A GRUB module has two functions of fixed names. A C or C++ object has
// tables of functions, made by __attribute__((constructor)) and by global
// objects; the start-up code of a program calls them. [gABI "Initialization
// and Termination Functions"]
//
//   start   .preinit_array   .init_array.00101 ...   .ctors   .init_array
//           ------>          ------>                 <------  ------>
//   stop    .fini_array      .dtors                  ... .fini_array.00101
//           <------          ------>                     <------
//
// A number in the name is a priority, lower ones being first at the start
// and last at the end. Linkers sort by it. .ctors is older and backwards, in
// its numbers (65535 minus the priority) as in its order.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/elf/elf.h"

// One table of functions, in the order of their calls.
struct array {
    uint32_t offset, count; // in the image; words
    uint32_t rank;          // lower ones are called first
    bool backwards, at_start;
};

struct life {
    uint32_t arrays;
    struct array array[];
};

static const struct {
    const char *name;
    bool backwards, at_start, complement;
    uint32_t rank; // of the first of this kind; priorities are added
} kinds[] = {
    {".preinit_array", false, true, false, 0},
    {".init_array", false, true, false, 0x10000},
    {".ctors", true, true, true, 0x10000},
    {".fini_array", true, false, false, 0x10000},
    {".dtors", false, false, true, 0x10000},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

// Each is compared with those before it. `ld -r` gathers them by name.
#define ARRAYS_MAX 4096u

// "00101" of ".init_array.00101"; without a number the priority is the last.
static uint32_t priority_of(const char *text, bool complement)
{
    uint32_t value = 0;

    if (*text++ != '.')
        return 0xffff;
    // Assemblers write five digits. A name of nothing else is not read to
    // its end, which may be the file's.
    for (uint32_t i = 0; i < 9 && text[i] >= '0' && text[i] <= '9'; i++)
        value = value * 10 + (uint32_t)(text[i] - '0');
    if (value > 0xffff)
        value = 0xffff;
    return complement ? 0xffff - value : value;
}

// The place of the section among all that are called, or false: it holds no
// functions to call.
static bool describe(const struct elf *elf, uint32_t index,
                     struct array *array)
{
    const struct elf_section *section = &elf->section[index];
    const char *name = elf_section_name(elf, index);

    if (*name != '.' || elf->place[index] >= ELF_DROPPED ||
        section->sh_type == SHT_NOBITS)
        return false;
    for (size_t i = 0; i < KINDS; i++) {
        size_t len = strlen(kinds[i].name);
        if (strncmp(name, kinds[i].name, len) != 0 ||
            (name[len] != '\0' && name[len] != '.'))
            continue;
        *array = (struct array){
            elf->place[index], section->sh_size / 4,
            kinds[i].rank + priority_of(name + len, kinds[i].complement),
            kinds[i].backwards, kinds[i].at_start};
        // At the end the last are the first.
        if (!array->at_start)
            array->rank = ~array->rank;
        return true;
    }
    return false;
}

// Sorted by rank; equals keep the order of the file, and the reverse of it at
// the end.
static void insert(struct life *life, struct array array)
{
    uint32_t i = life->arrays++;

    while (i > 0 &&
           (life->array[i - 1].rank > array.rank ||
            (life->array[i - 1].rank == array.rank && array.backwards))) {
        life->array[i] = life->array[i - 1];
        i--;
    }
    life->array[i] = array;
}

bool elf_find_life(struct elf *elf)
{
    struct array array;
    uint32_t count = 0;
    struct life *life;

    // GRUB knows no such tables.
    if (elf->image->family == FAMILY_GRUB)
        return true;
    for (uint32_t i = 1; i < elf->sections; i++)
        count += describe(elf, i, &array);
    if (count == 0)
        return true;
    if (count > ARRAYS_MAX)
        return load_fail(elf->error,
                         "%u tables of functions to call first or last; up "
                         "to %u are allowed",
                         count, ARRAYS_MAX);
    life = heap_alloc(sizeof *life + count * sizeof *life->array);
    if (!life)
        return load_fail(elf->error, "no memory for the init functions");
    life->arrays = 0;
    for (uint32_t i = 1; i < elf->sections; i++)
        if (describe(elf, i, &array))
            insert(life, array);
    elf->image->detail = life;
    return true;
}

static bool is_code(const struct image *image, uint32_t address)
{
    uint32_t offset = address - (uint32_t)(uintptr_t)image->base;

    for (uint32_t i = 0; i < image->parts; i++)
        if (image->part[i].kind == PART_CODE &&
            range_inside(offset - image->part[i].offset, 1,
                         image->part[i].size))
            return true;
    return false;
}

// 0 and -1 end the tables of old compilers and stand for no function.
static bool call_one(struct image *image, uint32_t address, const char *when,
                     struct load_error *error)
{
    struct call call = {.image = image, .entry = address};

    if (address == 0 || address == 0xffffffff)
        return true;
    if (!is_code(image, address))
        return load_fail(error, "%s function 0x%08x is in no code of it", when,
                         address);
    return call_image(&call) ||
           load_fail(error, "%s function 0x%08x %s", when, address, call.text);
}

static bool call_array(struct image *image, const struct array *array,
                       const char *when, struct load_error *error)
{
    const struct word *word = (const void *)(image->base + array->offset);

    for (uint32_t i = 0; i < array->count; i++) {
        uint32_t at = array->backwards ? array->count - 1 - i : i;
        if (!call_one(image, word[at].value, when, error))
            return false;
    }
    return true;
}

static bool call_arrays(struct image *image, bool at_start,
                        struct load_error *error)
{
    const struct life *life = image->detail;

    for (uint32_t i = 0; life && i < life->arrays; i++)
        if (life->array[i].at_start == at_start &&
            !call_array(image, &life->array[i], at_start ? "init" : "fini",
                        error))
            return false;
    return true;
}

// An init that faults half-way may have registered itself before: crypto.mod
// then has it in a list, and to free it leaves a pointer to nothing there.
// Its fini cannot be trusted to undo one half of what init does. So it stays,
// and with it what it uses; Linux keeps a module whose init has oopsed, too.
bool elf_start(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->init, .argc = 1};

    if (!call_arrays(image, true, error))
        return false;
    // GRUB passes its own record of the module, which crypto modules ignore.
    return !image->init || call_image(&call) ||
           load_fail(error, "grub_mod_init %s", call.text);
}

bool elf_stop(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->fini};

    if (image->fini && !call_image(&call))
        return load_fail(error, "grub_mod_fini %s", call.text);
    return call_arrays(image, false, error);
}
