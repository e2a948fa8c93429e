// SPDX-License-Identifier: MIT
// Suite `arena`: generated code, images with data in them, and the end.
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/door_check.h"

static enum check_result check_arena_write(void)
{
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3};
    uint8_t *at = arena_reserve(door_subject, sizeof code, 16);
    struct text_result r = arena_write(door_subject, at, code, sizeof code,
                                       "door-chk");
    uint32_t result = ((uint32_t(*)(void))(void *)at)();
    enum text_reason past = arena_write(door_subject,
                                        door_subject->base +
                                            door_subject->size - 2,
                                        code, sizeof code, "door-chk")
                                .reason;
    enum text_reason none =
        arena_write(door_subject, at, code, 0, "door-chk").reason;
    arena_write(door_subject, at, door_int3, sizeof code, "door-chk");
    judged("mov $42,%%eax; ret returns %u; past the end and length 0 refused",
           result);
    return verdict(r.reason == TEXT_OK && result == 42 &&
                   past == TEXT_OUTSIDE && none == TEXT_BAD_LENGTH);
}

static enum check_result check_arena_data(void)
{
    struct page_info page;
    struct arena *image = arena_create("door check, image", 3 * PAGE_SIZE);
    if (!image)
        return CHECK_FAIL;
    uint8_t *data = image->base + PAGE_SIZE;
    bool ragged = arena_make_data(image, data + 1, PAGE_SIZE, true) ||
                  arena_make_data(image, data, 100, true) ||
                  arena_make_data(image, data, 3 * PAGE_SIZE, true);
    bool made = arena_make_data(image, data, PAGE_SIZE, true);
    paging_lookup(data, &page);
    bool writable = page.rights == PAGE_WRITE && data[0] == 0;
    bool ok = door_refuses(data - 2, door_int3, door_nops, 4, TEXT_UNMAPPED);
    data[0] = 7;
    arena_make_data(image, data, PAGE_SIZE, false);
    paging_lookup(data, &page);
    bool frozen = page.rights == PAGE_READ && data[0] == 7;
    arena_destroy(image);
    judged("a page in the middle becomes data: no patch reaches it");
    return verdict(!ragged && made && writable && ok && frozen);
}

static enum check_result check_arena_destroy(void)
{
    struct page_stats before = page_stats();
    struct arena *short_lived = arena_create("door check, short", 1);
    uint8_t *base = short_lived->base;
    uint32_t n = text_write(base, door_int3, door_nops, 1, "door-chk").entry;
    arena_destroy(short_lived);
    struct page_info page;
    paging_lookup(base, &page);
    struct text_result r = text_undo(n);
    char words[128];
    judged("undo #%u: %s", n, text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_FREED && page.rights == PAGE_WRITE &&
                   page_stats().used == before.used);
}

static const struct check arena_checks[] = {
    {"a fresh arena is INT3, readable and executable", door_check_begin},
    {"a generated block runs; its limits hold", check_arena_write},
    {"pages of an image can be data", check_arena_data},
    {"a destroyed arena gives everything back", check_arena_destroy},
    {"nothing is left behind", door_check_end},
};
CHECK_SUITE(arena, arena_checks);
