#include "domain/access/access.h"

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

static void add_key(struct call *c, struct texts *keys, size_t room, const char *key)
{
    struct str *at = (struct str *)keys->at;

    for (size_t i = 0; i < keys->count; i++)
        if (str_is(at[i], key))
            return;
    if (keys->count < room)
        at[keys->count++] = call_copy(c, str_of(key));
}

/* The keys of all rows that ship to a role of this level, or to this kind of account when level is
 * 0. */
static struct texts keys_of_rows(struct call *c, int level, enum account_kind kind)
{
    size_t room = routes_count() + 100;
    struct texts keys = {call_alloc(c, room * sizeof(struct str)), 0};

    for (size_t i = 0; i < routes_count(); i++) {
        const struct endpoint *row = route_at(i);
        if (!row->right)
            continue;
        bool wanted = level ? (row->accounts & STAFF) &&
                                  level <= (row->shipped_to ? (int)row->shipped_to : SYSOPS)
                            : (row->accounts & kind) != 0;
        if (wanted)
            add_key(c, &keys, room, row->right);
    }
    return keys;
}

static void seed_role(struct call *c, const struct default_role_row *r, struct texts documents)
{
    db_query(c, sql_role_make, ARG(uuid_new()), ARG(r->name), ARG(r->description), ARG(r->level),
        ARG(r->locked));
    db_query(c, sql_ship_to_role, ARG(r->name), ARG(keys_of_rows(c, r->level, STAFF)));
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
            ARG(keys_of_rows(c, 0, (enum account_kind)(1 << (type - 1)))));
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
    crypto_generichash(hash, sizeof hash, (const uint8_t *)all.at, all.len, NULL, 0);
    sodium_bin2hex(digest, 65, hash, sizeof hash);
    buf_release(&all);
}

int64_t access_role_id(struct call *c, struct str name)
{
    return row_int(db_query(c, sql_role_by_name, ARG(name)), 0, "id");
}

struct rights *access_rights_of(struct call *c, int64_t account_id, int type_id, int64_t role_id)
{
    struct texts keys = row_texts(c,
        db_query(c, sql_rights_of_account, ARG(account_id), ARG(type_id), ARG(role_id)), 0, "keys");

    return rights_new(keys.at, keys.count);
}
