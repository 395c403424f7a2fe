/*
 * rights: a set of permission keys.
 *
 * Keys are compared with hyphen and underscore equal. A set is built once and then only read; it is
 * counted, so that a cached set outlives its cache entry while a call holds it. Counting is atomic.
 */
#ifndef SERVER_RIGHTS_H
#define SERVER_RIGHTS_H

#include "server/str.h"

struct rights;

struct rights *rights_new(const struct str *keys, size_t count); /* copies; duplicates are fine */
struct rights *rights_ref(const struct rights *r);
void rights_unref(const struct rights *r);                /* accepts NULL */
bool rights_have(const struct rights *r, struct str key); /* false for NULL */
size_t rights_count(const struct rights *r);
struct str rights_at(
    const struct rights *r, size_t i); /* in order, as stored: documented spelling */

#endif
