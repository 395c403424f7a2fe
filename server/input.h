/*
 * input: turns a request's path, query and body into the plain struct that the row's field table describes.
 *
 * Start reading at input_read. The body is parsed once, when something of it is first wanted. Reads take the query only; in writes the
 * body wins over the query. All problems of the input are reported at once.
 */
#ifndef SERVER_INPUT_H
#define SERVER_INPUT_H

#include "server/call.h"
#include "server/endpoint.h"

/* The struct of c->endpoint->input, filled; NULL without a table. Faults: INPUT_INVALID, BODY_MALFORMED, TYPE_NOT_SUPPORTED. */
const void *input_read(struct call *c);

/* One scalar as text before there is a table to read it by (action, csrf_token); NO_STR when absent. */
struct str input_peek(struct call *c, const char *name);

#endif
