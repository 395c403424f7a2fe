#include "tenancy/idempotency.h"

#include <sodium.h>
#include <string.h>

#include "server/endpoint.h"
#include "server/fiber.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/idempotency.sql.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"

enum { KEY_MOST = 200, BODY_MOST = 1024 * 1024, OFFLOAD_FROM = 64 * 1024, HASH_SIZE = 32 };

static struct str key_of(const struct call *c)
{
    bool applies = c->endpoint->method != GET && c->endpoint->db != NO_DATABASE &&
                   c->account->id != 0;

    return applies ? call_header(c, "idempotency-key") : NO_STR;
}

static bool key_is_good(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.at[i] <= ' ' || key.at[i] > '~')
            return false;
    return key.len > 0 && key.len <= KEY_MOST;
}

/* What separates the parts of a multipart body: made up anew for each sending of the same form. */
static struct str boundary_of(const struct call *c)
{
    struct str rest = call_header(c, "content-type");

    if (!str_equal_ignoring_case(str_trim(str_cut(&rest, ';')), STR("multipart/form-data")))
        return NO_STR;
    while (rest.at) {
        struct str value = str_trim(str_cut(&rest, ';'));
        struct str name = str_cut(&value, '=');
        if (value.at && str_equal_ignoring_case(name, STR("boundary"))) {
            if (value.len > 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
                value = (struct str){value.at + 1, value.len - 2};
            return value;
        }
    }
    return NO_STR;
}

struct hashing {
    const struct call *c;
    uint8_t key[HASH_SIZE], hash[HASH_SIZE];
};

static void add(crypto_generichash_state *state, struct str s)
{
    uint64_t len = s.len;

    crypto_generichash_update(state, (const uint8_t *)&len, sizeof len);
    if (len)
        crypto_generichash_update(state, (const uint8_t *)s.at, len);
}

static void hash_request(void *arg)
{
    struct hashing *h = arg;
    struct str boundary = boundary_of(h->c), rest = h->c->request.body;
    crypto_generichash_state state;

    crypto_generichash_init(&state, h->key, sizeof h->key, HASH_SIZE);
    add(&state, h->c->request.method_text);
    add(&state, h->c->request.path);
    add(&state, h->c->request.query);
    for (const char *at;
         boundary.len && (at = memmem(rest.at, rest.len, boundary.at, boundary.len));) {
        add(&state, (struct str){rest.at, (size_t)(at - rest.at)});
        rest = (struct str){at + boundary.len, rest.len - (size_t)(at - rest.at) - boundary.len};
    }
    add(&state, rest);
    crypto_generichash_final(&state, h->hash, HASH_SIZE);
}

static struct str fingerprint_of(struct call *c)
{
    struct hashing *h = call_alloc(c, sizeof *h);

    h->c = c;
    /* Keyed, and by the version that never changes: what was sent cannot be guessed from the table.
     */
    if (!keyring_key(c->org->keys, 1, PURPOSE_SEARCH, h->key))
        fail_with(c, INTERNAL, "the org has no key");
    else if (c->request.body.len < OFFLOAD_FROM)
        hash_request(h);
    else if (!offload(hash_request, h))
        fail_with(c, BUSY, "the workers' queue is full");
    sodium_memzero(h->key, sizeof h->key);
    return (struct str){(char *)h->hash, HASH_SIZE};
}

static void replay(struct call *c, struct str key, struct str fingerprint)
{
    struct rows *r = db_query(c, sql_idempotency_get, ARG(c->account->id), ARG(key));
    int64_t status = row_int(r, 0, "status");

    if (!call_faulted(c) && (rows_count(r) == 0 || status == NONE))
        return fail_with(c, CONFLICT, "the first request with this key left no answer");
    if (!str_equal(row_bytes(c, r, 0, "fingerprint"), fingerprint))
        return fail(c, IDEMPOTENCY_MISMATCH);
    reply_header(c, "idempotent-replayed", STR("true"));
    reply_bytes(c, call_copy(c, row_str(r, 0, "content_type")).at, row_sealed(c, r, 0, "body"));
    reply_status(c, (int)status);
}

void idempotency_begin(struct call *c)
{
    struct str key = key_of(c);

    if (!key.at || call_faulted(c))
        return;
    if (!key_is_good(key))
        return fail_field(
            c, "Idempotency-Key", "must be 1 to %d visible ASCII characters", KEY_MOST);
    struct str fingerprint = fingerprint_of(c);
    struct rows *claim = db_query(c, sql_idempotency_claim, ARG(c->account->id), ARG(key),
        ARG(uuid_new()), ARG_BYTES(fingerprint));
    if (!call_faulted(c) && rows_count(claim) == 0)
        replay(c, key, fingerprint);
}

void idempotency_finish(struct call *c)
{
    struct str key = key_of(c),
               body = c->reply.fixed_body.at ? c->reply.fixed_body : buf_view(&c->reply.body);
    struct uuid uuid = uuid_new();

    /* What is streamed, or large, is not kept: writes answer with neither. */
    if (!key.at || call_faulted(c) || c->reply.next || body.len > BODY_MOST)
        return;
    struct rows *kept = db_query(c, sql_idempotency_keep, ARG(c->account->id), ARG(key), ARG(uuid),
        ARG_BYTES(fingerprint_of(c)), ARG(c->reply.status), ARG(c->reply.content_type),
        ARG_BYTES(seal(c, "idempotency_keys.body", uuid, body)));
    if (!call_faulted(c) && rows_count(kept) == 0)
        fail_with(c, CONFLICT, "another request with this key was answered meanwhile");
}
