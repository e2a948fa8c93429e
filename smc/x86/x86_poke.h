// SPDX-License-Identifier: MIT
// Replacing live instructions by typed ones: judged, padded, by the door.
#pragma once
#include "smc/door/text.h"
#include "smc/x86/boundaries.h"

// May whole instructions of kernel text be replaced at this place? Decodes
// the function, and looks in all other functions for branches into the site.
// `length` is rounded up to whole instructions; *length is what to replace.
// Walks over all of the kernel's text: for commands, not for every patch.
struct boundary_verdict x86_may_patch(const uint8_t *site, uint32_t *length);

// Patches `n` bytes (TEXT_MAX at most) of new code over the site: whole
// instructions, which is the caller's to see to. They are padded by one NOP to
// the end of the last old instruction that they touch. The verdict says
// whether the door was asked at all.
struct boundary_verdict x86_poke(uint8_t *site, const uint8_t *code, size_t n,
                                 struct text_result *result);
