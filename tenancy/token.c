#include "tenancy/token.h"

#include <jansson.h>
#include <jwt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/fiber.h"
#include "server/loop.h"
#include "tenancy/keys.h"

/* The library copies parts of a token onto the stack, so long ones never reach it. Ours have about
 * 400 bytes. */
enum { TOKEN_MOST = 2048, PAYLOAD_MOST = 1024, KEY_SIZE = 32, SKEW = 30 };

static const char issuer[] = "propops";
static const char head_start[] = "{\"alg\":\"HS256\",\"kid\":\"",
                  head_end[] = "\",\"typ\":\"JWT\"}";

static bool key_of(const struct org *o, uint32_t version, uint8_t key[KEY_SIZE])
{
    return version > 0 && keyring_key(o->keys, version, PURPOSE_TOKENS, key);
}

/* OpenSSL below the library wants more stack than a fiber promises. */
static void on_thread_stack(void (*fn)(void *arg), void *arg)
{
    if (fiber_self())
        fiber_step_out(fn, arg);
    else
        fn(arg);
}

struct making {
    const struct org *org;
    const struct token_claims *claims;
    char *text; /* NULL when it failed */
};

static void make(void *arg)
{
    struct making *m = arg;
    uint32_t version = keyring_current(m->org->keys);
    uint8_t key[KEY_SIZE];
    char kid[64], uuid[37];
    jwt_t *jwt = NULL;

    if (!key_of(m->org, version, key) || jwt_new(&jwt) != 0)
        return;
    snprintf(kid, sizeof kid, "%s.%u", m->org->slug, version);
    uuid_print(m->claims->session_uuid, uuid);
    bool made = jwt_set_alg(jwt, JWT_ALG_HS256, key, sizeof key) == 0 &&
                jwt_add_header(jwt, "kid", kid) == 0 && jwt_add_grant(jwt, "iss", issuer) == 0 &&
                jwt_add_grant(jwt, "aud", m->org->slug) == 0 &&
                jwt_add_grant(jwt, "jti", uuid) == 0 &&
                jwt_add_grant_int(jwt, "sid", m->claims->session_id) == 0 &&
                jwt_add_grant_int(jwt, "iat", now_unix()) == 0 &&
                jwt_add_grant_int(jwt, "exp", m->claims->expires) == 0;
    sodium_memzero(key, sizeof key);
    m->text = made ? jwt_encode_str(jwt) : NULL;
    jwt_free(jwt);
}

struct str token_make(struct call *c, const struct org *org, const struct token_claims *claims)
{
    struct making m = {org, claims, NULL};
    struct str token = STR("");

    if (call_faulted(c))
        return token;
    on_thread_stack(make, &m);
    if (m.text)
        token = call_copy(c, str_of(m.text));
    else
        fail_with(c, INTERNAL, "no token could be made");
    free(m.text);
    return token;
}

static bool decode(struct str part, char *into, size_t room, size_t *len)
{
    return part.len > 0 && sodium_base642bin((uint8_t *)into, room, part.at, part.len, NULL, len,
                               NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

/* No JSON parser sees a head that we did not write: it has one form, and what stands in the middle
 * is slug and number. */
bool token_head_read(struct str token, struct token_head *head)
{
    struct str rest = token;
    struct str first = str_cut(&rest, '.');
    size_t start = sizeof head_start - 1, end = sizeof head_end - 1, len;
    int64_t version;

    if (token.len > TOKEN_MOST || !rest.at || !decode(first, head->text, sizeof head->text, &len) ||
        len <= start + end || memcmp(head->text, head_start, start) != 0 ||
        memcmp(head->text + len - end, head_end, end) != 0)
        return false;
    struct str number = {head->text + start, len - start - end};
    head->slug = str_cut(&number, '.');
    for (size_t i = 0; i < head->slug.len; i++) {
        char b = head->slug.at[i];
        if (!((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '_'))
            return false;
    }
    if (head->slug.len == 0 || !number.at || number.len == 0 || number.at[0] < '1' ||
        number.at[0] > '9' || !str_to_int(number, &version) || version > UINT32_MAX)
        return false;
    head->version = (uint32_t)version;
    return true;
}

const struct org *token_org(struct str token)
{
    struct token_head head;

    return token_head_read(token, &head) ? org_by_slug(head.slug) : NULL;
}

/* An integer; a number sent as text, a fraction, or nothing, is none. */
static bool integer_claim(json_t *all, const char *name, int64_t *value)
{
    json_t *claim = json_object_get(all, name);

    *value = json_integer_value(claim);
    return json_is_integer(claim);
}

static bool text_claim(json_t *all, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(all, name));

    return text && strcmp(text, wanted) == 0;
}

static bool claims_hold(json_t *all, const struct org *org, struct token_claims *claims)
{
    int64_t issued, not_before, now = now_unix();
    const char *jti = json_string_value(json_object_get(all, "jti"));
    struct token_claims read;

    if (!integer_claim(all, "exp", &read.expires) || read.expires <= now ||
        !integer_claim(all, "iat", &issued) || issued > now + SKEW)
        return false;
    if (json_object_get(all, "nbf") &&
        (!integer_claim(all, "nbf", &not_before) || not_before > now + SKEW))
        return false;
    if (!text_claim(all, "iss", issuer) || !text_claim(all, "aud", org->slug) ||
        !integer_claim(all, "sid", &read.session_id) || read.session_id <= 0 || !jti ||
        !uuid_parse(str_of(jti), &read.session_uuid))
        return false;
    *claims = read;
    return true;
}

struct checking {
    const struct org *org;
    struct str token;
    uint32_t version;
    struct token_claims *claims;
    bool good;
};

/* The payload is read by ourselves, once its signature holds, so that a claim named twice is seen.
 */
static bool payload_holds(const struct checking *k)
{
    struct str rest = k->token;
    char payload[PAYLOAD_MOST];
    size_t len;

    str_cut(&rest, '.');
    if (!decode(str_cut(&rest, '.'), payload, sizeof payload, &len))
        return false;
    json_t *all = json_loadb(payload, len, JSON_REJECT_DUPLICATES, NULL);
    bool hold = json_is_object(all) && claims_hold(all, k->org, k->claims);
    json_decref(all);
    return hold;
}

static void check(void *arg)
{
    struct checking *k = arg;
    char text[TOKEN_MOST + 1];
    uint8_t key[KEY_SIZE];
    jwt_t *jwt = NULL;

    /* Without a key the library takes every token for good. */
    if (!key_of(k->org, k->version, key))
        return;
    memcpy(text, k->token.at, k->token.len);
    text[k->token.len] = '\0';
    int failed = strlen(text) != k->token.len || jwt_decode(&jwt, text, key, sizeof key) != 0;
    sodium_memzero(key, sizeof key);
    if (failed)
        return;
    k->good = jwt_get_alg(jwt) == JWT_ALG_HS256 && payload_holds(k);
    jwt_free(jwt);
}

bool token_check(const struct org *org, struct str token, struct token_claims *claims)
{
    struct token_head head;

    if (!token_head_read(token, &head) || !str_is(head.slug, org->slug))
        return false;
    struct checking k = {org, token, head.version, claims, false};
    on_thread_stack(check, &k);
    return k.good;
}
