#include "tenancy/pool.h"

#include "server/loop.h"

enum { SHARED = 4, LEASED = 8, SLOW = 2, LOAD_MOST = 64, WAITERS_MOST = 128, WAIT_MS = 5000 };

struct waiter {
    struct fiber *fiber;
    struct link *given;
    struct waiter *next;
};

struct queue {
    struct waiter *first, **end;
    unsigned length;
};

static _Thread_local struct {
    struct link *shared[SHARED], *leased[LEASED], *slow[SLOW];
    struct link *free_leased[LEASED], *free_slow[SLOW];
    unsigned free_leased_count, free_slow_count;
    struct queue leases, slow_leases;
} here;

static struct link *least_loaded(struct link *const *links, unsigned count)
{
    struct link *best = NULL;

    for (unsigned i = 0; i < count; i++)
        if (links[i] && link_up(links[i]) && (!best || link_load(links[i]) < link_load(best)))
            best = links[i];
    return best && link_load(best) < LOAD_MOST ? best : NULL;
}

struct link *pool_shared(bool slow)
{
    return slow ? least_loaded(here.slow, SLOW) : least_loaded(here.shared, SHARED);
}

static void leave(struct queue *q, struct waiter *w)
{
    for (struct waiter **at = &q->first; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            q->length--;
            break;
        }
    q->end = &q->first;
    while (*q->end)
        q->end = &(*q->end)->next;
}

static struct link *wait_in(struct queue *q)
{
    struct waiter w = {.fiber = fiber_self()};

    if (q->length >= WAITERS_MOST)
        return NULL;
    if (!q->end)
        q->end = &q->first;
    *q->end = &w;
    q->end = &w.next;
    q->length++;
    uint64_t until = now_monotonic_us() + WAIT_MS * 1000;
    while (!w.given && now_monotonic_us() < until)
        fiber_park_for(WAIT_MS);
    if (!w.given)
        leave(q, &w);
    return w.given;
}

/* Takes a free one that is up; those that are down stay behind. */
static struct link *take(struct link **links, unsigned *count)
{
    for (unsigned i = *count; i-- > 0;)
        if (link_up(links[i])) {
            struct link *l = links[i];
            links[i] = links[--*count];
            return l;
        }
    return NULL;
}

struct link *pool_lease(bool slow)
{
    struct link *l = slow ? take(here.free_slow, &here.free_slow_count) : take(here.free_leased, &here.free_leased_count);

    return l ? l : wait_in(slow ? &here.slow_leases : &here.leases);
}

static bool is_slow(const struct link *l)
{
    for (unsigned i = 0; i < SLOW; i++)
        if (here.slow[i] == l)
            return true;
    return false;
}

void pool_give_back(struct link *l)
{
    bool slow = is_slow(l);
    struct queue *q = slow ? &here.slow_leases : &here.leases;
    struct waiter *w = q->first;

    if (w && link_up(l)) {
        q->first = w->next;
        if (!q->first)
            q->end = &q->first;
        q->length--;
        w->given = l;
        fiber_wake(w->fiber);
    } else if (slow) {
        here.free_slow[here.free_slow_count++] = l;
    } else {
        here.free_leased[here.free_leased_count++] = l;
    }
}

void pool_start(void)
{
    for (unsigned i = 0; i < SHARED; i++)
        here.shared[i] = link_new(false);
    for (unsigned i = 0; i < LEASED; i++)
        here.free_leased[here.free_leased_count++] = here.leased[i] = link_new(false);
    for (unsigned i = 0; i < SLOW; i++)
        here.free_slow[here.free_slow_count++] = here.slow[i] = link_new(true);
    for (unsigned waited = 0; waited < 5000 && !pool_shared(false); waited += 20)
        fiber_sleep(20);
}

void pool_stop(void)
{
    for (unsigned i = 0; i < SHARED; i++)
        link_free(here.shared[i]);
    for (unsigned i = 0; i < LEASED; i++)
        link_free(here.leased[i]);
    for (unsigned i = 0; i < SLOW; i++)
        link_free(here.slow[i]);
}
