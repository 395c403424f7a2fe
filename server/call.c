#include "server/call.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "server/endpoint.h"
#include "server/loop.h"
#include "server/rights.h"

/* A call that needs more than this is doing something it should stream; uploads (25 MB, read and
 * sealed) must fit. */
enum { ARENA_CEILING = 96 * 1024 * 1024 };

static const struct {
    int status;
    const char *code, *sentence;
} errors[] = {
    {200, "none", ""},
#define ERROR(id, status, sentence) {status, #id, sentence},
#include "server/errors.def"
#undef ERROR
};

int error_status(enum error_id id)
{
    return errors[id].status;
}

const char *error_sentence(enum error_id id)
{
    return errors[id].sentence;
}

const char *error_code(enum error_id id)
{
    static _Thread_local char code[40];
    size_t i = 0;

    for (const char *at = errors[id].code; *at && i < sizeof code - 1; at++)
        code[i++] = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    code[i] = '\0';
    return code;
}

/* 26 characters of Crockford's base 32: the time first, so that ids sort. */
static void make_id(char id[static 27])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct uuid u = uuid_new();
    unsigned bits = 0, held = 0;
    size_t at = 0;

    for (size_t i = 0; i < sizeof u.bytes; i++) {
        bits = bits << 8 | u.bytes[i];
        for (held += 8; held >= 5; held -= 5)
            id[at++] = digits[bits >> (held - 5) & 31];
    }
    id[at++] = digits[bits << (5 - held) & 31];
    id[at] = '\0';
}

static const struct account nobody = {.role_id = NONE, .hierarchy_level = 1000};

void call_init(struct call *c)
{
    memset(c, 0, sizeof *c);
    arena_init(&c->arena, ARENA_CEILING);
    c->account = &nobody;
    c->reply.stream_length = NONE;
    c->started_us = now_monotonic_us();
    make_id(c->id);
}

struct call_buf {
    struct buf buf;
    struct call_buf *next;
};

void call_release(struct call *c)
{
    while (c->at_ends > 0) {
        c->at_ends--;
        c->at_end[c->at_ends](c, c->at_end_arg[c->at_ends]);
    }
    for (struct call_buf *b = c->bufs; b; b = b->next)
        buf_release(&b->buf);
    buf_release(&c->reply.body);
    arena_release(&c->arena);
}

void call_at_end(struct call *c, void (*fn)(struct call *c, void *arg), void *arg)
{
    assert(c->at_ends < (int)countof(c->at_end));
    c->at_end[c->at_ends] = fn;
    c->at_end_arg[c->at_ends++] = arg;
}

void call_fail(
    struct call *c, enum error_id id, const char *file, int line, const char *detail, ...)
{
    va_list args;

    if (call_faulted(c))
        return;
    c->fault.id = id;
    c->fault.file = file;
    c->fault.line = line;
    if (!detail)
        return;
    va_start(args, detail);
    vsnprintf(c->fault.detail, sizeof c->fault.detail, detail, args);
    va_end(args);
}

void fail_field(struct call *c, const char *field, const char *problem, ...)
{
    char text[200];
    va_list args;

    if (call_faulted(c) && c->fault.id != INPUT_INVALID)
        return;
    va_start(args, problem);
    vsnprintf(text, sizeof text, problem, args);
    va_end(args);
    struct problem *p = call_alloc(c, sizeof *p);
    p->field = field;
    p->text = call_copy(c, str_of(text));
    struct problem **end = &c->problems;
    while (*end)
        end = &(*end)->next;
    *end = p;
    fail(c, INPUT_INVALID);
}

/* Zero pages that cost nothing until touched: what a lost call scribbles on. */
static void *spare(size_t size)
{
    static _Thread_local void *pages;

    assert(size <= ARENA_CEILING);
    if (!pages) {
        pages = mmap(NULL, ARENA_CEILING, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert(pages != MAP_FAILED);
    }
    return memset(pages, 0, size);
}

void *call_alloc(struct call *c, size_t size)
{
    void *memory = arena_alloc(&c->arena, size);

    if (memory)
        return memory;
    fail_with(c, BUSY, "the call needs more than %d bytes", ARENA_CEILING);
    return spare(size);
}

struct str call_copy(struct call *c, struct str s)
{
    if (!s.at)
        return NO_STR;
    struct str copy = arena_copy(&c->arena, s);
    if (!copy.at) {
        fail_with(c, BUSY, "the call needs more than %d bytes", ARENA_CEILING);
        return STR("");
    }
    return copy;
}

struct buf *call_buf(struct call *c)
{
    struct call_buf *b = call_alloc(c, sizeof *b);

    if (call_faulted(c) && c->arena.over)
        return &b->buf;
    b->next = c->bufs;
    c->bufs = b;
    return &b->buf;
}

struct str call_print(struct call *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_alloc(&c->arena, (size_t)len + 1);
    if (!text) {
        fail(c, BUSY);
        return STR("");
    }
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct str){text, (size_t)len};
}

struct str call_header(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->request.headers_count; i++)
        if (str_is(c->request.headers[i].name, name))
            return c->request.headers[i].value;
    return NO_STR;
}

struct str call_cookie(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->request.headers_count; i++) {
        if (!str_is(c->request.headers[i].name, "cookie"))
            continue;
        struct str rest = c->request.headers[i].value;
        while (rest.at) {
            struct str value = str_trim(str_cut(&rest, ';'));
            struct str key = str_cut(&value, '=');
            if (value.at && str_is(key, name))
                return value;
        }
    }
    return NO_STR;
}

enum presence call_presence(const struct call *c, const char *field)
{
    const struct input_table *table = &c->endpoint->input;

    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->fields[i].name, field) != 0)
            continue;
        if (!(c->given >> i & 1))
            return ABSENT;
        return c->given_null >> i & 1 ? GIVEN_NULL : GIVEN;
    }
    assert(!"call_presence: no such field in the row's table");
    return ABSENT;
}

bool call_has_right(const struct call *c, const char *key)
{
    return rights_have(c->account->rights, str_of(key));
}
