/*
 * ratelimit: how often an account or an address may call an endpoint. Fixed windows, counted per
 * org, in this process; an IPv6 address counts with its /64, which one subscriber owns.
 */
#ifndef SERVER_RATELIMIT_H
#define SERVER_RATELIMIT_H

#include "server/call.h"

/* Counts this call and adds the X-RateLimit-* headers. Over the limit: Retry-After and
 * RATE_LIMITED, and false. The row's .rate decides; without it reads may come 600 times a minute,
 * writes 120 times, and writes that anybody may try 10 times from one address. */
bool ratelimit_take(struct call *c);

/* The same for a call that was refused before it came to that: an address may be refused 300 times
 * a minute, whatever it asks for; after that its refusals become RATE_LIMITED. Calls that are in
 * order are not held back, since a stranger may share their address, and our own faults do not
 * count. */
void ratelimit_refused(struct call *c);

/* How orgs are told apart; server/ cannot know. Without it by where they stand in memory, so that
 * counting starts afresh when the directory is read anew. */
void ratelimit_org_name(struct str (*name)(const struct org *o));

#endif
