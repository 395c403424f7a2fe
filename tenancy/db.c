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

/* A little longer than the server's own limits on a statement. */
enum { ANSWER_MS = 25 * 1000, SLOW_ANSWER_MS = 65 * 1000, RESULTS_MOST = 64 * 1024 * 1024 };

/* What a call holds of the database. */
struct db_session {
    struct link *leased;
    bool in_transaction, retryable;
    bool stuck;                  /* the connection owes an answer that nobody waits for any more */
    const struct account *bound; /* whose scope the transaction has */
    struct result {
        PGresult *result;
        struct result *next;
    } * results;
    size_t results_size;
};

static void release_session(struct call *c, void *arg)
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
        call_at_end(c, release_session, c->db);
    }
    return c->db;
}

/* Which settings bind a batch to the call's org and account. Before sign-in they name nobody, and
 * policies show nothing. */
static void scope_of(struct call *c, const char *values[5])
{
    struct arg branches = arg_ints(c, c->account->branch_ids);
    bool somebody = c->account->type_id > 0;

    values[0] = c->org->role;
    values[1] = c->org->schema;
    values[2] = somebody ? call_print(c, "%d", c->account->type_id).at : "";
    values[3] = somebody ? call_print(c, "%lld", (long long)c->account->id).at : "";
    values[4] = branches.value ? branches.value : "{}";
}

/* What an SQLSTATE, or a whole class of them, means to the client. */
static const struct {
    const char *state;
    enum error_id error;
} meanings[] = {
    {"23505", CONFLICT_EXISTS},
    {"23503", REFERENCE_UNKNOWN},
    {"23514", VALUE_REFUSED},
    {"23502", VALUE_REFUSED},
    {"22012", INTERNAL},
    {"22", VALUE_REFUSED},
    {"42501", NOT_FOUND},
    {"57014", QUERY_TOO_LONG},
    {"55P03", CONFLICT},
    {"40", BUSY},
    {"53", BUSY},
    {"57P", BUSY},
    {"08", BUSY},
    {"25006", BUSY},
    {"25P03", BUSY},
    {"26000", BUSY},
    {"0A000", BUSY},
};

static enum error_id meaning_of(const char *state)
{
    for (size_t i = 0; i < countof(meanings); i++)
        if (strncmp(meanings[i].state, state, strlen(meanings[i].state)) == 0)
            return meanings[i].error;
    return INTERNAL;
}

/* Running the handler again may mend these: serialization failure, deadlock, a plan that its tables
 * outgrew. */
static bool passes(const char *state)
{
    return strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 ||
           strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0;
}

/* Messages about values quote them, and values may be personal: the log gets the message of other
 * failures only. */
static void fail_by_state(struct call *c, const struct statement *s, const PGresult *error)
{
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE),
               *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);

    if (!state)
        state = "08006"; /* libpq's own: the connection broke off */
    c->db->retryable = c->db->retryable || passes(state);
    if (call_faulted(c))
        return;
    fail_with(c, meaning_of(state), "%s: %s", s ? s->name : "transaction",
        constraint                                ? constraint
        : strncmp(state, "22", 2) != 0 && message ? message
                                                  : "a value");
    snprintf(c->fault.sqlstate, sizeof c->fault.sqlstate, "%s", state);
}

/* Parks until the batch is back. When we cannot wait any longer its memory is the link's, which
 * still consumes what comes. */
static bool await(struct batch *b, uint32_t milliseconds)
{
    uint64_t until = now_monotonic_us() + milliseconds * 1000ull;

    for (uint64_t now; !b->done && (now = now_monotonic_us()) < until;)
        fiber_park_for((uint32_t)((until - now + 999) / 1000));
    if (b->done)
        return true;
    b->waiter = NULL;
    return false;
}

static bool is_slow(const struct call *c)
{
    return c->endpoint && c->endpoint->slow;
}

static uint32_t patience(const struct call *c)
{
    return is_slow(c) ? SLOW_ANSWER_MS : ANSWER_MS;
}

static void keep_result(struct call *c, PGresult *result)
{
    struct result *kept = call_alloc(c, sizeof *kept);

    *kept = (struct result){result, c->db->results};
    c->db->results = kept;
    c->db->results_size += PQresultMemorySize(result);
    if (c->db->results_size > RESULTS_MOST)
        fail_with(c, BUSY, "results of over %d bytes", RESULTS_MOST);
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
    if (result && call_faulted(c)) {
        PQclear(result);
        result = NULL;
    }
    if (result)
        keep_result(c, result);
    return call_faulted(c) ? NULL : result;
}

/* One batch to send: [begin,] [binding,] [statement], sync. */
struct sending {
    struct link *link;
    struct batch *batch;
    const char *command;      /* BEGIN, COMMIT …; NULL: none */
    const char *const *scope; /* NULL: the transaction is bound already */
    const struct query *query;
    bool sent;
};

/* On the thread's own stack: a connection with TLS needs more than a fiber has. */
static void send_batch(void *arg)
{
    struct sending *s = arg;

    s->sent = link_begin(s->link, s->batch) && (!s->command || link_text(s->link, s->command)) &&
              (!s->scope || link_bind(s->link, s->scope)) &&
              (!s->query || link_execute(s->link, s->query->key, s->query->text, s->query->args,
                                s->query->count)) &&
              link_end(s->link);
}

static struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof *b);

    if (!b)
        abort();
    b->waiter = fiber_self();
    return b;
}

/* Sends and waits. NULL when the call cannot wait any longer or nothing was sent; else a batch that
 * is done. */
static struct batch *exchange(struct call *c, struct sending *s)
{
    uint64_t began = now_monotonic_us();

    s->batch = batch_new();
    fiber_step_out(send_batch, s);
    if (!s->sent && !s->batch->done) /* the link was down before it took the batch */
        s->batch->lost = s->batch->done = true;
    bool back = await(s->batch, patience(c));
    c->db_us += now_monotonic_us() - began;
    c->db->stuck = c->db->stuck || !back;
    return back ? s->batch : NULL;
}

static PGresult *run_on(
    struct call *c, struct link *l, const struct query *q, const char *begin, bool binds)
{
    const char *scope[5];

    scope_of(c, scope);
    struct sending s = {.link = l, .command = begin, .scope = binds ? scope : NULL, .query = q};
    struct batch *b = exchange(c, &s);
    c->db_queries++;
    if (!b) {
        fail_with(c, QUERY_TOO_LONG, "%s: the database did not answer in time", q->of->name);
        return NULL;
    }
    return settle(c, q->of, b);
}

/* Before sign-in on a row that demands it, the account is being looked up: that neither needs the
 * handler's transaction nor should hold a connection while the input is read. */
static bool signing_in(const struct call *c)
{
    return c->account->type_id == 0 && c->endpoint->access != PUBLIC;
}

static bool transactional(const struct call *c)
{
    if (!c->endpoint)
        return true;
    if (signing_in(c))
        return false;
    return c->endpoint->db == DB_BY_METHOD ? c->endpoint->method != GET
                                           : c->endpoint->db != NO_DATABASE;
}

static PGresult *run_in_transaction(struct call *c, const struct query *q)
{
    struct db_session *s = c->db;
    bool snapshot = c->endpoint && c->endpoint->db == SNAPSHOT;
    const char *begin = snapshot ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN";

    if (!s->leased && !(s->leased = pool_lease(is_slow(c), c->org->id))) {
        fail_with(c, BUSY, "no free database connection");
        return NULL;
    }
    if (s->in_transaction)
        begin = NULL;
    bool binds = begin || s->bound != c->account;
    s->in_transaction = true;
    s->bound = c->account;
    return run_on(c, s->leased, q, begin, binds);
}

static PGresult *run_alone(struct call *c, const struct query *q)
{
    bool slow = is_slow(c);
    struct link *l = slow ? pool_lease(true, c->org->id) : pool_shared(c->org->id);
    PGresult *r = NULL;

    if (!l) {
        fail_with(c, BUSY, "no database connection");
        return NULL;
    }
    r = run_on(c, l, q, NULL, true);
    if (!slow)
        pool_shared_done(c->org->id);
    else
        pool_give_back(l);
    return r;
}

/* Nothing of a failed batch happened, so one whose statement the connection no longer knew, or knew
 * for older tables, is sent again. */
static PGresult *run_batch(struct call *c, const struct query *q)
{
    PGresult *r = run_alone(c, q);

    if (r || !(strcmp(c->fault.sqlstate, "26000") == 0 || strcmp(c->fault.sqlstate, "0A000") == 0))
        return r;
    memset(&c->fault, 0, sizeof c->fault);
    c->db->retryable = false;
    return run_alone(c, q);
}

struct rows *query_run(struct call *c, const struct query *q)
{
    struct rows *rows = call_alloc(c, sizeof *rows);

    *rows = (struct rows){.of = q->of};
    if (call_faulted(c))
        return rows;
    /* The shared host without a token: there is nobody's data to look at. */
    if (!c->org) {
        fail(c, NOT_SIGNED_IN);
        return rows;
    }
    assert(fiber_self());
    session_of(c);
    if (call_faulted(c))
        return rows;
    PGresult *r = !q->alone && transactional(c) ? run_in_transaction(c, q) : run_batch(c, q);
    if (!r)
        return rows;
    if ((size_t)PQnfields(r) < q->of->columns_count) {
        fail_with(c, INTERNAL, "%s returned too few columns", q->of->name);
        return rows;
    }
    rows->result = r;
    rows->count = (size_t)PQntuples(r);
    rows->extra = (unsigned)PQnfields(r) - (unsigned)q->of->columns_count;
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
    uint64_t key = mixed(mixed(mixed(c->org ? (uint64_t)c->org->id : 0) + s->number + 1) + variant);

    return key ? key : 1;
}

struct rows *db_run(struct call *c, const struct statement *s, const struct arg *args, size_t count)
{
    assert(s->params_count == 0 || s->params_count == count);
    return query_run(c, &(struct query){s, s->text, query_key(c, s, 0), args, count, false});
}

struct rows *db_alone(
    struct call *c, const struct statement *s, const struct arg *args, size_t count)
{
    assert(s->params_count == 0 || s->params_count == count);
    return query_run(c, &(struct query){s, s->text, query_key(c, s, 0), args, count, true});
}

struct rows *db_must(
    struct call *c, const struct statement *s, const struct arg *args, size_t count)
{
    struct rows *r = db_run(c, s, args, count);

    if (r->count == 0)
        fail(c, NOT_FOUND);
    return r;
}

/* The connection goes back only with its transaction over; else it is broken off, which ends it as
 * well. */
static void leave_transaction(struct db_session *s)
{
    struct link *l = s->leased;

    s->leased = NULL;
    s->in_transaction = s->stuck = false;
    s->bound = NULL;
    if (!link_idle(l))
        link_drop(l);
    pool_give_back(l);
}

/* Whether a commit whose answer never came took place is not known; saying "try again" could do it
 * twice. */
void db_commit(struct call *c)
{
    if (!c->db || !c->db->in_transaction || call_faulted(c))
        return;
    struct sending s = {.link = c->db->leased, .command = "COMMIT"};
    struct batch *b = exchange(c, &s);
    bool unknown = !b || (b->lost && b->commands > 0);
    if (unknown)
        fail_with(c, OUTCOME_UNKNOWN, "no answer to COMMIT");
    else if (b->rolled_back)
        fail_with(c, INTERNAL, "the transaction had failed before its COMMIT");
    if (b)
        settle(c, NULL, b);
    leave_transaction(c->db);
}

void db_rollback(struct call *c)
{
    struct db_session *s = c->db;

    if (!s || !s->leased)
        return;
    /* Off a fiber nobody can wait, and a connection that owes an answer would not give another:
     * both are broken off. */
    if (s->in_transaction && !s->stuck && fiber_self()) {
        struct sending sending = {.link = s->leased, .command = "ROLLBACK"};
        struct batch *b = exchange(c, &sending);
        if (b) {
            PQclear(b->result);
            PQclear(b->error);
            free(b);
        }
    }
    leave_transaction(s);
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

struct rows *db_alone_must(
    struct call *c, const struct statement *s, const struct arg *args, size_t count)
{
    struct rows *r = db_alone(c, s, args, count);

    if (r->count == 0)
        fail(c, NOT_FOUND);
    return r;
}
