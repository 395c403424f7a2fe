#include "domain/agents/agents.h"
#include "domain/agents/agents.sql.h"
#include "server/fiber.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/listing.h"

enum { COMPARED_MOST = 2000 };

struct list_agents {
    struct list_input list;
    struct str search;
    int64_t branch_id;
};

static const struct field list_fields[] = {
    FIELD(
        struct list_agents, search, TEXT, .max = 100, .help = "Part of the name or e-mail address"),
    FIELD(struct list_agents, branch_id, INTEGER),
    LIST_FIELDS(struct list_agents, 200),
};

struct search {
    struct call *c;
    struct str normal;
    const struct rows *rows;
    int64_t *ids;
    size_t count;
};

static void compare(void *arg)
{
    struct search *s = arg;

    for (size_t i = 0; i < rows_count(s->rows) && !call_faulted(s->c); i++)
        if (search_holds(s->c, row_str(s->rows, i, "name"), s->normal) ||
            search_holds(s->c, row_sealed(s->c, s->rows, i, "email"), s->normal))
            s->ids[s->count++] = row_int(s->rows, i, "id");
}

/* An org has few agents: all are opened, on a worker, and compared. */
static struct ints find(struct call *c, struct str part)
{
    struct search s = {.c = c,
        .normal = search_normal(c, part),
        .rows = db_query(c, sql_agents_to_compare, ARG((int)COMPARED_MOST))};

    s.ids = call_alloc(c, (rows_count(s.rows) + 1) * sizeof *s.ids);
    if (!call_faulted(c) && !offload(compare, &s))
        fail_with(c, BUSY, "the workers' queue is full");
    return (struct ints){s.ids, s.count};
}

static void list(struct call *c, const struct list_agents *in)
{
    const struct listing_value found = {
        "found", in->search.len ? ARG(find(c, in->search)) : (struct arg){0}};

    listing_page(c, &sql_agents_list, &found, 1, NULL, 0);
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/agents/list",
        "list",
        .action_optional = true,
        .summary = "List active agents",
        .right = "api.agents.list.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF | AGENT,
        .shipped_to_accounts = true,
        .input = INPUT(list_agents, list_fields),
        .sql = &sql_agents_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
};

const struct module agents_module = MODULE("agents", endpoints);
