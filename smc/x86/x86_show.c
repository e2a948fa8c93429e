// SPDX-License-Identifier: MIT
// Reports must not fault and must not allocate: a panic prints by these, too.
// So x86_readable is asked before anything is read that a register pointed at,
// and what is no code is shown as "(bad)" and passed over.
#include "smc/x86/x86_show.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"
#include "smc/x86/print.h"

// PAGE_UNCACHED is how device registers are mapped here: a read of one may
// take a byte out of a queue, or acknowledge an interrupt.
static bool page_is_readable(uintptr_t at)
{
    struct page_info page;
    // Also before the page tables stand: a panic may come early.
    if (at >= (uintptr_t)text_start && at < (uintptr_t)text_end)
        return true;
    return paging_lookup((const void *)at, &page) &&
           !(page.rights & PAGE_UNCACHED);
}

// Page by page; the last page of memory ends at address 0.
size_t x86_readable(const void *at, size_t max)
{
    uintptr_t start = (uintptr_t)at, end = start;
    while (end - start < max && page_is_readable(end)) {
        end = PAGE_ALIGN_DOWN(end) + PAGE_SIZE;
        if (!end)
            break;
    }
    return end - start < max ? end - start : max;
}

// Text and generated code: addresses of data have no symbols here.
static char *symbolize(char *out, size_t size, uint32_t address)
{
    char where[64];
    uint32_t offset;
    const void *at = (const void *)address;
    out[0] = 0;
    if (symbol_name(at, &offset) || arena_of(at, 1))
        ksnprintf(out, size, "<%s>", symbol_format(where, sizeof where, at));
    return out;
}

// Garbage is met here as a matter of course: a wild eip, half an instruction
// at the end of a block. One byte of it is taken, as objdump does, so that
// every loop over code ends.
//
//   OK                 its text                   its length
//   UNKNOWN            "(not in the tables)"      its length
//   any other          "(bad)"                    1
size_t x86_show(char *out, size_t size, const void *bytes, size_t available,
                uint32_t address)
{
    struct insn insn;
    switch (insn_decode(&insn, bytes, available, INSN_32)) {
    case INSN_OK:
        insn_print(out, size, &insn, address, symbolize);
        return insn.length;
    case INSN_UNKNOWN:
        ksnprintf(out, size, "(not in the tables)");
        return insn.length;
    default: ksnprintf(out, size, "(bad)"); return 1;
    }
}

// Runs of blanks, by which objdump makes columns, become one.
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ' || (from[1] != ' ' && from[1]))
            *to++ = *from;
    *to = 0;
}

//   mov    $0x1,%eax  +  ret   -->  mov $0x1,%eax; ret
//
// `used` counts what the whole text would have had, as ksnprintf does: once it
// passes `size` the text is cut and the loop ends.
char *x86_show_all(char *out, size_t size, const void *bytes, size_t len,
                   uint32_t address)
{
    const uint8_t *p = bytes;
    size_t used = 0;
    char text[X86_SHOW_MAX];
    out[0] = 0;
    for (size_t at = 0; at < len && used < size;) {
        size_t n = x86_show(text, sizeof text, p + at, len - at,
                            address + (uint32_t)at);
        squeeze(text);
        used += (size_t)ksnprintf(out + used, size - used, "%s%s",
                                  at ? "; " : "", text);
        at += n;
    }
    return out;
}

// The newest generated block that holds `at`. Arenas have no symbols; their
// journal lines tell where code begins, as long as the block lives.
static const uint8_t *block_start(const uint8_t *at)
{
    for (uint32_t i = journal_count(); i-- > 0;) {
        const struct journal_entry *e = journal_at(i);
        if (e->kind == JOURNAL_GENERATED && e->state == JOURNAL_LIVE &&
            at >= e->site && at < e->site + e->len)
            return e->site;
    }
    return at;
}

// i386 code cannot be decoded backwards: the same bytes, read from one further
// back, may be other instructions. Hence a start that is known, and forwards.
const uint8_t *x86_code_start(const void *at)
{
    const uint8_t *start;
    uint32_t size;
    return symbol_range(at, &start, &size) ? start : block_start(at);
}

// By the bytes that are there now. If the site is patched, they are the new
// ones: a patch of whole instructions leaves its own first byte a boundary.
const uint8_t *x86_instruction_at(const void *at)
{
    struct insn insn;
    const uint8_t *p = x86_code_start(at), *target = at;
    while (p < target) {
        size_t room = x86_readable(p, INSN_MAX);
        enum insn_status status = insn_decode(&insn, p, room, INSN_32);
        // Not understood: nobody can tell. The byte may begin one.
        if (!insn_has_length(status))
            return target;
        if (p + insn.length > target)
            return p;
        p += insn.length;
    }
    return target;
}
