/*
 * openapi: the OpenAPI 3.1 document, made from the rows and nothing else. The same rows give the
 * same bytes.
 *
 * Rows that share a path and a method become one operation: its `action` parameter or body member
 * tells them apart, their request bodies stand under oneOf, their replies under anyOf, and
 * `x-operations` describes each row by itself, so that a client can offer one call for each. PUT
 * and DELETE rows are also reachable as POST with an action, and described there once more.
 */
#ifndef SERVER_OPENAPI_H
#define SERVER_OPENAPI_H

#include "server/endpoint.h"

struct json; /* the writer of reply.h */

/* The whole document, indented, with a line break at its end. */
void openapi_print(struct buf *out);

/* One row as it stands in x-operations, reached by `method`: its id, what it takes and gives, and
 * who may call it. References point into the document. */
void openapi_row(struct json *j, const struct endpoint *row, enum method method);

#endif
