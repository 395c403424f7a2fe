/*
 * token: bearer tokens. HS256 JWTs that name a session row; opaque to clients. The one place that touches libjwt.
 */
#ifndef TENANCY_TOKEN_H
#define TENANCY_TOKEN_H

#include "tenancy/org.h"

struct token_claims {
    int64_t session_id;
    struct uuid session_uuid;
    int64_t expires; /* Unix time */
};

/* Makes a token of the org's current key. Result in the call's memory. */
struct str token_make(struct call *c, const struct org *org, const struct token_claims *claims);

/* The org a token claims to be of, from its kid (`<slug>.<version>`), unverified: only to choose the key. NULL when malformed. */
const struct org *token_org(struct str token);

/* Verifies signature, algorithm, issuer, audience, type, times; false without a reason on any doubt. */
bool token_check(const struct org *org, struct str token, struct token_claims *claims);

#endif
