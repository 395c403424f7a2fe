/*
 * body: the raw fields of a request, whatever way they travelled. Only for input.c and the parsers
 * beside it.
 */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include <jansson.h>

#include "server/call.h"

enum {
    PAIRS_MOST = 1000,        /* fields of a query or form */
    PARTS_MOST = 200,         /* of a multipart body */
    FILES_MOST = 20,          /* of a multipart body */
    NAME_MOST = 200,          /* bytes of a field's name */
    VALUE_MOST = 1024 * 1024, /* bytes of one value that is no file */
    JSON_DEPTH_MOST = 32,     /* levels */
    JSON_ITEMS_MOST = 1000,   /* members of an object, items of an array */
    JSON_VALUES_MOST = 10000, /* values in all */
    FILE_NAME_MOST = 255,     /* bytes of a file's name, for display */
};

/* One field of a query, form or multipart body. */
struct pair {
    struct str name, value;
    struct upload *upload; /* a file; else NULL */
    struct pair *next;
};

struct pairs {
    struct pair *first, **end;
    unsigned count, files;
    enum error_id fault; /* what a mistake in them is; NO_ERROR means BODY_MALFORMED */
};

struct body {
    struct pairs query, form;
    json_t *json;      /* an object; NULL for other kinds of body */
    unsigned problems; /* told so far */
};

/* Records that the fields cannot be read; `why` is for the log. */
void pairs_refuse(struct call *c, const struct pairs *p, const char *why);

/* Appends a field; refuses over the bounds. */
void pairs_add(
    struct call *c, struct pairs *p, struct str name, struct str value, struct upload *upload);

/* application/x-www-form-urlencoded, also of queries. Refuses bad escapes, NUL and text that is not
 * UTF-8. */
void form_parse(struct call *c, struct str text, struct pairs *p);

/* multipart/form-data (RFC 7578). The files' bytes point into `text`. Refuses when anything is off
 * or cut short. */
void multipart_parse(struct call *c, struct str content_type, struct str text, struct pairs *p);

/* A JSON object within the bounds above; NULL and BODY_MALFORMED otherwise. The caller releases. */
json_t *json_body_parse(struct call *c, struct str text);

/* Overwrites all texts in it with zeros: they may have been secrets. */
void json_body_wipe(json_t *json);

#endif
