/*
 * Statement text is composed here from the names that modules register, never from anything that
 * came from outside: there is one statement to read and one to write, the same for every sealed
 * column.
 */
#include "tenancy/rotate.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "server/config.h"
#include "server/log.h"
#include "server/payload.h"
#include "server/reply.h"
#include "tenancy/admin.h"
#include "tenancy/db_private.h"
#include "tenancy/keys.h"
#include "tenancy/tasks_private.h"
#include "tenancy/verbs.h"

enum { BATCH = 200, BATCHES_A_RUN = 20, COLUMNS_MOST = 200 };

static const struct sealed_column *const *all_lists;

void rotate_register(const struct sealed_column *const *lists)
{
    all_lists = lists;
}

static const struct sealed_column *column_at(size_t i)
{
    for (size_t list = 0; all_lists && all_lists[list]; list++)
        for (const struct sealed_column *s = all_lists[list]; s->table; s++)
            if (i-- == 0)
                return s;
    return NULL;
}

/* How far re-sealing has come. */
struct progress {
    int64_t version; /* the key version to reach */
    size_t column;
    struct uuid after;
};

static struct str write_progress(struct call *c, const struct progress *p)
{
    struct json j;

    json_begin(&j, call_buf(c));
    json_object(&j);
    json_key(&j, "version");
    json_int(&j, p->version);
    json_key(&j, "column");
    json_int(&j, (int64_t)p->column);
    json_key(&j, "after");
    json_uuid(&j, p->after);
    json_object_end(&j);
    return buf_view(j.out);
}

static struct progress read_progress(struct call *c, struct str payload)
{
    int64_t version = payload_int(payload, "version"), column = payload_int(payload, "column");

    if (version == NONE || column == NONE)
        fail_with(c, INTERNAL, "the task's payload is not one of re-sealing");
    return (struct progress){version, (size_t)column, payload_uuid(payload, "after")};
}

static const struct column batch_columns[] = {
    {.name = "uuid", .type = COLUMN_UUID}, {.name = "sealed", .type = COLUMN_BYTES}};
static const struct statement batch_of = {
    .name = "reseal_batch", .columns = batch_columns, .columns_count = countof(batch_columns)};
static const struct statement write_of = {.name = "reseal_write"};

/* Behind the statements of .sql files: their numbers end with all_statements_count. */
static uint64_t text_key(struct call *c, size_t column, bool writes)
{
    const struct statement s = {.number = (unsigned)all_statements_count};

    return query_key(c, &s, column * 2 + writes + 1);
}

/* The next rows, by uuid, whose value has another key version: it stands big endian behind the
 * format byte. */
static struct rows *read_batch(struct call *c, size_t column, struct uuid after, int64_t version)
{
    const struct sealed_column *s = column_at(column);
    struct str text = call_print(c,
        "SELECT %s, %s FROM %s WHERE %s > $1::uuid AND %s IS NOT NULL AND substring(%s FROM 2 FOR "
        "4) <> int4send($2::int)"
        " ORDER BY %s LIMIT %d FOR UPDATE",
        s->uuid_column, s->column, s->table, s->uuid_column, s->column, s->column, s->uuid_column,
        BATCH);
    char from[37];

    uuid_print(after, from);
    const struct arg args[] = {arg_text(c, from), arg_int(c, version)};
    return query_run(c, &(struct query){.of = &batch_of,
                            .text = text.at,
                            .key = text_key(c, column, false),
                            .args = args,
                            .count = countof(args)});
}

static void write_one_value(struct call *c, size_t column, struct uuid record, struct str sealed)
{
    const struct sealed_column *s = column_at(column);
    struct str text = call_print(
        c, "UPDATE %s SET %s = $2::bytea WHERE %s = $1::uuid", s->table, s->column, s->uuid_column);
    const struct arg args[] = {arg_uuid(c, record), arg_bytes(c, sealed)};

    query_run(c, &(struct query){.of = &write_of,
                     .text = text.at,
                     .key = text_key(c, column, true),
                     .args = args,
                     .count = countof(args)});
}

/* One batch; moves on to the next column behind the last one. */
static void reseal_batch(struct call *c, struct progress *p)
{
    const char *place = column_at(p->column)->place;
    struct rows *r = read_batch(c, p->column, p->after, p->version);

    for (size_t i = 0; i < rows_count(r) && !call_faulted(c); i++) {
        struct uuid record = row_uuid(r, i, "uuid");
        struct str text = unseal(c, place, record, row_bytes(c, r, i, "sealed"));
        write_one_value(c, p->column, record, seal(c, place, record, text));
        sodium_memzero((char *)text.at, text.len);
        p->after = record;
    }
    if (rows_count(r) < BATCH) {
        p->column++;
        p->after = (struct uuid){{0}};
    }
}

/* Seals a bounded number of values in this task's transaction and leaves the rest to a new task. */
static void reseal(struct call *c, struct str payload)
{
    struct progress p = read_progress(c, payload);

    if (!call_faulted(c) && (int64_t)keyring_current(c->org->keys) < p.version)
        return fail_with(
            c, BUSY, "this server does not seal with key %lld yet", (long long)p.version);
    if ((int64_t)keyring_current(c->org->keys) > p.version)
        return; /* a later rotation has a task of its own */
    for (unsigned i = 0; i < BATCHES_A_RUN && column_at(p.column) && !call_faulted(c); i++)
        reseal_batch(c, &p);
    if (column_at(p.column))
        task_later(c, reseal_task.name, write_progress(c, &p), reseal_task.name);
    else if (!call_faulted(c))
        log_event("key_resealed", "org", c->org->slug, "version",
            call_print(c, "%lld", (long long)p.version).at, NULL);
}

const struct task_kind reseal_task = {.name = "key.reseal", .run = reseal, .timeout_seconds = 120};

/* --- the verb --- */

static int usage(FILE *to)
{
    fputs("usage: propops key rotate --org SLUG\n"
          "Makes a new data key for the org. Values that older keys sealed are sealed again in the "
          "background; they stay readable\n"
          "meanwhile, and tokens stay valid.\n",
        to);
    return to == stdout ? 0 : 2;
}

/* Stores a new key under the next version and gives that version; 0 after a message. Two rotations
 * at once: one of them fails. */
static int64_t store_key(PGconn *pg, const char *org_id, const struct uuid *org, int64_t version)
{
    struct buf wrapped = {0};
    uint8_t key[32];
    char hex[300], number[24];

    randombytes_buf(key, sizeof key);
    data_key_wrap(org, (uint32_t)version, key, &wrapped);
    sodium_memzero(key, sizeof key);
    sodium_bin2hex(hex, sizeof hex, (const uint8_t *)wrapped.at, wrapped.len);
    buf_release(&wrapped);
    snprintf(number, sizeof number, "%lld", (long long)version);
    const char *values[] = {org_id, number, hex};
    PGresult *r = admin_query(pg,
        "INSERT INTO platform.org_keys (org_id, version, wrapped) VALUES ($1, $2, decode($3, "
        "'hex'))",
        3, values);
    if (!r)
        fprintf(stderr, "propops: the new key could not be stored: %s\n", admin_error());
    PQclear(r);
    return r ? version : 0;
}

static int64_t make_key(const char *slug)
{
    PGconn *pg = admin_connect(false);
    const char *values[] = {slug};
    int64_t version = 0;
    struct uuid org;

    if (!pg)
        die("the database cannot be reached (%s): is PostgreSQL running? PROPOPS_DATABASE_URL "
            "names it",
            admin_error());
    PGresult *r = admin_query(pg,
        "SELECT o.id, o.uuid, coalesce(max(k.version), 0) + 1 FROM platform.orgs o LEFT JOIN "
        "platform.org_keys k ON k.org_id = o.id"
        " WHERE o.slug = $1 AND o.state IN ('active', 'suspended') GROUP BY o.id",
        1, values);
    if (!r)
        die("the directory cannot be read: %s", admin_error());
    if (PQntuples(r) != 1)
        die("there is no org '%s'; `propops org list` names them", slug);
    uuid_parse(str_of(admin_cell(r, 0, 1)), &org);
    str_to_int(str_of(admin_cell(r, 0, 2)), &version);
    if (version > KEY_VERSIONS_MOST)
        die("%s has %d keys already: no more can be made", slug, KEY_VERSIONS_MOST);
    version = store_key(pg, admin_cell(r, 0, 0), &org, version);
    PQclear(r);
    PQfinish(pg);
    return version;
}

static void queue_reseal(struct call *c, void *version)
{
    const struct progress p = {.version = *(const int64_t *)version};

    task_later_in(c, reseal_task.name, write_progress(c, &p), NULL, KEY_SETTLE_SECONDS + 1);
}

int verb_key(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *slug = option(argc, argv, "--org");

    if (strcmp(what, "--help") == 0)
        return usage(stdout);
    if (strcmp(what, "rotate") != 0 || !slug || !*slug)
        return usage(stderr);
    master_key_load(config.master_key);
    int64_t version = make_key(slug);
    if (version == 0 || verb_as_call(slug, queue_reseal, &version) != 0)
        return 1;
    printf("%s\tkey %lld\n", slug, (long long)version);
    return 0;
}
