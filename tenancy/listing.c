/*
 * Statement text is put together here and nowhere else, only from parts that stand in .sql files:
 * what a client sends ends up in parameters. Each combination of filters is a text of its own with
 * its own plan; under one plan for all, a filter that is off costs as much as one that is on.
 */
#include "tenancy/listing.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "server/endpoint.h"
#include "tenancy/db_private.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"
#include "tenancy/params.h"
#include "tenancy/rows.h"

enum {
    OFFSET_MOST = 10000,
    TOTAL_MOST = 10001,
    ARGS_MOST = 64,
    ORDERS_MOST = 4,
    MARK_SIZE = 16,
    CURSOR_MOST = 600,
    FILTERS_MOST = 54
};

/* The planner must know how few rows are wanted, so the limit is part of the text; to keep the
 * texts few it is one of these. */
static const unsigned sizes[] = {10, 25, 50, 100, 200, 500, 1000};

/* A text under construction. */
struct composition {
    const struct statement *s;
    struct buf *text;
    unsigned params;
    bool has_where;
};

static void begin_condition(struct composition *k)
{
    buf_text(k->text, k->has_where ? "\nAND (" : "\nWHERE (");
    k->has_where = true;
}

/* Each ? is the condition's one parameter, cast to its type where that is declared. */
static void add_condition(struct composition *k, const char *condition, const char *type)
{
    if (strchr(condition, '?'))
        k->params++;
    begin_condition(k);
    for (const char *at = condition; *at; at++) {
        if (*at != '?')
            buf_char(k->text, *at);
        else if (type)
            buf_print(k->text, "$%u::%s", k->params, type);
        else
            buf_print(k->text, "$%u", k->params);
    }
    buf_char(k->text, ')');
}

/* (a, b) < ($1, $2) written out, since the columns may be ordered in different directions. When all
 * go the same way, the row comparison is kept: it is what walks an index. */
static void add_cursor(struct composition *k)
{
    const struct statement *s = k->s;
    bool alike = true;

    for (size_t i = 1; i < s->orders_count; i++)
        alike = alike && s->orders[i].descending == s->orders[0].descending;
    begin_condition(k);
    if (alike) {
        for (size_t i = 0; i < s->orders_count; i++)
            buf_print(k->text, "%s%s", i ? ", " : "(", s->orders[i].expression);
        buf_print(k->text, ") %c ", s->orders[0].descending ? '<' : '>');
        for (size_t i = 0; i < s->orders_count; i++)
            buf_print(k->text, "%s$%zu::%s", i ? ", " : "(", k->params + i + 1, s->orders[i].type);
        buf_char(k->text, ')');
    }
    for (size_t i = 0; !alike && i < s->orders_count; i++) {
        buf_text(k->text, i ? " OR (" : "(");
        for (size_t p = 0; p < i; p++)
            buf_print(k->text, "%s = $%zu::%s AND ", s->orders[p].expression, k->params + p + 1,
                s->orders[p].type);
        buf_print(k->text, "%s %c $%zu::%s)", s->orders[i].expression,
            s->orders[i].descending ? '<' : '>', k->params + i + 1, s->orders[i].type);
    }
    k->params += (unsigned)s->orders_count;
    buf_char(k->text, ')');
}

static const char *scope_of(const struct statement *s, int account_type)
{
    return account_type > 0 && account_type < (int)countof(s->scope) ? s->scope[account_type]
                                                                     : NULL;
}

static void add_conditions(struct composition *k, const struct listing_variant *v)
{
    const struct statement *s = k->s;
    const char *scope = scope_of(s, v->account_type);

    k->params = (unsigned)s->params_count;
    /* Counting has no SELECT list, where a parameter may be used; each must be somewhere, so that
     * its type is known. */
    for (size_t i = 0; v->total && i < s->params_count; i++) {
        begin_condition(k);
        buf_print(k->text, "$%zu::%s IS NULL OR true)", i + 1, s->params[i].type);
    }
    if (s->where)
        add_condition(k, s->where, NULL);
    if (scope)
        add_condition(k, scope, NULL);
    for (size_t i = 0; i < s->filters_count; i++)
        if (v->filters >> i & 1)
            add_condition(k, s->filters[i].text, s->filters[i].type);
}

static void add_page(struct composition *k, const struct listing_variant *v)
{
    const struct statement *s = k->s;

    buf_text(k->text, "\nORDER BY ");
    for (size_t i = 0; i < s->orders_count; i++)
        buf_print(k->text, "%s%s%s", i ? ", " : "", s->orders[i].expression,
            s->orders[i].descending ? " DESC" : "");
    /* One more than a page, to know whether there is another. */
    buf_print(k->text, "\nLIMIT %u", sizes[v->most] + 1);
    if (v->offset)
        buf_print(k->text, " OFFSET $%u::bigint", ++k->params);
}

struct str listing_text(
    struct call *c, const struct statement *s, const struct listing_variant *v, unsigned *params)
{
    struct composition k = {.s = s, .text = call_buf(c)};

    if (v->total) {
        buf_print(k.text, "SELECT count(*)::bigint FROM (SELECT 1\n%s", s->from);
        add_conditions(&k, v);
        buf_print(k.text, "\nLIMIT %d) counted", TOTAL_MOST);
    } else {
        buf_text(k.text, s->text);
        for (size_t i = 0; i < s->orders_count; i++)
            buf_print(k.text, ", (%s)::text", s->orders[i].expression);
        buf_print(k.text, "\n%s", s->from);
        add_conditions(&k, v);
        if (v->cursor)
            add_cursor(&k);
        add_page(&k, v);
    }
    buf_char(k.text, '\0');
    if (params)
        *params = k.params;
    return (struct str){k.text->at, k.text->len - 1};
}

/* What makes a cursor ours: a keyed hash over the listing, its order and the values. False when the
 * org has no such key. */
static bool mark(struct call *c, const struct statement *s, uint32_t version, struct str values,
    uint8_t out[MARK_SIZE])
{
    crypto_generichash_state state;
    uint8_t key[32];

    if (!keyring_key(c->org->keys, version, PURPOSE_TOKENS, key))
        return false;
    crypto_generichash_init(&state, key, sizeof key, MARK_SIZE);
    sodium_memzero(key, sizeof key);
    crypto_generichash_update(&state, (const uint8_t *)"cursor", 7);
    crypto_generichash_update(&state, (const uint8_t *)s->name, strlen(s->name) + 1);
    for (size_t i = 0; i < s->orders_count; i++)
        crypto_generichash_update(
            &state, (const uint8_t *)s->orders[i].expression, strlen(s->orders[i].expression) + 1);
    crypto_generichash_update(&state, (const uint8_t *)values.at, values.len);
    crypto_generichash_final(&state, out, MARK_SIZE);
    return true;
}

/* Key version, mark, and the order values of the page's last row, in base 64. */
static struct str cursor_make(
    struct call *c, const struct statement *s, const struct rows *r, size_t row)
{
    struct buf *values = call_buf(c), *all = call_buf(c);
    uint32_t version = keyring_current(c->org->keys);
    uint8_t ours[MARK_SIZE];

    for (unsigned i = 0; i < s->orders_count; i++) {
        if (i)
            buf_char(values, '\x1f');
        buf_str(values, row_extra(r, row, i));
    }
    if (!mark(c, s, version, buf_view(values), ours)) {
        fail_with(c, INTERNAL, "no key for cursors");
        return NO_STR;
    }
    buf_add(all, &version, sizeof version);
    buf_add(all, ours, sizeof ours);
    buf_str(all, buf_view(values));
    size_t room = sodium_base64_encoded_len(all->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = call_alloc(c, room);
    sodium_bin2base64(
        text, room, (const uint8_t *)all->at, all->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(text);
}

/* False for anything that this listing of this org did not give out. */
static bool cursor_read(
    struct call *c, const struct statement *s, struct str cursor, struct str values[ORDERS_MOST])
{
    uint32_t version;
    uint8_t ours[MARK_SIZE], bytes[CURSOR_MOST];
    const size_t head = sizeof version + sizeof ours;
    size_t len = 0, count = 0;

    if (sodium_base642bin(bytes, sizeof bytes, cursor.at, cursor.len, NULL, &len, NULL,
            sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        len <= head)
        return false;
    memcpy(&version, bytes, sizeof version);
    struct str rest = {(char *)bytes + head, len - head};
    if (version == 0 || !mark(c, s, version, rest, ours) ||
        sodium_memcmp(ours, bytes + sizeof version, sizeof ours) != 0)
        return false;
    while (rest.at && count < s->orders_count)
        values[count++] = call_copy(c, str_cut(&rest, '\x1f'));
    return !rest.at && count == s->orders_count;
}

/* One request for a page. */
struct page {
    struct call *c;
    const struct statement *s;
    const struct listing_value *values; /* the handler's */
    size_t values_count;
    int64_t limit, offset;
    struct listing_variant variant;
    struct arg args[ARGS_MOST];
    size_t args_count;
};

static const struct arg *value_of(const struct page *p, const char *name)
{
    for (size_t i = 0; i < p->values_count; i++)
        if (strcmp(p->values[i].name, name) == 0)
            return &p->values[i].value;
    return NULL;
}

static void add_arg(struct page *p, struct arg a)
{
    assert(p->args_count < ARGS_MOST);
    p->args[p->args_count++] = a;
}

static struct arg arg_named(const struct page *p, const char *name)
{
    const struct arg *given = value_of(p, name);

    return given ? *given : param_of(p->c, name);
}

static bool is_given(const struct page *p, const char *name)
{
    const struct arg *given = value_of(p, name);

    return given ? given->value != NULL : param_given(p->c, name);
}

/* In the order in which add_conditions numbers them. */
static void add_args(struct page *p)
{
    const struct statement *s = p->s;
    const char *scope = scope_of(s, p->variant.account_type);

    assert(s->filters_count <= FILTERS_MOST && s->orders_count <= ORDERS_MOST);
    for (size_t i = 0; i < s->params_count; i++)
        add_arg(p, arg_named(p, s->params[i].name));
    if (scope && strchr(scope, '?'))
        add_arg(p, p->c->account->kind == AGENT ? arg_ints(p->c, p->c->account->branch_ids)
                                                : arg_int(p->c, p->c->account->id));
    for (size_t i = 0; i < s->filters_count; i++)
        if (is_given(p, s->filters[i].name)) {
            p->variant.filters |= (uint64_t)1 << i;
            add_arg(p, arg_named(p, s->filters[i].name));
        }
}

static uint64_t number_of(const struct listing_variant *v)
{
    return (v->filters << 9 | (uint64_t)v->account_type << 6 | (uint64_t)v->most << 3 |
               (uint64_t)v->offset << 2 | (uint64_t)v->cursor << 1 | v->total) +
           1;
}

static struct rows *run(
    const struct page *p, const struct statement *of, const struct listing_variant *v, size_t count)
{
    if (call_faulted(p->c))
        return query_run(p->c, &(struct query){.of = of});
    struct str text = listing_text(p->c, p->s, v, NULL);
    return query_run(p->c,
        &(struct query){of, text.at, query_key(p->c, p->s, number_of(v)), p->args, count, false});
}

static int64_t count_all(const struct page *p)
{
    static const struct column column = {.name = "total", .type = COLUMN_BIGINT};
    static const struct statement of = {.name = "total", .columns = &column, .columns_count = 1};
    struct listing_variant v = {
        .filters = p->variant.filters, .account_type = p->variant.account_type, .total = true};

    return row_int(run(p, &of, &v, p->args_count), 0, "total");
}

/* A first page that holds everything needs no counting. */
static int64_t total_of(const struct page *p, size_t got, bool more)
{
    bool all_seen = !more && !p->variant.cursor && (got > 0 || p->offset == 0);

    return all_seen ? p->offset + (int64_t)got : count_all(p);
}

/* The page itself: its cursor's values and offset stand behind the arguments that counting shares.
 */
static struct rows *read_page(struct page *p, const struct str *after)
{
    size_t shared = p->args_count;

    for (size_t i = 0; p->variant.cursor && i < p->s->orders_count; i++)
        add_arg(p, arg_str(p->c, after[i]));
    if (p->variant.offset)
        add_arg(p, arg_int(p->c, p->offset));
    struct rows *r = run(p, p->s, &p->variant, p->args_count);
    p->args_count = shared;
    return r;
}

static void write_page(
    const struct page *p, struct rows *r, const struct member *members, size_t members_count)
{
    struct call *c = p->c;
    struct json j;
    bool more = r->count > (size_t)p->limit;

    r->count = more ? (size_t)p->limit : r->count;
    int64_t total = total_of(p, r->count, more);
    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_key(&j, "data");
    json_rows(c, &j, r);
    json_key(&j, "count");
    json_int(&j, (int64_t)r->count);
    json_key(&j, "total");
    json_int(&j, total);
    json_key(&j, "next_cursor");
    json_str(&j, more ? cursor_make(c, p->s, r, r->count - 1) : NO_STR);
    for (size_t i = 0; i < members_count; i++)
        json_member(&j, &members[i]);
    json_object_end(&j);
}

static int64_t integer_of(struct call *c, const char *name)
{
    int64_t value = 0;
    struct arg a = param_of(c, name);

    str_to_int((struct str){a.value ? a.value : "0", a.value ? (size_t)a.length : 1}, &value);
    return value;
}

static unsigned size_for(int64_t limit)
{
    unsigned i = 0;

    while (i + 1 < countof(sizes) && (int64_t)sizes[i] < limit)
        i++;
    return i;
}

void listing_page(struct call *c, const struct statement *s, const struct listing_value *values,
    size_t values_count, const struct member *members, size_t members_count)
{
    struct str after[ORDERS_MOST] = {{0}};

    if (call_faulted(c))
        return;
    /* The shared host without a token has no org, and so neither data nor keys. */
    if (!c->org)
        return fail(c, NOT_SIGNED_IN);
    struct page *p = call_alloc(c, sizeof *p);
    struct arg cursor = param_of(c, "cursor");
    *p = (struct page){.c = c,
        .s = s,
        .values = values,
        .values_count = values_count,
        .limit = integer_of(c, "limit"),
        .offset = integer_of(c, "offset")};
    if (p->limit > (int64_t)sizes[countof(sizes) - 1])
        p->limit = sizes[countof(sizes) - 1];
    if (p->offset > OFFSET_MOST)
        return fail(c, OFFSET_TOO_LARGE);
    p->variant.cursor = cursor.value && cursor.length > 0;
    if (p->variant.cursor &&
        !cursor_read(c, s, (struct str){cursor.value, (size_t)cursor.length}, after))
        return fail_field(c, "cursor", "is not a cursor of this list");
    if (p->variant.cursor)
        p->offset = 0; /* the cursor says where */
    p->variant.offset = p->offset > 0;
    p->variant.account_type = c->account->type_id;
    p->variant.most = size_for(p->limit);
    add_args(p);
    struct rows *r = read_page(p, after);
    if (!call_faulted(c))
        write_page(p, r, members, members_count);
}

void listing_reply(
    struct call *c, const struct statement *s, const struct member *members, size_t count)
{
    listing_page(c, s, NULL, 0, members, count);
}
