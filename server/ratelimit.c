#include "server/ratelimit.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "server/config.h"
#include "server/endpoint.h"
#include "server/loop.h"
#include "server/reply.h"
#include "server/route.h"

/* 16 shards of 4,096 places; a place that is full of live windows gives up its oldest: memory is bounded, and a flood of new
 * addresses can at worst make old ones start afresh. */
enum { SHARDS = 16, PLACES = 4096, PROBES = 8, READS = 600, WRITES = 120, WINDOW = 60 };

struct window {
    uint64_t key;
    uint64_t ends; /* monotonic seconds; 0: free */
    int used;
};

static struct shard {
    pthread_mutex_t lock;
    struct window places[PLACES];
} shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static uint8_t secret[crypto_shorthash_KEYBYTES];

static void make_secret(void)
{
    randombytes_buf(secret, sizeof secret);
}

/* Who is counted, as one number; keyed, so that nobody can choose addresses that collide. */
static uint64_t key_of(const struct call *c, bool by_address)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct {
        const void *org;
        uint64_t row;
        int64_t account;
        char address[64];
    } who = {.org = c->org, .row = route_index(c->endpoint)};
    uint64_t key;

    pthread_once(&once, make_secret);
    if (by_address)
        memcpy(who.address, c->request.address.at,
            c->request.address.len < sizeof who.address ? c->request.address.len : sizeof who.address);
    else
        who.account = c->account->id;
    crypto_shorthash((uint8_t *)&key, (const uint8_t *)&who, sizeof who, secret);
    return key;
}

static struct window *place_of(struct shard *s, uint64_t key, uint64_t now)
{
    struct window *oldest = NULL;

    for (unsigned i = 0; i < PROBES; i++) {
        struct window *w = &s->places[(key / SHARDS + i) % PLACES];
        if (w->key == key && w->ends > now)
            return w;
        if (!oldest || w->ends < oldest->ends)
            oldest = w;
    }
    return oldest;
}

static struct rate rate_of(const struct endpoint *row)
{
    struct rate rate = row->rate;

    if (rate.requests == 0)
        rate.requests = row->method == GET ? READS : WRITES;
    if (rate.seconds == 0)
        rate.seconds = WINDOW;
    double scaled = rate.requests * config.rate_factor;
    rate.requests = config.rate_factor == 0 ? rate.requests : scaled > 1e9 ? 1000000000 : scaled < 1 ? 1 : (int)scaled;
    return rate;
}

bool ratelimit_take(struct call *c)
{
    struct rate rate = rate_of(c->endpoint);
    bool by_address = rate.by == RATE_BY_ADDRESS || c->account->id == 0;
    uint64_t key = key_of(c, by_address), now = now_monotonic_us() / 1000000;
    struct shard *s = &shards[key % SHARDS];

    pthread_mutex_lock(&s->lock);
    struct window *w = place_of(s, key, now);
    if (w->key != key || w->ends <= now)
        *w = (struct window){key, now + (uint64_t)rate.seconds, 0};
    int used = w->used < rate.requests ? ++w->used : rate.requests + 1;
    uint64_t left = w->ends - now;
    pthread_mutex_unlock(&s->lock);
    bool over = used > rate.requests;
    reply_header(c, "x-ratelimit-limit", call_print(c, "%d", rate.requests));
    reply_header(c, "x-ratelimit-remaining", call_print(c, "%d", over ? 0 : rate.requests - used));
    reply_header(c, "x-ratelimit-reset", call_print(c, "%lld", (long long)(now_unix() + (int64_t)left)));
    if (over) {
        reply_header(c, "retry-after", call_print(c, "%llu", (unsigned long long)left));
        fail(c, RATE_LIMITED);
    }
    return !over;
}
