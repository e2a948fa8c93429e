// SPDX-License-Identifier: MIT
// Checks of the C library's functions that compute: texts, numbers, order.
// What is right is written down, as ISO C has it.
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_c.h"
#include "smc/load/host/host_check.h"
#include "smc/load/host/host_printf.h"
#include "smc/load/host/host_text.h"

static const char *print(const char *fmt, ...)
{
    static char text[64];
    va_list ap;

    va_start(ap, fmt);
    host_vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return text;
}

// What ISO C says of each; a C library on the host printed the same.
enum check_result check_host_printf(void)
{
    uint32_t right = 0, asked = 0;
    const char *last = "none";

#define PRINTS(wanted, ...)                          \
    do {                                             \
        asked++;                                     \
        if (strcmp(print(__VA_ARGS__), wanted) == 0) \
            right++;                                 \
        else                                         \
            last = wanted;                           \
    } while (0)
    PRINTS("[  -7|-7  |-0007|+7| 7]", "[%4d|%-4d|%05d|%+d|% d]", -7, -7, -7, 7,
           7);
    PRINTS("[007|  007|     007]", "[%.3d|%5.3d|%*.*d]", 7, 7, 8, 3, 7);
    PRINTS("[] [0] [] [00]", "[%.0d] [%d] [%.0u] [%.2x]", 0, 0, 0, 0);
    PRINTS("0x1f 0X1F 037 0 0", "%#x %#X %#o %#x %#o", 31, 31, 31, 0, 0);
    PRINTS("0x001f 0x00001f", "%#.4x %#08x", 31, 31);
    PRINTS("-1 255 -1 65535", "%hhd %hhu %hd %hu", 255, -1, 65535, -1);
    PRINTS("-9223372036854775808 18446744073709551615", "%lld %llu",
           (int64_t)INT64_MIN, UINT64_MAX);
    PRINTS("1777777777777777777777", "%llo", UINT64_MAX);
    PRINTS("4294967296 5 6 7", "%I64d %I32d %zu %td", (int64_t)1 << 32, 5, 6,
           7);
    PRINTS("4294967295 8", "%jd %ld", (int64_t)UINT32_MAX, 8);
    PRINTS("[ab|  abc|abc  |  a]", "[%.2s|%5s|%-5s|%3.1s]", "abc", "abc",
           "abc", "abc");
    PRINTS("(null) a% %y", "%s %c%% %y", NULL, 'a');
    PRINTS("[7     ]", "[%*d]", -6, 7);
    PRINTS("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9a", "%C%C%C", 0xe4, 0x20ac,
           0x1f41a);
    PRINTS("(float) 3", "%f %d", (uint64_t)0, 3);
#undef PRINTS
    judged("%u of %u, not printed: %s", right, asked, last);
    return verdict(right == asked);
}

// A cut text ends with a NUL and tells how long it would have been; nothing
// behind the room is written.
enum check_result check_host_cut(void)
{
    char text[8] = "xxxxxxx";
    int len = host_snprintf(text, 4, "%d", 123456);
    bool none = host_snprintf(text + 5, 0, "%d", 1) == 1;

    judged("\"%s\", %d, then '%c%c'", text, len, text[4], text[5]);
    return verdict(strcmp(text, "123") == 0 && len == 6 && text[4] == 'x' &&
                   text[5] == 'x' && none);
}

struct number {
    const char *text;
    int base, value, used, error;
};

enum check_result check_host_numbers(void)
{
    static const struct number known[] = {
        {"  -12x", 10, -12, 5, 0},
        {"0x1Fg", 0, 31, 4, 0},
        {"0xg", 0, 0, 1, 0},
        {"0x", 16, 0, 1, 0},
        {"0778", 0, 63, 3, 0},
        {"zz", 36, 1295, 2, 0},
        {"+", 10, 0, 0, 0},
        {"", 0, 0, 0, 0},
        {"2147483647", 10, INT32_MAX, 10, 0},
        {"2147483648", 10, INT32_MAX, 10, HOST_ERANGE},
        {"-2147483648", 10, INT32_MIN, 11, 0},
        {"-2147483649", 10, INT32_MIN, 11, HOST_ERANGE},
        {"99999999999999999999999", 10, INT32_MAX, 23, HOST_ERANGE},
        {"12", 1, 0, 0, 0},
    };
    uint32_t right = 0, count = sizeof known / sizeof known[0];
    const char *end, *last = "none";

    for (uint32_t i = 0; i < count; i++) {
        const struct number *n = &known[i];
        host_errno = 0;
        if (host_strtol(n->text, &end, n->base) == n->value &&
            end == n->text + n->used && host_errno == n->error)
            right++;
        else
            last = n->text;
    }
    judged("%u of %u, not read: %s", right, count, last);
    return verdict(right == count &&
                   host_strtoull("18446744073709551615", &end, 10) ==
                       UINT64_MAX &&
                   !*end);
}

static int compare_words(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

// Two permutations of the numbers below n: backwards, and by a multiplier
// that has no factor in common with n.
enum check_result check_host_sort(void)
{
    enum { COUNT = 1000, FACTOR = 387 };
    static uint32_t words[COUNT + 1];
    uint32_t wrong = 0;

    for (uint32_t factor = 1; factor <= FACTOR; factor += FACTOR - 1) {
        for (uint32_t i = 0; i < COUNT; i++)
            words[i] = COUNT - 1 - i * factor % COUNT;
        words[COUNT] = 0xfeedface;
        host_sort(words, COUNT, sizeof words[0], compare_words);
        for (uint32_t i = 0; i < COUNT; i++)
            wrong += words[i] != i;
    }
    judged("2 orders of %d words, %u in a wrong place", COUNT, wrong);
    return verdict(wrong == 0 && words[COUNT] == 0xfeedface);
}
