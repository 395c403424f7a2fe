#include "server/endpoint.h"
#include "tenancy/listing.h"
#include "tenancy/params.h"
#include "tenancy/rows.h"

static struct rows *run(struct call *c)
{
    const struct statement *s = c->endpoint->sql;

    return db_run(c, s, params_of(c, s), s->params_count);
}

static const char *message_of(const struct call *c)
{
    return c->endpoint->message ? c->endpoint->message : "Operation completed successfully";
}

void list_page(struct call *c, const void *input)
{
    (void)input;
    listing_reply(c, c->endpoint->sql, NULL, 0);
}

void show_all(struct call *c, const void *input)
{
    (void)input;
    reply_rows(c, run(c));
}

void show_one(struct call *c, const void *input)
{
    (void)input;
    reply_row(c, run(c));
}

void write_one(struct call *c, const void *input)
{
    struct rows *r = run(c);
    struct json j;

    (void)input;
    if (r->count == 0)
        fail(c, NOT_FOUND);
    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_key(&j, "message");
    json_text(&j, message_of(c));
    json_row_members(c, &j, r, 0);
    json_object_end(&j);
}

void remove_one(struct call *c, const void *input)
{
    write_one(c, input);
}
