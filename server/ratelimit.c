#include "server/ratelimit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "server/config.h"
#include "server/endpoint.h"
#include "server/loop.h"
#include "server/reply.h"
#include "server/route.h"

/* A place whose neighbours all count for somebody else gives up the one that ends first: memory is
 * bounded, and a flood of new addresses can at worst make old ones start afresh. */
enum { SHARDS = 16, PLACES = 4096, PROBES = 8 };
enum { READS = 600, WRITES = 120, TRIES = 10, REFUSALS = 300, WINDOW = 60 };

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
static struct str (*org_name)(const struct org *o);

void ratelimit_org_name(struct str (*name)(const struct org *o))
{
    org_name = name;
}

static void make_secret(void)
{
    randombytes_buf(secret, sizeof secret);
}

/* Who is counted, by what; without holes, since its bytes are hashed. */
struct who {
    uint64_t org, row;
    int64_t account;
    uint8_t address[64];
};

static uint64_t hash_of(const void *bytes, size_t len)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint64_t hash;

    /* Keyed, so that nobody can choose addresses that meet in one place. */
    pthread_once(&once, make_secret);
    crypto_shorthash((uint8_t *)&hash, bytes, len, secret);
    return hash;
}

static uint64_t org_key(const struct org *o)
{
    if (!o || !org_name)
        return (uintptr_t)o;
    struct str name = org_name(o);
    return hash_of(name.at, name.len);
}

static void put_address(struct who *w, struct str address)
{
    struct in6_addr six;
    char text[INET6_ADDRSTRLEN] = "";

    if (address.len < sizeof text && address.len > 0)
        memcpy(text, address.at, address.len);
    if (inet_pton(AF_INET6, text, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six))
        memcpy(w->address, &six, 8);
    else if (address.len > 0)
        memcpy(w->address, address.at,
            address.len < sizeof w->address ? address.len : sizeof w->address);
}

/* Refusals count together, whatever was asked for. */
enum { ALL_ROWS = -1 };

static uint64_t key_of(const struct call *c, int64_t row, enum rate_by by)
{
    struct who w = {.org = org_key(c->org), .row = (uint64_t)row};

    if (by == RATE_BY_ADDRESS || c->account->id == 0)
        put_address(&w, c->request.address);
    else
        w.account = c->account->id;
    return hash_of(&w, sizeof w);
}

static struct window *place_of(struct shard *s, uint64_t key, uint64_t now)
{
    struct window *first_to_end = NULL;

    for (unsigned i = 0; i < PROBES; i++) {
        struct window *w = &s->places[(key / SHARDS + i) % PLACES];
        if (w->key == key && w->ends > now)
            return w;
        if (!first_to_end || w->ends < first_to_end->ends)
            first_to_end = w;
    }
    return first_to_end;
}

static int scaled(int requests)
{
    double most = requests * (config.rate_factor > 0 ? config.rate_factor : 1);

    return most > 1e9 ? 1000000000 : most < 1 ? 1 : (int)most;
}

static struct rate rate_of(const struct endpoint *row)
{
    bool open_write = row->access == PUBLIC && row->method != GET;
    struct rate rate = row->rate;

    if (rate.requests == 0) {
        rate.requests = row->method == GET ? READS : open_write ? TRIES : WRITES;
        rate.by = open_write ? RATE_BY_ADDRESS : rate.by;
    }
    if (rate.seconds == 0)
        rate.seconds = WINDOW;
    rate.requests = scaled(rate.requests);
    return rate;
}

/* Counts one call; gives the calls so far (at most one over the limit) and the seconds left. */
static int count(uint64_t key, struct rate rate, uint64_t *left)
{
    struct shard *s = &shards[key % SHARDS];

    pthread_mutex_lock(&s->lock);
    uint64_t now = now_monotonic_us() / 1000000;
    struct window *w = place_of(s, key, now);
    if (w->key != key || w->ends <= now)
        *w = (struct window){key, now + (uint64_t)rate.seconds, 0};
    int used = w->used < rate.requests ? ++w->used : rate.requests + 1;
    *left = w->ends - now;
    pthread_mutex_unlock(&s->lock);
    return used;
}

/* Counts and says so in the reply's headers; false over the limit. */
static bool take(struct call *c, uint64_t key, struct rate rate)
{
    uint64_t left;
    int used = count(key, rate, &left);
    bool over = used > rate.requests;

    reply_header(c, "x-ratelimit-limit", call_print(c, "%d", rate.requests));
    reply_header(c, "x-ratelimit-remaining", call_print(c, "%d", over ? 0 : rate.requests - used));
    reply_header(
        c, "x-ratelimit-reset", call_print(c, "%lld", (long long)now_unix() + (long long)left));
    if (over)
        reply_header(c, "retry-after", call_print(c, "%llu", (unsigned long long)left));
    return !over;
}

bool ratelimit_take(struct call *c)
{
    struct rate rate = rate_of(c->endpoint);
    bool may = take(c, key_of(c, (int64_t)route_index(c->endpoint), rate.by), rate);

    if (!may)
        fail(c, RATE_LIMITED);
    return may;
}

void ratelimit_refused(struct call *c)
{
    struct rate rate = {scaled(REFUSALS), WINDOW, RATE_BY_ADDRESS};
    struct fault refusal = c->fault;

    if (error_status(refusal.id) >= 500)
        return;
    /* On a faulted call nothing more is written, these headers neither. */
    memset(&c->fault, 0, sizeof c->fault);
    if (take(c, key_of(c, ALL_ROWS, RATE_BY_ADDRESS), rate))
        c->fault = refusal;
    else
        fail(c, RATE_LIMITED);
}
