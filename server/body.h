/*
 * body: the raw fields of a request, whatever way they travelled. Only for input.c and the parsers beside it.
 */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include <jansson.h>

#include "server/call.h"

enum { PAIRS_MOST = 1000, PARTS_MOST = 200, FILES_MOST = 20, JSON_DEPTH_MOST = 32 };

/* One field of a query, form or multipart body. */
struct pair {
    struct str name, value;
    struct upload *upload; /* a file; else NULL */
    struct pair *next;
};

struct pairs {
    struct pair *first, **end;
    unsigned count, files;
};

struct body {
    struct pairs query, form;
    json_t *json; /* an object; NULL for other kinds of body */
};

/* Appends a field; BODY_MALFORMED over the bounds. */
void pairs_add(struct call *c, struct pairs *p, struct str name, struct str value, struct upload *upload);

/* application/x-www-form-urlencoded, also of queries. BODY_MALFORMED for bad escapes, NUL and text that is not UTF-8. */
void form_parse(struct call *c, struct str text, struct pairs *p);

/* multipart/form-data (RFC 7578). The files' bytes point into `text`. BODY_MALFORMED when anything is off or cut short. */
void multipart_parse(struct call *c, struct str content_type, struct str text, struct pairs *p);

/* A JSON object, at most 32 levels deep; NULL and BODY_MALFORMED otherwise. Released with the call. */
json_t *json_body_parse(struct call *c, struct str text);

#endif
