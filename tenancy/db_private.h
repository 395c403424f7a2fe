/*
 * db_private: one query as db.c sends it, for those in tenancy/ that compose text (listing.c).
 */
#ifndef TENANCY_DB_PRIVATE_H
#define TENANCY_DB_PRIVATE_H

#include "tenancy/db.h"

struct query {
    const struct statement *of;
    const char *text;
    uint64_t key; /* names the text for this org on a connection */
    const struct arg *args;
    size_t count;
    bool alone; /* outside of the call's transaction */
};

struct rows *query_run(struct call *c, const struct query *q);

/* The key of a statement's variant: the same text must give the same key, another text another. */
uint64_t query_key(const struct call *c, const struct statement *s, uint64_t variant);

#endif
