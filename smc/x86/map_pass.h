// SPDX-License-Identifier: MIT
// Reads MAP_FILE three times and defines the table MAP. See tables.c.
// No `#pragma once`: each inclusion makes another table.
#define PASTE3(a, b, c) a##_##b##_##c
#define NAME3(a, b, c) PASTE3(a, b, c)

// First: COUNT of each line is one more than the LAST opcode of the line
// before it.
#define OP(code, ...) UNDEFINED(code, code)
#define ESCAPE(code) UNDEFINED(code, code)
#define UNDEFINED(first, last) \
    NAME3(MAP, COUNT, first), NAME3(MAP, LAST, first) = (last),
#define MAP_END NAME3(MAP, COUNT, END)
enum {
#include MAP_FILE
};
#undef UNDEFINED
#undef MAP_END

// Second: that must be the opcode the line names.
#define UNDEFINED(first, last)                                          \
    _Static_assert(NAME3(MAP, COUNT, first) == (first) && (last) < 256, \
                   "a hole, or a line out of order");
#define MAP_END _Static_assert(NAME3(MAP, COUNT, END) == 256, "256 opcodes");
#include MAP_FILE
#undef OP
#undef ESCAPE
#undef UNDEFINED
#undef MAP_END

// Third: the rows.
#define OP(code, ...) [code] = __VA_ARGS__,
#define ESCAPE(code)
#define UNDEFINED(first, last)
#define MAP_END
const struct opcode MAP[256] = {
#include MAP_FILE
};
#undef OP
#undef ESCAPE
#undef UNDEFINED
#undef MAP_END
#undef MAP
#undef MAP_FILE
