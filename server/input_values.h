/*
 * input_values: from the text of one field to its value in the struct, or to a problem. Only for
 * input.c.
 */
#ifndef SERVER_INPUT_VALUES_H
#define SERVER_INPUT_VALUES_H

#include <jansson.h>

#include "server/endpoint.h"

enum { TEXT_MOST = 10000, ITEMS_MOST = 200, PROBLEMS_MOST = 100 };

/* One struct that is being filled: the input itself or an object in it. */
struct filling {
    struct call *c;
    const char *prefix; /* "widgets[2]." before the names of its fields; "" for the input itself */
    char *into;
    json_t *object;     /* where its fields come from; NULL for the input itself */
    unsigned *problems; /* told so far */
};

/* Tells a problem of a field, or of its item `item` unless that is negative. Over PROBLEMS_MOST
 * they are dropped: the answer is no longer for people then. */
void problem_of(const struct filling *f, const struct field *d, int item, const char *text, ...)
    __attribute__((format(printf, 4, 5)));
#define problem(f, d, ...) problem_of(f, d, -1, __VA_ARGS__)

/* Parses, checks and stores a value of every type but lists, files and objects. */
void value_read(const struct filling *f, const struct field *d, struct str text);

/* Valid UTF-8 without control bytes except line breaks and tabs. */
bool value_is_plain(struct str text);

#endif
