// SPDX-License-Identifier: MIT
// Which version of a name is meant, and whether it is there. The tables were
// read by shared_versions.c.
#include "kernel/string.h"
#include "smc/load/elf/shared.h"
#include "smc/load/elf/shared_host.h"

// What versym says of a symbol: 0 and 1 are no version.
static uint32_t versym(const struct shared *shared, uint32_t index)
{
    const uint8_t *at = shared->versym.at;

    return at ? (uint32_t)(at[2 * index] | at[2 * index + 1] << 8)
              : VER_GLOBAL;
}

const char *shared_version_of(const struct shared *shared, uint32_t index)
{
    uint32_t number = versym(shared, index) & VER_INDEX;

    return number > VER_GLOBAL && number < shared->versions &&
                   shared->version[number].name
               ? shared_string(shared, shared->version[number].name)
               : NULL;
}

bool shared_version_hidden(const struct shared *shared, uint32_t index)
{
    return versym(shared, index) & VER_HIDDEN;
}

int shared_version_fits(const struct shared *shared, uint32_t index,
                        const char *version)
{
    uint32_t number = versym(shared, index);
    const char *has = shared_version_of(shared, index);

    // An object without versions answers for all of them.
    if (!shared->versym.at)
        return 2;
    // Who names none was linked before there were any, so that the oldest,
    // number 2, is what it knows; else the one that is not hidden.
    if (!version)
        return (number & VER_INDEX) <= 2 ? 2 : !(number & VER_HIDDEN);
    if (!has)
        return !(number & VER_HIDDEN);
    return strcmp(has, version) == 0 ? 2 : 0;
}

// The strings were judged when they were read, but by now they may lie in
// memory that the object's own code can change.
static bool is_string(const struct shared *shared, uint32_t offset,
                      const char *text)
{
    const char *string = shared_string(shared, offset);

    return string && strcmp(string, text) == 0;
}

static bool defines(const struct shared *shared, const char *version)
{
    for (uint32_t i = 1; i < shared->versions; i++) {
        const struct shared_version *own = &shared->version[i];
        if (own->name && !own->needed && is_string(shared, own->name, version))
            return true;
    }
    // One that knows no versions at all may still serve.
    return !shared->versym.at;
}

static bool is_offered(const struct shared *shared, const char *file,
                       const char *version)
{
    for (uint32_t i = 0; i < shared->needs; i++) {
        const struct shared_need *need = &shared->need[i];
        if (is_string(shared, need->name, file))
            return need->image ? defines(shared_of(need->image), version)
                               : shared_host_version(file, version);
    }
    return false; // it is asked of a file that is not needed
}

bool shared_check_needed_versions(const struct shared *shared)
{
    for (uint32_t i = 1; i < shared->versions; i++) {
        const struct shared_version *wanted = &shared->version[i];
        const char *file, *version;
        // A weak one is needed by weak symbols only.
        if (!wanted->needed || wanted->weak)
            continue;
        file = shared_string(shared, wanted->needed);
        version = shared_string(shared, wanted->name);
        if (!is_offered(shared, file, version))
            return load_fail(shared->error,
                             "needs version %s of %s, which "
                             "does not offer it",
                             version, file);
    }
    return true;
}
