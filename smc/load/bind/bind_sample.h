// SPDX-License-Identifier: MIT
// A shared object made by hand: one function, called in every way that there
// is, and one of the kernel's. It needs no boot module.
//
//   function   how it calls leaf, which returns 42
//   once       call leaf@plt
//   twice      the same at two places
//   noplt      call *slot(%ebx)          gcc -fno-plt
//   iat        call *slot                Windows; a text relocation here
//   direct     call leaf                 what a static linker makes
//   tail       jmp leaf@plt              a tail call
//   pointer    call *%eax, which holds the address of leaf@plt
//   unsure     ff 94 e8 rel32, of which e8 rel32 is a call of leaf@plt
//   length     call strlen@plt, with its own argument
//
// Layout: headers and tables r-- at 0, code r-x at 0x1000, GOT rw- at 0x2000.
#pragma once
#include "kernel/module.h"
#include "smc/load/elf/shared.h"

enum { BIND_SAMPLE_ANSWER = 42 };

// Offsets in the image of what the checks look at.
enum {
    BIND_SAMPLE_ENTRY = 0x1010,  // leaf@plt
    BIND_SAMPLE_LENGTH = 0x1020, // strlen@plt
    BIND_SAMPLE_ONCE = 0x104d,   // the call in once
    BIND_SAMPLE_FIRST = 0x106d,  // and those in twice
    BIND_SAMPLE_SECOND = 0x1072,
    BIND_SAMPLE_SLOT = 0x200c // of leaf
};

extern const struct module bind_sample;

// Loads a fresh image of it in this mode. NULL with the reason in *error.
struct image *bind_sample_load(enum binding binding, struct load_error *error);
