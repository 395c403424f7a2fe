#include "server/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *text)
{
    return text ? (struct str){text, strlen(text)} : NO_STR;
}

bool str_is(struct str s, const char *text)
{
    size_t len = strlen(text);

    return s.at && s.len == len && memcmp(s.at, text, len) == 0;
}

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_equal_ignoring_case(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

bool str_starts(struct str s, const char *prefix)
{
    size_t len = strlen(prefix);

    return s.len >= len && memcmp(s.at, prefix, len) == 0;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.len && blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len && blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct str str_cut(struct str *rest, char at)
{
    struct str whole = *rest;
    const char *found = whole.len ? memchr(whole.at, at, whole.len) : NULL;

    if (!found) {
        *rest = NO_STR;
        return whole;
    }
    size_t head = (size_t)(found - whole.at);
    *rest = (struct str){found + 1, whole.len - head - 1};
    return (struct str){whole.at, head};
}

bool str_to_int(struct str s, int64_t *value)
{
    size_t i = 0;
    bool negative = s.len && s.at[0] == '-';
    int64_t sum = 0;

    if (negative)
        i++;
    if (i == s.len)
        return false;
    for (; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, s.at[i] - '0', &sum)) /* negative, to reach the minimum */
            return false;
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return true;
}

/* Length of the well-formed UTF-8 sequence at s[i] (Unicode table 3-7), 0 when it is not one. */
static size_t sequence(struct str s, size_t i)
{
    const unsigned char *b = (const unsigned char *)s.at + i;
    size_t left = s.len - i;

    if (b[0] < 0x80)
        return b[0] != 0;
    if (left >= 2 && b[0] >= 0xC2 && b[0] <= 0xDF)
        return (b[1] & 0xC0) == 0x80 ? 2 : 0;
    if (left >= 3 && (b[0] & 0xF0) == 0xE0) {
        unsigned char low = b[0] == 0xE0 ? 0xA0 : 0x80, high = b[0] == 0xED ? 0x9F : 0xBF;
        return b[1] >= low && b[1] <= high && (b[2] & 0xC0) == 0x80 ? 3 : 0;
    }
    if (left >= 4 && b[0] >= 0xF0 && b[0] <= 0xF4) {
        unsigned char low = b[0] == 0xF0 ? 0x90 : 0x80, high = b[0] == 0xF4 ? 0x8F : 0xBF;
        bool well = b[1] >= low && b[1] <= high && (b[2] & 0xC0) == 0x80 && (b[3] & 0xC0) == 0x80;
        return well ? 4 : 0;
    }
    return 0;
}

bool str_is_utf8(struct str s)
{
    for (size_t i = 0; i < s.len;) {
        size_t step = sequence(s, i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

size_t str_letters(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.at[i] & 0xC0) != 0x80;
    return count;
}

static void *must(void *memory)
{
    if (!memory) {
        fputs("propops: out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

enum { ARENA_BLOCK = 8 * 1024 - (int)sizeof(struct arena_block) };

void arena_init(struct arena *a, size_t ceiling)
{
    *a = (struct arena){.ceiling = ceiling};
}

void arena_release(struct arena *a)
{
    for (struct arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (struct arena){.ceiling = a->ceiling};
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > a->ceiling || a->used + size > a->ceiling) {
        a->over = true;
        return NULL;
    }
    size = (size + 15) & ~(size_t)15;
    if (!a->blocks || a->blocks->size - a->blocks->used < size) {
        size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
        struct arena_block *b = must(malloc(sizeof *b + room));
        *b = (struct arena_block){.next = a->blocks, .size = room};
        a->blocks = b;
    }
    void *memory = a->blocks->bytes + a->blocks->used;
    a->blocks->used += size;
    a->used += size;
    return memset(memory, 0, size);
}

struct str arena_copy(struct arena *a, struct str s)
{
    if (!s.at)
        return NO_STR;
    char *copy = arena_alloc(a, s.len + 1);
    if (!copy)
        return NO_STR;
    if (s.len)
        memcpy(copy, s.at, s.len);
    return (struct str){copy, s.len};
}

static struct str arena_vprint(struct arena *a, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        return NO_STR;
    char *text = arena_alloc(a, (size_t)len + 1);
    if (!text)
        return NO_STR;
    vsnprintf(text, (size_t)len + 1, format, args);
    return (struct str){text, (size_t)len};
}

struct str arena_print(struct arena *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct str text = arena_vprint(a, format, args);
    va_end(args);
    return text;
}

void buf_release(struct buf *b)
{
    free(b->at);
    *b = (struct buf){0};
}

void buf_grow(struct buf *b, size_t more)
{
    size_t room = b->room ? b->room : 512;
    while (room - b->len < more)
        if (__builtin_mul_overflow(room, 2, &room))
            abort();
    b->at = must(realloc(b->at, room));
    b->room = room;
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.at, s.len);
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_int(struct buf *b, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (value < 0)
        digits[--at] = '-';
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_print(struct buf *b, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len > 0) {
        buf_reserve(b, (size_t)len + 1);
        vsnprintf(b->at + b->len, (size_t)len + 1, format, args);
        b->len += (size_t)len;
    }
    va_end(args);
}
