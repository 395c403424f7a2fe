#include "domain/accounts/session.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "domain/access/access.h"
#include "domain/accounts/accounts.h"
#include "domain/accounts/accounts.sql.h"
#include "server/loop.h"
#include "server/reply.h"
#include "server/rights.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/token.h"

/* A session that was looked up counts for a second: what ends it is felt within that time on every
 * process. */
enum {
    CACHE_US = 900 * 1000,
    SETS = 1024,
    WAYS = 4,
    NAME_MOST = 200,
    BRANCHES_MOST = 64,
    KEY_SIZE = 32
};
enum { BEARER_SECONDS = 90 * 86400, COOKIE_SECONDS = 2 * 3600, REMEMBER_SECONDS = 30 * 86400 };

struct cached {
    const struct rights *rights; /* NULL: free */
    int64_t org_id;
    uint8_t key[KEY_SIZE];
    uint64_t until;
    struct account account;
    char name[NAME_MOST], role_name[NAME_MOST];
    int64_t branches[BRANCHES_MOST];
};

static struct cached *cache;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct cached *set_of(const uint8_t key[KEY_SIZE])
{
    uint32_t hash;

    if (!cache && !(cache = calloc(SETS * WAYS, sizeof *cache)))
        abort();
    memcpy(&hash, key, sizeof hash);
    return &cache[hash % SETS * WAYS];
}

static void unref_rights(struct call *c, void *arg)
{
    (void)c;
    rights_unref(arg);
}

/* A copy of the cached account for this call; the call holds on to the rights. */
static struct account *copy_out(struct call *c, const struct cached *k)
{
    struct account *a = call_alloc(c, sizeof *a);
    int64_t *branches = call_alloc(c, sizeof k->branches);

    *a = k->account;
    a->name = call_copy(c, str_of(k->name));
    a->role_name = call_copy(c, str_of(k->role_name));
    memcpy(branches, k->branches, sizeof k->branches);
    a->branch_ids.at = branches;
    a->rights = rights_ref(k->rights);
    return a;
}

static struct account *recall(struct call *c, const uint8_t key[KEY_SIZE])
{
    struct account *found = NULL;
    uint64_t now = now_monotonic_us();

    pthread_mutex_lock(&lock);
    struct cached *set = set_of(key);
    for (unsigned i = 0; i < WAYS && !found; i++)
        if (set[i].rights && set[i].until > now && set[i].org_id == c->org->id &&
            sodium_memcmp(set[i].key, key, KEY_SIZE) == 0)
            found = copy_out(c, &set[i]);
    pthread_mutex_unlock(&lock);
    if (found)
        call_at_end(c, unref_rights, (void *)found->rights);
    return found;
}

static void copy_text(char to[NAME_MOST], struct str from)
{
    if (from.len)
        memcpy(to, from.at, from.len);
    to[from.len] = '\0';
}

/* What does not fit is looked up each time: cut short it would be another account. */
static bool fits(const struct account *a)
{
    return a->name.len < NAME_MOST && a->role_name.len < NAME_MOST &&
           a->branch_ids.count <= BRANCHES_MOST;
}

/* `seen` is when the looking up began: whatever changes from then on is felt in time. */
static void remember(
    struct call *c, const uint8_t key[KEY_SIZE], const struct account *a, uint64_t seen)
{
    if (!fits(a))
        return;
    pthread_mutex_lock(&lock);
    struct cached *set = set_of(key), *oldest = set;
    for (unsigned i = 0; i < WAYS; i++) {
        bool same = set[i].rights && set[i].org_id == c->org->id &&
                    sodium_memcmp(set[i].key, key, KEY_SIZE) == 0;
        if (same || set[i].until < oldest->until)
            oldest = &set[i];
        if (same)
            break;
    }
    rights_unref(oldest->rights);
    *oldest = (struct cached){.rights = rights_ref(a->rights),
        .org_id = c->org->id,
        .until = seen + CACHE_US,
        .account = *a};
    memcpy(oldest->key, key, KEY_SIZE);
    copy_text(oldest->name, a->name);
    copy_text(oldest->role_name, a->role_name);
    if (a->branch_ids.count)
        memcpy(oldest->branches, a->branch_ids.at, a->branch_ids.count * sizeof(int64_t));
    pthread_mutex_unlock(&lock);
}

static void forget(struct call *c, const uint8_t key[KEY_SIZE])
{
    pthread_mutex_lock(&lock);
    struct cached *set = set_of(key);
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].rights && set[i].org_id == c->org->id &&
            sodium_memcmp(set[i].key, key, KEY_SIZE) == 0)
            set[i].until = 0;
    pthread_mutex_unlock(&lock);
}

/* The account of a session row, as it is now; NULL when the session or the account does not count
 * any more. */
static struct account *load(struct call *c, const struct rows *session, bool by_cookie)
{
    if (rows_count(session) == 0)
        return NULL;
    int64_t session_id = row_int(session, 0, "id");
    struct rows *r = db_glance(c, sql_account_active, ARG(row_int(session, 0, "account_id")));
    if (rows_count(r) == 0 || call_faulted(c))
        return NULL;
    if (row_bool(session, 0, "stale"))
        db_glance(c, sql_session_seen, ARG(session_id));
    struct account *a = call_alloc(c, sizeof *a);
    int64_t level = row_int(r, 0, "level");
    *a = (struct account){
        .id = row_int(r, 0, "id"),
        .uuid = row_uuid(r, 0, "uuid"),
        .type_id = (int)row_int(r, 0, "type_id"),
        .role_id = row_int(r, 0, "role_id"),
        .hierarchy_level = level == NONE ? 1000 : (int)level,
        .name = row_str(r, 0, "name"),
        .role_name = row_str(r, 0, "role_name"),
        .branch_ids = row_ints(c, r, 0, "branch_ids"),
        .session_id = session_id,
        .by_cookie = by_cookie,
    };
    a->kind = (enum account_kind)(1 << (a->type_id - 1));
    a->rights = access_rights_of(c, a->id, a->type_id, a->role_id);
    call_at_end(c, unref_rights, (void *)a->rights);
    return call_faulted(c) ? NULL : a;
}

/* What a request shows to say who it is of. A bearer token counts before a cookie, which comes
 * along by itself. */
struct credential {
    enum { NO_CREDENTIAL, TOKEN, SECRET, UNREADABLE } kind;
    struct str text; /* the token, or the cookie's secret */
    uint8_t hash[KEY_SIZE];
};

static struct credential bearer_of(struct str token)
{
    struct credential k = {TOKEN, token, {0}};

    crypto_hash_sha256(k.hash, (const uint8_t *)token.at, token.len);
    return k;
}

/* `<slug>.<secret>`; of another org than the host's it is unreadable. */
static struct credential cookie_of(const struct call *c, struct str cookie)
{
    struct credential k = {SECRET, cookie, {0}};
    struct str slug = str_cut(&k.text, '.');

    if (!c->org || !str_is(slug, c->org->slug) || k.text.len < 40 || k.text.len > 80)
        return (struct credential){.kind = UNREADABLE};
    crypto_hash_sha256(k.hash, (const uint8_t *)k.text.at, k.text.len);
    return k;
}

static struct credential credential_of(const struct call *c)
{
    struct str header = call_header(c, "authorization"), cookie = call_cookie(c, SESSION_COOKIE);
    struct str bearer = {header.at + (header.at ? 7 : 0), header.len > 7 ? header.len - 7 : 0};

    if (bearer.len && str_equal_ignoring_case((struct str){header.at, 7}, STR("Bearer ")))
        return bearer_of(bearer);
    if (cookie.at)
        return cookie_of(c, cookie);
    return (struct credential){.kind = header.at ? UNREADABLE : NO_CREDENTIAL};
}

static struct account *by_secret(struct call *c, const struct credential *k)
{
    struct str hash = call_copy(c, (struct str){(const char *)k->hash, KEY_SIZE});

    return load(c, db_glance(c, sql_session_by_secret, ARG_BYTES(hash)), true);
}

static struct account *by_token(struct call *c, const struct credential *k)
{
    struct token_claims claims;

    if (!token_check(c->org, k->text, &claims))
        return NULL;
    return load(c,
        db_glance(c, sql_session_by_id, ARG(claims.session_id), ARG(claims.session_uuid)), false);
}

/* The token's head names an org; the same that the host names, or it does not count here. */
static bool of_this_org(const struct call *c, const struct credential *k)
{
    const struct org *org = k->kind == TOKEN ? token_org(k->text) : c->org;

    return c->org && org && org->id == c->org->id;
}

void accounts_find(struct call *c)
{
    struct credential k = credential_of(c);
    uint64_t now = now_monotonic_us();

    if (k.kind == NO_CREDENTIAL)
        return;
    if (k.kind == UNREADABLE || !of_this_org(c, &k))
        return fail(c, NOT_SIGNED_IN);
    struct account *a = recall(c, k.hash);
    if (!a) {
        a = k.kind == TOKEN ? by_token(c, &k) : by_secret(c, &k);
        if (a)
            remember(c, k.hash, a, now);
    }
    if (a)
        c->account = a;
    else
        fail(c, NOT_SIGNED_IN);
}

struct str session_csrf_token(struct call *c, int64_t session_id)
{
    struct str hash = lookup_key(c, "csrf", call_print(c, "%lld", (long long)session_id));
    char *hex = call_alloc(c, KEY_SIZE * 2 + 1);

    if (hash.len == KEY_SIZE)
        sodium_bin2hex(hex, KEY_SIZE * 2 + 1, (const uint8_t *)hash.at, hash.len);
    return (struct str){hex, hash.len == KEY_SIZE ? KEY_SIZE * 2 : 0};
}

bool session_same_site(const struct call *c)
{
    struct str site = call_header(c, "sec-fetch-site"), origin = call_header(c, "origin");

    if (site.at && !str_is(site, "same-origin") && !str_is(site, "none"))
        return false;
    if (!origin.at)
        return true;
    if (!str_starts(origin, "https://"))
        return false;
    struct str host = {origin.at + 8, origin.len - 8};
    return str_equal(str_cut(&host, ':'), c->request.authority);
}

bool accounts_csrf_holds(struct call *c, struct str token)
{
    struct str wanted = session_csrf_token(c, c->account->session_id);

    return session_same_site(c) && wanted.len > 0 && token.len == wanted.len &&
           sodium_memcmp(token.at, wanted.at, wanted.len) == 0;
}

/* What a client calls itself, unless PostgreSQL would not take it for text. */
static struct str user_agent(const struct call *c)
{
    struct str name = call_header(c, "user-agent");

    return name.at && str_is_utf8(name) ? name : NO_STR;
}

static int64_t begin(struct call *c, const struct new_session *n, const char *kind, struct str hash,
    int64_t seconds, struct uuid uuid, struct str *expires)
{
    struct rows *r = db_query(c, sql_session_create, ARG(uuid), ARG(n->account_id), ARG(kind),
        ARG_BYTES(hash), ARG(n->remembered), ARG(user_agent(c)), ARG(seconds),
        ARG_BYTES(n->network));
    struct str text = row_str(r, 0, "expires_at");

    *expires = text.len >= 19 ? call_print(c, "%.*sT%.*sZ", 10, text.at, 8, text.at + 11) : STR("");
    return row_int(r, 0, "id");
}

struct str session_begin_bearer(struct call *c, const struct new_session *n, struct str *expires)
{
    struct uuid uuid = uuid_new();

    db_query(c, sql_session_end_bearers, ARG(n->account_id));
    int64_t id = begin(c, n, "bearer", NO_STR, BEARER_SECONDS, uuid, expires);
    if (call_faulted(c))
        return STR("");
    return token_make(c, c->org, &(struct token_claims){id, uuid, now_unix() + BEARER_SECONDS});
}

int64_t session_begin_cookie(struct call *c, const struct new_session *n)
{
    uint8_t secret[32], hash[crypto_hash_sha256_BYTES];
    char *text = call_alloc(c, 44);
    struct str expires;

    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(text, 44, secret, sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
    crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
    int64_t id = begin(c, n, "cookie", call_copy(c, (struct str){(char *)hash, sizeof hash}),
        n->remembered ? REMEMBER_SECONDS : COOKIE_SECONDS, uuid_new(), &expires);
    struct str life = n->remembered ? call_print(c, "; Max-Age=%d", REMEMBER_SECONDS) : STR("");
    reply_header(c, "set-cookie",
        call_print(c, SESSION_COOKIE "=%s.%s; Path=/; Secure; HttpOnly; SameSite=Lax%s",
            c->org->slug, text, life.at));
    return id;
}

void session_end_own(struct call *c)
{
    struct credential k = credential_of(c);

    db_query(c, sql_session_end, ARG(c->account->session_id));
    if (k.kind == TOKEN || k.kind == SECRET)
        forget(c, k.hash);
    if (c->account->by_cookie)
        reply_header(c, "set-cookie",
            STR(SESSION_COOKIE "=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
}
