/*
 * input: turns a request's path, query and body into the plain struct that the row's field table
 * describes.
 *
 * Start reading at input_read. The body is parsed once, when something of it is first wanted. Reads
 * take the query only; in writes the body wins over the query. Fields that the table does not name
 * are ignored. All problems of the input are reported at once, up to a hundred.
 */
#ifndef SERVER_INPUT_H
#define SERVER_INPUT_H

#include "server/call.h"
#include "server/endpoint.h"

/* The struct of c->endpoint->input, filled; NULL without a table. Sets c->given and c->given_null.
 * Faults: INPUT_INVALID, REQUEST_MALFORMED (query), BODY_MALFORMED, TYPE_NOT_SUPPORTED, BUSY. */
const void *input_read(struct call *c);

/* One scalar as text before there is a table to read it by (action, csrf_token), trimmed; NO_STR
 * when absent or no scalar. Sent twice it is a problem. */
struct str input_peek(struct call *c, const char *name);

/* Whether a text has the form of an e-mail address: what fields of that type check. */
bool input_looks_like_email(struct str text);

/* Whether all defaults of a table are values that its fields take: a check of rows, at start. */
bool input_defaults_hold(const struct input_table *table);

#endif
