// SPDX-License-Identifier: MIT
// From the name of a function in another DLL to its address.
//
// The other DLL may say that the function is really a third one's:
//
//   user.dll  imports  a.dll!f
//   a.dll     exports  f = "B.g"      a forwarder: a string, no code
//   b.dll     exports  g = "C.#12"    the next: ordinal 12 of c.dll
//   c.dll     exports  #12            code
//
// Windows forwards much of KERNEL32 to NTDLL this way. Nothing keeps two DLLs
// from forwarding to each other for ever, so the way is remembered.
// [PE "Export Address Table"]
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/pe/pe.h"

// No real function is forwarded more than three times.
#define FORWARD_MAX 16

static const struct module *find_file(const char *dll)
{
    for (size_t i = 0; i < module_count(); i++)
        if (host_same_dll(module_at(i)->name, dll))
            return module_at(i);
    return NULL;
}

// Boot modules are what Windows' directories are: a DLL that is named by
// another one is loaded with it. What is no boot module may still have been
// loaded from memory.
bool pe_dll(struct pe *pe, const char *dll, struct image **image)
{
    const struct module *file = find_file(dll);

    *image = NULL;
    if (file) {
        *image = load_needs(pe->in, file->name);
        return *image;
    }
    for (struct image *other = image_first(); other; other = other->next)
        if (!other->broken && other->family == FAMILY_WINDOWS &&
            host_same_dll(other->name, dll)) {
            *image = other;
            return build_uses(pe->in, other);
        }
    return true;
}

// "NTDLL.RtlAllocateHeap": the last dot divides. The first half gets the
// ending that Windows adds to a name without one. False if there are no two
// halves.
bool pe_forward_split(const char *forward, struct pe_forward *out)
{
    uint32_t len = (uint32_t)strlen(forward), dot = len;

    while (dot > 0 && forward[dot - 1] != '.')
        dot--;
    if (dot < 2 || dot == len)
        return false;
    strlcpy(out->dll, forward, dot);
    if (!strchr(out->dll, '.'))
        strlcpy(out->dll + dot - 1, ".dll", sizeof out->dll - dot + 1);
    out->symbol = forward + dot;
    return true;
}

// "#12" stands for ordinal 12 in messages, in forwarders and here.
static const struct image_export *find_export(const struct image *image,
                                              const char *symbol)
{
    uint32_t ordinal;

    if (symbol[0] == '#' && parse_u32(symbol + 1, &ordinal))
        return pe_export_at(image, ordinal);
    return image_export(image, symbol);
}

// "a.dll!f -> b.dll!g -> a.dll!f", from where the circle is entered.
static bool refuse_loop(struct pe *pe, const struct image_export *const *seen,
                        uint32_t count, const struct image_export *again)
{
    char way[120] = "";

    for (uint32_t i = 0; i < count; i++) {
        size_t len = strlen(way);
        if (len == 0 && seen[i] != again)
            continue;
        ksnprintf(way + len, sizeof way - len, "%s!%s -> ",
                  seen[i]->image->name,
                  image_export_name(seen[i]->image, seen[i]));
    }
    return load_fail(pe->error, "forwarder loop: %s%s!%s", way,
                     again->image->name,
                     image_export_name(again->image, again));
}

static bool is_seen(const struct image_export *const *seen, uint32_t count,
                    const struct image_export *export)
{
    for (uint32_t i = 0; i < count; i++)
        if (seen[i] == export)
            return true;
    return false;
}

// The kernel is asked first at each step: msvcrt.dll and KERNEL32.dll are its
// own. A name that nobody offers is no error; its address is 0 then.
bool pe_resolve(struct pe *pe, const struct image_export *from,
                struct lookup *lookup)
{
    const struct image_export *seen[FORWARD_MAX] = {from}, *export;
    struct pe_forward forward = {.symbol = lookup->name};
    struct image *image;

    strlcpy(forward.dll, lookup->dll, sizeof forward.dll);
    for (uint32_t step = from ? 1 : 0; step < FORWARD_MAX; step++) {
        lookup->address = host_dll_symbol(forward.dll, forward.symbol);
        lookup->from = lookup->address ? "the kernel" : NULL;
        if (lookup->address)
            return true;
        if (!pe_dll(pe, forward.dll, &image))
            return false;
        export = image ? find_export(image, forward.symbol) : NULL;
        if (!export)
            return true;
        if (!export->forward) {
            lookup->address = export->address;
            lookup->from = image->name;
            return true;
        }
        if (is_seen(seen, step, export))
            return refuse_loop(pe, seen, step, export);
        seen[step] = export;
        pe_forward_split(image->names + export->forward, &forward);
    }
    return load_fail(pe->error, "%s!%s is forwarded more than %d times",
                     lookup->dll, lookup->name, FORWARD_MAX);
}
