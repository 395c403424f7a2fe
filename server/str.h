/*
 * str, arena, buf: text by length, memory that dies with a call, and a buffer that grows.
 *
 * Nothing in the project relies on NUL-terminated input: bytes from outside carry their length.
 * Text made by the arena helpers is NUL-terminated as well, so that it can be handed to C
 * libraries.
 */
#ifndef SERVER_STR_H
#define SERVER_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/* Text by pointer and length. `at` NULL means there is none; length 0 with a pointer means empty
 * text. */
struct str {
    const char *at;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define NO_STR       ((struct str){NULL, 0})

struct str str_of(const char *text); /* of a NUL-terminated text; NULL gives NO_STR */
bool str_is(struct str s, const char *text);
bool str_equal(struct str a, struct str b);
bool str_equal_ignoring_case(struct str a, struct str b); /* ASCII only */
bool str_starts(struct str s, const char *prefix);
struct str str_trim(struct str s); /* without ASCII blanks at both ends */
struct str str_cut(struct str *rest,
    char at); /* what stands before `at`; rest moves behind it, NO_STR at the end */
bool str_to_int(struct str s, int64_t *value); /* a whole decimal number and nothing else */
bool str_is_utf8(struct str s);                /* well-formed UTF-8 without NUL */
size_t str_letters(struct str s);              /* code points of well-formed UTF-8 */

/* Memory of one call. Everything in it is released together. Over the ceiling, arena_alloc returns
 * NULL once and the owner is told through `over`; callers inside a call use call_alloc(), which
 * turns that into a sticky fault. */
struct arena {
    struct arena_block *blocks;
    size_t used, ceiling;
    bool over;
};

void arena_init(struct arena *a, size_t ceiling);
void arena_release(struct arena *a); /* wipes nothing: secrets are wiped where they are used */
void *arena_alloc(
    struct arena *a, size_t size); /* zeroed, aligned for any type; NULL over the ceiling */
struct str arena_copy(struct arena *a, struct str s); /* NUL-terminated copy; NO_STR stays NO_STR */
struct str arena_print(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A byte buffer that grows by doubling, on the heap. Zero-initialise it; buf_release frees it.
 * Aborts when memory is out. */
struct buf {
    char *at;
    size_t len, room;
};

void buf_release(struct buf *b);
void buf_grow(struct buf *b, size_t more); /* only for buf_reserve */

/* Room for `more` bytes behind len. These three are the innermost of every reply. */
static inline void buf_reserve(struct buf *b, size_t more)
{
    if (b->room - b->len < more)
        buf_grow(b, more);
}

static inline void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    buf_reserve(b, len);
    memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

static inline void buf_char(struct buf *b, char c)
{
    buf_reserve(b, 1);
    b->at[b->len++] = c;
}

void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *text);
void buf_int(struct buf *b, int64_t value);
void buf_print(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* never for JSON */
static inline struct str buf_view(const struct buf *b)
{
    return (struct str){b->at ? b->at : "", b->len};
}

#endif
