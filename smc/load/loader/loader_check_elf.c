// SPDX-License-Identifier: MIT
// Checks on the object made by hand: it works, and what is wrong with it as
// a whole or in what it does is noticed. Single bad fields are in
// smc/load/loader/loader_check_object.c.
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/loader/loader_sample.h"
#include "smc/load/open.h"

enum check_result check_elf_sample(void)
{
    struct load_error error;
    struct image *image = sample_load(&sample_good, &error);
    struct call call;
    bool ok;

    if (!image) {
        judged("%s", error.text);
        return CHECK_FAIL;
    }
    // 41 + 1, if COMMON is zero, the weak symbol is 0 and the call arrives.
    ok = call_symbol(&call, image, "add", 1, 41) && call.result == 42;
    judged("add(41) = %u, %u + %u relocations%s", call.result,
           image->relocations[R_386_32], image->relocations[R_386_PLT32],
           call.text);
    ok = ok && image->relocations[R_386_32] == 2 &&
         image->relocations[R_386_PLT32] == 1;
    return image_unload(image, &error) && ok ? CHECK_PASS : CHECK_FAIL;
}

// The same object with one bit changed: the weak symbol is now a strong one.
enum check_result check_elf_strong(void)
{
    struct sample sample = sample_good;
    struct load_error error;
    bool ok;

    sample.symbol[Y_ABSENT].st_info = 0x10;
    ok = sample_refused(&sample, "absent", &error);
    judged("%s", error.text);
    return ok ? CHECK_PASS : CHECK_FAIL;
}

enum check_result check_elf_twice(void)
{
    struct sample sample = sample_good;
    struct load_error error;
    bool ok;

    // Overlapping by one byte is as wrong as the same word.
    sample.rel[1].r_offset = sample.rel[0].r_offset + 3;
    ok = sample_refused(&sample, "second time", &error);
    judged("%s", error.text);
    return ok ? CHECK_PASS : CHECK_FAIL;
}

// The call goes to free() now, which finds a return address where its
// argument should be: a pointer that no heap ever gave out.
enum check_result check_elf_free(void)
{
    struct sample sample = sample_good;
    struct load_error error;
    struct image *image;
    struct call call;
    bool returned, ok;

    sample.symbol[Y_ABSENT].st_name = NAME_FREE;
    sample.rel[2].r_info = Y_ABSENT << 8 | R_386_PLT32;
    image = sample_load(&sample, &error);
    if (!image) {
        judged("%s", error.text);
        return CHECK_FAIL;
    }
    returned = call_symbol(&call, image, "add", 1, 41);
    judged("%s", returned ? "it returned" : call.text);
    ok = !returned && check_says(call.text, "never given");
    return image_unload(image, &error) && ok ? CHECK_PASS : CHECK_FAIL;
}

// Foreign code with no manners: it returns with nothing as it found it, ebp
// and the data segments included.
enum check_result check_elf_manners(void)
{
    static const uint8_t text[] = {
        0xb8, 42,   0,    0,    0, // mov $42, %eax
        0x31, 0xed,                // xor %ebp, %ebp
        0x31, 0xdb, 0x31, 0xf6,    // xor %ebx, %ebx; xor %esi, %esi
        0x8e, 0xdd, 0x8e, 0xc5,    // mov %ebp, %ds; mov %ebp, %es
        0xfd, 0xc3,                // std; ret
    };
    struct sample sample = sample_good;
    struct load_error error;
    struct image *image;
    struct call call;
    bool returned;

    memcpy(sample.text, text, sizeof text);
    sample.section[S_REL].sh_size = 0;
    image = sample_load(&sample, &error);
    if (!image) {
        judged("%s", error.text);
        return CHECK_FAIL;
    }
    // That this line is followed by another one is the whole check.
    returned = call_symbol(&call, image, "add", 0);
    judged("%s %u", returned ? "it returned" : call.text, call.result);
    return image_unload(image, &error) && returned && call.result == 42
               ? CHECK_PASS
               : CHECK_FAIL;
}

// The sample with a function that faults at once, as its init or its fini.
static struct sample faulting(uint32_t name)
{
    struct sample sample = sample_good;

    sample.text[0] = 0x0f; // ud2
    sample.text[1] = 0x0b;
    sample.symbol[Y_ADD].st_name = name;
    return sample;
}

// It really frees the image in the end: nothing points into this one.
static bool stays_broken(struct image *image, struct load_error *error)
{
    bool stayed = image && image->broken && image_find("sample.o") == image &&
                  !image_unload(image, error);

    // A check may say what the loader may not: that nobody has its address.
    if (image)
        image->broken = false;
    return image && image_unload(image, error) && stayed;
}

// What has faulted in init or fini may be in somebody's list by then.
enum check_result check_elf_broken(void)
{
    struct sample init = faulting(NAME_INIT), fini = faulting(NAME_FINI);
    struct module file = sample_file(&init);
    struct memory_mark before = memory_mark();
    struct load_error first, second, ignored;
    struct image *image;
    bool opened, closed, stayed;

    opened = open_file(&file, &first);
    stayed = stays_broken(image_find("sample.o"), &ignored);
    file = sample_file(&fini);
    image = open_file(&file, &second);
    closed = image && close_image(image, &second);
    stayed = stays_broken(image, &ignored) && stayed;
    judged("%s; %s; %s", first.text, second.text,
           stayed ? "both stay" : "NOT kept");
    return !opened && !closed && stayed &&
                   check_says(first.text, "grub_mod_init") &&
                   check_says(second.text, "grub_mod_fini") &&
                   memory_same(before, memory_mark())
               ? CHECK_PASS
               : CHECK_FAIL;
}
