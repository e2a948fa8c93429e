// SPDX-License-Identifier: MIT
// Copying the multiboot information. It lies wherever the loader liked
// (0x9500, 0x10000, 0x7c00, ...), next to memory that we will hand out.
// Every pointer in it is checked against the direct map before it is used.
#include "boot/info.h"
#include "boot/multiboot.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/string.h"

struct bootinfo bootinfo = {.cmdline = "", .loader = "unnamed"};

// Strings are kept one after the other, each with its NUL. Nothing is ever
// removed: the pointers in bootinfo stay valid.
static char text_pool[BOOT_MAX_TEXT];
static size_t text_used;

// The memory at a physical address, or NULL if it is not all mapped.
// Written so that no sum can overflow: phys and size come from the loader. The
// boot tables map the whole window, RAM or not; reading where there is no RAM
// gives some value and no fault.
static const void *low(uint32_t phys, uint32_t size)
{
    if (phys > DIRECT_MAP_SIZE || size > DIRECT_MAP_SIZE - phys)
        return NULL;
    return virt_of(phys);
}

// Copies a string. Returns "" for none, or for one that does not fit whole:
// half a command line could mean something else than the whole.
static const char *keep_string(uint32_t phys)
{
    const char *s = low(phys, 1);
    if (!phys || !s)
        return "";
    size_t room = sizeof text_pool - text_used;
    if (room > DIRECT_MAP_SIZE - phys)
        room = DIRECT_MAP_SIZE - phys;
    // len == room means: no NUL within reach. This also bounds a string that
    // never ends.
    size_t len = strnlen(s, room);
    if (len >= room) {
        bootinfo.lost_text++;
        return "";
    }
    char *copy = text_pool + text_used;
    memcpy(copy, s, len);
    copy[len] = 0;
    text_used += len + 1;
    return copy;
}

// Empty ranges say nothing and would only use up the table.
static void add_range(uint64_t base, uint64_t length, uint32_t type)
{
    if (!length)
        return;
    if (bootinfo.map_count == BOOT_MAX_RANGES) {
        bootinfo.lost_ranges++;
        return;
    }
    bootinfo.map[bootinfo.map_count++] = (struct boot_range){base, length,
                                                             type};
}

// A size that is too small would make the walk stand still, one that is too
// large would make it leave the map. Either ends the walk; what was read so
// far is kept. What a map lacks is only memory that stays unused.
static void copy_map(const struct multiboot_info *info)
{
    const uint8_t *p = low(info->mmap_addr, info->mmap_length);
    if (!(info->flags & MULTIBOOT_HAS_MAP) || !p)
        return;
    const uint8_t *end = p + info->mmap_length;
    while ((size_t)(end - p) >= sizeof(struct multiboot_map_entry)) {
        const struct multiboot_map_entry *e = (const void *)p;
        add_range(e->base, e->length, e->type);
        // The entry itself is within bounds; only its size is in doubt.
        if (e->size < 20 || e->size > (size_t)(end - p) - 4)
            break;
        p += e->size + 4;
    }
    bootinfo.map_is_real = bootinfo.map_count > 0;
}

// Without a map the two sizes have to do: they count from 0 and from 1 MiB.
// mem_upper counts up to the first hole only, so RAM may be missed but nothing
// is claimed that is not RAM.
static void map_from_sizes(const struct multiboot_info *info)
{
    if (bootinfo.map_is_real || !(info->flags & MULTIBOOT_HAS_SIZES))
        return;
    add_range(0, (uint64_t)info->mem_lower * 1024, 1);
    add_range(0x100000, (uint64_t)info->mem_upper * 1024, 1);
}

// Both ends are exclusive: neighbours that touch do not overlap.
static bool overlap(uint32_t a, uint32_t a_end, uint32_t b, uint32_t b_end)
{
    return a < b_end && b < a_end;
}

// Within one single range: a module across two adjoining usable ranges is
// refused.
static bool in_usable_memory(const struct boot_module *m)
{
    for (uint32_t i = 0; i < bootinfo.map_count; i++) {
        const struct boot_range *r = &bootinfo.map[i];
        if (r->type == 1 && m->start >= r->base &&
            m->end <= r->base + r->length)
            return true;
    }
    return false;
}

// Why a module cannot be used, or NULL. The very same file may be given
// twice; anything else that overlaps is a loader's mistake.
static const char *fault_of(const struct boot_module *m, uint32_t index)
{
    if (m->end <= m->start)
        return "it is empty or ends before it starts";
    if (overlap(m->start, m->end, (uintptr_t)boot_part_start,
                (uintptr_t)boot_part_end) ||
        overlap(m->start, m->end, phys_of(text_start), phys_of(bss_end)))
        return "it overlaps the kernel";
    if (!in_usable_memory(m))
        return "it lies outside usable memory";
    // Only earlier ones are asked, so the first of two that overlap stays. One
    // that was refused itself is in nobody's way.
    for (uint32_t i = 0; i < index; i++) {
        const struct boot_module *other = &bootinfo.modules[i];
        if (!other->fault &&
            overlap(m->start, m->end, other->start, other->end) &&
            (m->start != other->start || m->end != other->end))
            return "it overlaps an earlier module";
    }
    return NULL;
}

// Needs the memory map. What is wrong with a module is found here, before
// anything else believes it.
static void copy_modules(const struct multiboot_info *info)
{
    if (!(info->flags & MULTIBOOT_HAS_MODULES))
        return;
    uint32_t count = info->mods_count;
    // Limited before the multiplication below, which could otherwise overflow
    // and make a huge list look small.
    if (count > BOOT_MAX_MODULES) {
        bootinfo.lost_modules = count - BOOT_MAX_MODULES;
        count = BOOT_MAX_MODULES;
    }
    const struct multiboot_module *list = low(info->mods_addr,
                                              count * (uint32_t)sizeof *list);
    for (uint32_t i = 0; list && i < count; i++) {
        struct boot_module *m = &bootinfo.modules[i];
        m->start = list[i].start;
        m->end = list[i].end;
        m->string = keep_string(list[i].string);
        // Judged at once: fault_of asks the modules before this one, and they
        // must be complete.
        m->fault = fault_of(m, i);
        bootinfo.module_count++;
    }
}

const char *bootinfo_copy(uint32_t magic, uint32_t info_phys)
{
    if (magic != MULTIBOOT_LOADER_MAGIC)
        return "not started by a multiboot loader (wrong magic number)";
    const struct multiboot_info *info = low(info_phys, sizeof *info);
    if (!info)
        return "the loader's information lies beyond the direct map";
    // From here on flags is not 0 with any loader that says anything; panic
    // takes 0 as "we know nothing about who started us".
    bootinfo.flags = info->flags;
    if (info->flags & MULTIBOOT_HAS_CMDLINE)
        bootinfo.cmdline = keep_string(info->cmdline);
    if (info->flags & MULTIBOOT_HAS_LOADER_NAME)
        bootinfo.loader = keep_string(info->boot_loader_name);
    // The bit alone does not mean graphics: GRUB sets it for text mode, too.
    bootinfo.framebuffer_is_graphics = (info->flags &
                                        MULTIBOOT_HAS_FRAMEBUFFER) &&
                                       info->framebuffer_type != 2;
    // The order matters: the sizes only help without a map, and modules are
    // judged by the map.
    copy_map(info);
    map_from_sizes(info);
    copy_modules(info);
    return NULL;
}

// Steps to the next word and stores its length; NULL after the last one.
static const char *next_word(const char *p, size_t *len)
{
    while (*p == ' ')
        p++;
    *len = 0;
    while (p[*len] && p[*len] != ' ')
        ++*len;
    return *len ? p : NULL;
}

const char *boot_next_word(const char *p, size_t *len)
{
    p = next_word(p, len);
    // What follows is the script: `-- echo exit` must not make the machine
    // leave.
    return p && *len == 2 && strncmp(p, "--", 2) == 0 ? NULL : p;
}

// A word matches as a whole or up to its `=`: "exit" finds "exit" and
// "exit=port" but not "exits".
bool boot_word(const char *name, char *value, size_t size)
{
    size_t name_len = strlen(name), len;
    for (const char *p = bootinfo.cmdline; (p = boot_next_word(p, &len));
         p += len) {
        if (len < name_len || strncmp(p, name, name_len) != 0)
            continue;
        if (len > name_len && p[name_len] != '=')
            continue;
        size_t skip = len > name_len ? name_len + 1 : name_len;
        if (size) {
            size_t n = len - skip < size - 1 ? len - skip : size - 1;
            memcpy(value, p + skip, n);
            value[n] = 0;
        }
        return true;
    }
    return false;
}

const char *boot_script(void)
{
    size_t len;
    for (const char *p = bootinfo.cmdline; (p = next_word(p, &len)); p += len)
        if (len == 2 && strncmp(p, "--", 2) == 0)
            return p + 2;
    return NULL;
}
