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
    FIELD(struct list_tenants, unassigned, BOOLEAN, .help = "Only tenants without an address"),
    LIST_FIELDS(struct list_tenants, 200),
};

static const struct field light_list_fields[] = {
    FIELD(struct list_tenants, search, TEXT, .max = 100,
        .help = "Part of the name, e-mail address or telephone number"),
    FIELD(struct list_tenants, address_id, INTEGER, .help = "Tenants of no address are listed too"),
    FIELD(struct list_tenants, active, BOOLEAN),
    FIELD(struct list_tenants, unassigned, BOOLEAN, .help = "Only tenants without an address"),
    LIST_FIELDS(struct list_tenants, 1000),
};

/* The full list filters by one address; the light one adds the tenants of none, so that a form can
 * offer both. */
static void list_found(struct call *c, const struct list_tenants *in, bool full)
{
    const struct arg none = {0}, address = ARG(in->address_id);
    const struct arg found = in->search.len ? ARG(people_search(c, in->search, full)) : none;
    const struct listing_value values[] = {
        {"found", found},
        {"address_id", full ? address : none},
        {"address_or_none", full ? none : address},
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

struct tenant_input {
    struct uuid uuid;
    struct str tenant_name, tenant_email, tenant_number_primary, tenant_number_work;
    int64_t tenant_address_id;
};

#define TENANT_FIELDS(must)                                                                        \
    FIELD(struct tenant_input, tenant_name, TEXT, .required = must, .min = 1, .max = 200),         \
        FIELD(struct tenant_input, tenant_email, EMAIL, .max = 254),                               \
        FIELD(struct tenant_input, tenant_number_primary, TEXT, .max = 40),                        \
        FIELD(struct tenant_input, tenant_number_work, TEXT, .max = 40),                           \
        FIELD(struct tenant_input, tenant_address_id, INTEGER, .also = "address_id",               \
            .help = "Where the tenant lives")

static const struct field create_fields[] = {TENANT_FIELDS(true)};
static const struct field update_fields[] = {
    FIELD(struct tenant_input, uuid, UUID, .required = true, .help = "The tenant"),
    TENANT_FIELDS(false),
};

/* The branch of an address that the account may use; ADDRESS_NOT_FOUND without one. An empty row
 * for no address at all. */
static struct rows *require_address(struct call *c, int64_t id)
{
    struct rows *r = db_query(
        c, sql_tenants_address, ARG(id), ARG(c->account->type_id), ARG(c->account->branch_ids));

    if (id != NONE && !call_faulted(c) && rows_count(r) == 0)
        fail(c, ADDRESS_NOT_FOUND);
    return r;
}

/* Empty text is no text. */
static struct str filled(struct str s)
{
    return s.len ? s : NO_STR;
}

static void create(struct call *c, const struct tenant_input *in)
{
    const struct new_tenant t = {in->tenant_name, filled(in->tenant_email),
        filled(in->tenant_number_primary), filled(in->tenant_number_work), in->tenant_address_id,
        NONE};
    struct uuid uuid;

    require_address(c, in->tenant_address_id);
    int64_t id = people_create_tenant(c, &t, &uuid);
    audit_about(c, uuid);
    reply_done(c, "Tenant created successfully", FIELD_INT("tenant_id", id),
        FIELD_ID("tenant_uuid", uuid));
}

enum sent { SENT_NAME = 1, SENT_EMAIL = 2, SENT_PRIMARY = 4, SENT_WORK = 8, SENT_ADDRESS = 16 };

static int64_t what_was_sent(struct call *c)
{
    static const char *const names[] = {"tenant_name", "tenant_email", "tenant_number_primary",
        "tenant_number_work", "tenant_address_id"};
    int64_t sent = 0;

    for (size_t i = 0; i < countof(names); i++)
        sent |= (int64_t)(call_presence(c, names[i]) != ABSENT) << i;
    return sent;
}

static void write_changes(struct call *c, int64_t id, int64_t sent, const struct tenant_input *in)
{
    struct rows *address = require_address(c, in->tenant_address_id);
    struct str email = filled(in->tenant_email), primary = filled(in->tenant_number_primary),
               work = filled(in->tenant_number_work);

    db_query(c, sql_tenants_update, ARG(id), ARG(sent),
        ARG_BYTES(seal(c, "tenants.tenant_name", in->uuid, in->tenant_name)),
        ARG_BYTES(seal(c, "tenants.tenant_email", in->uuid, email)),
        ARG_BYTES(lookup_key(c, "email", email)),
        ARG_BYTES(seal(c, "tenants.tenant_number_primary", in->uuid, primary)),
        ARG_BYTES(seal(c, "tenants.tenant_number_work", in->uuid, work)),
        ARG(in->tenant_address_id), ARG(row_int(address, 0, "branch_id")));
}

static void index_changes(struct call *c, int64_t id, int64_t sent, const struct tenant_input *in)
{
    if (sent & SENT_NAME)
        people_index_name(c, id, in->tenant_name);
    if (sent & SENT_EMAIL)
        people_index_email(c, id, in->tenant_email);
    if (!(sent & (SENT_PRIMARY | SENT_WORK)))
        return;
    struct rows *now = db_query(c, sql_tenants_get, ARG(in->uuid));
    people_index_numbers(c, id, row_sealed(c, now, 0, "tenant_number_primary"),
        row_sealed(c, now, 0, "tenant_number_work"));
}

static void update(struct call *c, const struct tenant_input *in)
{
    int64_t id = row_int(db_require(c, sql_tenants_lock, ARG(in->uuid), ARG(NONE)), 0, "id"),
            sent = what_was_sent(c);

    if ((sent & SENT_NAME) && !in->tenant_name.len)
        fail_field(c, "tenant_name", "cannot be empty");
    write_changes(c, id, sent, in);
    index_changes(c, id, sent, in);
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
    FIELD(struct assign_input, tenant_id, INTEGER, .help = "The tenant's number; or tenant_uuid"),
    FIELD(struct assign_input, address_id, INTEGER, .required = true,
        .help = "Replaces an earlier address"),
};

static void assign_address(struct call *c, const struct assign_input *in)
{
    bool by_uuid = !uuid_is_nil(in->tenant_uuid);

    if (!by_uuid && in->tenant_id == NONE)
        return fail_field(c, "tenant_uuid", "is required, or tenant_id");
    struct rows *tenant = db_query(
        c, sql_tenants_lock, ARG(in->tenant_uuid), ARG(by_uuid ? NONE : in->tenant_id));
    if (!call_faulted(c) && rows_count(tenant) == 0)
        return fail(c, TENANT_NOT_FOUND);
    const struct tenant_input change = {
        .uuid = row_uuid(tenant, 0, "uuid"), .tenant_address_id = in->address_id};
    write_changes(c, row_int(tenant, 0, "id"), SENT_ADDRESS, &change);
    struct rows *address = require_address(c, in->address_id);
    audit_about(c, change.uuid);
    reply_done(c, "Address assigned successfully",
        FIELD_STR("full_address", row_str(address, 0, "full_address")));
}

#define TENANTS                                                                                    \
    .right = "api.tenants.manage.manage", .shipped_to = COORDINATOR, .accounts = STAFF,            \
    .subject = "tenant"
#define LIGHT                                                                                      \
    .right = "api.tenants.list.manage", .shipped_to = COORDINATOR, .accounts = STAFF | AGENT,      \
    .shipped_to_accounts = true, .subject = "tenant"

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/tenants/manage",
        "list",
        .action_optional = true,
        .summary = "List tenants",
        TENANTS,
        .input = INPUT(list_tenants, list_fields),
        .sql = &sql_tenants_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
    {
        GET,
        "/api/tenants/manage",
        "get",
        .summary = "Get tenant details",
        TENANTS,
        .input = INPUT(one_tenant, one_tenant_fields),
        .sql = &sql_tenants_get,
        .data = DATA_ONE,
        .run = show_one,
    },
    {
        POST,
        "/api/tenants/manage",
        "create",
        .action_optional = true,
        .summary = "Create a tenant (full)",
        TENANTS,
        .input = INPUT(tenant_input, create_fields),
        REPLY(MEMBER(tenant_id, BIGINT), MEMBER(tenant_uuid, UUID)),
        .audit = "tenant_created",
        .run = RUN(create),
    },
    {
        PUT,
        "/api/tenants/manage",
        .summary = "Update a tenant",
        TENANTS,
        .input = INPUT(tenant_input, update_fields),
        .audit = "tenant_updated",
        .run = RUN(update),
    },
    {
        DELETE,
        "/api/tenants/manage",
        .summary = "Delete a tenant",
        TENANTS,
        .input = INPUT(one_tenant, one_tenant_fields),
        .audit = "tenant_deleted",
        .run = RUN(remove_tenant),
    },
    {
        GET,
        "/api/tenants/list",
        "list",
        .action_optional = true,
        .summary = "List tenants (lightweight)",
        LIGHT,
        .input = INPUT(list_tenants, light_list_fields),
        .sql = &sql_tenants_list,
        .data = DATA_LIST,
        .run = RUN(list_light),
    },
    {
        GET,
        "/api/tenants/list",
        "get",
        .summary = "Get a tenant by ID",
        LIGHT,
        .input = INPUT(tenant_by_id, tenant_by_id_fields),
        .sql = &sql_tenants_get_by_id,
        .data = DATA_ONE,
        .run = show_one,
    },
    {
        POST,
        "/api/tenants/list",
        "create",
        .action_optional = true,
        .summary = "Create a tenant (lightweight)",
        LIGHT,
        .input = INPUT(tenant_input, create_fields),
        REPLY(MEMBER(tenant_id, BIGINT), MEMBER(tenant_uuid, UUID)),
        .audit = "tenant_created",
        .run = RUN(create),
    },
    {
        POST,
        "/api/tenants/assign-address",
        .summary = "Assign an address to a tenant",
        .right = "api.tenants.assign_address.manage",
        .also_rights = {"api.tenants.assign-address.manage"},
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
