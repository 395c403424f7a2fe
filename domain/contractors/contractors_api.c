#include "domain/contractors/contractors.h"
#include "domain/contractors/contractors.sql.h"
#include "tenancy/db.h"

struct list_contractors {
    struct list_input list;
    struct str search, postcode;
    int64_t trade_id;
};

static const struct field list_fields[] = {
    FIELD(struct list_contractors, search, TEXT, .max = 100, .help = "Part of the name"),
    FIELD(struct list_contractors, trade_id, INTEGER),
    FIELD(struct list_contractors, postcode, TEXT, .max = 10, .help = "Who works there"),
    LIST_FIELDS(struct list_contractors, 200),
};

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/contractors/list",
        "list",
        .action_optional = true,
        .summary = "List active contractors",
        .right = "api.contractors.list.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF | AGENT,
        .shipped_to_accounts = true,
        .input = INPUT(list_contractors, list_fields),
        .sql = &sql_contractors_list,
        .data = DATA_LIST,
        .run = list_page,
    },
    {
        GET,
        "/api/contractors/trades",
        .summary = "List contractor trade categories",
        .right = "api.contractors.trades.manage",
        .shipped_to = MINIMAL,
        .accounts = EVERYBODY,
        .shipped_to_accounts = true,
        .sql = &sql_trades_list,
        .data = DATA_LIST,
        .run = show_all,
    },
};

const struct module contractors_module = MODULE("contractors", endpoints);
