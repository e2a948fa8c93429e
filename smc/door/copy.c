// SPDX-License-Identifier: MIT
// The store itself, through a second mapping of the same frame.
//
//        executable view                 the same frame, short-lived
//   0xc0103000  [ r-x  .. cd ff .. ]      0xffbfe000  [ rw-  .. cd ff .. ]
//                                                            ^ store here
//
// The executable view never becomes writable. The store is visible through it
// at once (one frame), but the processor may have fetched the old bytes: the
// one that stores serialises here, the others are asked by whoever calls.
// Linux does the same in text_poke. [SDM3 8.1.3]
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

// A patch goes byte by byte, lowest first, which is what a watchpoint shows;
// volatile keeps it so. A generated block, up to the window's 8 KiB at a time,
// goes by words. Neither is atomic: whoever fetched the site between two
// stores would run an instruction that is neither the old nor the new one.
// That nobody does is text_write's contract.
__attribute__((noinline)) void door_store(volatile uint8_t *alias,
                                          const uint8_t *bytes, size_t len)
{
    if (len > TEXT_MAX) {
        memcpy((uint8_t *)alias, bytes, len);
        return;
    }
    for (size_t i = 0; i < len; i++)
        alias[i] = bytes[i];
}

// Maps the one or two frames behind [site, site + len) and returns the
// writable view of site. A patch of 5 bytes at page end - 2:
//
//   executable view                       alias
//   page n      [ ......... 0f 1f ]  -->  PAGING_ALIAS      [ .... 0f 1f ]
//   page n + 1  [ 44 00 00 ...... ]  -->  + PAGE_SIZE       [ 44 00 00 . ]
//
// Each page is looked up by itself: neighbours in address need not be
// neighbours in memory. The offset in the page is kept, so the alias of a
// site ends in the site's own last twelve bits.
//
// There is one window. With interrupts on, a handler's patch could map its
// own frames here, and the rest of this copy would go to the handler's site.
static uint8_t *alias_open(const uint8_t *site, size_t len)
{
    uintptr_t page = PAGE_ALIGN_DOWN((uintptr_t)site);
    size_t offset = (uintptr_t)site - page, count = 0;
    for (; count * PAGE_SIZE < offset + len; count++) {
        struct page_info info;
        // Judged with interrupts off, so it cannot have gone since.
        if (!paging_lookup((const void *)(page + count * PAGE_SIZE), &info))
            panic("door: %p was judged but is not mapped", site);
        // Write without execute: code never runs at its alias.
        paging_map(PAGING_ALIAS + count * PAGE_SIZE, info.pa, 1, PAGE_WRITE);
    }
    return (uint8_t *)PAGING_ALIAS + offset;
}

// Both pages, used or not. An alias that stays is a writable view of code;
// nothing fails then, but `audit` counts the page.
static void alias_close(void)
{
    paging_unmap(PAGING_ALIAS, 2);
}

// Goes in pieces that fit the window: two pages, less the offset in the first.
// A patch is one piece; an image of many pages is several, and nobody may
// execute any of it before the last is in.
//
// The INVLPG of the unmapping serialises this CPU by itself [SDM3 8.3]. That
// is luck, not a reason to leave out sync_all: it does nothing for another.
void door_copy(uint8_t *site, const uint8_t *bytes, size_t len)
{
    while (len) {
        size_t room = 2 * PAGE_SIZE - (uintptr_t)site % PAGE_SIZE;
        size_t n = len < room ? len : room;
        door_store(alias_open(site, n), bytes, n);
        alias_close();
        sync_core();
        // A stale translation of the alias would have sent the store to
        // another frame. Unnoticed, that is a wrong byte in code nobody has
        // patched.
        if (memcmp(site, bytes, n) != 0)
            panic("door: %p does not hold what was stored there", site);
        site += n;
        bytes += n;
        len -= n;
    }
}
