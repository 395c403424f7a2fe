/*
 * session: cookie and bearer sessions of accounts. Only for domain/accounts/.
 */
#ifndef DOMAIN_ACCOUNTS_SESSION_H
#define DOMAIN_ACCOUNTS_SESSION_H

#include "server/call.h"

#define SESSION_COOKIE "__Host-propops_session"

/* Ends every bearer session of the account and begins a new one of 90 days; gives its token.
 * `expires` is an ISO instant. */
struct str session_begin_bearer(struct call *c, int64_t account_id, struct str *expires);

/* Begins a cookie session, sets its cookie on the reply, and makes it the call's session. */
void session_begin_cookie(struct call *c, int64_t account_id, bool remember);

/* Ends the call's own session and takes its cookie back. */
void session_end_own(struct call *c);

#endif
