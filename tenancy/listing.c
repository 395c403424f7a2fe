/*
 * Statement text is put together here and nowhere else, only from parts that stand in .sql files: what a client sends ends up in
 * parameters. Each combination of filters is a text of its own with its own plan; under one plan for all, a filter that is off costs
 * as much as one that is on.
 */
#include "tenancy/listing.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "server/endpoint.h"
#include "tenancy/org.h"
#include "tenancy/params.h"
#include "tenancy/rows.h"
#include "tenancy/db_private.h"

enum { OFFSET_MOST = 10000, TOTAL_MOST = 10001, ARGS_MOST = 48, CURSOR_VALUES = 4 };

/* A text under construction and what its parameters are. */
struct composition {
    struct call *c;
    const struct statement *s;
    struct buf *text;
    unsigned params;
    bool has_where;
};

static void add_condition(struct composition *k, const char *condition)
{
    buf_text(k->text, k->has_where ? "\nAND (" : "\nWHERE (");
    k->has_where = true;
    for (const char *at = condition; *at; at++)
        if (*at == '?')
            buf_print(k->text, "$%u", ++k->params);
        else
            buf_char(k->text, *at);
    buf_char(k->text, ')');
}

static void add_filter(struct composition *k, const struct filter *f)
{
    struct buf *typed = call_buf(k->c);

    /* Every parameter is cast to the declared type. */
    for (const char *at = f->text; *at; at++) {
        buf_char(typed, *at);
        if (*at == '?')
            buf_print(typed, "::%s", f->type);
    }
    buf_char(typed, '\0');
    add_condition(k, typed->at);
}

/* (a, b) < ($1, $2) written out, since the columns may be ordered in different directions. */
static void add_cursor(struct composition *k)
{
    const struct statement *s = k->s;
    unsigned first = k->params;

    buf_text(k->text, k->has_where ? "\nAND (" : "\nWHERE (");
    k->has_where = true;
    for (size_t i = 0; i < s->orders_count; i++) {
        buf_text(k->text, i ? " OR (" : "(");
        for (size_t p = 0; p < i; p++)
            buf_print(k->text, "%s = $%zu::%s AND ", s->orders[p].expression, first + p + 1, s->orders[p].type);
        buf_print(k->text, "%s %c $%zu::%s)", s->orders[i].expression, s->orders[i].descending ? '<' : '>', first + i + 1,
            s->orders[i].type);
    }
    k->params += (unsigned)s->orders_count;
    buf_char(k->text, ')');
}

static void add_conditions(struct composition *k, uint64_t filters, int account_type)
{
    const struct statement *s = k->s;

    k->params = (unsigned)s->params_count;
    if (s->where)
        add_condition(k, s->where);
    if (account_type > 0 && account_type < 6 && s->scope[account_type])
        add_condition(k, s->scope[account_type]);
    for (size_t i = 0; i < s->filters_count; i++)
        if (filters >> i & 1)
            add_filter(k, &s->filters[i]);
}

static void add_page(struct composition *k)
{
    const struct statement *s = k->s;

    buf_text(k->text, "\nORDER BY ");
    for (size_t i = 0; i < s->orders_count; i++)
        buf_print(k->text, "%s%s%s", i ? ", " : "", s->orders[i].expression, s->orders[i].descending ? " DESC" : "");
    buf_print(k->text, "\nLIMIT $%u::bigint OFFSET $%u::bigint", k->params + 1, k->params + 2);
    k->params += 2;
}

struct str listing_text(struct call *c, const struct statement *s, uint64_t filters, int account_type, bool cursor, bool total)
{
    struct composition k = {c, s, call_buf(c), 0, false};

    if (total) {
        buf_print(k.text, "SELECT count(*)::bigint FROM (SELECT 1\n%s", s->from);
        add_conditions(&k, filters, account_type);
        buf_print(k.text, "\nLIMIT %d) counted", TOTAL_MOST);
    } else {
        buf_text(k.text, s->text);
        for (size_t i = 0; i < s->orders_count; i++)
            buf_print(k.text, ", (%s)::text", s->orders[i].expression);
        buf_print(k.text, "\n%s", s->from);
        add_conditions(&k, filters, account_type);
        if (cursor)
            add_cursor(&k);
        add_page(&k);
    }
    buf_char(k.text, '\0');
    return (struct str){k.text->at, k.text->len - 1};
}

/* A cursor is the page's last order values and a mark of the listing they belong to, in base 64. */
static struct str cursor_make(struct call *c, const struct statement *s, const struct rows *r, size_t row)
{
    struct buf *b = call_buf(c);

    buf_print(b, "%s", s->name);
    for (unsigned i = 0; i < s->orders_count; i++) {
        buf_char(b, '\x1f');
        buf_str(b, row_extra(r, row, i));
    }
    size_t room = sodium_base64_encoded_len(b->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = call_alloc(c, room);
    sodium_bin2base64(text, room, (const uint8_t *)b->at, b->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(text);
}

/* Order values are numbers, instants, dates, uuids or names: a value that its type cannot be read from is refused by PostgreSQL, so
 * what may stand in numbers and instants is checked here, where the answer can be a clear one. */
static bool value_fits(struct str value, const char *type)
{
    int64_t number;
    struct uuid uuid;

    if (strcmp(type, "bigint") == 0)
        return str_to_int(value, &number);
    if (strcmp(type, "uuid") == 0)
        return uuid_parse(value, &uuid);
    if (strcmp(type, "timestamptz") == 0 || strcmp(type, "date") == 0) {
        struct date day;
        if (value.len < 10 || !date_parse((struct str){value.at, 10}, &day))
            return false;
        return strspn(value.at, "0123456789-:.+ ") >= value.len;
    }
    return str_is_utf8(value);
}

static bool cursor_read(struct call *c, const struct statement *s, struct str cursor, struct str values[CURSOR_VALUES])
{
    char *bytes = call_alloc(c, cursor.len + 1);
    size_t len = 0, count = 0;

    if (sodium_base642bin((uint8_t *)bytes, cursor.len, cursor.at, cursor.len, NULL, &len, NULL,
            sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    struct str rest = {bytes, len};
    if (!str_is(str_cut(&rest, '\x1f'), s->name))
        return false;
    while (rest.at && count < s->orders_count) {
        values[count] = call_copy(c, str_cut(&rest, '\x1f'));
        if (!value_fits(values[count], s->orders[count].type))
            return false;
        count++;
    }
    return !rest.at && count == s->orders_count;
}

static uint64_t filters_given(struct call *c, const struct statement *s)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < s->filters_count; i++)
        if (param_given(c, s->filters[i].name))
            mask |= (uint64_t)1 << i;
    return mask;
}

static size_t conditions_args(struct call *c, const struct statement *s, uint64_t filters, struct arg *args)
{
    const struct arg *fixed = params_of(c, s);
    int type = c->account->type_id;
    size_t count = s->params_count;

    memcpy(args, fixed, count * sizeof *args);
    if (type > 0 && s->scope[type] && strchr(s->scope[type], '?'))
        args[count++] = type == 2 ? arg_ints(c, c->account->branch_ids) : arg_int(c, c->account->id);
    for (size_t i = 0; i < s->filters_count; i++)
        if (filters >> i & 1)
            args[count++] = param_of(c, s->filters[i].name);
    return count;
}

static struct rows *run(struct call *c, const struct statement *of, const struct statement *s, uint64_t filters, bool cursor,
    bool total, const struct arg *args, size_t count)
{
    uint64_t variant = filters << 8 | (uint64_t)c->account->type_id << 2 | (uint64_t)cursor << 1 | total;
    struct str text = listing_text(c, s, filters, c->account->type_id, cursor, total);

    return query_run(c, &(struct query){of, text.at, query_key(c, s, variant + 1), args, count});
}

static int64_t integer_of(struct call *c, const char *name)
{
    int64_t value = 0;
    struct arg a = param_of(c, name);

    str_to_int((struct str){a.value ? a.value : "0", a.value ? (size_t)a.length : 1}, &value);
    return value;
}

static int64_t total_of(struct call *c, const struct statement *s, uint64_t filters, const struct arg *args, size_t count)
{
    static const struct column column = {.name = "total", .type = COLUMN_BIGINT};
    static const struct statement of = {.name = "total", .columns = &column, .columns_count = 1};

    return row_int(run(c, &of, s, filters, false, true, args, count), 0, "total");
}

static void write_page(struct call *c, struct rows *r, int64_t limit, int64_t total, const struct member *members, size_t count)
{
    struct json j;
    bool more = r->count > (size_t)limit;

    if (call_faulted(c))
        return;
    if (more)
        r->count = (size_t)limit;
    reply_begin(c, &j);
    json_key(&j, "data");
    json_rows(c, &j, r);
    json_key(&j, "count");
    json_int(&j, (int64_t)r->count);
    json_key(&j, "total");
    json_int(&j, total);
    json_key(&j, "next_cursor");
    json_str(&j, more ? cursor_make(c, r->of, r, r->count - 1) : NO_STR);
    for (size_t i = 0; i < count; i++)
        json_member(&j, &members[i]);
    json_object_end(&j);
}

void listing_reply(struct call *c, const struct statement *s, const struct member *members, size_t count)
{
    struct arg args[ARGS_MOST], cursor = param_of(c, "cursor");
    struct str values[CURSOR_VALUES];
    int64_t limit = integer_of(c, "limit"), offset = integer_of(c, "offset");
    bool by_cursor = cursor.value && cursor.length > 0;

    if (offset > OFFSET_MOST)
        return fail(c, OFFSET_TOO_LARGE);
    if (by_cursor && !cursor_read(c, s, (struct str){cursor.value, (size_t)cursor.length}, values))
        return fail_field(c, "cursor", "is not a cursor of this list");
    uint64_t filters = filters_given(c, s);
    size_t used = conditions_args(c, s, filters, args);
    int64_t total = total_of(c, s, filters, args, used);
    for (size_t i = 0; by_cursor && i < s->orders_count; i++)
        args[used++] = arg_str(c, values[i]);
    args[used++] = arg_int(c, limit + 1);
    args[used++] = arg_int(c, by_cursor ? 0 : offset);
    struct rows *r = run(c, s, s, filters, by_cursor, false, args, used);
    write_page(c, r, limit, total, members, count);
}
