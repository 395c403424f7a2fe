#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "domain/jobs/jobs.sql.h"
#include "server/reply.h"
#include "tenancy/db.h"

struct find_address {
    struct list_input list;
    struct str search;
};

static const struct field find_address_fields[] = {
    FIELD(struct find_address, search, TEXT, .max = 100, .also = "q",
        .help = "Part of a line or a postcode, with or without its blank"),
    LIST_FIELDS(struct find_address, 200),
};

struct new_address {
    int64_t branch_id;
    struct str address_line1, address_line2, city, postcode, country;
};

static const struct field new_address_fields[] = {
    FIELD(struct new_address, branch_id, INTEGER,
        .help = "The branch that looks after it; an agent of one branch need not say"),
    FIELD(struct new_address, address_line1, TEXT, .required = true, .min = 1, .max = 200),
    FIELD(struct new_address, address_line2, TEXT, .max = 200),
    FIELD(struct new_address, city, TEXT, .required = true, .min = 1, .max = 100),
    FIELD(struct new_address, postcode, TEXT, .required = true, .max = 12),
    FIELD(struct new_address, country, TEXT, .max = 100, .by_default = "United Kingdom"),
};

/* The branch that was sent, or the one an agent has; an agent's own in any case. */
static int64_t branch_for(struct call *c, int64_t sent)
{
    const struct ints *own = &c->account->branch_ids;
    bool agent = c->account->kind == AGENT;

    if (sent == NONE && agent && own->count == 1)
        return own->at[0];
    if (sent == NONE)
        fail_field(c, "branch_id", "is required");
    for (size_t i = 0; agent && i < own->count; i++)
        if (own->at[i] == sent)
            return sent;
    if (agent && sent != NONE)
        fail_field(c, "branch_id", "is not a branch of yours");
    return sent;
}

static void add_address(struct call *c, const struct new_address *in)
{
    struct uuid uuid = uuid_new();
    int64_t branch = branch_for(c, in->branch_id);
    struct str postcode = postcode_written(c, in->postcode);

    if (!postcode.at)
        fail_field(c, "postcode", "is not a postcode of the United Kingdom");
    struct rows *made = db_query(c, sql_address_create, ARG(uuid), ARG(branch),
        ARG(in->address_line1), ARG(in->address_line2.len ? in->address_line2 : NO_STR),
        ARG(in->city), ARG(postcode), ARG(in->country));
    if (!call_faulted(c) && rows_count(made) == 0)
        return fail_field(c, "branch_id", "does not exist, or takes no new jobs");
    audit_about(c, uuid);
    reply_done(c, "Address added", FIELD_INT("address_id", row_int(made, 0, "address_id")),
        FIELD_ID("address_uuid", uuid),
        FIELD_STR("full_address", row_str(made, 0, "full_address")));
}

#define LOOK_UP(what, text, statement)                                                             \
    {                                                                                              \
        GET, "/api/jobs/" what, .summary = text, .right = "api.jobs." what ".manage",              \
                                .shipped_to = MINIMAL, .accounts = EVERYBODY, .sql = &statement,   \
                                .data = DATA_LIST, .run = show_all                                 \
    }

static const struct endpoint endpoints[] = {
    LOOK_UP("statuses", "List job statuses", sql_job_statuses_list),
    LOOK_UP("priorities", "List job priorities", sql_job_priorities_list),
    LOOK_UP("types", "List job types", sql_job_types_list),
    LOOK_UP("time-ranges", "List job time ranges", sql_job_time_ranges_list),
    LOOK_UP("payment-statuses", "List job payment statuses", sql_payment_statuses_list),
    {
        GET,
        "/api/jobs/addresses",
        .summary = "Search property addresses",
        .right = "api.jobs.addresses.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF | AGENT,
        .input = INPUT(find_address, find_address_fields),
        .sql = &sql_addresses_list,
        .data = DATA_LIST,
        .run = list_page,
    },
    {
        POST,
        "/api/jobs/addresses",
        "create",
        .summary = "Add a property address",
        .right = "api.jobs.addresses.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF | AGENT,
        .input = INPUT(new_address, new_address_fields),
        REPLY(MEMBER(address_id, BIGINT), MEMBER(address_uuid, UUID), MEMBER(full_address, TEXT)),
        .audit = "address_created",
        .subject = "address",
        .run = RUN(add_address),
    },
};

const struct module job_lookups_module = MODULE("jobs", endpoints);
