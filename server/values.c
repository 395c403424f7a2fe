#include "server/values.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct uuid uuid_new(void)
{
    struct uuid u;
    struct timespec now;

    randombytes_buf(u.bytes, sizeof u.bytes);
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++)
        u.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    u.bytes[6] = (uint8_t)(0x70 | (u.bytes[6] & 0x0F));
    u.bytes[8] = (uint8_t)(0x80 | (u.bytes[8] & 0x3F));
    return u;
}

bool uuid_is_nil(struct uuid u)
{
    return uuid_equal(u, (struct uuid){{0}});
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_parse(struct str text, struct uuid *u)
{
    struct uuid parsed;
    size_t at = 0;

    if (text.len != 36)
        return false;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            if (text.at[at++] != '-')
                return false;
        int high = hex_digit(text.at[at]), low = hex_digit(text.at[at + 1]);
        if (high < 0 || low < 0)
            return false;
        parsed.bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    *u = parsed;
    return true;
}

void uuid_print(struct uuid u, char text[static 37])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = digits[u.bytes[i] >> 4];
        text[at++] = digits[u.bytes[i] & 15];
    }
    text[at] = '\0';
}

/* `count` digits at text, -1 when there is anything else. */
static int digits_at(const char *text, size_t count)
{
    int value = 0;

    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool date_parse(struct str text, struct date *d)
{
    if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-')
        return false;
    int year = digits_at(text.at, 4), month = digits_at(text.at + 5, 2);
    int day = digits_at(text.at + 8, 2);
    if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1)
        return false;
    if (day > days_in(year, month))
        return false;
    *d = (struct date){(int16_t)year, (uint8_t)month, (uint8_t)day};
    return true;
}

bool date_is_absent(struct date d)
{
    return d.year == 0;
}

bool decimal_parse(struct str text, struct decimal *d)
{
    bool negative = text.len && text.at[0] == '-';
    size_t at = negative, whole = 0, places = 0;
    int64_t value = 0;

    for (; at < text.len && text.at[at] >= '0' && text.at[at] <= '9'; at++, whole++)
        value = whole < 13 ? value * 10 + (text.at[at] - '0') : value;
    if (whole == 0 || whole > 13)
        return false;
    if (at < text.len && text.at[at++] != '.')
        return false;
    bool point = at == whole + negative + 1;
    for (; at < text.len; at++, places++) {
        if (places == 2 || text.at[at] < '0' || text.at[at] > '9')
            return false;
        value = value * 10 + (text.at[at] - '0');
    }
    if (point && places == 0)
        return false;
    for (; places < 2; places++)
        value *= 10;
    d->hundredths = negative ? -value : value;
    return true;
}

void decimal_print(struct decimal d, char text[static 24])
{
    uint64_t size = d.hundredths < 0 ? 0 - (uint64_t)d.hundredths : (uint64_t)d.hundredths;

    snprintf(text, 24, "%s%llu.%02u", d.hundredths < 0 ? "-" : "", (unsigned long long)(size / 100),
        (unsigned)(size % 100));
}
