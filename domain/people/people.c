#include "domain/people/people.h"

#include "domain/people/people.sql.h"
#include "domain/people/search.h"
#include "tenancy/keys.h"

const struct sealed_column people_sealed_columns[] = {
    {"tenants", "name_sealed", "tenants.tenant_name", "uuid"},
    {"tenants", "email_sealed", "tenants.tenant_email", "uuid"},
    {"tenants", "number_primary_sealed", "tenants.tenant_number_primary", "uuid"},
    {"tenants", "number_work_sealed", "tenants.tenant_number_work", "uuid"},
    {"landlords", "name_sealed", "landlords.name", "uuid"},
    {"landlords", "email_sealed", "landlords.email", "uuid"},
    {"landlords", "phone_sealed", "landlords.phone", "uuid"},
    {0},
};

int64_t people_create_tenant(struct call *c, const struct new_tenant *t, struct uuid *uuid)
{
    bool by_agent = c->account->kind == AGENT && c->account->branch_ids.count > 0;
    int64_t branch = by_agent ? c->account->branch_ids.at[0] : NONE;

    *uuid = uuid_new();
    struct rows *r = db_query(c, sql_tenants_create, ARG(*uuid),
        ARG_BYTES(seal(c, "tenants.tenant_name", *uuid, t->name)),
        ARG_BYTES(seal(c, "tenants.tenant_email", *uuid, t->email)),
        ARG_BYTES(lookup_key(c, "email", t->email)),
        ARG_BYTES(seal(c, "tenants.tenant_number_primary", *uuid, t->number_primary)),
        ARG_BYTES(seal(c, "tenants.tenant_number_work", *uuid, t->number_work)), ARG(t->address_id),
        ARG(branch), ARG(t->account_id));
    int64_t id = row_int(r, 0, "id");
    people_index_name(c, id, t->name);
    people_index_email(c, id, t->email);
    people_index_numbers(c, id, t->number_primary, t->number_work);
    return id;
}

int64_t people_create_landlord(struct call *c, const struct new_landlord *l, struct uuid *uuid)
{
    *uuid = uuid_new();
    return row_int(db_query(c, sql_landlord_create, ARG(*uuid), ARG(l->account_id),
                       ARG_BYTES(seal(c, "landlords.name", *uuid, l->name)),
                       ARG_BYTES(seal(c, "landlords.email", *uuid, l->email)),
                       ARG_BYTES(seal(c, "landlords.phone", *uuid, l->phone))),
        0, "id");
}

static size_t distinct(struct ints ids)
{
    size_t count = 0;

    for (size_t i = 0; i < ids.count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = ids.at[k] == ids.at[i];
        count += !seen;
    }
    return count;
}

void people_require_tenants(struct call *c, struct ints ids)
{
    if (ids.count == 0)
        return;
    struct rows *seen = db_query(c, sql_tenants_seen, ARG(ids));
    if (!call_faulted(c) && row_int(seen, 0, "count") != (int64_t)distinct(ids))
        fail_field(c, "tenants_ids", "names a tenant that does not exist");
}

struct rows *people_of_jobs(struct call *c, struct ints job_ids)
{
    return db_query(c, sql_tenants_of_jobs, ARG(job_ids));
}

struct str people_names_of_job(struct call *c, int64_t job_id)
{
    struct rows *r = people_of_jobs(c, (struct ints){&job_id, 1});
    struct buf *names = call_buf(c);

    for (size_t i = 0; i < rows_count(r); i++) {
        if (i)
            buf_text(names, ", ");
        buf_str(names, row_sealed(c, r, i, "tenant_name"));
    }
    return buf_view(names);
}
