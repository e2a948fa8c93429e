// SPDX-License-Identifier: MIT
// The words of a loader command: files, and how they are to be loaded.
//
//   gcry_*.mod            all boot modules whose names match
//   at=0x10000000         where the first file goes
//   at=random[:SEED]      every file somewhere below the kernel
//   bind=lazy|now|direct|plt
//   init=no               load, and run nothing of it
#pragma once
#include "smc/load/image.h"

struct load_words {
    const struct module **files;
    uint32_t count;
    struct load_options options;
    bool start; // init=no clears it
};

// Reads argv[1] and on. False after printing what is wrong with which word;
// nothing is to be freed then.
bool words_read(struct load_words *words, int argc, char **argv);
void words_free(struct load_words *words);

// One word that may be an option. WORD_BAD after printing why.
enum word { WORD_OTHER, WORD_OPTION, WORD_BAD };
enum word words_option(struct load_words *words, const char *word);
