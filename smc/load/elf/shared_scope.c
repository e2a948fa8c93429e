// SPDX-License-Identifier: MIT
// Who answers for a name: the object itself, then those that it needs, then
// those that they need: breadth first, as DT_NEEDED lists them.
//
//   app.so --> a.so --> c.so         scope of app.so: app, a, b, c, libc
//         '--> b.so --> libc.so.6    scope of b.so:   b, libc
//
// glibc asks the program and all that it was linked with first, so that a
// program can put its own malloc before all others, and a library opened
// later finds what it needs behind that. There is no program here. Each object
// sees itself first, as with RTLD_DEEPBIND: DT_SYMBOLIC has nothing to add.
// The C library comes last even for those that do not say that they need it.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/elf/shared.h"
#include "smc/load/elf/shared_host.h"
#include "smc/load/names.h"

struct shared *shared_of(const struct image *image)
{
    return image->format == &elf_shared_format ? image->detail : NULL;
}

// An object may be loaded from a file whose name is not its own.
static struct image *find_soname(const char *name)
{
    for (struct image *image = image_first(); image; image = image->next) {
        const struct shared *other = shared_of(image);
        const char *soname = other ? shared_string(other, other->soname)
                                   : NULL;
        if (soname && !image->broken && strcmp(soname, name) == 0)
            return image;
    }
    return NULL;
}

static bool add_need(struct shared *shared, const struct elf_dynamic *entry)
{
    const char *name = shared_string(shared, entry->d_val);
    struct shared_need need = {NULL, entry->d_val};

    if (!name || !*name)
        return load_refuse(
            shared->error, "DT_NEEDED", "offset",
            (uint32_t)((const uint8_t *)&entry->d_val - shared->file->data),
            entry->d_val, "not a string");
    if (shared->needs == IMAGE_USES)
        return load_fail(shared->error, "needs more than %d objects",
                         IMAGE_USES);
    if (!shared_host_library(name)) {
        need.image = find_soname(name);
        if (need.image && !build_uses(shared->in, need.image))
            return false;
        if (!need.image)
            need.image = load_needs(shared->in, name);
        if (!need.image)
            return false;
    }
    shared->need[shared->needs++] = need;
    return true;
}

// The list was judged when it was read first: it has an end. The tag that is
// looked up to find it again is one that must be there.
bool shared_read_needed(struct shared *shared)
{
    const struct elf_dynamic *entry = shared->dynamic;

    if (shared_tag(shared, TAG_SONAME)) {
        shared->soname = shared_tag(shared, TAG_SONAME);
        if (!shared_string(shared, shared->soname))
            return shared_refuse_tag(shared, TAG_SONAME, "not a string");
    }
    for (; entry->d_tag; entry++)
        if (entry->d_tag == TAG_NEEDED && !add_need(shared, entry))
            return false;
    return true;
}

static bool in_scope(const struct shared *shared, const struct image *image,
                     const char *host)
{
    for (uint32_t i = 0; i < shared->scopes; i++)
        if (shared->scope[i].image == image &&
            (image || strcmp(shared->scope[i].host, host) == 0))
            return true;
    return false;
}

static bool add_scope(struct shared *shared, struct image *image,
                      const char *host)
{
    if (in_scope(shared, image, host))
        return true;
    if (shared->scopes == SHARED_SCOPE)
        return load_fail(shared->error, "needs more than %d objects",
                         SHARED_SCOPE);
    shared->scope[shared->scopes].image = image;
    shared->scope[shared->scopes++].host = host;
    return true;
}

// The kernel keeps its own names for its libraries: those in the file go
// when it goes.
static const char *host_name(const char *name)
{
    return strcmp(name, "libc.so.6") == 0 ? "libc.so.6" : "ld-linux.so.2";
}

static bool add_needs_of(struct shared *shared, const struct shared *user)
{
    for (uint32_t i = 0; i < user->needs; i++) {
        const struct shared_need *need = &user->need[i];
        const char *name = shared_string(user, need->name);
        if (need->image && !shared_of(need->image))
            return load_fail(shared->error,
                             "needs %s, which is no shared "
                             "object",
                             need->image->name);
        if (!name)
            return load_fail(shared->error,
                             "a name in the string table of "
                             "%s has changed",
                             user->image->name);
        if (!add_scope(shared, need->image,
                       need->image ? NULL : host_name(name)))
            return false;
    }
    return true;
}

// The array is the queue of the breadth-first walk.
bool shared_make_scope(struct shared *shared)
{
    if (!add_scope(shared, shared->image, NULL))
        return false;
    for (uint32_t i = 0; i < shared->scopes; i++)
        if (shared->scope[i].image &&
            !add_needs_of(shared, shared_of(shared->scope[i].image)))
            return false;
    return add_scope(shared, NULL, "libc.so.6") &&
           add_scope(shared, NULL, "ld-linux.so.2");
}

// A symbol that this object defines, as an address or what else it is.
static void describe(const struct shared *owner,
                     const struct elf_symbol *symbol,
                     struct shared_found *found)
{
    uint32_t type = symbol->st_info & 15;

    *found = (struct shared_found){.kind = SHARED_ADDRESS,
                                   .value = symbol->st_value,
                                   .size = symbol->st_size,
                                   .from = owner->image->name};
    if (type == STT_TLS) {
        found->kind = owner->tls.reserved &&
                              symbol->st_value <= owner->tls.size
                          ? SHARED_TLS
                          : SHARED_MISSING;
        found->tpoff = owner->tls.tpoff;
        return;
    }
    // An absolute symbol is a number that has a name. It does not move.
    if (symbol->st_shndx != SHN_ABS)
        found->value += owner->delta;
    if (type == STT_IFUNC)
        found->kind = SHARED_INDIRECT;
}

static bool search(const struct shared *shared, const struct shared_name *name,
                   struct shared_found *found)
{
    for (uint32_t i = 0; i < shared->scopes; i++) {
        const struct image *image = shared->scope[i].image;
        const struct elf_symbol *symbol;
        if (!image) {
            if (shared_host_find(shared->scope[i].host, name, found))
                return true;
            continue;
        }
        // One that has broken since stays, but nothing new is bound to it.
        if (image->broken)
            continue;
        symbol = shared_lookup(shared_of(image), name);
        if (symbol) {
            describe(shared_of(image), symbol, found);
            return true;
        }
    }
    return false;
}

// A symbol that the object defines is its own, without a search: it would be
// the first to be asked. So its exact version is found as well.
void shared_find(const struct shared *shared, uint32_t index,
                 struct shared_found *found)
{
    const struct elf_symbol *symbol = shared_symbol(shared, index);
    struct shared_name name;

    *found = (struct shared_found){.kind = SHARED_MISSING};
    if (!symbol)
        return;
    if (symbol->st_shndx != SHN_UNDEF) {
        describe(shared, symbol, found);
        return;
    }
    name.name = shared_string(shared, symbol->st_name);
    if (!name.name)
        return;
    name.gnu = shared_gnu_hash(name.name);
    name.sysv = shared_sysv_hash(name.name);
    name.version = shared_version_of(shared, index);
    if (search(shared, &name, found))
        return;
    // Weak and absent is 0, and the code compares before it calls.
    *found = (struct shared_found){.kind = symbol->st_info >> 4 == STB_WEAK
                                               ? SHARED_ADDRESS
                                               : SHARED_MISSING};
}
