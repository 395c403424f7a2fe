#include "tenancy/token.h"

#include <jansson.h>
#include <jwt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/loop.h"
#include "tenancy/keys.h"

/* The library copies parts of a token onto the stack, so long ones never reach it. */
enum { TOKEN_MOST = 2048, HEAD_MOST = 512, KEY_SIZE = 32, SKEW = 30 };

static const char issuer[] = "propops";

static bool key_of(const struct org *o, uint32_t version, uint8_t key[KEY_SIZE])
{
    return version > 0 && keyring_key(o->keys, version, PURPOSE_TOKENS, key);
}

struct str token_make(struct call *c, const struct org *org, const struct token_claims *claims)
{
    uint8_t key[KEY_SIZE];
    char kid[64], uuid[37];
    jwt_t *jwt = NULL;
    uint32_t version = keyring_current(org->keys);
    struct str token = STR("");

    snprintf(kid, sizeof kid, "%s.%u", org->slug, version);
    uuid_print(claims->session_uuid, uuid);
    if (!key_of(org, version, key) || jwt_new(&jwt) != 0) {
        fail_with(c, INTERNAL, "no token could be made");
        return token;
    }
    bool made = jwt_set_alg(jwt, JWT_ALG_HS256, key, sizeof key) == 0 && jwt_add_header(jwt, "kid", kid) == 0 &&
                jwt_add_grant(jwt, "iss", issuer) == 0 && jwt_add_grant(jwt, "aud", org->slug) == 0 &&
                jwt_add_grant(jwt, "jti", uuid) == 0 && jwt_add_grant_int(jwt, "sid", claims->session_id) == 0 &&
                jwt_add_grant_int(jwt, "iat", now_unix()) == 0 && jwt_add_grant_int(jwt, "exp", claims->expires) == 0;
    sodium_memzero(key, sizeof key);
    char *text = made ? jwt_encode_str(jwt) : NULL;
    jwt_free(jwt);
    if (text)
        token = call_copy(c, str_of(text));
    else
        fail_with(c, INTERNAL, "no token could be made");
    free(text);
    return token;
}

/* The kid of a token's head, split into slug and version; nothing is believed of it but which key to try. */
static const struct org *read_kid(struct str token, uint32_t *version)
{
    struct str rest = token;
    struct str head = str_cut(&rest, '.');
    uint8_t json[HEAD_MOST];
    size_t len;
    int64_t number;

    if (token.len > TOKEN_MOST || !rest.at ||
        sodium_base642bin(json, sizeof json, head.at, head.len, NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return NULL;
    json_t *parsed = json_loadb((const char *)json, len, 0, NULL);
    const char *kid = parsed ? json_string_value(json_object_get(parsed, "kid")) : NULL;
    const struct org *o = NULL;
    struct str left = str_of(kid);
    if (kid) {
        struct str slug = str_cut(&left, '.');
        if (left.at && str_to_int(left, &number) && number > 0 && number <= UINT32_MAX) {
            *version = (uint32_t)number;
            o = org_by_slug(slug);
        }
    }
    json_decref(parsed);
    return o;
}

const struct org *token_org(struct str token)
{
    uint32_t version;

    return read_kid(token, &version);
}

/* What the library does not check. Claims are read as JSON, so that a number sent as text is no number. */
static bool claims_hold(jwt_t *jwt, const struct org *org, struct token_claims *claims)
{
    char *text = jwt_get_grants_json(jwt, NULL);
    json_t *all = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *exp = json_object_get(all, "exp"), *iat = json_object_get(all, "iat"), *sid = json_object_get(all, "sid");
    const char *iss = json_string_value(json_object_get(all, "iss")), *aud = json_string_value(json_object_get(all, "aud"));
    const char *jti = json_string_value(json_object_get(all, "jti"));
    int64_t now = now_unix();

    bool hold = json_is_integer(exp) && json_integer_value(exp) > now && json_is_integer(iat) && json_integer_value(iat) <= now + SKEW &&
                json_is_integer(sid) && iss && strcmp(iss, issuer) == 0 && aud && strcmp(aud, org->slug) == 0 && jti &&
                uuid_parse(str_of(jti), &claims->session_uuid);
    if (hold) {
        claims->session_id = json_integer_value(sid);
        claims->expires = json_integer_value(exp);
    }
    json_decref(all);
    free(text);
    return hold;
}

bool token_check(const struct org *org, struct str token, struct token_claims *claims)
{
    char text[TOKEN_MOST + 1];
    uint8_t key[KEY_SIZE];
    uint32_t version;
    jwt_t *jwt = NULL;

    if (read_kid(token, &version) != org || !key_of(org, version, key))
        return false;
    memcpy(text, token.at, token.len);
    text[token.len] = '\0';
    int failed = strlen(text) != token.len || jwt_decode(&jwt, text, key, sizeof key) != 0;
    sodium_memzero(key, sizeof key);
    if (failed)
        return false;
    bool good = jwt_get_alg(jwt) == JWT_ALG_HS256 && claims_hold(jwt, org, claims);
    jwt_free(jwt);
    return good;
}
