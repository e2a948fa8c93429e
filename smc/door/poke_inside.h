// SPDX-License-Identifier: MIT
// Inside the protocol: what its parts know of each other.
#pragma once
#include "kernel/trap.h"
#include "smc/door/poke.h"

enum poke_kind {
    POKE_NONE, // nothing that could be emulated
    POKE_INT3,
    POKE_NOP,
    POKE_RET,
    POKE_CALL,
    POKE_JMP,
    POKE_JCC,
    POKE_MOV_EAX,
};

// An instruction as the handler needs it: decoded before, so that the handler
// decodes nothing.
struct poke_insn {
    uint8_t kind;      // enum poke_kind
    uint8_t condition; // POKE_JCC: the low four bits of the opcode
    uint8_t len;
    uint32_t target; // where a branch leads; of POKE_MOV_EAX the value
};

struct poke_site {
    uint8_t *site;
    struct poke_insn insn; // the new one
    uint8_t len;
    uint8_t old[POKE_MAX], new[POKE_MAX];
    uint16_t index; // in the caller's batch
    uint32_t entry; // its line in the journal
};

// In order of address, for the search. Only the owner of poke_lock writes it,
// and only while it is not published; poke_forget takes single sites out.
struct poke_batch {
    struct poke_site sites[POKE_BATCH_MAX];
    uint32_t count;
};
extern struct poke_batch poke_batch;

// poke_emulate.c: any context, NMI too.
struct poke_insn poke_decode(const uint8_t *bytes, size_t len,
                             uint32_t address);
void poke_emulate(const struct poke_insn *insn, struct trap_frame *frame,
                  uint32_t *esp, uint32_t address);

// poke_judge.c: copies and sorts the caller's batch, and judges every site.
// *culprit is the index of the one refused. Nothing is written.
enum text_reason poke_judge(struct text_result *r, const struct poke *pokes,
                            size_t count, const char *technique,
                            size_t *culprit);

// poke_map.c: TEXT_OK if an instruction of text begins at `site` and no branch
// leads to the bytes behind its first; else TEXT_INSIDE or TEXT_BRANCH.
// poke_map_update goes before; poke_map_forget after a write that may move
// instructions, poke_map_target after one that leads somewhere new.
enum text_reason poke_map_judge(struct text_result *r, const uint8_t *site,
                                size_t len);
void poke_map_update(void);
void poke_map_forget(const uint8_t *site);
void poke_map_target(uint32_t target);

// undo.c asks for the one site of a journal line, old and new as in it.
struct journal_entry;
struct poke_site poke_site_of(const struct journal_entry *e);

// reserve.c: TEXT_OK, or TEXT_RESERVED with r->owner filled in. The caller has
// door_lock.
enum text_reason reserve_judge(struct text_result *r, const void *site,
                               size_t len, const char *technique);
// The memory is given up: so is what was kept of it.
void reserve_forget(const void *start, size_t len);

// poke_trap.c: from now on the handler looks into the batch; until it returns,
// some handler may still be looking.
void poke_publish(void);
void poke_withdraw(void);

// poke_steps.c: takes the judged and journaled batch through the protocol.
// TEXT_MISMATCH if a site was written since, *culprit is which.
// poke_go_on tries to finish one whose CPUs did not answer; returns those that
// still do not. poke_forget is for memory that is given up: no site in it is
// written any more; poke_drop is the same for who can do without: false if a
// poke is under way there.
enum text_reason poke_run(struct text_result *r, size_t *culprit);
uint32_t poke_go_on(void);
void poke_forget(const void *start, size_t len);
bool poke_drop(const void *start, size_t len);

// poke.c: the right to use the batch. TEXT_OK, or why not; a batch that was
// not finished is finished first.
enum text_reason poke_enter(struct text_result *r);
void poke_leave(void);
