/*
 * openapi: the OpenAPI 3.1 document, made from the rows and nothing else. Deterministic.
 *
 * Rows that share a path and a method become one operation: its `action` parameter or body property tells them apart, its request
 * bodies stand under oneOf, and `x-operations` lists each row by itself.
 */
#ifndef SERVER_OPENAPI_H
#define SERVER_OPENAPI_H

#include "server/str.h"

void openapi_print(struct buf *out);

#endif
