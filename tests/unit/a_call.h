/*
 * a_call: calls as a client would have made them, for the tests of what reads them. Include it
 * first: it brings cmocka.
 */
#ifndef TESTS_UNIT_A_CALL_H
#define TESTS_UNIT_A_CALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#undef fail /* cmocka's; ours faults a call */

#include "server/endpoint.h"

#define wrong(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#define JSON_TYPE      "application/json"
#define FORM_TYPE      "application/x-www-form-urlencoded"
#define MULTIPART_TYPE "multipart/form-data; boundary=edge"

/* Text with its own length: may hold NUL. */
#define BYTES(literal) ((struct str){"" literal, sizeof(literal) - 1})

static inline void call_with_body(
    struct call *c, enum method method, const char *query, const char *type, struct str body)
{
    call_init(c);
    c->request.method = method;
    c->request.path = STR("/api/things");
    c->request.address = STR("192.0.2.7");
    if (query)
        c->request.query = str_of(query);
    /* At the very end of its memory, so that reading beyond it is found. */
    c->request.body = (struct str){body.len ? malloc(body.len) : NULL, body.len};
    if (body.len)
        memcpy((char *)c->request.body.at, body.at, body.len);
    if (!type)
        return;
    c->request.headers = call_alloc(c, sizeof *c->request.headers);
    c->request.headers[0] = (struct header){STR("content-type"), str_of(type)};
    c->request.headers_count = 1;
}

static inline void call_over(struct call *c)
{
    struct str body = c->request.body;

    call_release(c);
    free((char *)body.at);
}

/* The text of a field's problem, "" without one. */
static inline const char *problem_with(const struct call *c, const char *field)
{
    for (const struct problem *p = c->problems; p; p = p->next)
        if (strcmp(p->field, field) == 0)
            return p->text.at;
    return "";
}

static inline size_t problems_count(const struct call *c)
{
    size_t count = 0;

    for (const struct problem *p = c->problems; p; p = p->next)
        count++;
    return count;
}

static inline void assert_text(struct str got, const char *wanted)
{
    assert_non_null(got.at);
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
}

/* `times` copies of a text, with a head and a tail. The caller frees. */
static inline struct str repeated(
    const char *head, const char *text, size_t times, const char *tail)
{
    size_t h = strlen(head), t = strlen(text), e = strlen(tail);
    char *all = malloc(h + t * times + e + 1);

    memcpy(all, head, h);
    for (size_t i = 0; i < times; i++)
        memcpy(all + h + i * t, text, t);
    memcpy(all + h + t * times, tail, e + 1);
    return (struct str){all, h + t * times + e};
}

#endif
