// SPDX-License-Identifier: MIT
// Binding in code: a call that goes through the procedure linkage table is
// rewritten, at its first use, into one that does not need it.
//
//            loaded                           bound
//   lazy     call f@plt  f@plt: jmp *slot     slot := f        data
//   now      the same, all slots while loading                 data
//   direct   call f@plt                       call f           5 bytes of code
//   plt      f@plt: jmp *slot(%ebx)           f@plt: jmp f     6 bytes of code
//
// SPARC's ABI rewrites the entry, and so did Mac OS X on the i386; HotSpot and
// Linux's static calls rewrite the site. In the last two modes the slot stays
// as lazy as it was, so that taking the patch back is all that undo has to do:
// the next call asks the resolver again. [SPARC V8 ABI, "Procedure Linkage
// Table"]
//
// Nothing is kept here about what is bound: the journal has every live patch,
// with its old bytes, and they lead to the entry and the slot.
#pragma once
#include "smc/door/journal.h"
#include "smc/load/elf/shared_lazy.h"

#define BIND_TECHNIQUE "bind"
// Live patches of this technique at most. Half of the journal is for others:
// one that is full of live patches refuses every write.
#define BIND_MAX (JOURNAL_SIZE / 2)

// What became of a binding that was to be written into code.
enum bind_reason {
    BIND_OK,
    BIND_FOREIGN,  // it returns to no code of the calling image
    BIND_NO_CALL,  // in front of that is no CALL of this PLT entry
    BIND_UNSURE,   // there is, and it can be read as an indirect one, too
    BIND_NO_ENTRY, // the PLT entry does not look like one
    BIND_MANY,     // BIND_MAX patches are live
    BIND_DOOR,     // the door refused; the journal says why
};

// One that was not: its slot was written instead.
struct bind_refusal {
    const struct image *image;
    uint32_t slot;   // address of the word in the GOT
    uint32_t caller; // where the call returns to
    uint32_t entry;  // BIND_DOOR: the journal's line
    enum bind_reason reason;
};

// The newest refusal for a slot, or NULL if none is remembered.
const struct bind_refusal *bind_refusal_of(const struct image *image,
                                           uint32_t slot);
// The refusal in words. Returns `out`.
char *bind_explain(char *out, size_t size, const struct bind_refusal *refusal);

// The way in is shared_patch, which the resolver calls: shared_lazy.h.

// bind_plt.c: what a linker's procedure linkage table looks like ------------

// True if [address, address + size) is code of the image.
bool bind_in_code(const struct image *image, uint32_t address, uint32_t size);
// True if a jump through this slot begins at `address`, which may be that of
// an ENDBR32 in front of it. Stores the address of the jump.
bool bind_is_entry(const struct image *image, uint32_t address, uint32_t slot,
                   uint32_t *jump);
// True if a CALL whose displacement ends at `caller` leads to the entry of
// this slot. Its first byte is not looked at.
bool bind_leads_to_entry(const struct image *image, uint32_t caller,
                         uint32_t slot, uint32_t *jump);
// Fills in, per relocation of the PLT, the address that its slot holds while
// it is lazy; 0 where none is found.
void bind_find_stubs(const struct shared *shared, uint32_t *stubs);

// bind_mode.c: what is bound, and changing the mode -------------------------

// Slots: the relocations of the PLT, those of other types left out.
uint32_t bind_slots(const struct shared *shared); // how many relocations
bool bind_has_slot(const struct shared *shared, uint32_t index);
uint32_t bind_slot_address(const struct shared *shared, uint32_t index);
// "malloc", or "?".
const char *bind_slot_name(const struct shared *shared, uint32_t index);
// The slot whose calls a live patch has rewritten; bind_slots() if none.
uint32_t bind_slot_of(const struct shared *shared,
                      const struct journal_entry *entry);

// The newest live patch of this image numbered below `before`, or NULL.
const struct journal_entry *bind_live(const struct image *image,
                                      uint32_t before);
// How many there are in this image; in all of them if it is NULL.
uint32_t bind_count(const struct image *image);

// Takes back every patch of a loaded image and sets its slots as if it had
// been loaded in this mode. All or nothing, with the reason in *error; only
// a patch that the door does not take back leaves those undone that were
// newer. No call into the image may be running.
bool bind_set(struct image *image, enum binding binding,
              struct load_error *error);
const char *bind_mode_name(enum binding binding);
