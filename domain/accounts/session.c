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
    NAME_MOST = 120,
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
    size_t len = from.len < NAME_MOST ? from.len : NAME_MOST - 1;

    if (len)
        memcpy(to, from.at, len);
    to[len] = '\0';
}

static void remember(struct call *c, const uint8_t key[KEY_SIZE], const struct account *a)
{
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
        .until = now_monotonic_us() + CACHE_US,
        .account = *a};
    memcpy(oldest->key, key, KEY_SIZE);
    copy_text(oldest->name, a->name);
    copy_text(oldest->role_name, a->role_name);
    oldest->account.branch_ids.count = a->branch_ids.count < BRANCHES_MOST ? a->branch_ids.count
                                                                           : BRANCHES_MOST;
    if (oldest->account.branch_ids.count)
        memcpy(
            oldest->branches, a->branch_ids.at, oldest->account.branch_ids.count * sizeof(int64_t));
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

static struct account *by_secret(struct call *c, struct str cookie)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    struct str secret = cookie;
    struct str slug = str_cut(&secret, '.');

    if (!str_is(slug, c->org->slug) || secret.len < 40 || secret.len > 80)
        return NULL;
    crypto_hash_sha256(hash, (const uint8_t *)secret.at, secret.len);
    struct account *a = recall(c, hash);
    if (a)
        return a;
    struct str key = call_copy(c, (struct str){(char *)hash, sizeof hash});
    a = load(c, db_glance(c, sql_session_by_secret, ARG_BYTES(key)), true);
    if (a)
        remember(c, hash, a);
    return a;
}

static struct account *by_token(struct call *c, struct str token)
{
    struct token_claims claims;
    uint8_t hash[crypto_hash_sha256_BYTES];

    if (token_org(token) != c->org)
        return NULL;
    crypto_hash_sha256(hash, (const uint8_t *)token.at, token.len);
    struct account *a = recall(c, hash);
    if (a)
        return a;
    if (!token_check(c->org, token, &claims))
        return NULL;
    a = load(c, db_glance(c, sql_session_by_id, ARG(claims.session_id), ARG(claims.session_uuid)),
        false);
    if (a)
        remember(c, hash, a);
    return a;
}

void accounts_find(struct call *c)
{
    struct str header = call_header(c, "authorization"), cookie = call_cookie(c, SESSION_COOKIE);
    bool bearer = header.len > 7 &&
                  str_equal_ignoring_case((struct str){header.at, 7}, STR("Bearer "));
    struct account *a = NULL;

    if (!header.at && !cookie.at)
        return;
    if (!c->org)
        return fail(c, NOT_SIGNED_IN);
    if (bearer)
        a = by_token(c, (struct str){header.at + 7, header.len - 7});
    else if (cookie.at)
        a = by_secret(c, cookie);
    if (a)
        c->account = a;
    else
        fail(c, NOT_SIGNED_IN);
}

struct str accounts_csrf_token(struct call *c)
{
    struct str hash = lookup_key(
        c, "csrf", call_print(c, "%lld", (long long)c->account->session_id));
    char *hex = call_alloc(c, KEY_SIZE * 2 + 1);

    if (hash.len == KEY_SIZE)
        sodium_bin2hex(hex, KEY_SIZE * 2 + 1, (const uint8_t *)hash.at, hash.len);
    return (struct str){hex, KEY_SIZE * 2};
}

/* The page that made the request is of this host: browsers say so, and what does not say is no
 * browser of today. */
static bool same_site(const struct call *c)
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
    struct str wanted = accounts_csrf_token(c);

    return same_site(c) && token.len == wanted.len &&
           sodium_memcmp(token.at, wanted.at, wanted.len) == 0;
}

static int64_t begin(struct call *c, int64_t account_id, const char *kind, struct str hash,
    bool remembered, int64_t seconds, struct uuid uuid, struct str *expires)
{
    struct rows *r = db_query(c, sql_session_create, ARG(uuid), ARG(account_id), ARG(kind),
        ARG_BYTES(hash), ARG(remembered), ARG(call_header(c, "user-agent")), ARG(seconds));
    struct str text = row_str(r, 0, "expires_at");

    *expires = text.len >= 19 ? call_print(c, "%.*sT%.*sZ", 10, text.at, 8, text.at + 11) : STR("");
    return row_int(r, 0, "id");
}

struct str session_begin_bearer(struct call *c, int64_t account_id, struct str *expires)
{
    struct uuid uuid = uuid_new();

    db_query(c, sql_session_end_bearers, ARG(account_id));
    int64_t id = begin(c, account_id, "bearer", NO_STR, false, BEARER_SECONDS, uuid, expires);
    if (call_faulted(c))
        return STR("");
    return token_make(c, c->org, &(struct token_claims){id, uuid, now_unix() + BEARER_SECONDS});
}

void session_begin_cookie(struct call *c, int64_t account_id, bool remember_me)
{
    uint8_t secret[32], hash[crypto_hash_sha256_BYTES];
    char *text = call_alloc(c, 44);
    struct str expires;

    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(text, 44, secret, sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
    crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
    struct account *a = call_alloc(c, sizeof *a);
    a->session_id = begin(c, account_id, "cookie",
        call_copy(c, (struct str){(char *)hash, sizeof hash}), remember_me,
        remember_me ? REMEMBER_SECONDS : COOKIE_SECONDS, uuid_new(), &expires);
    struct str life = remember_me ? call_print(c, "; Max-Age=%d", REMEMBER_SECONDS) : STR("");
    reply_header(c, "set-cookie",
        call_print(c, SESSION_COOKIE "=%s.%s; Path=/; Secure; HttpOnly; SameSite=Lax%s",
            c->org->slug, text, life.at));
    a->role_id = NONE;
    a->hierarchy_level = 1000;
    c->account = a;
}

void session_end_own(struct call *c)
{
    db_query(c, sql_session_end, ARG(c->account->session_id));
    reply_header(c, "set-cookie",
        STR(SESSION_COOKIE "=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
}
