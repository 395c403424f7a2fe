/*
 * Every statement of the binary is prepared against a migrated org's schema, as that org's role,
 * and compared with what its .sql file says of it: a mistake in a statement ends the test run, not
 * somebody's work. Statement text here only asks PostgreSQL about other statements.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/config.h"
#include "server/endpoint.h"
#include "server/log.h"
#include "tenancy/admin.h"
#include "tenancy/directory.h"
#include "tenancy/keys.h"
#include "tenancy/listing.h"
#include "tenancy/verbs.h"

enum { PARAMS_MOST = 80, BIG_TABLE = 1000, NAMEDATALEN_MOST = 64 };

/* Numbers of PostgreSQL's own types, which never change. */
enum {
    BOOL = 16,
    BYTEA = 17,
    NAME = 19,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXTS = 25,
    JSON = 114,
    INT2S = 1005,
    INT4S = 1007,
    TEXT_ARRAY = 1009,
    VARCHARS = 1015,
    INT8S = 1016,
    BPCHAR = 1042,
    VARCHAR = 1043,
    DATE = 1082,
    TIMESTAMPTZ = 1184,
    NUMERIC = 1700,
    UUID = 2950,
    UUIDS = 2951,
    JSONB = 3802,
    FLOAT4 = 700,
    FLOAT8 = 701
};

/* What may stand behind a declared type. */
static const Oid fitting[][7] = {
    [COLUMN_BIGINT] = {INT8, INT4, INT2},
    [COLUMN_TEXT] = {TEXTS, VARCHAR, BPCHAR, NAME},
    [COLUMN_UUID] = {UUID},
    [COLUMN_BOOLEAN] = {BOOL},
    [COLUMN_NUMERIC] = {NUMERIC, INT8, INT4, INT2, FLOAT4, FLOAT8},
    [COLUMN_DATE] = {DATE},
    [COLUMN_INSTANT] = {TIMESTAMPTZ},
    [COLUMN_JSON] = {JSON, JSONB},
    [COLUMN_BYTES] = {BYTEA},
    [COLUMN_BIGINTS] = {INT8S, INT4S, INT2S},
    [COLUMN_TEXTS] = {TEXT_ARRAY, VARCHARS},
    [COLUMN_UUIDS] = {UUIDS},
    [COLUMN_SEALED] = {BYTEA},
};

/* One text that is being looked at. */
struct subject {
    PGconn *pg;
    const struct org *org;
    const struct statement *of;
    const char *variant; /* "", or which text of a listing */
    const char *text;
    int account_type;
    const char *types[PARAMS_MOST]; /* declared, NULL where nothing is said */
    unsigned params;
    bool params_declared, total,
        again; /* again: another text of this listing was looked at, with the same columns */
};

static unsigned faults, looked_at;

static void complain(const struct subject *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(const struct subject *s, const char *format, ...)
{
    va_list args;

    printf("%s%s: ", s->of->name, s->variant);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    faults++;
}

static const char *type_name(PGconn *pg, Oid type)
{
    static char name[80];
    char number[16];
    const char *values[] = {number};

    snprintf(number, sizeof number, "%u", type);
    PGresult *r = admin_query(pg, "SELECT format_type($1::oid, NULL)", 1, values);
    snprintf(name, sizeof name, "%s", r ? admin_cell(r, 0, 0) : "?");
    PQclear(r);
    return name;
}

/* 0 for a name that is none. */
static Oid type_number(PGconn *pg, const char *name)
{
    const char *values[] = {name};
    PGresult *r = admin_query(pg, "SELECT coalesce(to_regtype($1)::oid, 0)", 1, values);
    Oid type = r ? (Oid)strtoul(admin_cell(r, 0, 0), NULL, 10) : 0;

    PQclear(r);
    return type;
}

/* Of another width: what does not fit is refused when it comes. */
static bool is_integer(Oid type)
{
    return type == INT8 || type == INT4 || type == INT2;
}

static void check_params(const struct subject *s, const PGresult *described)
{
    int takes = PQnparams(described);

    if ((unsigned)takes != s->params) {
        if (s->params_declared)
            complain(s, "takes %d parameters, %u are declared", takes, s->params);
        return;
    }
    for (unsigned i = 0; i < s->params; i++) {
        if (!s->types[i])
            continue;
        Oid wanted = type_number(s->pg, s->types[i]);
        if (!wanted)
            complain(s, "parameter $%u: there is no type '%s'", i + 1, s->types[i]);
        else if (wanted != PQparamtype(described, (int)i) &&
                 !(is_integer(wanted) && is_integer(PQparamtype(described, (int)i))))
            complain(s, "parameter $%u is %s, declared %s", i + 1,
                type_name(s->pg, PQparamtype(described, (int)i)), s->types[i]);
    }
}

static bool fits(enum column_type declared, Oid type)
{
    for (size_t i = 0; i < countof(fitting[0]) && fitting[declared][i]; i++)
        if (fitting[declared][i] == type)
            return true;
    return false;
}

static const struct column *column_named(const struct statement *of, const char *name)
{
    for (size_t i = 0; i < of->columns_count; i++)
        if (strcmp(of->columns[i].name, name) == 0)
            return &of->columns[i];
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);

    return len >= tail && strcasecmp(text + len - tail, end) == 0;
}

/* Replies take the declared names, in order; the statement's own must not speak against that order.
 * A table's column may differ by what stands before it (name for branch_name, name_sealed for
 * tenant_name); an expression without a name of its own may be anything but another declared
 * column. */
static bool same_column(const struct subject *s, const PGresult *described, size_t i)
{
    const struct column *d = &s->of->columns[i];
    const char *name = PQfname(described, (int)i);
    char bare[NAMEDATALEN_MOST];

    snprintf(bare, sizeof bare, "%s", name);
    if (d->type == COLUMN_SEALED && ends_with(bare, "_sealed"))
        bare[strlen(bare) - strlen("_sealed")] = '\0';
    if (ends_with(d->name, bare) || ends_with(bare, d->name))
        return true;
    return PQftable(described, (int)i) == InvalidOid && !column_named(s->of, name);
}

static void check_column(const struct subject *s, const PGresult *described, size_t i)
{
    const struct column *d = &s->of->columns[i];
    const char *name = PQfname(described, (int)i);
    Oid type = PQftype(described, (int)i);

    if (!same_column(s, described, i))
        complain(s, "column %zu is named %s, declared %s", i + 1, name, d->name);
    else if (!fits(d->type, type))
        complain(
            s, "column %s is %s, which is not what is declared", d->name, type_name(s->pg, type));
    if (d->type != COLUMN_SEALED)
        return;
    const struct column *by = d->by ? column_named(s->of, d->by) : NULL;
    if (!by || by->type != COLUMN_UUID)
        complain(s, "column %s is sealed by '%s', which is no uuid column of the statement",
            d->name, d->by ? d->by : "");
    if (!d->place || !strchr(d->place, '.'))
        complain(
            s, "column %s is sealed for '%s': write kind.field", d->name, d->place ? d->place : "");
}

static void check_columns(const struct subject *s, const PGresult *described)
{
    size_t hidden = s->of->from ? s->of->orders_count : 0, declared = s->of->columns_count;
    size_t got = (size_t)PQnfields(described);

    if (s->total)
        return;
    if (got != declared + hidden) {
        complain(s, "returns %zu columns, %zu are declared", got - (got > hidden ? hidden : 0),
            declared);
        return;
    }
    for (size_t i = 0; i < declared; i++)
        check_column(s, described, i);
}

static bool bind(const struct subject *s)
{
    char type[12];
    const char *values[] = {s->org->role, s->org->schema, type};

    snprintf(type, sizeof type, "%d", s->account_type ? s->account_type : 1);
    PGresult *r = admin_query(s->pg,
        "SELECT set_config('role', $1, true), set_config('search_path', $2, true), "
        "set_config('app.account_type', $3, true),"
        " set_config('app.account_id', '1', true), set_config('app.branch_ids', '{1}', true)",
        3, values);
    PQclear(r);
    return r != NULL;
}

/* The plan of the prepared statement, which also proves the grants: they are looked at when a plan
 * is begun, and nothing is run. */
static PGresult *explain(const struct subject *s, unsigned params)
{
    struct buf sql = {0};

    buf_text(&sql, "EXPLAIN EXECUTE subject");
    for (unsigned i = 0; i < params; i++)
        buf_text(&sql, i ? ", NULL" : "(NULL");
    buf_text(&sql, params ? ")" : "");
    buf_char(&sql, '\0');
    PGresult *r = admin_query(s->pg, sql.at, 0, NULL);
    buf_release(&sql);
    return r;
}

/* In a transaction of its own, bound as the server binds; `look` sees the description and the plan.
 */
static void prepare(const struct subject *s,
    void (*look)(const struct subject *s, const PGresult *described, const PGresult *plan))
{
    PGresult *plan = NULL;

    looked_at++;
    if (!admin_script(s->pg, "BEGIN") || !bind(s))
        die("the schema of %s cannot be used: %s", s->org->slug, admin_error());
    PGresult *prepared = PQprepare(s->pg, "subject", s->text, 0, NULL);
    bool good = PQresultStatus(prepared) == PGRES_COMMAND_OK;
    if (!good)
        complain(s, "%s", PQresultErrorMessage(prepared));
    PQclear(prepared);
    if (good) {
        PGresult *described = PQdescribePrepared(s->pg, "subject");
        plan = explain(s, (unsigned)PQnparams(described));
        if (!plan)
            complain(s, "%s", admin_error());
        admin_script(s->pg, "ROLLBACK");
        look(s, described, plan);
        admin_script(s->pg, "DEALLOCATE subject");
        PQclear(described);
    }
    admin_script(s->pg, "ROLLBACK");
    PQclear(plan);
}

static void look_at_shape(const struct subject *s, const PGresult *described, const PGresult *plan)
{
    (void)plan;
    check_params(s, described);
    if (!s->again)
        check_columns(s, described);
}

static bool is_big(PGconn *pg, const char *schema, const char *table)
{
    char most[16];
    const char *values[] = {schema, table, most};

    snprintf(most, sizeof most, "%d", BIG_TABLE);
    PGresult *r = admin_query(pg,
        "SELECT c.reltuples >= $3::int FROM pg_class c JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
        3, values);
    bool big = r && PQntuples(r) == 1 && admin_cell(r, 0, 0)[0] == 't';
    PQclear(r);
    return big;
}

static void look_at_plan(const struct subject *s, const PGresult *described, const PGresult *plan)
{
    char table[64];

    (void)described;
    for (int i = 0; plan && i < PQntuples(plan); i++) {
        const char *at = strstr(admin_cell(plan, i, 0), "Seq Scan on ");
        if (!at)
            continue;
        snprintf(table, sizeof table, "%.*s", (int)strcspn(at + 12, " "), at + 12);
        if (is_big(s->pg, s->org->schema, table))
            complain(s, "reads all of %s", table);
    }
}

static void check_plain(struct subject *s)
{
    s->text = s->of->text;
    s->params_declared = s->of->params_count > 0;
    s->params = (unsigned)s->of->params_count;
    for (size_t i = 0; i < s->of->params_count && i < PARAMS_MOST; i++)
        s->types[i] = s->of->params[i].type;
    prepare(s, look_at_shape);
}

static const char *describe(
    struct call *c, const struct statement *of, const struct listing_variant *v)
{
    static const char *const kinds[] = {
        "nobody", "staff", "agent", "landlord", "tenant", "contractor"};
    struct buf *b = call_buf(c);

    buf_print(b, " (%s as %s", v->total ? "total" : "page", kinds[v->account_type]);
    for (size_t i = 0; i < of->filters_count; i++)
        if (v->filters >> i & 1)
            buf_print(b, ", %s", of->filters[i].name);
    buf_print(b, "%s%s)", v->cursor ? ", after a cursor" : "", v->offset ? ", with an offset" : "");
    buf_char(b, '\0');
    return b->at;
}

/* In the order in which the listing numbers them. */
static void list_types(struct subject *s, const struct listing_variant *v)
{
    const struct statement *of = s->of;
    const char *scope = of->scope[v->account_type];
    unsigned n = 0;

    for (size_t i = 0; i < of->params_count; i++)
        s->types[n++] = of->params[i].type;
    if (scope && strchr(scope, '?'))
        s->types[n++] = NULL;
    for (size_t i = 0; i < of->filters_count; i++)
        if (v->filters >> i & 1)
            s->types[n++] = of->filters[i].type;
    for (size_t i = 0; v->cursor && i < of->orders_count; i++)
        s->types[n++] = of->orders[i].type;
    if (v->offset)
        s->types[n++] = "bigint";
}

static void check_variant(struct subject *s, const struct listing_variant *v,
    void (*look)(const struct subject *s, const PGresult *described, const PGresult *plan))
{
    struct call c;

    call_init(&c);
    s->text = listing_text(&c, s->of, v, &s->params).at;
    s->variant = describe(&c, s->of, v);
    s->account_type = v->account_type;
    s->params_declared = true;
    s->total = v->total;
    list_types(s, v);
    prepare(s, look);
    s->again = s->again || !v->total;
    call_release(&c);
}

static void check_filters(struct subject *s, uint64_t filters, int account_type)
{
    for (unsigned i = 0; i < 5; i++) {
        struct listing_variant v = {.filters = filters,
            .account_type = account_type,
            .cursor = i == 1 || i == 3,
            .offset = i == 2,
            .total = i == 4};
        if (i != 3)
            check_variant(s, &v, look_at_shape);
    }
}

/* Alone, each filter, all filters; in the scope of each kind of account that has one, and of one
 * that has none. */
static void check_listing(struct subject *s)
{
    const struct statement *of = s->of;

    if (of->params_count + of->filters_count + of->orders_count + 2 > PARAMS_MOST)
        die("%s has more parameters than the check can hold", of->name);
    for (int type = 0; type < (int)countof(of->scope); type++) {
        if (type && !of->scope[type])
            continue;
        check_filters(s, 0, type);
        for (size_t i = 0; i < of->filters_count; i++)
            check_filters(s, (uint64_t)1 << i, type);
        if (of->filters_count > 1)
            check_filters(s, ((uint64_t)1 << of->filters_count) - 1, type);
    }
}

/* As every kind of account: alone, by each filter, and further on. Counting is left out, since it
 * stops by itself. */
static void check_plans(struct subject *s)
{
    for (int type = 1; type < (int)countof(s->of->scope); type++)
        for (size_t i = 0; i <= s->of->filters_count; i++) {
            struct listing_variant v = {
                .filters = i ? (uint64_t)1 << (i - 1) : 0, .account_type = type, .most = 2};
            check_variant(s, &v, look_at_plan);
            v.cursor = true;
            check_variant(s, &v, look_at_plan);
        }
}

static bool runs_by_itself(const struct endpoint *row)
{
    return row->sql && (row->run == list_page || row->run == show_all || row->run == show_one ||
                           row->run == write_one || row->run == remove_one);
}

static bool row_gives(const struct endpoint *row, const char *name)
{
    static const char *const of_call[] = {
        "_account_id", "_account_uuid", "_account_type", "_branch_ids", "_new_uuid"};

    for (size_t i = 0; i < countof(of_call); i++)
        if (strcmp(of_call[i], name) == 0)
            return true;
    for (size_t i = 0; i < row->input.count; i++)
        if (strcmp(row->input.fields[i].name, name) == 0)
            return true;
    return false;
}

/* Rows without code of their own find each parameter in their input. */
static void check_row(const struct endpoint *row)
{
    for (size_t i = 0; i < row->sql->params_count; i++)
        if (!row_gives(row, row->sql->params[i].name)) {
            printf("%s: the row %s %s has no field '%s'\n", row->sql->name, row->path,
                row->action ? row->action : "", row->sql->params[i].name);
            faults++;
        }
    if ((row->run == list_page) != (row->sql->from != NULL)) {
        printf("%s: the row %s %s runs it as what it is not (list_page is for listings)\n",
            row->sql->name, row->path, row->action ? row->action : "");
        faults++;
    }
}

static void check_rows(void)
{
    for (size_t m = 0; modules && modules[m]; m++)
        for (size_t i = 0; i < modules[m]->count; i++)
            if (runs_by_itself(&modules[m]->endpoints[i]))
                check_row(&modules[m]->endpoints[i]);
}

static int usage(FILE *to)
{
    fputs("usage: propops check sql --org SLUG      prepares every statement and compares it with "
          "its declaration\n"
          "       propops check plans --org SLUG    explains every listing; one that reads a whole "
          "big table fails\n",
        to);
    return to == stdout ? 0 : 2;
}

static PGconn *connect_to(const char *slug, const struct org **org)
{
    PGconn *pg;

    master_key_load(config.master_key);
    directory_load();
    if (!(*org = org_any_by_slug(str_of(slug))))
        die("there is no org '%s'; `propops org list` names them", slug);
    if (!(pg = admin_connect(true)))
        die("the database cannot be reached (%s): is PostgreSQL running, and was `propops migrate` "
            "run?",
            admin_error());
    if (!admin_script(pg, "SET plan_cache_mode = force_generic_plan; SET jit = off"))
        die("the database refuses its settings: %s", admin_error());
    return pg;
}

int verb_check(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *slug = option(argc, argv, "--org");
    bool plans = strcmp(what, "plans") == 0;
    const struct org *org;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return usage(stdout);
    if ((strcmp(what, "sql") != 0 && !plans) || !slug || !*slug)
        return usage(stderr);
    PGconn *pg = connect_to(slug, &org);
    for (size_t i = 0; i < all_statements_count; i++) {
        struct subject s = {.pg = pg, .org = org, .of = all_statements[i], .variant = ""};
        if (s.of->from && plans)
            check_plans(&s);
        else if (s.of->from)
            check_listing(&s);
        else if (!plans)
            check_plain(&s);
    }
    if (!plans)
        check_rows();
    PQfinish(pg);
    printf("%zu statements, %u texts, %u faults\n", all_statements_count, looked_at, faults);
    return faults || all_statements_count == 0;
}
