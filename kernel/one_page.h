// SPDX-License-Identifier: MIT
// Where a loop may lie. On a processor any place is as good; an emulator that
// translates code page by page looks up the target of each jump that leaves
// the page, which takes as long as twenty instructions. A function with a hot
// loop is put where its bytes fit into one page: at a multiple of a power of
// two that is no less than its size.
//
// tests-qemu/test_loader_speed.py asks whether they do fit. Without this a
// bench may become slower by a third through a change elsewhere.
#pragma once

#define ONE_PAGE(bytes) __attribute__((aligned(bytes), noinline))
