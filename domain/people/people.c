#include "domain/people/people.h"

#include "domain/people/people.sql.h"
#include "domain/people/search.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"

void people_set_tokens(struct call *c, int64_t tenant_id, enum tenant_text kind, struct str text)
{
    static const char *const kinds[] = {"", "tenants.tenant_name", "tenants.tenant_email", "tenants.number"};

    db_query(c, sql_tenants_tokens_set, ARG(tenant_id), ARG((int)kind), ARG(search_tokens(c, kinds[kind], text.at ? text : STR(""))));
}

int64_t people_create_tenant(struct call *c, const struct new_tenant *t, struct uuid *uuid)
{
    *uuid = uuid_new();
    struct rows *r = db_query(c, sql_tenants_create, ARG(*uuid), ARG_BYTES(seal(c, "tenants.tenant_name", *uuid, t->name)),
        ARG_BYTES(seal(c, "tenants.tenant_email", *uuid, t->email)), ARG_BYTES(lookup_key(c, "email", t->email)),
        ARG_BYTES(seal(c, "tenants.tenant_number_primary", *uuid, t->number_primary)),
        ARG_BYTES(seal(c, "tenants.tenant_number_work", *uuid, t->number_work)), ARG(t->address_id), ARG(t->account_id));
    int64_t id = row_int(r, 0, "id");
    people_set_tokens(c, id, TENANT_NAME, t->name);
    people_set_tokens(c, id, TENANT_EMAIL, t->email);
    people_set_tokens(c, id, TENANT_NUMBERS, call_print(c, "%.*s %.*s", (int)t->number_primary.len, t->number_primary.at ? t->number_primary.at : "",
        (int)t->number_work.len, t->number_work.at ? t->number_work.at : ""));
    return id;
}

static bool holds(struct call *c, struct str text, struct str part)
{
    struct str normal = text.at ? search_normal(c, text) : STR("");

    for (size_t i = 0; i + part.len <= normal.len; i++)
        if (__builtin_memcmp(normal.at + i, part.at, part.len) == 0)
            return true;
    return false;
}

static bool matches(struct call *c, struct rows *r, size_t row, struct str part, bool names_only)
{
    if (holds(c, row_sealed(c, r, row, "name"), part))
        return true;
    return !names_only && (holds(c, row_sealed(c, r, row, "email"), part) || holds(c, row_sealed(c, r, row, "primary"), part) ||
                              holds(c, row_sealed(c, r, row, "work"), part));
}

static void keep_matches(struct call *c, struct rows *r, struct str part, bool names_only, int64_t *ids, size_t *count)
{
    for (size_t i = 0; i < rows_count(r) && *count < SEARCH_MOST; i++)
        if (matches(c, r, i, part, names_only))
            ids[(*count)++] = row_int(r, i, "id");
}

struct ints people_search(struct call *c, struct str part, bool names_only)
{
    static const char *const kinds[] = {"tenants.tenant_name", "tenants.tenant_email", "tenants.number"};
    int64_t *ids = call_alloc(c, SEARCH_MOST * sizeof *ids);
    struct str normal = search_normal(c, part);
    size_t count = 0;

    if (search_query(c, kinds[0], part).count == 0)
        keep_matches(c, db_query(c, sql_tenants_all_for_search), normal, names_only, ids, &count);
    else
        for (size_t k = 0; k < (names_only ? 1 : countof(kinds)); k++) {
            int64_t kind = (int64_t)k + 1;
            struct ints one = {&kind, 1};
            keep_matches(c, db_query(c, sql_tenants_candidates, ARG(search_query(c, kinds[k], part)), ARG(one)), normal, names_only, ids, &count);
        }
    return (struct ints){ids, count};
}
