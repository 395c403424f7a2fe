/*
 * listing: the one place that composes statement text, from parts that stand in .sql files. Only for tenancy/ and handlers that list.
 */
#ifndef TENANCY_LISTING_H
#define TENANCY_LISTING_H

#include "server/reply.h"
#include "tenancy/db.h"

/* Answers with one page of a listing as list_page does; `members` stand beside data. The row's input has LIST_FIELDS. */
void listing_reply(struct call *c, const struct statement *s, const struct member *members, size_t count);

/* Text of the listing with the filters of the bit mask, for the scope of an account type, with or without a cursor: for checks. */
struct str listing_text(struct call *c, const struct statement *s, uint64_t filters, int account_type, bool cursor, bool total);

#endif
