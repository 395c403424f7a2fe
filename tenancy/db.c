#include "tenancy/db.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/endpoint.h"
#include "server/loop.h"
#include "tenancy/db_private.h"
#include "tenancy/org.h"
#include "tenancy/pool.h"
#include "tenancy/rows.h"

enum { ANSWER_MS = 65000 };

/* What a call holds of the database. */
struct db_session {
    struct link *leased;
    bool in_transaction, retryable;
    struct result {
        PGresult *result;
        struct result *next;
    } *results;
};

static void release_results(struct call *c, void *arg)
{
    struct db_session *s = arg;

    db_rollback(c);
    for (struct result *r = s->results; r; r = r->next)
        PQclear(r->result);
}

static struct db_session *session_of(struct call *c)
{
    if (!c->db) {
        c->db = call_alloc(c, sizeof *c->db);
        call_at_end(c, release_results, c->db);
    }
    return c->db;
}

/* Which settings bind a batch to the call's org and account. */
static void scope_of(struct call *c, const char *values[5])
{
    struct arg branches = arg_ints(c, c->account->branch_ids);

    values[0] = c->org->role;
    values[1] = c->org->schema;
    values[2] = c->account->type_id ? call_print(c, "%d", c->account->type_id).at : "";
    values[3] = call_print(c, "%lld", (long long)c->account->id).at;
    values[4] = branches.value ? branches.value : "{}";
}

static const struct {
    const char *state;
    enum error_id error;
} meanings[] = {
    {"23505", CONFLICT_EXISTS}, {"23503", REFERENCE_UNKNOWN}, {"23514", VALUE_REFUSED}, {"23502", VALUE_REFUSED},
    {"22003", VALUE_REFUSED}, {"42501", NOT_FOUND}, {"57014", BUSY}, {"55P03", BUSY}, {"53300", BUSY}, {"40001", BUSY},
    {"40P01", BUSY}, {"57P01", BUSY}, {"57P02", BUSY}, {"57P03", BUSY}, {"26000", BUSY},
};

static void fail_by_state(struct call *c, const struct statement *s, const PGresult *error)
{
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE), *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
    enum error_id id = INTERNAL;

    for (size_t i = 0; state && i < countof(meanings); i++)
        if (strcmp(meanings[i].state, state) == 0)
            id = meanings[i].error;
    if (state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 || strcmp(state, "26000") == 0))
        c->db->retryable = true;
    if (call_faulted(c))
        return;
    fail_with(c, id, "%s: %s", s ? s->name : "transaction", message ? message : "no message");
    snprintf(c->fault.sqlstate, sizeof c->fault.sqlstate, "%s", state ? state : "");
}

/* Parks until the batch is back. Its memory is the link's when we cannot wait any longer. */
static bool await(struct batch *b)
{
    uint64_t until = now_monotonic_us() + ANSWER_MS * 1000ull;

    while (!b->done && now_monotonic_us() < until)
        fiber_park_for(ANSWER_MS);
    if (b->done)
        return true;
    b->waiter = NULL;
    return false;
}

/* Takes over what came back. The result is kept with the call; NULL when the call is faulted. */
static PGresult *settle(struct call *c, const struct statement *s, struct batch *b)
{
    PGresult *result = b->result;

    if (b->lost)
        fail_with(c, BUSY, "the database connection was lost");
    else if (b->error)
        fail_by_state(c, s, b->error);
    PQclear(b->error);
    free(b);
    if (!result)
        return NULL;
    struct result *kept = call_alloc(c, sizeof *kept);
    *kept = (struct result){result, c->db->results};
    c->db->results = kept;
    return call_faulted(c) ? NULL : result;
}

static struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof *b);

    if (!b)
        abort();
    b->waiter = fiber_self();
    return b;
}

/* Sends one statement, with BEGIN before it when it opens the transaction, with the binding unless the transaction has it. */
static PGresult *run_on(struct call *c, struct link *l, const struct query *q, bool opens, bool binds)
{
    const char *scope[5];
    struct batch *b = batch_new();
    uint64_t began = now_monotonic_us();

    scope_of(c, scope);
    if (!link_begin(l, b)) {
        free(b);
        fail_with(c, BUSY, "no database connection");
        return NULL;
    }
    bool ok = (!opens || link_text(l, "BEGIN")) && (!binds || link_bind(l, scope)) &&
              link_execute(l, q->key, q->text, q->args, q->count) && link_end(l);
    if (ok && !await(b)) {
        fail_with(c, BUSY, "the database did not answer in time");
        return NULL;
    }
    c->db_us += now_monotonic_us() - began;
    c->db_queries++;
    return settle(c, q->of, b);
}

static bool transactional(const struct call *c)
{
    if (!c->endpoint)
        return true;
    return c->endpoint->db == DB_BY_METHOD ? c->endpoint->method != GET : c->endpoint->db != NO_DATABASE;
}

static PGresult *run_in_transaction(struct call *c, const struct query *q, bool slow)
{
    struct db_session *s = c->db;
    bool opens = !s->in_transaction;

    if (!s->leased && !(s->leased = pool_lease(slow))) {
        fail_with(c, BUSY, "no free database connection");
        return NULL;
    }
    s->in_transaction = true;
    return run_on(c, s->leased, q, opens, opens);
}

/* A name that another session of the same connection lost while this batch was on its way: once more is enough. */
static PGresult *run_shared(struct call *c, const struct query *q, bool slow)
{
    PGresult *r = NULL;

    for (int attempt = 0; attempt < 2; attempt++) {
        struct link *l = pool_shared(slow);
        if (!l) {
            fail_with(c, BUSY, "no database connection");
            return NULL;
        }
        r = run_on(c, l, q, false, true);
        if (r || strcmp(c->fault.sqlstate, "26000") != 0 || attempt == 1)
            break;
        memset(&c->fault, 0, sizeof c->fault);
    }
    return r;
}

struct rows *query_run(struct call *c, const struct query *q)
{
    struct rows *rows = call_alloc(c, sizeof *rows);
    bool slow = c->endpoint && c->endpoint->slow;

    *rows = (struct rows){.of = q->of};
    if (call_faulted(c))
        return rows;
    assert(c->org && fiber_self());
    session_of(c);
    PGresult *r = transactional(c) ? run_in_transaction(c, q, slow) : run_shared(c, q, slow);
    if (!r || call_faulted(c))
        return rows;
    rows->result = r;
    rows->count = (size_t)PQntuples(r);
    rows->extra = (unsigned)PQnfields(r) - (unsigned)q->of->columns_count;
    if ((size_t)PQnfields(r) < q->of->columns_count)
        fail_with(c, INTERNAL, "%s returned too few columns", q->of->name);
    return rows;
}

static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ x >> 27) * 0x94D049BB133111EBull;
    return x ^ x >> 31;
}

uint64_t query_key(const struct call *c, const struct statement *s, uint64_t variant)
{
    uint64_t key = mixed(mixed(mixed((uint64_t)c->org->id) + s->number + 1) + variant);

    return key ? key : 1;
}

struct rows *db_run(struct call *c, const struct statement *s, const struct arg *args, size_t count)
{
    if (call_faulted(c))
        return query_run(c, &(struct query){.of = s});
    return query_run(c, &(struct query){s, s->text, query_key(c, s, 0), args, count});
}

struct rows *db_must(struct call *c, const struct statement *s, const struct arg *args, size_t count)
{
    struct rows *r = db_run(c, s, args, count);

    if (r->count == 0)
        fail(c, NOT_FOUND);
    return r;
}

/* Ends the transaction by COMMIT or ROLLBACK; the connection goes back, or is broken off when its state is not known. */
static void end_transaction(struct call *c, const char *how)
{
    struct db_session *s = c->db;
    struct batch *b = batch_new();
    struct link *l = s->leased;
    uint64_t began = now_monotonic_us();

    s->in_transaction = false;
    s->leased = NULL;
    if (!link_begin(l, b)) {
        free(b);
        fail_with(c, BUSY, "the database connection was lost");
    } else if (link_text(l, how) && link_end(l) && !await(b)) {
        link_drop(l);
        fail_with(c, BUSY, "the database did not answer in time");
    } else {
        bool failed = b->error != NULL;
        settle(c, NULL, b);
        if (failed)
            link_drop(l);
    }
    c->db_us += now_monotonic_us() - began;
    pool_give_back(l);
}

void db_commit(struct call *c)
{
    if (c->db && c->db->in_transaction && !call_faulted(c))
        end_transaction(c, "COMMIT");
}

void db_rollback(struct call *c)
{
    if (c->db && c->db->in_transaction)
        end_transaction(c, "ROLLBACK");
    else if (c->db && c->db->leased) {
        pool_give_back(c->db->leased);
        c->db->leased = NULL;
    }
}

bool db_should_retry(struct call *c)
{
    bool again = c->db && c->db->retryable;

    if (c->db)
        c->db->retryable = false;
    return again;
}

void db_start(void)
{
    pool_start();
}

void db_stop(void)
{
    pool_stop();
}
