// SPDX-License-Identifier: MIT
// Writing code: judge, journal, store, serialise, read back.
//
// The store is in copy.c. The order of the steps is the design:
//
//   judge      nothing has been touched yet, so a refusal costs nothing
//   journal    the line before the byte: what has no line has no undo
//   store      through the alias, which is open for this copy only
//   close      before the sync: nobody runs on with code writable
//   serialise  before anybody may execute the site again
//   read back  through the executable view, as the processor will fetch it
#include "smc/door/text.h"
#include "boot/kaslr.h"
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/smp.h"
#include "kernel/still.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

// False until paging_init is over: before that the alias has no page table.
// boot_hash is taken before the first write, so it is that of the text as
// linked, and stays the proof of every `undo all`.
static bool is_open;
static uint64_t boot_hash;

// Subtracts where adding would wrap: for a site just below 4 GiB site + len is
// a small number, and "ends before `end`" would be true.
static bool inside(const uint8_t *site, size_t len, const uint8_t *start,
                   const uint8_t *end)
{
    return site >= start && site < end && len <= (size_t)(end - site);
}

// Two half-open ranges meet if each begins before the other ends. Asked only
// of sites that passed inside() or arena_of(): site + len does not wrap.
static bool touches(const uint8_t *site, size_t len, const uint8_t *start,
                    const uint8_t *end)
{
    return site < end && start < site + len;
}

// Kernel text, or one arena. Of an arena with slices a patch is in one or in
// none: half of it would keep the code of a slice that goes.
static bool has_owner(const uint8_t *site, size_t len)
{
    const struct arena *arena;
    if (inside(site, len, text_start, text_end))
        return true;
    arena = arena_of(site, len);
    return arena && (!arena->slices || !door_cuts_slice(site, len));
}

// Every page of the site must be mapped and executable: all or none. If the
// second page were found missing during the copy, the first symptom would be
// an instruction whose head is new and whose tail is old.
static bool is_mapped_code(const uint8_t *site, size_t len)
{
    const uint8_t *page = (const void *)PAGE_ALIGN_DOWN((uintptr_t)site);
    for (; page < site + len; page += PAGE_SIZE) {
        struct page_info info;
        if (!paging_lookup(page, &info) || !(info.rights & PAGE_EXEC))
            return false;
    }
    return true;
}

// Where may be written at all. Nothing here reads the site, so no site can
// make it fault; the bytes are compared afterwards, when they are mapped.
//
//   site                                    verdict
//   any, before door_init                   TEXT_NOT_READY
//   data, heap, rodata, null                TEXT_OUTSIDE
//   begins in text, ends behind it          TEXT_OUTSIDE
//   in a slice of an arena, but not all     TEXT_OUTSIDE
//   any byte in door_start..door_end        TEXT_DOOR
//   a page of an arena that is data or gone TEXT_UNMAPPED
//
// TEXT_DOOR: this part of text runs while a site is half written. A memcpy
// that is patched would be executed in the middle of copying itself.
enum text_reason door_judge(const uint8_t *site, size_t len)
{
    if (!is_open)
        return TEXT_NOT_READY;
    if (!has_owner(site, len))
        return TEXT_OUTSIDE;
    if (touches(site, len, door_start, door_end))
        return TEXT_DOOR;
    return is_mapped_code(site, len) ? TEXT_OK : TEXT_UNMAPPED;
}

// A refused entry keeps the bytes found in `old` and those expected in `new`:
// `journal N` names them so. In a full journal the refusal gets no line and
// entry 0; it is a refusal all the same.
void door_refuse(struct text_result *result, enum text_reason reason,
                 const void *site, const char *technique, const void *caller)
{
    struct journal_entry e = {.kind = JOURNAL_REFUSED,
                              .reason = reason,
                              .technique = technique,
                              .site = (void *)site,
                              .caller = caller,
                              .len = result->len};
    memcpy(e.old, result->found, TEXT_MAX);
    memcpy(e.new, result->expected, TEXT_MAX);
    result->reason = reason;
    result->entry = journal_add(e);
}

// Fills in both byte strings and judges them.
//
//   site = expected   expected = new   verdict
//   no                -                TEXT_MISMATCH
//   yes               yes              TEXT_SAME
//   yes               no               TEXT_OK
//
// A mismatch is another technique on the same site, an undo that the caller
// has missed, or a debugger's INT3. TEXT_SAME keeps lines out of the journal
// whose undo would change nothing.
static enum text_reason judge_bytes(struct text_result *r, const uint8_t *site,
                                    const void *expected,
                                    const void *replacement, size_t len)
{
    r->len = (uint8_t)len;
    memcpy(r->expected, expected, len);
    memcpy(r->found, site, len);
    if (memcmp(site, expected, len) != 0)
        return TEXT_MISMATCH;
    return memcmp(expected, replacement, len) ? TEXT_OK : TEXT_SAME;
}

// The new bytes are copied into the line first. If the caller's pointer is
// bad, the fault comes here, with nothing journaled and no alias open.
static enum text_reason write_judged(struct text_result *r, uint8_t *site,
                                     const void *replacement,
                                     const char *technique, const void *caller)
{
    struct journal_entry e = {.kind = JOURNAL_PATCH,
                              .technique = technique,
                              .site = site,
                              .caller = caller,
                              .len = r->len,
                              .still = still_is_on()};
    memcpy(e.old, r->found, r->len);
    memcpy(e.new, replacement, r->len);
    r->entry = journal_add(e);
    if (!r->entry)
        return TEXT_FULL;
    door_copy(site, e.new, r->len); // what the journal has, no second read
    poke_map_forget(site);
    return TEXT_OK;
}

// Interrupts are off from the comparison to the read-back. With them on, a
// handler could patch the same site between the two, and its bytes would be
// overwritten in silence: the comparison would have been for nothing.
static struct text_result write(void *site, const void *expected,
                                const void *replacement, size_t len,
                                const char *technique, const void *caller)
{
    struct text_result r = {0};
    bool on = door_lock();
    // The length first: the arrays of a result and an entry hold TEXT_MAX.
    enum text_reason reason = TEXT_BAD_LENGTH;
    if (len > 0 && len <= TEXT_MAX)
        reason = door_judge(site, len);
    if (reason == TEXT_OK)
        reason = judge_bytes(&r, site, expected, replacement, len);
    if (reason == TEXT_OK)
        reason = reserve_judge(&r, site, len, technique);
    if (reason == TEXT_OK)
        reason = write_judged(&r, site, replacement, technique, caller);
    if (reason != TEXT_OK)
        door_refuse(&r, reason, site, technique, caller);
    door_unlock(on);
    if (reason == TEXT_OK)
        sync_all();
    return r;
}

struct text_result text_write(void *site, const void *expected,
                              const void *replacement, size_t len,
                              const char *technique)
{
    return write(site, expected, replacement, len, technique,
                 __builtin_return_address(0));
}

// With interrupts off no CPU is started between the question and the write.
bool door_write_alone(struct text_result *r, void *site, const void *expected,
                      const void *replacement, size_t len,
                      const char *technique, const void *caller)
{
    bool on = interrupts_off(), alone = cpus_alone();
    if (alone)
        *r = write(site, expected, replacement, len, technique, caller);
    interrupts_restore(on);
    return alone;
}

// FNV-1a, 64 bits: one wrong byte anywhere changes it. Each step maps h one
// to one (the factor is odd), so a difference, once there, is carried to the
// end. Padding between functions is hashed as well.
uint64_t text_hash(void)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (const uint8_t *p = text_start; p < text_end; p++)
        h = (h ^ *p) * 0x100000001b3ull;
    return h;
}

uint64_t text_boot_hash(void)
{
    return boot_hash;
}

// The one change of text that the door did not make: the boot part has moved
// the kernel, and corrected the addresses in it. One line for all of them; no
// undo, since the code that would run is the code that would be wrong.
static void note_move(void)
{
    struct journal_entry e = {.kind = JOURNAL_MOVED,
                              .technique = "kaslr",
                              .caller = __builtin_return_address(0),
                              .len = sizeof(uint32_t)};
    e.site = kaslr_first_word(&e.other);
    uint32_t word;
    memcpy(&word, e.site, sizeof word);
    memcpy(e.new, &word, sizeof word);
    word -= kaslr_report.delta;
    memcpy(e.old, &word, sizeof word);
    journal_add(e);
}

// Called after paging_init, with interrupts off, before anything is patched.
void door_init(void)
{
    sync_init();
    boot_hash = text_hash();
    if (kaslr_report.delta)
        note_move();
    is_open = true;
}

bool door_is_open(void)
{
    return is_open;
}
