/*
 * session: cookie and bearer sessions of accounts. Only for domain/accounts/.
 */
#ifndef DOMAIN_ACCOUNTS_SESSION_H
#define DOMAIN_ACCOUNTS_SESSION_H

#include "server/call.h"

#define SESSION_COOKIE "__Host-propops_session"

struct new_session {
    int64_t account_id;
    struct str network; /* key of the network that it is begun from */
    bool remembered;    /* cookies only: 30 days instead of two hours */
};

/* Ends every bearer session of the account and begins a new one of 90 days; gives its token.
 * `expires` is an ISO instant. */
struct str session_begin_bearer(struct call *c, const struct new_session *n, struct str *expires);

/* Begins a cookie session and sets its cookie on the reply; gives its id. */
int64_t session_begin_cookie(struct call *c, const struct new_session *n);

/* Ends the call's own session and takes its cookie back. */
void session_end_own(struct call *c);

/* The token by which pages of a session prove themselves; the same as long as it lasts. */
struct str session_csrf_token(struct call *c, int64_t session_id);

/* Whether the page that made the request is of this host: browsers say so, and what does not say is
 * no browser of today. */
bool session_same_site(const struct call *c);

#endif
