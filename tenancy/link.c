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
enum { NAMES = 1024, WAYS = 8, PARAMS_MOST = 64, FIRST_DELAY_MS = 100, LAST_DELAY_MS = 5000 };

struct name {
    uint64_t key; /* 0: free */
    uint64_t used;
};

struct link {
    PGconn *pg;
    struct watch *watch;
    bool slow, up, closing;
    struct fiber *keeper;        /* the fiber that connects and waits for the loss */
    struct batch *first, **end, *open;
    unsigned load;
    uint64_t clock;
    struct name names[NAMES];
};

static const char bind_sql[] = "SELECT set_config('role', $1, true), set_config('search_path', $2, true), "
                               "set_config('app.account_type', $3, true), set_config('app.account_id', $4, true), "
                               "set_config('app.branch_ids', $5, true)";

static void ignore_notice(void *arg, const PGresult *notice)
{
    (void)arg;
    (void)notice;
}

PGconn *link_connect(bool slow, char *message, size_t room)
{
    char password[65], options[300];

    master_derive_hex("login role", password);
    snprintf(options, sizeof options,
        "-c statement_timeout=%s -c lock_timeout=5s -c idle_in_transaction_session_timeout=15s "
        "-c plan_cache_mode=force_generic_plan -c jit=off -c timezone=UTC -c search_path=pg_catalog",
        slow ? "60s" : "20s");
    const char *keys[] = {"dbname", "user", "password", "options", "connect_timeout", "tcp_user_timeout",
        "application_name", "client_encoding", NULL};
    const char *values[] = {config.database_url, "propops_app", password, options, "5", "10000", "propops", "UTF8", NULL};
    PGconn *pg = PQconnectdbParams(keys, values, 1);
    explicit_bzero(password, sizeof password);
    if (PQstatus(pg) == CONNECTION_OK) {
        PGresult *r = PQprepare(pg, "bind", bind_sql, 5, NULL);
        bool ready = PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
        if (ready && PQsetnonblocking(pg, 1) == 0 && PQenterPipelineMode(pg)) {
            PQsetNoticeReceiver(pg, ignore_notice, NULL);
            return pg;
        }
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

static void finish(struct link *l, struct batch *b)
{
    l->load--;
    if (b->error && b->parse >= 0) {
        struct name *n = find_name(l, b->parsed_key);
        if (n)
            n->key = 0;
    }
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

/* One result of the front batch; false when the connection said something that cannot be. */
static bool take(struct link *l, PGresult *r)
{
    struct batch *b = l->first;

    if (!r)
        return ++b->answered <= b->commands;
    switch (PQresultStatus(r)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(r);
        if (b->answered != b->commands)
            return false;
        l->first = b->next;
        if (!l->first)
            l->end = &l->first;
        finish(l, b);
        return true;
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
        if (!b->error)
            b->error = r;
        else
            PQclear(r);
        return true;
    default:
        if ((int)b->answered == b->wanted && !b->result && PQresultStatus(r) != PGRES_PIPELINE_ABORTED)
            b->result = r;
        else
            PQclear(r);
        return true;
    }
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

    a->pg = link_connect(a->slow, a->message, sizeof a->message);
}

/* Connects, waits until the connection is lost, and begins again. */
static void keep(void *arg)
{
    struct link *l = arg;
    uint32_t delay = FIRST_DELAY_MS;

    l->keeper = fiber_self();
    while (!l->closing) {
        struct attempt a = {.slow = l->slow};
        if (offload(connect_blocking, &a) && a.pg) {
            delay = FIRST_DELAY_MS;
            l->pg = a.pg;
            l->up = true;
            l->watch = watch_new(PQsocket(l->pg), on_ready, l);
            while (l->up && !l->closing)
                fiber_park();
            continue;
        }
        log_failure("database_connection", "reason", a.message, NULL);
        fiber_park_for(delay);
        delay = delay * 2 > LAST_DELAY_MS ? LAST_DELAY_MS : delay * 2;
    }
    l->keeper = NULL;
    lose(l);
    free(l);
}

struct link *link_new(bool slow)
{
    struct link *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->slow = slow;
    l->end = &l->first;
    fiber_start(keep, l);
    return l;
}

void link_free(struct link *l)
{
    l->closing = true;
    fiber_wake(l->keeper);
}

bool link_up(const struct link *l)
{
    return l->up;
}

unsigned link_load(const struct link *l)
{
    return l->load;
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

static void print_name(char name[32], uint64_t key)
{
    snprintf(name, 32, "s%016llx", (unsigned long long)key);
}

static bool prepare(struct link *l, uint64_t key, const char *name, const char *sql)
{
    struct name *set = &l->names[key % (NAMES / WAYS) * WAYS], *oldest = set;
    char old[32], text[64];

    for (unsigned i = 1; i < WAYS; i++)
        if (set[i].used < oldest->used || set[i].key == 0)
            oldest = &set[i];
    if (oldest->key) {
        print_name(old, oldest->key);
        snprintf(text, sizeof text, "DEALLOCATE %s", old);
        if (!link_text(l, text))
            return false;
    }
    *oldest = (struct name){key, l->clock};
    l->open->parse = (int)l->open->commands;
    l->open->parsed_key = key;
    return sent(l, PQsendPrepare(l->pg, name, sql, 0, NULL));
}

bool link_execute(struct link *l, uint64_t key, const char *sql, const struct arg *args, size_t count)
{
    const char *values[PARAMS_MOST];
    int lengths[PARAMS_MOST], formats[PARAMS_MOST];
    char name[32];

    assert(count <= PARAMS_MOST);
    if (!l->up)
        return false;
    print_name(name, key);
    struct name *known = find_name(l, key);
    l->clock++;
    if (known)
        known->used = l->clock;
    else if (!prepare(l, key, name, sql))
        return false;
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
