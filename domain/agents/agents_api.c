#include "domain/agents/agents.h"
#include "domain/agents/agents.sql.h"
#include "tenancy/db.h"

struct list_agents {
    struct list_input list;
    struct str search;
    int64_t branch_id;
};

static const struct field list_fields[] = {
    FIELD(struct list_agents, search, TEXT, .max = 100, .help = "Part of the name"),
    FIELD(struct list_agents, branch_id, INTEGER),
    LIST_FIELDS(struct list_agents, 200),
};

static const struct endpoint endpoints[] = {
    {
        GET, "/api/agents/list", "list",
        .action_optional = true,
        .summary = "List active agents",
        .right = "api.agents.list.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF | AGENT,
        .input = INPUT(list_agents, list_fields),
        .sql = &sql_agents_list,
        .data = DATA_LIST,
        .run = list_page,
    },
};

const struct module agents_module = MODULE("agents", endpoints);
