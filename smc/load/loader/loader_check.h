// SPDX-License-Identifier: MIT
// What the loader's checks share, and those that live in files of their own.
#pragma once
#include "kernel/lab.h"
#include "kernel/module.h"
#include "smc/load/image.h"

// Memory in use, by the heap and around it. Pages that the heap keeps for
// itself are its own business and not a leak.
struct memory_mark {
    uint32_t blocks, bytes, pages;
};
struct memory_mark memory_mark(void);
bool memory_same(struct memory_mark a, struct memory_mark b);

// True if the words are somewhere in the text.
bool check_says(const char *text, const char *words);

// Says that a check needs this module and skips it.
enum check_result check_without(const char *module);

// The files of the real world that may be present, and the next one at or
// after *index, or NULL.
const struct module *check_next_file(size_t *index);

// What became of many attempts to load damaged copies.
struct trial {
    struct module file;
    uint32_t loaded, refused, trapped, mute;
    char last[200];
};

// Loads trial->file and unloads it again, counting what happened. Never runs
// any of its code.
void try_loading(struct trial *trial);

// Makes trial->file a copy of a file that may be damaged; freed by the
// caller. NULL when memory is exhausted.
uint8_t *try_copy_of(const struct module *file, struct trial *trial);

// Modules of GRUB need crypto.mod: loaded once, so that it is no leak.
// Returns the mark for close_newer.
const struct image *try_open_needed(void);

// Says what became of the attempts. Passes if all ended in words or in an
// image, and all memory came back.
enum check_result try_verdict(const char *kind, const struct trial *trial,
                              struct memory_mark before);

// A fresh image of zlib1.dll, apart from the one that the shell may have
// open. NULL if there is none, with the check's result in *result. The
// verdict unloads it again.
struct image *zlib_load(enum check_result *result);
enum check_result zlib_verdict(struct image *image, bool pass);
// True if both images know the CRC-32 of "123456789".
bool zlib_agree(struct image *a, struct image *b);

// How many words hold what they should at the image's base, of those that are
// listed in zlib1.dll.
uint32_t zlib_words_right(const struct image *image, uint32_t *listed);

// loader_check_elf.c, loader_check_object.c: an object made by hand, and what
// can be wrong with it.
enum check_result check_elf_sample(void);
enum check_result check_elf_strong(void);
enum check_result check_elf_twice(void);
enum check_result check_elf_fields(void);
enum check_result check_elf_free(void);
enum check_result check_elf_manners(void);
enum check_result check_elf_broken(void);

// loader_check_real.c: files of other systems, whole and working.
enum check_result check_relocations(void);
enum check_result check_imports(void);
enum check_result check_checksums(void);
enum check_result check_round_trip(void);
enum check_result check_digests(void);
enum check_result check_needs(void);
enum check_result check_refused(void);
enum check_result check_crash(void);

// loader_check_memory.c: what an image is in memory.
enum check_result check_twice(void);
enum check_result check_rights(void);
enum check_result check_frees(void);

// loader_check_rebase.c: an image that moves after use.
enum check_result check_rebase(void);
enum check_result check_rebase_refused(void);

// loader_check_fields.c, loader_check_damage.c: the same files, damaged.
enum check_result check_pe_fields(void);
enum check_result check_truncated(void);
enum check_result check_mutants(void);
