// SPDX-License-Identifier: MIT
// The image's own code, when it comes and when it goes: TLS callbacks, then
// DllMain. [DllMain entry point; PE "TLS Callback Functions"]
//
//   BOOL  stdcall DllMain(instance, reason, reserved)       the entry point
//   void  stdcall callback(instance, reason, reserved)      each of the list
//
// Windows calls both for every thread, too. There is one thread here, and it
// comes and goes with the process. The entry point of a program is another
// thing: it has no arguments and is called once, see exe.c.
#include "smc/load/call.h"
#include "smc/load/pe/pe.h"

enum { DETACH, ATTACH };

// The instance is the base: what GetModuleHandle returns. `reserved` is 0 for
// a DLL that was loaded on demand.
static bool enter(struct image *image, const char *what, uint32_t entry,
                  uint32_t reason, struct load_error *error, uint32_t *result)
{
    struct call call = {
        .image = image,
        .entry = entry,
        .argc = 3,
        .args = {(uint32_t)(uintptr_t)image->base, reason, 0},
    };

    if (!call_image(&call))
        return load_fail(error, "%s, called to %s, did not return: %s", what,
                         reason == ATTACH ? "attach" : "detach", call.text);
    *result = call.result;
    return true;
}

// Read anew for each call: a callback may add to the list.
static bool run_callbacks(struct image *image, uint32_t reason,
                          struct load_error *error)
{
    uint32_t callback, ignored;

    for (uint32_t i = 0; (callback = pe_tls_callback(image, i)) != 0; i++)
        if (!enter(image, "a TLS callback", callback, reason, error, &ignored))
            return false;
    return true;
}

// Programs have an entry point, too, but no DllMain.
static uint32_t dll_main(const struct image *image)
{
    const struct pe_detail *detail = image->detail;

    if (!(detail->header.Characteristics & PE_DLL) ||
        !detail->header.AddressOfEntryPoint)
        return 0;
    return (uint32_t)(uintptr_t)image->base +
           detail->header.AddressOfEntryPoint;
}

// A DLL that does not want to be used says so by FALSE, and expects to be
// told that it goes.
bool pe_start(struct image *image, struct load_error *error)
{
    uint32_t entry = dll_main(image), result = 1;

    if (!run_callbacks(image, ATTACH, error) ||
        (entry && !enter(image, "DllMain", entry, ATTACH, error, &result)))
        return false;
    return result ||
           load_fail(error, "its DllMain returned FALSE: it refuses to run");
}

// In the same order, as Windows has it. Nobody reads what DllMain returns.
bool pe_stop(struct image *image, struct load_error *error)
{
    uint32_t entry = dll_main(image), ignored;

    return run_callbacks(image, DETACH, error) &&
           (!entry || enter(image, "DllMain", entry, DETACH, error, &ignored));
}
