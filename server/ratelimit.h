/*
 * ratelimit: how often an account or an address may call an endpoint. Fixed windows, counted per org, in this process.
 */
#ifndef SERVER_RATELIMIT_H
#define SERVER_RATELIMIT_H

#include "server/call.h"

/* Counts this call and adds the X-RateLimit-* headers. Over the limit: Retry-After and RATE_LIMITED, and false. */
bool ratelimit_take(struct call *c);

#endif
