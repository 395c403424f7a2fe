/*
 * token: bearer tokens. HS256 JWTs that name a session row; opaque to clients. The one place that
 * touches libjwt, which checks a signature and nothing else: everything beyond it is checked here.
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

/* What a token's head says: the org's slug and key version of its kid (`<slug>.<version>`),
 * unverified, only to choose the key. False unless the head is, byte for byte, one that token_make
 * writes. `slug` points into `text`. */
enum { TOKEN_HEAD_MOST = 128 };
struct token_head {
    char text[TOKEN_HEAD_MOST];
    struct str slug;
    uint32_t version;
};
bool token_head_read(struct str token, struct token_head *head);

/* The org a token claims to be of. NULL when malformed or of no active org. */
const struct org *token_org(struct str token);

/* Verifies signature, algorithm, issuer, audience, type, times; false without a reason on any
 * doubt. */
bool token_check(const struct org *org, struct str token, struct token_claims *claims);

#endif
