#include "tenancy/link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/config.h"
#include "server/log.h"
#include "server/loop.h"
#include "tenancy/keys.h"

/* Names are kept in sets of eight; the longest unused of a set makes room. */
enum {
    NAMES = 1024,
    WAYS = 8,
    PARAMS_MOST = 64,
    FIRST_DELAY_MS = 100,
    LAST_DELAY_MS = 5000,
    LASTED_US = 1000 * 1000,
    CONNECTING_MOST = 2
};

/* A statement that the connection knows, or is being told. Names carry a serial and are never used
 * twice: one whose parsing failed, or that was given up, cannot be in the way of the next. */
struct name {
    uint64_t key; /* 0: free */
    uint64_t used;
    uint32_t serial;
    bool ready; /* its parsing is known to have succeeded */
};

struct link {
    PGconn *pg;
    struct watch *watch;
    bool slow, up, wanted, closing;
    struct fiber *keeper; /* the fiber that connects and waits for the loss */
    void (*on_up)(struct link *l);
    struct batch *first, **end, *open;
    unsigned load;
    uint64_t clock;
    uint32_t serial;
    struct name names[NAMES];
};

static _Thread_local unsigned alive, connecting;

static const char bind_sql[] =
    "SELECT set_config('role', $1, true), set_config('search_path', $2, true), "
    "set_config('app.account_type', $3, true), set_config('app.account_id', $4, true), "
    "set_config('app.branch_ids', $5, true)";

static void ignore_notice(void *arg, const PGresult *notice)
{
    (void)arg;
    (void)notice;
}

/* Blocking; on a worker thread. NULL with a message for the log. */
static PGconn *connect_to(bool slow, char *message, size_t room)
{
    char password[65], options[300];

    master_derive_hex("login role", password);
    snprintf(options, sizeof options,
        "-c statement_timeout=%s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s "
        "-c plan_cache_mode=force_generic_plan -c jit=off -c timezone=UTC -c datestyle=ISO -c "
        "search_path=pg_catalog",
        slow ? "60s" : "20s");
    const char *keys[] = {"dbname", "user", "password", "options", "connect_timeout",
        "tcp_user_timeout", "application_name", "client_encoding", NULL};
    const char *values[] = {config.database_url, "propops_app", password, options, "5", "10000",
        "propops", "UTF8", NULL};
    PGconn *pg = PQconnectdbParams(keys, values, 1);
    explicit_bzero(password, sizeof password);
    if (PQstatus(pg) == CONNECTION_OK) {
        PQsetNoticeReceiver(pg, ignore_notice, NULL);
        PGresult *r = PQprepare(pg, "bind", bind_sql, 5, NULL);
        bool ready = PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
        if (ready && PQsetnonblocking(pg, 1) == 0 && PQenterPipelineMode(pg))
            return pg;
    }
    snprintf(message, room, "%s", PQerrorMessage(pg));
    PQfinish(pg);
    return NULL;
}

static struct name *find_name(struct link *l, uint64_t key)
{
    struct name *set = &l->names[key % (NAMES / WAYS) * WAYS];

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].key == key)
            return &set[i];
    return NULL;
}

/* The statement is parsed anew when it is next wanted: its parsing was not reached, or its plan no
 * longer fits its tables. */
static void forget_stale(struct link *l, const struct batch *b)
{
    struct name *n = b->error && b->key ? find_name(l, b->key) : NULL;
    const char *state = n ? PQresultErrorField(b->error, PG_DIAG_SQLSTATE) : NULL;

    if (n && ((b->parse >= 0 && !n->ready) ||
                 (state && (strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0))))
        *n = (struct name){0};
}

static void finish(struct link *l, struct batch *b)
{
    l->load--;
    forget_stale(l, b);
    b->done = true;
    if (b->waiter) {
        fiber_wake(b->waiter);
        return;
    }
    PQclear(b->result);
    PQclear(b->error);
    free(b);
}

static void lose(struct link *l)
{
    if (!l->up)
        return;
    l->up = false;
    watch_free(l->watch);
    l->watch = NULL;
    PQfinish(l->pg);
    l->pg = NULL;
    memset(l->names, 0, sizeof l->names);
    struct batch *b = l->first;
    l->first = NULL;
    l->end = &l->first;
    l->open = NULL;
    while (b) {
        struct batch *next = b->next;
        b->lost = true;
        finish(l, b);
        b = next;
    }
    if (l->keeper)
        fiber_wake(l->keeper);
}

void link_drop(struct link *l)
{
    lose(l);
}

static bool flush(struct link *l)
{
    int left = PQflush(l->pg);

    if (left < 0)
        return false;
    if (left > 0)
        watch_for_writing(l->watch);
    return true;
}

/* A command's one result. */
static bool take_result(struct link *l, struct batch *b, PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);

    if (b->answering || b->answered >= b->commands) {
        PQclear(r);
        return false;
    }
    b->answering = true;
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
        if (!b->error)
            b->error = r;
        else
            PQclear(r);
        return true;
    }
    if (status == PGRES_COMMAND_OK && strcmp(PQcmdStatus(r), "ROLLBACK") == 0)
        b->rolled_back = true;
    if (status == PGRES_COMMAND_OK && (int)b->answered == b->parse) {
        struct name *n = find_name(l, b->key);
        if (n)
            n->ready = true;
    }
    if ((int)b->answered == b->wanted && status != PGRES_PIPELINE_ABORTED)
        b->result = r;
    else
        PQclear(r);
    return true;
}

static bool take_sync(struct link *l, struct batch *b)
{
    if (b->answering || b->answered != b->commands)
        return false;
    l->first = b->next;
    if (!l->first)
        l->end = &l->first;
    finish(l, b);
    return true;
}

/* What came for the front batch: each command gives a result and then NULL, the sync a result
 * alone. False when the connection said something that cannot be. */
static bool take(struct link *l, PGresult *r)
{
    struct batch *b = l->first;

    if (!r) {
        bool expected = b->answering;
        b->answering = false;
        b->answered++;
        return expected;
    }
    if (PQresultStatus(r) != PGRES_PIPELINE_SYNC)
        return take_result(l, b, r);
    PQclear(r);
    return take_sync(l, b);
}

static void on_ready(void *arg)
{
    struct link *l = arg;

    if (!PQconsumeInput(l->pg) || !flush(l))
        return lose(l);
    while (l->up && l->first && l->first != l->open && !PQisBusy(l->pg))
        if (!take(l, PQgetResult(l->pg)))
            return lose(l);
    if (l->up && PQstatus(l->pg) != CONNECTION_OK)
        lose(l);
}

struct attempt {
    bool slow;
    PGconn *pg;
    char message[200];
};

static void connect_blocking(void *arg)
{
    struct attempt *a = arg;

    a->pg = connect_to(a->slow, a->message, sizeof a->message);
}

/* A database that does not answer holds up a few workers, never all. */
static bool connect_in_turn(struct attempt *a)
{
    while (connecting >= CONNECTING_MOST)
        fiber_park_for(10);
    connecting++;
    bool tried = offload(connect_blocking, a);
    connecting--;
    if (!tried)
        snprintf(a->message, sizeof a->message, "the workers are busy");
    return a->pg != NULL;
}

/* Connects, waits until the connection is lost, and begins again. */
static void keep(void *arg)
{
    struct link *l = arg;
    uint32_t delay = FIRST_DELAY_MS;

    l->keeper = fiber_self();
    while (!l->closing) {
        struct attempt a = {.slow = l->slow};
        if (connect_in_turn(&a)) {
            uint64_t came = now_monotonic_us();
            l->pg = a.pg;
            l->up = true;
            l->watch = watch_new(PQsocket(l->pg), on_ready, l);
            l->on_up(l);
            while (l->up && !l->closing)
                fiber_park();
            if (now_monotonic_us() - came >= LASTED_US) {
                delay = FIRST_DELAY_MS;
                continue;
            }
        } else {
            log_failure("database_connection", "reason", a.message, NULL);
        }
        if (!l->closing)
            fiber_park_for(delay);
        delay = delay * 2 > LAST_DELAY_MS ? LAST_DELAY_MS : delay * 2;
    }
    l->keeper = NULL;
    lose(l);
    free(l);
    alive--;
}

struct link *link_new(bool slow, void (*on_up)(struct link *l))
{
    struct link *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->slow = slow;
    l->on_up = on_up;
    l->end = &l->first;
    alive++;
    return l;
}

void link_want(struct link *l)
{
    if (l->wanted)
        return;
    l->wanted = true;
    fiber_start(keep, l);
}

void link_free(struct link *l)
{
    l->closing = true;
    if (l->keeper) {
        fiber_wake(l->keeper);
    } else {
        free(l);
        alive--;
    }
}

unsigned links_alive(void)
{
    return alive;
}

bool link_wanted(const struct link *l)
{
    return l->wanted;
}

bool link_up(const struct link *l)
{
    return l->up;
}

unsigned link_load(const struct link *l)
{
    return l->load;
}

bool link_idle(const struct link *l)
{
    return l->up && !l->first && PQtransactionStatus(l->pg) == PQTRANS_IDLE;
}

bool link_begin(struct link *l, struct batch *b)
{
    if (!l->up)
        return false;
    b->next = NULL;
    b->wanted = -1;
    b->parse = -1;
    *l->end = b;
    l->end = &b->next;
    l->open = b;
    l->load++;
    return true;
}

static bool sent(struct link *l, int ok)
{
    if (!ok || !l->open) {
        lose(l);
        return false;
    }
    l->open->commands++;
    return true;
}

bool link_text(struct link *l, const char *sql)
{
    return l->up && sent(l, PQsendQueryParams(l->pg, sql, 0, NULL, NULL, NULL, NULL, 0));
}

bool link_bind(struct link *l, const char *const values[5])
{
    return l->up && sent(l, PQsendQueryPrepared(l->pg, "bind", 5, values, NULL, NULL, 0));
}

static void print_name(char name[16], uint32_t serial)
{
    snprintf(name, 16, "s%u", serial);
}

/* The place of the set that is free or was not used for longest; NULL while all its statements are
 * still being parsed. */
static struct name *make_room(struct link *l, uint64_t key)
{
    struct name *set = &l->names[key % (NAMES / WAYS) * WAYS], *oldest = NULL;

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].key == 0)
            return &set[i];
        if (set[i].ready && (!oldest || set[i].used < oldest->used))
            oldest = &set[i];
    }
    return oldest;
}

/* Tells the connection a statement; `name` is left empty where there is no room to remember it. */
static bool prepare(struct link *l, uint64_t key, const char *sql, char name[16])
{
    struct name *place = make_room(l, key);
    char text[40];

    name[0] = '\0';
    if (place && place->key) {
        snprintf(text, sizeof text, "DEALLOCATE s%u", place->serial);
        if (!link_text(l, text))
            return false;
    }
    if (place) {
        *place = (struct name){.key = key, .used = l->clock, .serial = ++l->serial};
        print_name(name, place->serial);
        l->open->parse = (int)l->open->commands;
    }
    return sent(l, PQsendPrepare(l->pg, name, sql, 0, NULL));
}

bool link_execute(
    struct link *l, uint64_t key, const char *sql, const struct arg *args, size_t count)
{
    const char *values[PARAMS_MOST];
    int lengths[PARAMS_MOST], formats[PARAMS_MOST];
    char name[16];

    assert(count <= PARAMS_MOST);
    if (!l->up)
        return false;
    struct name *known = find_name(l, key);
    l->clock++;
    l->open->key = key;
    if (known) {
        known->used = l->clock;
        print_name(name, known->serial);
    } else if (!prepare(l, key, sql, name)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = args[i].value;
        lengths[i] = args[i].length;
        formats[i] = args[i].binary;
    }
    l->open->wanted = (int)l->open->commands;
    return sent(l, PQsendQueryPrepared(l->pg, name, (int)count, values, lengths, formats, 0));
}

bool link_end(struct link *l)
{
    if (!l->up)
        return false;
    l->open = NULL;
    if (PQpipelineSync(l->pg) && flush(l))
        return true;
    lose(l);
    return false;
}
