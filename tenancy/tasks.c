#include "tenancy/tasks.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/fiber.h"
#include "server/files.h"
#include "server/log.h"
#include "server/loop.h"
#include "tenancy/db.h"
#include "tenancy/tasks.sql.h"
#include "tenancy/tasks_private.h"
#include "tenancy/verbs.h"

enum {
    WORKERS = 4,        /* orgs that are worked on at a time */
    TASKS_A_VISIT = 50, /* then others have their turn */
    HINTS_MOST = 256,
    KINDS_MOST = 128,
    SWEEP_MS = 5000,
    LEASE_SLACK = 30, /* seconds beyond the timeout before a run counts as lost */
    STOP_MS = 25000,
};

static const struct task_kind *const *module_kinds;
static const struct task_kind *const own_kinds[] = {&sweep_task, &reseal_task};

/* All of it belongs to the thread of loop 0, but for the loop itself, which others post to. */
static struct {
    _Atomic(struct loop *) loop;
    struct fiber *supervisor;
    bool stopping, sweep_now;
    unsigned working;
    int64_t hints[HINTS_MOST]; /* ids of orgs that were given work */
    unsigned hints_count;
    int64_t busy[WORKERS]; /* org of each worker; 0: none */
} runner;

void tasks_register(const struct task_kind *const *kinds)
{
    module_kinds = kinds;
}

static const struct task_kind *kind_at(size_t i)
{
    if (i < countof(own_kinds))
        return own_kinds[i];
    return module_kinds ? module_kinds[i - countof(own_kinds)] : NULL;
}

static const struct task_kind *kind_named(struct str name)
{
    const struct task_kind *k;

    for (size_t i = 0; (k = kind_at(i)); i++)
        if (str_is(name, k->name))
            return k;
    return NULL;
}

/* The kinds as two arrays for SQL: names with their leases, or with their periods when only
 * recurring ones are wanted. */
static struct arg kinds_of(struct call *c, bool recurring, struct arg *numbers)
{
    struct str *names = call_alloc(c, KINDS_MOST * sizeof *names);
    int64_t *seconds = call_alloc(c, KINDS_MOST * sizeof *seconds);
    size_t count = 0;
    const struct task_kind *k;

    for (size_t i = 0; (k = kind_at(i)); i++) {
        if (recurring && !k->every_seconds)
            continue;
        assert(count < KINDS_MOST && k->timeout_seconds > 0);
        names[count] = str_of(k->name);
        seconds[count++] = recurring ? k->every_seconds : k->timeout_seconds + LEASE_SLACK;
    }
    *numbers = arg_ints(c, (struct ints){seconds, count});
    return arg_texts(c, (struct texts){names, count});
}

/* --- writing tasks --- */

static void hint(void *arg)
{
    int64_t org = (int64_t)(uintptr_t)arg;

    for (unsigned i = 0; i < runner.hints_count; i++)
        if (runner.hints[i] == org)
            return;
    if (org == 0 || runner.hints_count == HINTS_MOST)
        runner.sweep_now = true;
    else
        runner.hints[runner.hints_count++] = org;
    if (runner.supervisor)
        fiber_wake(runner.supervisor);
}

static void poke(int64_t org)
{
    struct loop *l = atomic_load(&runner.loop);

    if (l)
        loop_post(l, hint, (void *)(uintptr_t)org);
}

void tasks_poke(void)
{
    poke(0);
}

static void poke_for(struct call *c, void *unused)
{
    (void)unused;
    poke(c->org->id);
}

void task_poke_at_end(struct call *c)
{
    for (int i = 0; i < c->at_ends; i++)
        if (c->at_end[i] == poke_for)
            return;
    call_at_end(c, poke_for, NULL);
}

void task_later_in(
    struct call *c, const char *kind, struct str payload, const char *unique, int64_t seconds)
{
    if (call_faulted(c))
        return;
    assert(kind_named(str_of(kind)));
    db_query(c, sql_task_add, ARG(kind), ARG(payload), ARG(unique), ARG(seconds));
    if (seconds == 0)
        task_poke_at_end(c);
}

void task_later(struct call *c, const char *kind, struct str payload, const char *unique)
{
    task_later_in(c, kind, payload, unique, 0);
}

/* --- running one task --- */

int64_t task_delay(int64_t tries)
{
    int64_t delay = 5;

    while (tries-- > 1 && delay < 3600)
        delay *= 3;
    if (delay > 3600)
        delay = 3600;
    return delay + (int64_t)randombytes_uniform((uint32_t)delay / 5 + 1);
}

struct str task_reason(struct call *c)
{
    const char *file = strrchr(c->fault.file, '/');

    return call_print(c, "%s (%s:%d%s%s)%s%s", error_code(c->fault.id),
        file ? file + 1 : c->fault.file, c->fault.line, *c->fault.sqlstate ? ", " : "",
        c->fault.sqlstate, *c->fault.detail ? ": " : "", c->fault.detail);
}

void task_forget_fault(struct call *c)
{
    db_rollback(c);
    db_should_retry(c);
    memset(&c->fault, 0, sizeof c->fault);
    c->problems = NULL;
}

/* A fiber cannot be stopped from outside, but a faulted call's helpers do nothing any more. */
static void on_timeout(void *arg)
{
    struct call *c = arg;

    fail_with(c, BUSY, "over its time");
}

static void run_kind(struct call *c, const struct task_kind *k, struct str payload)
{
    struct timer watchdog = {0};

    timer_start(&watchdog, (uint32_t)k->timeout_seconds * 1000, on_timeout, c);
    k->run(c, payload);
    timer_stop(&watchdog);
}

static void write_failure(struct call *c, const struct task_kind *k, int64_t id, int64_t tries)
{
    struct str reason = task_reason(c);

    task_forget_fault(c);
    struct rows *r = db_query(c, sql_task_retry, ARG(id), ARG(tries), ARG(task_delay(tries)),
        ARG((int)TRIES_MOST), ARG(reason));
    db_commit(c);
    log_failure(str_is(row_str(r, 0, "state"), "dead") ? "task_dead" : "task_failed", "org",
        c->org->slug, "kind", k->name, "task", call_print(c, "%lld", (long long)id).at, "reason",
        reason.at, NULL);
}

/* The claim is a transaction of its own, so that a task that takes the process down is counted as
 * tried. */
static bool run_claimed(struct call *c, const struct rows *claim)
{
    int64_t id = row_int(claim, 0, "id"), tries = row_int(claim, 0, "tries");
    const struct task_kind *k = kind_named(row_str(claim, 0, "kind"));
    assert(k); /* only kinds that we know are claimed */
    struct str payload = call_copy(c, row_str(claim, 0, "payload"));

    if (tries > TRIES_MOST)
        fail_with(c, INTERNAL, "its runner was lost again and again");
    else
        run_kind(c, k, payload);
    if (!call_faulted(c) && rows_count(db_query(c, sql_task_finish, ARG(id), ARG(tries))) == 0)
        fail_with(c, CONFLICT, "its lease was lost");
    db_commit(c);
    if (!call_faulted(c))
        return true;
    write_failure(c, k, id, tries);
    return false;
}

/* Runs one due task of an org; false when there is none. *failures counts those that failed. */
static bool run_next(const struct org *o, unsigned *failures)
{
    struct call c;
    struct arg leases;

    call_as_system(&c, o);
    struct arg kinds = kinds_of(&c, false, &leases);
    struct rows *claim = db_run(&c, &sql_task_claim, (struct arg[]){kinds, leases}, 2);
    db_commit(&c);
    bool found = !call_faulted(&c) && rows_count(claim) == 1;
    if (found)
        *failures += !run_claimed(&c, claim);
    call_release(&c);
    return found;
}

/* --- visiting orgs --- */

/* What an org needs. On a database that does not answer: nothing, and *lost. */
static void look(const struct org *o, bool *due, bool *incomplete, bool *lost)
{
    struct call c;
    struct arg leases, periods;
    int64_t recurring = 0;

    call_as_system(&c, o);
    struct arg kinds = kinds_of(&c, false, &leases), names = kinds_of(&c, true, &periods);
    struct rows *r = db_alone(&c, &sql_tasks_due, (struct arg[]){kinds, names, periods}, 3);
    for (size_t i = 0; kind_at(i); i++)
        recurring += kind_at(i)->every_seconds != 0;
    *lost = call_faulted(&c);
    *due = !*lost && row_bool(r, 0, "due");
    *incomplete = !*lost && row_int(r, 0, "recurring") != recurring;
    call_release(&c);
}

static void add_recurring(const struct org *o)
{
    struct call call, *c = &call;
    const struct task_kind *k;

    call_as_system(c, o);
    for (size_t i = 0; (k = kind_at(i)); i++)
        if (k->every_seconds) /* spread, or all orgs would do it at the same time for ever */
            db_query(c, sql_task_recur, ARG(k->name), ARG(k->every_seconds),
                ARG((int64_t)randombytes_uniform((uint32_t)k->every_seconds)));
    db_commit(c);
    call_release(c);
}

struct visit {
    const struct org *org;
    bool incomplete;
    unsigned slot;
};

static void work(void *arg)
{
    struct visit *v = arg;
    unsigned failures = 0, turns = 0;

    if (v->incomplete)
        add_recurring(v->org);
    while (!runner.stopping && turns < TASKS_A_VISIT && run_next(v->org, &failures))
        if (++turns == 1)
            hint((void *)(uintptr_t)v->org->id); /* there may be enough for two */
    if (!runner.stopping)
        outbox_deliver(v->org);
    if (turns == TASKS_A_VISIT)
        hint((void *)(uintptr_t)v->org->id);
    runner.busy[v->slot] = 0;
    runner.working--;
    free(v);
    if (runner.supervisor)
        fiber_wake(runner.supervisor);
}

/* A place for one more worker, waiting for it; WORKERS when the runner stops. Two places may be of
 * one org. */
static unsigned free_slot(void)
{
    while (!runner.stopping) {
        for (unsigned i = 0; i < WORKERS; i++)
            if (!runner.busy[i])
                return i;
        fiber_park_for(1000);
    }
    return WORKERS;
}

static bool busy_enough(const struct org *o)
{
    unsigned workers = 0;

    for (unsigned i = 0; i < WORKERS; i++)
        workers += runner.busy[i] == o->id;
    return workers >= WORKERS / 2;
}

static void start_visit(const struct org *o, bool incomplete)
{
    struct visit *v = calloc(1, sizeof *v);
    unsigned slot = free_slot();

    if (!v || slot == WORKERS || runner.stopping) {
        free(v);
        return;
    }
    *v = (struct visit){o, incomplete, slot};
    runner.busy[slot] = o->id;
    runner.working++;
    if (fiber_try_start(work, v))
        return;
    runner.busy[slot] = 0;
    runner.working--;
    free(v);
}

/* False when the database does not answer. */
static bool visit(const struct org *o)
{
    bool due, incomplete, lost;

    if (busy_enough(o))
        return true;
    look(o, &due, &incomplete, &lost);
    if (due || incomplete)
        start_visit(o, incomplete);
    return !lost;
}

static void sweep(void)
{
    const struct org *o;

    runner.sweep_now = false;
    for (size_t i = 0; !runner.stopping && (o = org_at(i)); i++)
        if (!visit(o))
            return;
}

static const struct org *org_with(int64_t id)
{
    const struct org *o;

    for (size_t i = 0; (o = org_at(i)); i++)
        if (o->id == id)
            return o;
    return NULL;
}

static void follow_hints(void)
{
    while (!runner.stopping && runner.hints_count > 0) {
        const struct org *o = org_with(runner.hints[--runner.hints_count]);
        if (o)
            visit(o);
    }
}

/* Hints are followed at once; all orgs are looked into every few seconds, for a hint may be lost
 * and other processes give none. */
static void supervise(void *unused)
{
    uint64_t next = now_monotonic_us();

    (void)unused;
    runner.supervisor = fiber_self();
    while (!runner.stopping) {
        follow_hints();
        uint64_t now = now_monotonic_us();
        if (runner.sweep_now || now >= next) {
            sweep();
            next = now_monotonic_us() +
                   (SWEEP_MS - SWEEP_MS / 8 + randombytes_uniform(SWEEP_MS / 4)) * 1000ull;
        } else if (runner.hints_count == 0) {
            fiber_park_for((uint32_t)((next - now) / 1000) + 1);
        }
    }
    while (runner.working > 0)
        fiber_park_for(1000);
    runner.supervisor = NULL;
}

static int64_t working_now(void)
{
    return runner.working;
}

void tasks_start(const struct task_kind *const *kinds)
{
    tasks_register(kinds);
    metrics_gauge("propops_task_workers", "Orgs whose background work is being done.", working_now);
    atomic_store(&runner.loop, loop_self());
    fiber_start(supervise, NULL);
}

void tasks_stop(void)
{
    runner.stopping = true;
    atomic_store(&runner.loop, NULL);
    if (runner.supervisor)
        fiber_wake(runner.supervisor);
    for (unsigned waited = 0; runner.supervisor && waited < STOP_MS; waited += 50)
        fiber_sleep(50);
    if (runner.supervisor)
        log_failure("tasks_still_running", NULL);
}

/* --- without a server --- */

static void run_all(void *arg)
{
    unsigned *failures = arg, done;
    bool due, incomplete, lost;
    const struct org *o;

    db_start();
    files_loop_start();
    do {
        done = 0;
        for (size_t i = 0; (o = org_at(i)); i++) {
            look(o, &due, &incomplete, &lost);
            *failures += lost;
            if (incomplete)
                add_recurring(o);
            while (run_next(o, failures))
                done++;
            if (due)
                *failures += !outbox_deliver(o);
        }
    } while (done > 0);
    files_loop_stop();
    db_stop();
}

int tasks_run_once(void)
{
    unsigned failures = 0;

    fiber_run_alone(run_all, &failures);
    return failures ? 1 : 0;
}
