#include "domain/access/access.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "domain/access/access.sql.h"
#include "server/rights.h"
#include "server/route.h"
#include "tenancy/db.h"

static const struct default_role_row {
    const char *name, *description;
    int level;
    bool locked, all_documents;
} default_roles[] = {
    {"SysOps", "Runs the organisation's platform", SYSOPS, false, true},
    {"Director", "Leads the organisation", DIRECTOR, true, true},
    {"Finance", "Invoices and payments", FINANCE, true, true},
    {"Maintenance Coordinator", "Raises and follows repairs", COORDINATOR, true, true},
    {"Minimal Access", "Looks only", MINIMAL, false, false},
};

/* Its holders work through the API alone; it is as strong as a coordinator. */
static const struct default_role_row api_role = {"API", "For programs", COORDINATOR, false, true};

/* Asked for inside handlers, beside what their rows ask for. */
static const struct key_row {
    const char *key;
    enum default_role weakest;
} keys_beside_rows[] = {
    {"api.users.users.manage", DIRECTOR}, /* anybody's profile, not one's own alone */
};

static void add_key(struct call *c, struct texts *keys, size_t room, const char *key)
{
    struct str *at = (struct str *)keys->at;

    for (size_t i = 0; i < keys->count; i++)
        if (str_is(at[i], key))
            return;
    if (keys->count < room)
        at[keys->count++] = call_copy(c, str_of(key));
}

static bool ships_to_role(const struct endpoint *row, int level)
{
    return (row->accounts & STAFF) && level <= (row->shipped_to ? (int)row->shipped_to : SYSOPS);
}

static size_t keys_most(void)
{
    return routes_count() + countof(keys_beside_rows);
}

struct texts access_keys_of_role(struct call *c, int level)
{
    struct texts keys = {call_alloc(c, keys_most() * sizeof(struct str)), 0};

    for (size_t i = 0; i < routes_count(); i++) {
        const struct endpoint *row = route_at(i);
        if (row->right && ships_to_role(row, level))
            add_key(c, &keys, keys_most(), row->right);
    }
    for (size_t i = 0; i < countof(keys_beside_rows); i++)
        if (level <= (int)keys_beside_rows[i].weakest)
            add_key(c, &keys, keys_most(), keys_beside_rows[i].key);
    return keys;
}

struct texts access_keys_of_kind(struct call *c, enum account_kind kind)
{
    struct texts keys = {call_alloc(c, keys_most() * sizeof(struct str)), 0};

    for (size_t i = 0; i < routes_count(); i++) {
        const struct endpoint *row = route_at(i);
        if (row->right && (row->accounts & kind))
            add_key(c, &keys, keys_most(), row->right);
    }
    return keys;
}

static void seed_role(struct call *c, const struct default_role_row *r, struct texts documents)
{
    db_query(c, sql_role_make, ARG(uuid_new()), ARG(r->name), ARG(r->description), ARG(r->level),
        ARG(r->locked));
    db_query(c, sql_ship_to_role, ARG(r->name), ARG(access_keys_of_role(c, r->level)));
    if (r->all_documents)
        db_query(c, sql_ship_to_role, ARG(r->name), ARG(documents));
}

/* What those outside the office may do with documents: read what concerns them; contractors also
 * hand in their proofs. */
static struct texts outsiders_documents(struct call *c, struct texts documents, int type_id)
{
    struct texts keys = {call_alloc(c, (documents.count + 1) * sizeof(struct str)), 0};

    for (size_t i = 0; i < documents.count; i++) {
        struct str key = documents.at[i];
        bool reads = key.len > 5 && memcmp(key.at + key.len - 5, ".read", 5) == 0;
        bool hands_in = key.len > 7 && memcmp(key.at + key.len - 7, ".upload", 7) == 0 &&
                        (type_id == 5 || type_id == 2);
        if (reads || hands_in)
            ((struct str *)keys.at)[keys.count++] = key;
    }
    return keys;
}

void access_seed(struct call *c)
{
    struct texts documents = row_texts(c, db_query(c, sql_document_keys), 0, "keys");

    for (size_t i = 0; i < countof(default_roles); i++)
        seed_role(c, &default_roles[i], documents);
    seed_role(c, &api_role, documents);
    for (int type = 2; type <= 5; type++) {
        db_query(c, sql_ship_to_type, ARG(type),
            ARG(access_keys_of_kind(c, (enum account_kind)(1 << (type - 1)))));
        db_query(c, sql_ship_to_type, ARG(type), ARG(outsiders_documents(c, documents, type)));
    }
}

void access_digest(char digest[static 65])
{
    struct buf all = {0};
    uint8_t hash[32];

    for (size_t i = 0; i < routes_count(); i++) {
        const struct endpoint *row = route_at(i);
        buf_print(&all, "%s %d %d\n", row->right ? row->right : "", (int)row->shipped_to,
            (int)row->accounts);
    }
    for (size_t i = 0; i < countof(keys_beside_rows); i++)
        buf_print(&all, "%s %d\n", keys_beside_rows[i].key, (int)keys_beside_rows[i].weakest);
    crypto_generichash(hash, sizeof hash, (const uint8_t *)all.at, all.len, NULL, 0);
    sodium_bin2hex(digest, 65, hash, sizeof hash);
    buf_release(&all);
}

int64_t access_role_id(struct call *c, struct str name)
{
    return row_int(db_query(c, sql_role_by_name, ARG(name)), 0, "id");
}

/* Most accounts hold what others of their role hold: those share one set, found by what is in it.
 * Two contents that meet in one place take turns. */
enum { SHARED_SETS = 1024, DIGEST_SIZE = 32 };

static struct shared {
    uint8_t digest[DIGEST_SIZE];
    const struct rights *rights;
} shared_sets[SHARED_SETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void digest_of(struct texts keys, uint8_t digest[DIGEST_SIZE])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, DIGEST_SIZE);
    for (size_t i = 0; i < keys.count; i++) {
        crypto_generichash_update(&state, (const uint8_t *)keys.at[i].at, keys.at[i].len);
        crypto_generichash_update(&state, (const uint8_t *)"", 1);
    }
    crypto_generichash_final(&state, digest, DIGEST_SIZE);
}

struct rights *access_share(struct texts keys)
{
    uint8_t digest[DIGEST_SIZE];
    uint32_t place;

    digest_of(keys, digest);
    memcpy(&place, digest, sizeof place);
    pthread_mutex_lock(&lock);
    struct shared *s = &shared_sets[place % SHARED_SETS];
    if (!s->rights || memcmp(s->digest, digest, sizeof digest) != 0) {
        rights_unref(s->rights);
        s->rights = rights_new(keys.at, keys.count);
        memcpy(s->digest, digest, sizeof digest);
    }
    struct rights *found = rights_ref(s->rights);
    pthread_mutex_unlock(&lock);
    return found;
}

struct rights *access_rights_of(struct call *c, int64_t account_id, int type_id, int64_t role_id)
{
    return access_share(row_texts(c,
        db_glance(c, sql_rights_of_account, ARG(account_id), ARG(type_id), ARG(role_id)), 0,
        "keys"));
}
