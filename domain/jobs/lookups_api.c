#include "domain/jobs/jobs.h"
#include "domain/jobs/jobs.sql.h"
#include "tenancy/db.h"

struct find_address {
    struct list_input list;
    struct str search;
};

static const struct field find_address_fields[] = {
    FIELD(struct find_address, search, TEXT, .max = 100, .also = "q", .help = "Part of a line or postcode"),
    LIST_FIELDS(struct find_address, 200),
};

struct new_address {
    int64_t branch_id;
    struct str address_line1, address_line2, city, postcode;
};

static const struct field new_address_fields[] = {
    FIELD(struct new_address, branch_id, INTEGER, .required = true, .min = 1, .max = INT64_MAX),
    FIELD(struct new_address, address_line1, TEXT, .required = true, .min = 1, .max = 200),
    FIELD(struct new_address, address_line2, TEXT, .max = 200),
    FIELD(struct new_address, city, TEXT, .required = true, .min = 1, .max = 100),
    FIELD(struct new_address, postcode, TEXT, .required = true, .min = 5, .max = 10),
};

#define LOOK_UP(what, text, statement) {GET, "/api/jobs/" what, .summary = text, .right = "api.jobs." what ".manage", \
    .shipped_to = MINIMAL, .accounts = EVERYBODY, .sql = &statement, .data = DATA_LIST, .run = show_all}

static const struct endpoint endpoints[] = {
    LOOK_UP("statuses", "List job statuses", sql_job_statuses_list),
    LOOK_UP("priorities", "List job priorities", sql_job_priorities_list),
    LOOK_UP("types", "List job types", sql_job_types_list),
    LOOK_UP("time-ranges", "List job time ranges", sql_job_time_ranges_list),
    LOOK_UP("payment-statuses", "List job payment statuses", sql_payment_statuses_list),
    {
        GET, "/api/jobs/addresses",
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
        POST, "/api/jobs/addresses", "create",
        .summary = "Add a property address",
        .right = "api.jobs.addresses.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF,
        .input = INPUT(new_address, new_address_fields),
        .sql = &sql_address_create,
        .message = "Address added",
        .audit = "address_created",
        .subject = "address",
        .run = write_one,
    },
};

const struct module job_lookups_module = MODULE("jobs", endpoints);
