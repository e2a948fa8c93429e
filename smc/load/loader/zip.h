// SPDX-License-Identifier: MIT
// Compression by zlib1.dll, a DLL for Windows, loaded as it is.
#pragma once
#include "kernel/module.h"
#include "smc/load/image.h"

struct zip {
    uint32_t size;   // of the original
    uint32_t packed; // compressed
    bool identical;  // what came back equals the original
};

// Compresses and decompresses `data` with this image of zlib1.dll. False
// with the reason in *error if a call fails.
bool zip_round_trip(struct image *zlib, const void *data, uint32_t size,
                    struct zip *zip, struct load_error *error);
