/*
 * file_range: which part of a file a Range header asks for (RFC 9110, section 14).
 */
#ifndef SERVER_FILE_RANGE_H
#define SERVER_FILE_RANGE_H

#include "server/str.h"

enum range { RANGE_WHOLE, RANGE_PART, RANGE_IMPOSSIBLE };

/* RANGE_PART sets the first byte and the one behind the last. What is no byte range, or more than
 * one, asks for nothing: the whole file is the right answer then. */
enum range file_range(struct str header, int64_t size, int64_t *from, int64_t *end);

#endif
