// SPDX-License-Identifier: MIT
// Reading the arguments of `call`, and showing the buffers among them.
#include "smc/load/call_words.h"
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/module.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/decimal.h"

#define BUFFER_MAX (1u << 20)
#define BUFFER_SHOWN 256u // of its bytes; the console is a serial line
#define ROW 16u

static bool add_word(struct call_words *words, uint32_t word)
{
    if (words->count == CALL_ARGS) {
        kprintf("more than %d words of arguments\n", CALL_ARGS);
        return false;
    }
    words->word[words->count++] = word;
    return true;
}

// [i386 ABI 3-12]: the lower half lies at the lower address.
static bool add_wide(struct call_words *words, uint64_t value)
{
    words->wide = true;
    return add_word(words, (uint32_t)value) &&
           add_word(words, (uint32_t)(value >> 32));
}

static bool add_file(struct call_words *words, const char *word)
{
    const struct module *file = module_find(word + 1);

    if (!file) {
        kprintf("%s: no such file among the boot modules\n", word);
        return false;
    }
    // The file itself, not a copy: its pages are read-only, so that foreign
    // code that writes there ends its call and does no harm.
    return add_word(words, *word == '@' ? (uint32_t)(uintptr_t)file->data
                                        : file->size);
}

// Every block belongs to an argument, so that there is room if there is room
// for the word.
static bool add_block(struct call_words *words, uint32_t size,
                      const char *text)
{
    uint8_t *memory = heap_zalloc(1, size);

    if (!memory || !add_word(words, (uint32_t)(uintptr_t)memory)) {
        if (!memory)
            kprintf("no memory for %u bytes\n", size);
        heap_free(memory);
        return false;
    }
    // Foreign code gets a copy: the shell's own line is not for it to write.
    if (text)
        memcpy(memory, text, size);
    words->block[words->blocks].memory = memory;
    words->block[words->blocks].size = text ? 0 : size;
    words->block[words->blocks++].number = words->count;
    return true;
}

static bool add_text(struct call_words *words, const char *word)
{
    return add_block(words, strlen(word) + 1, word);
}

static bool add_buffer(struct call_words *words, const char *word)
{
    uint32_t size;

    if (!parse_u32(word + strlen("buf:"), &size) || size == 0 ||
        size > BUFFER_MAX) {
        kprintf("%s: a buffer has from 1 to %u bytes\n", word, BUFFER_MAX);
        return false;
    }
    return add_block(words, size, NULL);
}

// Exactly `count` hexadecimal digits.
static bool read_hex(const char *s, uint32_t count, uint64_t *value)
{
    uint32_t half[2] = {0, 0};
    char text[11] = "0x";

    if (strlen(s) != count)
        return false;
    for (uint32_t i = 0; i < count; i += 8) {
        memcpy(text + 2, s + i, 8);
        if (!parse_u32(text, &half[i / 8]))
            return false;
    }
    *value = count == 8 ? half[0] : (uint64_t)half[0] << 32 | half[1];
    return true;
}

static bool add_bits(struct call_words *words, const char *word)
{
    uint64_t bits;
    uint32_t count = word[1] == 'd' ? 16 : 8;

    if (!read_hex(word + 2, count, &bits)) {
        kprintf("%s: 0%c takes %u hexadecimal digits\n", word, word[1], count);
        return false;
    }
    if (count == 16)
        return add_wide(words, bits);
    words->wide = true;
    return add_word(words, (uint32_t)bits);
}

// Decimal, or hexadecimal after 0x; only digits, and no more than 64 bits.
static bool read_u64(const char *s, const char *end, uint64_t *value)
{
    uint32_t base = s[0] == '0' && s[1] == 'x' ? 16 : 10;

    *value = 0;
    s += base == 16 ? 2 : 0;
    if (s >= end)
        return false;
    for (; s < end; s++) {
        uint32_t digit = *s >= '0' && *s <= '9' ? (uint32_t)(*s - '0')
                         : (*s | 32) >= 'a' && (*s | 32) <= 'f'
                             ? (uint32_t)(*s | 32) - 'a' + 10
                             : 16;
        if (digit >= base || *value > u64_div(UINT64_MAX - digit, base))
            return false;
        *value = *value * base + digit;
    }
    return true;
}

// False if the word is no integer. The value is without its sign.
static bool read_integer(const char *word, uint64_t *value, bool *wide)
{
    const char *end = word + strlen(word);

    word += *word == '-' || *word == '+';
    *wide = end - word > 2 && strcmp(end - 2, "ll") == 0;
    return read_u64(word, *wide ? end - 2 : end, value);
}

// A minus is modulo 2^32 or 2^64: -1 is all ones, whatever the callee takes it
// for.
static bool add_integer(struct call_words *words, const char *word,
                        uint64_t value, bool wide)
{
    if (!wide && value > UINT32_MAX) {
        kprintf("%s does not fit 32 bits; %sll takes 64\n", word, word);
        return false;
    }
    if (*word == '-')
        value = 0 - value;
    return wide ? add_wide(words, value) : add_word(words, (uint32_t)value);
}

static bool add_float(struct call_words *words, const char *word)
{
    char text[64];
    uint32_t bits;

    // Without its last letter.
    if (strlcpy(text, word, sizeof text) >= sizeof text)
        return false;
    text[strlen(text) - 1] = '\0';
    if (!decimal_to_float(text, &bits))
        return false;
    words->wide = true;
    return add_word(words, bits);
}

static bool add_number(struct call_words *words, const char *word)
{
    uint64_t value;
    bool wide;

    if (read_integer(word, &value, &wide))
        return add_integer(words, word, value, wide);
    if (!strchr(word, '.') && !strchr(word, 'e') && !strchr(word, 'E'))
        kprintf("%s: no number of at most 64 bits", word);
    else if (decimal_to_double(word, &value))
        return add_wide(words, value);
    else if (word[strlen(word) - 1] == 'f' && add_float(words, word))
        return true;
    else
        kprintf("%s: no number", word);
    kprintf("; quotes make a text of it\n");
    return false;
}

static bool is_number(const char *word)
{
    word += *word == '-' || *word == '+';
    word += *word == '.';
    return *word >= '0' && *word <= '9';
}

// Quotes decide first: "123456789" is a text even though it reads as a
// number. The shell marks such words.
bool call_words_add(struct call_words *words, const char *word)
{
    if (command_arg_quoted(word))
        return add_text(words, word);
    if (*word == '@' || *word == '#')
        return add_file(words, word);
    if (strncmp(word, "buf:", 4) == 0)
        return add_buffer(words, word);
    if (word[0] == '0' && (word[1] == 'd' || word[1] == 'f'))
        return add_bits(words, word);
    return is_number(word) ? add_number(words, word) : add_text(words, word);
}

// "  0010  68 65 6c 6c 6f 00 ...  hello."
static void show_row(const uint8_t *memory, uint32_t at, uint32_t size)
{
    char hex[3 * ROW + 1], text[ROW + 1];
    uint32_t count = size - at < ROW ? size - at : ROW;

    hex_bytes(hex, sizeof hex, memory + at, count);
    for (uint32_t i = 0; i < count; i++)
        text[i] = memory[at + i] >= ' ' && memory[at + i] <= '~'
                      ? (char)memory[at + i]
                      : '.';
    text[count] = '\0';
    kprintf("  %04x  %-47s  %s\n", at, hex, text);
}

// The zeros at the end say nothing: the buffer was full of them.
static void show_buffer(const uint8_t *memory, uint32_t size, uint32_t number)
{
    uint32_t used = size, shown;

    while (used && !memory[used - 1])
        used--;
    shown = used < BUFFER_SHOWN ? used : BUFFER_SHOWN;
    kprintf("argument word %u, %u bytes:\n", number, size);
    for (uint32_t at = 0; at < shown; at += ROW)
        show_row(memory, at, shown);
    if (shown < used)
        kprintf("  ... and %u more\n", used - shown);
    if (used < size)
        kprintf("  %s%u are 0\n", used ? "the last " : "all ", size - used);
}

void call_words_show(const struct call_words *words)
{
    for (uint32_t i = 0; i < words->blocks; i++)
        if (words->block[i].size)
            show_buffer(words->block[i].memory, words->block[i].size,
                        words->block[i].number);
}

void call_words_free(struct call_words *words)
{
    while (words->blocks)
        heap_free(words->block[--words->blocks].memory);
}
