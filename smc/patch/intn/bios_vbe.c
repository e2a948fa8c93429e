// SPDX-License-Identifier: MIT
// What the video BIOS offers: INT 10h, AX = 4F00h for the controller and
// AX = 4F01h for each mode. Nothing is switched. Only the first fields of
// both blocks are of interest here. [VBE 3.0, 4.3 and 4.4]
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/patch/intn/bios.h"

enum {
    VBE_CONTROLLER = 0x4f00,
    VBE_MODE = 0x4f01,
    VBE_OK = 0x004f,   // al: the function exists; ah: it succeeded
    MODE_INFO = 0x200, // in the buffer, behind the controller's 512 bytes
    MODE_SIZE = 0x100,
    LIST_END = 0xffff,
    LIST_MAX = 256, // a list without an end is no list
    ATTR_SUPPORTED = 0x01,
    ATTR_GRAPHICS = 0x10,
    ATTR_LINEAR = 0x80,
};

struct vbe_controller {
    char signature[4]; // in "VBE2": also tell the VBE 2.0 fields
    uint16_t version;
    uint32_t oem_name; // far pointers
    uint32_t capabilities;
    uint32_t mode_list;
    uint16_t memory; // in 64 KiB
} __attribute__((packed));

struct vbe_mode {
    uint16_t attributes;
    uint8_t windows[14];
    uint16_t pitch, width, height;
    uint8_t cell_width, cell_height, planes, depth;
    uint8_t banks_to_functions[14];
    uint32_t frame_buffer; // physical; VBE 2.0
} __attribute__((packed));

_Static_assert(__builtin_offsetof(struct vbe_mode, frame_buffer) == 40,
               "the layout of VBE 3.0, table 4.4");

// One VBE function; cx is the mode where there is one. False if the video
// BIOS refuses it: ax must be 004F.
static bool vbe(uint32_t function, uint32_t mode, uint32_t offset,
                struct bios_result *result)
{
    struct bios_regs regs = {
        .eax = function, .ecx = mode, .edi = BIOS_BUFFER + offset};

    *result = bios_call(0x10, &regs);
    return result->reason == BIOS_OK && (regs.eax & 0xffff) == VBE_OK;
}

// Without a linear frame buffer a mode is reached through a 64 KiB window at
// A000h only.
static void print_mode(uint16_t number, const struct vbe_mode *mode)
{
    if (!(mode->attributes & ATTR_GRAPHICS)) {
        kprintf("   %4x  %4u x %-4u text\n", number, mode->width,
                mode->height);
        return;
    }
    kprintf("   %4x  %4u x %-4u %2u bits", number, mode->width, mode->height,
            mode->depth);
    if (mode->attributes & ATTR_LINEAR)
        kprintf(", frame buffer at %08x", mode->frame_buffer);
    kprintf("\n");
}

// The list may lie in ROM or in the controller's block, which stays valid
// because mode blocks go behind it.
static unsigned print_modes(const uint16_t *list)
{
    const struct vbe_mode *mode =
        (const void *)((const uint8_t *)bios_buffer() + MODE_INFO);
    struct bios_result result;
    unsigned printed = 0;

    for (unsigned i = 0; i < LIST_MAX && list[i] != LIST_END; i++) {
        // An old BIOS fills in less than we read.
        memset((uint8_t *)bios_buffer() + MODE_INFO, 0, MODE_SIZE);
        if (!vbe(VBE_MODE, list[i], MODE_INFO, &result) ||
            !(mode->attributes & ATTR_SUPPORTED))
            continue;
        print_mode(list[i], mode);
        printed++;
    }
    return printed;
}

// Asks for the controller's block. The buffer must be written before the
// call, so whether there is a BIOS at all is asked first.
static bool vbe_controller(struct bios_result *result)
{
    struct vbe_controller *info = bios_buffer();

    *result = (struct bios_result){.reason = bios_probe(0x10), .n = 0x10};
    if (result->reason != BIOS_OK)
        return false;
    // "VBE2" asks for the block of 512 bytes; a BIOS of VBE 1.x takes no
    // notice and fills in 256. The rest must not be what the call before left
    // there.
    memset(info, 0, MODE_INFO);
    memcpy(info->signature, "VBE2", sizeof info->signature);
    return vbe(VBE_CONTROLLER, 0, 0, result);
}

static int run_vbe(int argc, char **argv)
{
    const struct vbe_controller *info = bios_buffer();
    struct bios_result result;
    char why[120] = "this video BIOS has no VBE";

    (void)argv;
    if (argc != 1)
        return command_usage("vbe");
    if (!vbe_controller(&result)) {
        if (result.reason != BIOS_OK)
            bios_explain(why, sizeof why, &result);
        kprintf("vbe: %s\n", why);
        return 1;
    }
    kprintf("VBE %x.%x, %u KiB: %.60s\n", info->version >> 8,
            info->version & 0xff, info->memory * 64u,
            (const char *)bios_pointer(info->oem_name));
    unsigned printed = print_modes(bios_pointer(info->mode_list));
    kprintf("%u modes\n", printed);
    return 0;
}

COMMAND(vbe, "", "video modes, as the video BIOS tells them", run_vbe);
