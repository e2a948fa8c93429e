// SPDX-License-Identifier: MIT
// Decimal text and binary floating point as fractions of large integers.
#include "smc/load/decimal.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/big.h"

#define DIGITS_MAX 800 // see big.h
#define DIGITS_OUT 17

// What the two formats differ in: bits with the hidden one, the exponent of
// the last bit of a subnormal, the exponent field of infinity.
struct format {
    uint32_t bits;
    int32_t lowest;
    uint32_t infinite;
};
static const struct format binary64 = {53, -1074, 2047};
static const struct format binary32 = {24, -149, 255};

// To binary ------------------------------------------------------------------

// floor(log2(n / d)). By their lengths it is one of two; comparing tells.
static int32_t binary_exponent(const struct big *n, const struct big *d)
{
    int32_t log = big_bits(n) - big_bits(d);
    struct big shifted = log > 0 ? *d : *n;

    big_shift_left(&shifted, (uint32_t)(log > 0 ? log : -log));
    if (log > 0 ? big_compare(n, &shifted) < 0 : big_compare(&shifted, d) < 0)
        log--;
    return log;
}

// n = n mod d, and n / d, which must be below 2^bits.
static uint64_t divide(struct big *n, struct big *d, uint32_t bits)
{
    uint64_t quotient = 0;

    big_shift_left(d, bits);
    while (bits--) {
        big_halve(d);
        quotient <<= 1;
        if (big_compare(n, d) >= 0) {
            big_subtract(n, d);
            quotient |= 1;
        }
    }
    return quotient;
}

// n / d as bits without a sign. The last place has the weight 2^last, and
// `last` is what makes subnormals special: it goes no lower. If rounding up
// overflows the fraction, the sum carries into the exponent, as it should.
static uint64_t round_fraction(struct big *n, struct big *d,
                               const struct format *f)
{
    int32_t last = binary_exponent(n, d) - (int32_t)f->bits + 1;
    uint64_t infinity = (uint64_t)f->infinite << (f->bits - 1);
    uint64_t value;
    int half;

    if (last < f->lowest)
        last = f->lowest;
    big_shift_left(last < 0 ? n : d, (uint32_t)(last < 0 ? -last : last));
    value = divide(n, d, f->bits);
    half = big_half(n, d);
    if (half > 0 || (half == 0 && (value & 1)))
        value++;
    // The hidden bit of a normal number adds 1 to the exponent field.
    value += (uint64_t)(uint32_t)(last - f->lowest) << (f->bits - 1);
    return value < infinity ? value : infinity;
}

// The digits as an integer, and the power of ten it is to be multiplied by.
struct decimal {
    bool minus, any;
    struct big digits;
    uint32_t kept;
    int32_t exponent;
};

// A digit beyond the last one that counts only says "a little more": that is
// a 1 in one more place, once.
static void take_digit(struct decimal *in, uint32_t digit, bool behind_point)
{
    in->any = true;
    if (in->kept < DIGITS_MAX) {
        big_multiply(&in->digits, 10, digit);
        in->kept += in->digits.used != 0; // leading zeros are free
        in->exponent -= behind_point;
    } else {
        in->exponent += !behind_point;
        if (digit && in->kept == DIGITS_MAX) {
            big_multiply(&in->digits, 10, 1);
            in->exponent--;
            in->kept++;
        }
    }
}

// [-+] digits; more than 9999 is as good as 9999: see to_bits.
static bool take_exponent(const char *s, int32_t *exponent)
{
    bool minus = *s == '-';
    int32_t value = 0;

    s += *s == '-' || *s == '+';
    if (!*s)
        return false;
    for (; *s >= '0' && *s <= '9'; s++)
        value = value > 999 ? 9999 : value * 10 + (*s - '0');
    *exponent += minus ? -value : value;
    return !*s;
}

static bool take_text(struct decimal *in, const char *s)
{
    bool point = false;

    in->minus = *s == '-';
    s += *s == '-' || *s == '+';
    for (; (*s >= '0' && *s <= '9') || (*s == '.' && !point); s++)
        if (*s == '.')
            point = true;
        else
            take_digit(in, (uint32_t)(*s - '0'), point);
    if (!in->any)
        return false;
    if (*s == 'e' || *s == 'E')
        return take_exponent(s + 1, &in->exponent);
    return !*s;
}

// Far outside the range of a double the integers need not be made: the value
// lies in [10^(digits - 1), 10^digits) * 10^exponent.
static bool to_bits(const char *text, const struct format *f, uint64_t *bits,
                    bool *minus)
{
    struct decimal in = {0};
    struct big d = {1, {1}};

    if (!take_text(&in, text))
        return false;
    *minus = in.minus;
    *bits = 0;
    if (!in.digits.used || (int32_t)in.kept + in.exponent < -330)
        return true;
    if ((int32_t)in.kept + in.exponent > 320) {
        *bits = (uint64_t)f->infinite << (f->bits - 1);
        return true;
    }
    if (in.exponent > 0)
        big_power_of_ten(&in.digits, (uint32_t)in.exponent);
    else
        big_power_of_ten(&d, (uint32_t)-in.exponent);
    *bits = round_fraction(&in.digits, &d, f);
    return true;
}

bool decimal_to_double(const char *text, uint64_t *bits)
{
    bool minus;

    if (!to_bits(text, &binary64, bits, &minus))
        return false;
    *bits |= (uint64_t)minus << 63;
    return true;
}

// Not by way of a double: rounding twice is not rounding once.
bool decimal_to_float(const char *text, uint32_t *bits)
{
    uint64_t wide;
    bool minus;

    if (!to_bits(text, &binary32, &wide, &minus))
        return false;
    *bits = (uint32_t)wide | (uint32_t)minus << 31;
    return true;
}

// To decimal -----------------------------------------------------------------

// |value| as n / d with 1 <= n / d < 10, and the power of ten taken out.
// 1233 / 4096 is log10(2) from below, so that the first guess is right or
// one too small, for negative exponents too: the shift rounds down.
static int32_t normalise(uint64_t bits, struct big *n, struct big *d)
{
    uint64_t fraction = bits & ((1ull << 52) - 1);
    int32_t field = (int32_t)(bits >> 52 & 2047), power;
    int32_t last = (field ? field : 1) - 1 + binary64.lowest;

    fraction |= field ? 1ull << 52 : 0;
    *n = (struct big){2, {(uint32_t)fraction, (uint32_t)(fraction >> 32)}};
    n->used -= !n->word[1];
    *d = (struct big){1, {1}};
    big_shift_left(last < 0 ? d : n, (uint32_t)(last < 0 ? -last : last));
    power = binary_exponent(n, d) * 1233 >> 12;
    big_power_of_ten(power > 0 ? d : n,
                     (uint32_t)(power > 0 ? power : -power));
    while (big_compare(n, d) < 0) {
        big_multiply(n, 10, 0);
        power--;
    }
    for (struct big ten = *d;
         big_multiply(&ten, 10, 0), big_compare(n, &ten) >= 0; ten = *d) {
        big_multiply(d, 10, 0);
        power++;
    }
    return power;
}

// The first `count` digits, rounded. A carry out of the first one leaves
// "10...": one digit less, one power more.
static int32_t round_digits(const struct big *from, struct big *d,
                            uint32_t count, char *digits)
{
    struct big n = *from;
    uint32_t i = count;
    int half;

    for (uint32_t k = 0; k < count; k++) {
        digits[k] = '0';
        for (; big_compare(&n, d) >= 0; digits[k]++)
            big_subtract(&n, d);
        if (k + 1 < count)
            big_multiply(&n, 10, 0);
    }
    digits[count] = '\0';
    half = big_half(&n, d);
    if (half < 0 || (half == 0 && !(digits[count - 1] & 1)))
        return 0;
    while (i > 0 && digits[i - 1] == '9')
        digits[--i] = '0';
    if (i > 0) {
        digits[i - 1]++;
        return 0;
    }
    digits[0] = '1';
    return 1;
}

// Without an exponent where people write none: from 0.0001 to 10^16.
static void write_number(char *out, size_t size, const char *digits,
                         int32_t power)
{
    int32_t len = (int32_t)strlen(digits);

    if (power < -4 || power > 15)
        ksnprintf(out, size, "%c%s%se%c%02d", digits[0], len > 1 ? "." : "",
                  digits + 1, power < 0 ? '-' : '+',
                  power < 0 ? -power : power);
    else if (power < 0)
        ksnprintf(out, size, "0.%.*s%s", -power - 1, "000", digits);
    else if (len > power + 1)
        ksnprintf(out, size, "%.*s.%s", power + 1, digits, digits + power + 1);
    else
        ksnprintf(out, size, "%s%.*s.0", digits, power + 1 - len,
                  "000000000000000");
}

// One digit more until it reads back. The nearest number of so many digits is
// the one to try: if it does not read back, hardly another one does.
static void write_shortest(char *out, size_t size, uint64_t bits)
{
    char digits[DIGITS_OUT + 1];
    struct big n, d;
    int32_t power = normalise(bits, &n, &d);
    uint64_t back;

    for (uint32_t count = 1; count <= DIGITS_OUT; count++) {
        int32_t carry = round_digits(&n, &d, count, digits);

        write_number(out, size, digits, power + carry);
        if (decimal_to_double(out, &back) && back == bits)
            return;
    }
}

void decimal_from_double(char *out, size_t size, uint64_t bits)
{
    uint64_t value = bits << 1 >> 1;
    uint64_t infinity = (uint64_t)binary64.infinite << 52;
    char text[DECIMAL_MAX] = "0.0";

    if (value > infinity)
        strlcpy(text, "nan", sizeof text);
    else if (value == infinity)
        strlcpy(text, "inf", sizeof text);
    else if (value)
        write_shortest(text, sizeof text, value);
    ksnprintf(out, size, "%s%s", bits >> 63 ? "-" : "", text);
}
