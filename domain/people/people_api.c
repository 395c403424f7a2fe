#include "domain/audit/audit.h"
#include "domain/people/people.h"
#include "domain/people/people.sql.h"
#include "domain/people/search.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/listing.h"

struct list_tenants {
    struct list_input list;
    struct str search;
    int64_t address_id;
    enum flag active, unassigned;
};

static const struct field list_fields[] = {
    FIELD(struct list_tenants, search, TEXT, .max = 100, .help = "Part of the name"),
    FIELD(struct list_tenants, address_id, INTEGER),
    FIELD(struct list_tenants, active, BOOLEAN),
    FIELD(struct list_tenants, unassigned, BOOLEAN),
    LIST_FIELDS(struct list_tenants, 200),
};

static const struct field light_list_fields[] = {
    FIELD(struct list_tenants, search, TEXT, .max = 100, .help = "Part of the name, e-mail address or telephone number"),
    FIELD(struct list_tenants, address_id, INTEGER, .help = "Tenants of no address are listed too"),
    FIELD(struct list_tenants, active, BOOLEAN),
    FIELD(struct list_tenants, unassigned, BOOLEAN),
    LIST_FIELDS(struct list_tenants, 1000),
};

/* The full list filters by one address; the light one adds the tenants of none, so that a form can offer both. */
static void list_found(struct call *c, const struct list_tenants *in, bool full)
{
    struct arg found = in->search.len ? ARG(people_search(c, in->search, full)) : (struct arg){0}, address = ARG(in->address_id);
    const struct listing_value values[] = {
        {"found", found},
        {"address_id", full ? address : (struct arg){0}},
        {"address_or_none", full ? (struct arg){0} : address},
    };

    listing_page(c, &sql_tenants_list, values, countof(values), NULL, 0);
}

static void list(struct call *c, const struct list_tenants *in)
{
    list_found(c, in, true);
}

static void list_light(struct call *c, const struct list_tenants *in)
{
    list_found(c, in, false);
}

struct one_tenant {
    struct uuid uuid;
};

static const struct field one_tenant_fields[] = {
    FIELD(struct one_tenant, uuid, UUID, .required = true, .help = "The tenant"),
};

struct tenant_by_id {
    int64_t id;
};

static const struct field tenant_by_id_fields[] = {
    FIELD(struct tenant_by_id, id, INTEGER, .required = true, .help = "The tenant's number"),
};

static void get_by_id(struct call *c, const struct tenant_by_id *in)
{
    if (c->account->kind == AGENT)
        reply_row(c, db_query(c, sql_tenants_get_by_id_for_agent, ARG(in->id), ARG(c->account->branch_ids)));
    else
        reply_row(c, db_query(c, sql_tenants_get_by_id, ARG(in->id)));
}

struct tenant_input {
    struct uuid uuid;
    struct str tenant_name, tenant_email, tenant_number_primary, tenant_number_work;
    int64_t tenant_address_id;
};

#define TENANT_FIELDS(must) \
    FIELD(struct tenant_input, tenant_name, TEXT, .required = must, .min = 1, .max = 200), \
    FIELD(struct tenant_input, tenant_email, EMAIL, .max = 254), \
    FIELD(struct tenant_input, tenant_number_primary, TEXT, .max = 40), \
    FIELD(struct tenant_input, tenant_number_work, TEXT, .max = 40), \
    FIELD(struct tenant_input, tenant_address_id, INTEGER, .also = "address_id")

static const struct field create_fields[] = {TENANT_FIELDS(true)};
static const struct field update_fields[] = {
    FIELD(struct tenant_input, uuid, UUID, .required = true, .help = "The tenant"),
    TENANT_FIELDS(false),
};

static void require_address(struct call *c, int64_t id)
{
    if (id != NONE && !call_faulted(c) && rows_count(db_query(c, sql_address_full, ARG(id))) == 0)
        fail(c, ADDRESS_NOT_FOUND);
}

static void create(struct call *c, const struct tenant_input *in)
{
    struct uuid uuid;

    require_address(c, in->tenant_address_id);
    int64_t id = people_create_tenant(c, &(struct new_tenant){in->tenant_name, in->tenant_email, in->tenant_number_primary,
        in->tenant_number_work, in->tenant_address_id, NONE}, &uuid);
    audit_about(c, uuid);
    reply_done(c, "Tenant created successfully", FIELD_INT("tenant_id", id), FIELD_ID("tenant_uuid", uuid));
}

static void update(struct call *c, const struct tenant_input *in)
{
    static const char *const names[] = {"tenant_name", "tenant_email", "tenant_number_primary", "tenant_number_work", "tenant_address_id"};
    struct rows *r = db_require(c, sql_tenants_lock, ARG(in->uuid), ARG(NONE));
    int64_t id = row_int(r, 0, "id"), mask = 0;

    for (size_t i = 0; i < countof(names); i++)
        mask |= (int64_t)(call_presence(c, names[i]) != ABSENT) << i;
    if ((mask & 1) && !in->tenant_name.len)
        fail_field(c, "tenant_name", "cannot be empty");
    require_address(c, in->tenant_address_id);
    db_query(c, sql_tenants_update, ARG(id), ARG(mask), ARG_BYTES(seal(c, "tenants.tenant_name", in->uuid, in->tenant_name)),
        ARG_BYTES(seal(c, "tenants.tenant_email", in->uuid, in->tenant_email)), ARG_BYTES(lookup_key(c, "email", in->tenant_email)),
        ARG_BYTES(seal(c, "tenants.tenant_number_primary", in->uuid, in->tenant_number_primary)),
        ARG_BYTES(seal(c, "tenants.tenant_number_work", in->uuid, in->tenant_number_work)), ARG(in->tenant_address_id));
    struct rows *now = db_query(c, sql_tenants_get, ARG(in->uuid));
    people_set_tokens(c, id, TENANT_NAME, row_sealed(c, now, 0, "tenant_name"));
    people_set_tokens(c, id, TENANT_EMAIL, row_sealed(c, now, 0, "tenant_email"));
    struct str primary = row_sealed(c, now, 0, "tenant_number_primary"), work = row_sealed(c, now, 0, "tenant_number_work");
    people_set_tokens(c, id, TENANT_NUMBERS, call_print(c, "%.*s %.*s", (int)primary.len, primary.at ? primary.at : "", (int)work.len,
        work.at ? work.at : ""));
    audit_about(c, in->uuid);
    reply_done(c, "Tenant updated successfully");
}

static void remove_tenant(struct call *c, const struct one_tenant *in)
{
    int64_t id = row_int(db_require(c, sql_tenants_lock, ARG(in->uuid), ARG(NONE)), 0, "id");

    if (!call_faulted(c) && row_int(db_query(c, sql_tenants_active_jobs, ARG(id)), 0, "count") > 0)
        return fail(c, TENANT_HAS_JOBS);
    db_query(c, sql_tenants_delete, ARG(id));
    audit_about(c, in->uuid);
    reply_done(c, "Tenant deleted successfully");
}

struct assign_input {
    struct uuid tenant_uuid;
    int64_t tenant_id, address_id;
};

static const struct field assign_fields[] = {
    FIELD(struct assign_input, tenant_uuid, UUID, .help = "The tenant; or tenant_id"),
    FIELD(struct assign_input, tenant_id, INTEGER),
    FIELD(struct assign_input, address_id, INTEGER, .required = true),
};

static void assign_address(struct call *c, const struct assign_input *in)
{
    if (uuid_is_nil(in->tenant_uuid) && in->tenant_id == NONE)
        return fail_field(c, "tenant_uuid", "is required, or tenant_id");
    struct rows *tenant = db_query(c, sql_tenants_lock, ARG(in->tenant_uuid), ARG(in->tenant_id));
    if (!call_faulted(c) && rows_count(tenant) == 0)
        return fail(c, TENANT_NOT_FOUND);
    struct rows *address = db_query(c, sql_address_full, ARG(in->address_id));
    if (!call_faulted(c) && rows_count(address) == 0)
        return fail(c, ADDRESS_NOT_FOUND);
    db_query(c, sql_tenants_assign, ARG(row_int(tenant, 0, "id")), ARG(in->address_id));
    audit_about(c, row_uuid(tenant, 0, "uuid"));
    reply_done(c, "Address assigned successfully", FIELD_STR("full_address", row_str(address, 0, "full_address")));
}

#define TENANTS .right = "api.tenants.manage.manage", .shipped_to = COORDINATOR, .accounts = STAFF, .subject = "tenant"
#define LIGHT .right = "api.tenants.list.manage", .shipped_to = COORDINATOR, .subject = "tenant"

static const struct endpoint endpoints[] = {
    {GET, "/api/tenants/manage", "list", true, "List tenants", TENANTS, .input = INPUT(list_tenants, list_fields), .sql = &sql_tenants_list,
        .data = DATA_LIST, .run = RUN(list)},
    {GET, "/api/tenants/manage", "get", false, "Get tenant details", TENANTS, .input = INPUT(one_tenant, one_tenant_fields),
        .sql = &sql_tenants_get, .data = DATA_ONE, .run = show_one},
    {POST, "/api/tenants/manage", "create", true, "Create a tenant (full)", TENANTS, .input = INPUT(tenant_input, create_fields),
        REPLY(MEMBER(tenant_id, BIGINT), MEMBER(tenant_uuid, UUID)), .audit = "tenant_created", .run = RUN(create)},
    {PUT, "/api/tenants/manage", NULL, false, "Update a tenant", TENANTS, .input = INPUT(tenant_input, update_fields),
        .audit = "tenant_updated", .run = RUN(update)},
    {DELETE, "/api/tenants/manage", NULL, false, "Delete a tenant", TENANTS, .input = INPUT(one_tenant, one_tenant_fields),
        .audit = "tenant_deleted", .run = RUN(remove_tenant)},
    {GET, "/api/tenants/list", "list", true, "List tenants (lightweight)", LIGHT, .accounts = STAFF | AGENT,
        .input = INPUT(list_tenants, light_list_fields), .sql = &sql_tenants_list, .data = DATA_LIST, .run = RUN(list_light)},
    {GET, "/api/tenants/list", "get", false, "Get a tenant by ID", LIGHT, .accounts = STAFF | AGENT,
        .input = INPUT(tenant_by_id, tenant_by_id_fields), .sql = &sql_tenants_get_by_id, .data = DATA_ONE, .run = RUN(get_by_id)},
    {POST, "/api/tenants/list", "create", true, "Create a tenant (lightweight)", LIGHT, .accounts = STAFF | AGENT,
        .input = INPUT(tenant_input, create_fields), REPLY(MEMBER(tenant_id, BIGINT), MEMBER(tenant_uuid, UUID)), .audit = "tenant_created",
        .run = RUN(create)},
    {
        POST, "/api/tenants/assign-address",
        .summary = "Assign an address to a tenant",
        .right = "api.tenants.assign_address.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF,
        .input = INPUT(assign_input, assign_fields),
        REPLY(MEMBER(full_address, TEXT)),
        .audit = "tenant_address_assigned",
        .subject = "tenant",
        .run = RUN(assign_address),
    },
};

const struct module people_module = MODULE("tenants", endpoints);
