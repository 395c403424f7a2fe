#include "tenancy/pool.h"

#include <assert.h>

#include "server/loop.h"

enum {
    SHARED = 4,
    HOMES = 2,    /* shared connections that an org goes to first */
    CROWDED = 16, /* calls on each of them, before it goes to the others too */
    LEASED = 8,
    SLOW = 2,
    LOAD_MOST = 256,
    WAITERS_MOST = 256,
    WAIT_MS = 5000,
    START_MS = 5000,
    STOP_MS = 8000
};

struct waiter {
    struct fiber *fiber;
    struct link *given;
    int64_t org_id;
    struct waiter *next;
};

/* A connection that is leased to one call at a time. */
struct place {
    struct link *link;
    bool taken;
    int64_t org_id; /* whose it is while it is taken */
};

struct leases {
    struct place *places;
    unsigned count;
    struct waiter *first; /* longest first */
    unsigned waiting;
};

/* Orgs share a counter by their number's low bits: rarely unfair, never wrong. */
enum { COUNTERS = 256 };

static _Thread_local struct {
    struct link *shared[SHARED];
    unsigned load, load_of[COUNTERS];
    struct place leased_places[LEASED], slow_places[SLOW];
    struct leases leased, slow;
} here;

static unsigned *counter(int64_t org_id)
{
    return &here.load_of[(uint64_t)org_id % COUNTERS];
}

/* One org alone may take three quarters of what can be under way; while others are there, half. */
static bool has_room(int64_t org_id)
{
    const unsigned most = SHARED * LOAD_MOST;

    return here.load < most && (here.load < most / 4 * 3 || *counter(org_id) < most / 2);
}

/* The i-th shared connection as an org counts them. */
static struct link *shared_of(int64_t org_id, unsigned i)
{
    return here.shared[((uint64_t)org_id + i) % SHARED];
}

static struct link *least_loaded(int64_t org_id, unsigned of)
{
    struct link *best = NULL;

    for (unsigned i = 0; i < of; i++) {
        struct link *l = shared_of(org_id, i);
        if (link_up(l) && (!best || link_load(l) < link_load(best)))
            best = l;
    }
    return best;
}

/* A connection keeps an org's statements planned and its tables known, which costs memory for each
 * org and a thousand times an execution to get: so an org stays at home, unless it is crowded
 * there. */
static struct link *nearest(int64_t org_id)
{
    struct link *home = least_loaded(org_id, HOMES);

    return home && link_load(home) < CROWDED ? home : least_loaded(org_id, SHARED);
}

static void want_another(int64_t org_id)
{
    for (unsigned i = 0; i < SHARED; i++)
        if (!link_wanted(shared_of(org_id, i))) {
            link_want(shared_of(org_id, i));
            return;
        }
}

struct link *pool_shared(int64_t org_id)
{
    struct link *l = nearest(org_id);

    if (!l || link_load(l) > 0 || !link_wanted(shared_of(org_id, 0))) {
        want_another(org_id);
        l = nearest(org_id);
    }
    if (!l || link_load(l) >= LOAD_MOST || !has_room(org_id))
        return NULL;
    here.load++;
    ++*counter(org_id);
    return l;
}

void pool_shared_done(int64_t org_id)
{
    assert(here.load > 0 && *counter(org_id) > 0);
    here.load--;
    --*counter(org_id);
}

static struct place *free_place(struct leases *q)
{
    for (unsigned i = 0; i < q->count; i++)
        if (!q->places[i].taken && link_up(q->places[i].link))
            return &q->places[i];
    return NULL;
}

static struct link *take(struct place *p, int64_t org_id)
{
    p->taken = true;
    p->org_id = org_id;
    return p->link;
}

static unsigned held_by(const struct leases *q, int64_t org_id)
{
    unsigned held = 0;

    for (unsigned i = 0; i < q->count; i++)
        held += q->places[i].taken && q->places[i].org_id == org_id;
    return held;
}

static unsigned waiting_of(const struct leases *q, int64_t org_id)
{
    unsigned waiting = 0;

    for (const struct waiter *w = q->first; w; w = w->next)
        waiting += w->org_id == org_id;
    return waiting;
}

static void leave(struct leases *q, struct waiter *w)
{
    struct waiter **at = &q->first;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    q->waiting--;
}

static struct waiter *next_in_turn(const struct leases *q)
{
    struct waiter *best = q->first;
    unsigned fewest = best ? held_by(q, best->org_id) : 0;

    for (struct waiter *w = best; w && fewest > 0; w = w->next) {
        unsigned held = held_by(q, w->org_id);
        if (held < fewest) {
            fewest = held;
            best = w;
        }
    }
    return best;
}

static void serve(struct leases *q)
{
    struct place *p;

    while (q->first && (p = free_place(q))) {
        struct waiter *w = next_in_turn(q);
        leave(q, w);
        w->given = take(p, w->org_id);
        fiber_wake(w->fiber);
    }
}

static struct link *wait_in(struct leases *q, int64_t org_id)
{
    struct waiter w = {.fiber = fiber_self(), .org_id = org_id}, **end = &q->first;
    uint64_t until = now_monotonic_us() + WAIT_MS * 1000ull;

    if (q->waiting >= WAITERS_MOST || waiting_of(q, org_id) >= WAITERS_MOST / 2)
        return NULL;
    while (*end)
        end = &(*end)->next;
    *end = &w;
    q->waiting++;
    serve(q); /* one may have come up while it was asked for */
    for (uint64_t now; !w.given && (now = now_monotonic_us()) < until;)
        fiber_park_for((uint32_t)((until - now + 999) / 1000));
    if (!w.given)
        leave(q, &w);
    return w.given;
}

/* One that is not connected yet is wanted for each caller that finds none free. */
static void want_place(struct leases *q)
{
    for (unsigned i = 0; i < q->count; i++)
        if (!link_wanted(q->places[i].link)) {
            link_want(q->places[i].link);
            return;
        }
}

struct link *pool_lease(bool slow, int64_t org_id)
{
    struct leases *q = slow ? &here.slow : &here.leased;
    struct place *p = q->first ? NULL : free_place(q);

    if (!p) {
        want_place(q);
        p = q->first ? NULL : free_place(q); /* without worker threads it is up at once */
    }
    return p ? take(p, org_id) : wait_in(q, org_id);
}

static struct place *place_of(struct leases *q, const struct link *l)
{
    for (unsigned i = 0; i < q->count; i++)
        if (q->places[i].link == l)
            return &q->places[i];
    return NULL;
}

void pool_give_back(struct link *l)
{
    struct leases *q = place_of(&here.slow, l) ? &here.slow : &here.leased;
    struct place *p = place_of(q, l);

    assert(p && p->taken);
    p->taken = false;
    serve(q);
}

static void on_up(struct link *l)
{
    if (place_of(&here.leased, l))
        serve(&here.leased);
    else if (place_of(&here.slow, l))
        serve(&here.slow);
}

static void make(struct leases *q, struct place *places, unsigned count, bool slow)
{
    *q = (struct leases){.places = places, .count = count};
    for (unsigned i = 0; i < count; i++)
        places[i] = (struct place){.link = link_new(slow, on_up)};
}

void pool_start(void)
{
    for (unsigned i = 0; i < SHARED; i++)
        here.shared[i] = link_new(false, on_up);
    make(&here.leased, here.leased_places, LEASED, false);
    make(&here.slow, here.slow_places, SLOW, true);
    link_want(here.shared[0]);
    for (unsigned waited = 0; waited < START_MS && !link_up(here.shared[0]); waited += 5)
        fiber_sleep(5);
}

static void end(struct leases *q)
{
    for (unsigned i = 0; i < q->count; i++)
        link_free(q->places[i].link);
    q->count = 0;
}

void pool_stop(void)
{
    for (unsigned i = 0; i < SHARED; i++)
        link_free(here.shared[i]);
    end(&here.leased);
    end(&here.slow);
    for (unsigned waited = 0; waited < STOP_MS && links_alive() > 0; waited += 2)
        fiber_sleep(2);
}
