/*
 * listing: the one place that composes statement text, from parts that stand in .sql files. Only
 * for tenancy/ and handlers that list.
 *
 * A row with .run = list_page needs nothing of this. A handler that must work out a filter's value
 * first (the tokens of a search) calls listing_page with it.
 */
#ifndef TENANCY_LISTING_H
#define TENANCY_LISTING_H

#include "server/reply.h"
#include "tenancy/db.h"

/* A value for the filter or parameter of this name, in place of what the input says; a NULL value
 * leaves the filter out. */
struct listing_value {
    const char *name;
    struct arg value;
};

/* Answers with one page of a listing as list_page does. The row's input has LIST_FIELDS. `members`
 * stand beside data. */
void listing_page(struct call *c, const struct statement *s, const struct listing_value *values,
    size_t values_count, const struct member *members, size_t members_count);
void listing_reply(
    struct call *c, const struct statement *s, const struct member *members, size_t count);

/* Which text of a listing: each variant is a statement of its own with its own plan. */
struct listing_variant {
    uint64_t filters; /* bit i: filter i */
    int account_type; /* whose scope line */
    bool cursor, offset;
    bool total;    /* the counting statement */
    unsigned most; /* index into the sizes that a page is read in */
};

/* The variant's text, and how many parameters it takes. */
struct str listing_text(
    struct call *c, const struct statement *s, const struct listing_variant *v, unsigned *params);

#endif
