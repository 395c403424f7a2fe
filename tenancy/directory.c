/* Its few statements run before there is an org to bind to, on a connection of its own. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"
#include "server/log.h"
#include "server/loop.h"
#include "tenancy/admin.h"
#include "tenancy/directory.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"
#include "tenancy/token.h"

enum { REFRESH_MS = 5000, FLAGS_MOST = 64, KEPT_SECONDS = 60 };

struct host {
    char name[254];
    const struct org *org;
};

/* An org as it was read. It stays for the life of the process, since calls hold pointers to it; as
 * long as nothing of it changes, later readings have the same one. */
struct entry {
    struct org org;
    uint8_t digest[32];
    struct entry *next; /* of all there ever were */
};

/* One reading of the directory. It is freed some time after the next one came: nobody looks longer
 * than a moment. */
struct directory {
    const struct org **orgs; /* all but erased ones, by slug */
    size_t orgs_count;
    struct host *hosts; /* by name */
    size_t hosts_count;
    uint8_t digest[32];
    int64_t replaced;       /* when, in seconds */
    struct directory *next; /* replaced before */
};

static _Atomic(struct directory *) current;
/* The follower's, and before it starts the process's only thread's. */
static struct entry *entries;
static struct directory *replaced;
static pthread_t follower;
static atomic_bool stopping;
static char shared_host[260];

static const char orgs_sql[] =
    "SELECT o.id, o.uuid, o.slug, o.name, o.schema_name, o.role_name, o.state, o.is_operator,"
    " (SELECT string_agg(f.flag, ',' ORDER BY f.flag) FROM platform.org_flags f WHERE f.org_id = "
    "o.id),"
    " (SELECT string_agg(k.version || ':' || encode(k.wrapped, 'hex') || ':' || extract(epoch FROM "
    "k.created_at)::bigint, ',' ORDER BY k.version)"
    " FROM platform.org_keys k WHERE k.org_id = o.id),"
    " (SELECT string_agg(h.host, ',' ORDER BY h.host) FROM platform.org_hosts h WHERE h.org_id = "
    "o.id)"
    " FROM platform.orgs o WHERE o.state <> 'erased' ORDER BY o.slug COLLATE \"C\"";

static void *must(void *memory)
{
    if (!memory)
        die("out of memory");
    return memory;
}

static enum org_state state_of(const char *text)
{
    static const char *const names[] = {"provisioning", "active", "suspended", "erased"};

    for (size_t i = 0; i < countof(names); i++)
        if (strcmp(names[i], text) == 0)
            return (enum org_state)i;
    return ORG_SUSPENDED;
}

/* "1:hex:time,2:hex:time": the wrapped keys of an org. One that cannot be opened leaves the org
 * without it, and the log says so. */
static const struct keyring *read_keys(const struct org *o, const char *text)
{
    struct keyring *ring = keyring_new(&o->uuid);
    struct str rest = str_of(text);
    uint8_t wrapped[128], key[32];
    size_t len;
    int64_t version, made_at;

    while (rest.at) {
        struct str time = str_cut(&rest, ',');
        struct str number = str_cut(&time, ':'), hex = str_cut(&time, ':');
        bool good = time.at && str_to_int(number, &version) && str_to_int(time, &made_at) &&
                    sodium_hex2bin(wrapped, sizeof wrapped, hex.at, hex.len, NULL, &len, NULL) ==
                        0 &&
                    data_key_unwrap(
                        &o->uuid, (uint32_t)version, (struct str){(char *)wrapped, len}, key) &&
                    keyring_add(ring, (uint32_t)version, made_at, key);
        if (!good)
            log_failure("org_key_unreadable", "org", o->slug, NULL);
    }
    sodium_memzero(key, sizeof key);
    return ring;
}

static const char *const *read_flags(const char *text)
{
    const char **flags = must(calloc(FLAGS_MOST + 1, sizeof *flags));
    struct str rest = str_of(text);

    for (size_t i = 0; rest.at && i < FLAGS_MOST; i++) {
        struct str flag = str_cut(&rest, ',');
        flags[i] = must(strndup(flag.at, flag.len));
    }
    return flags;
}

static void set_text(char *to, size_t room, const char *from)
{
    snprintf(to, room, "%s", from);
}

static int64_t number_of(const char *text)
{
    int64_t value = 0;

    str_to_int(str_of(text), &value);
    return value;
}

static struct entry *read_org(const PGresult *r, int row)
{
    struct entry *e = must(calloc(1, sizeof *e));
    struct org *o = &e->org;

    o->id = number_of(admin_cell(r, row, 0));
    uuid_parse(str_of(admin_cell(r, row, 1)), &o->uuid);
    set_text(o->slug, sizeof o->slug, admin_cell(r, row, 2));
    set_text(o->name, sizeof o->name, admin_cell(r, row, 3));
    set_text(o->schema, sizeof o->schema, admin_cell(r, row, 4));
    set_text(o->role, sizeof o->role, admin_cell(r, row, 5));
    o->state = state_of(admin_cell(r, row, 6));
    o->is_operator = admin_cell(r, row, 7)[0] == 't';
    o->flags = read_flags(admin_cell(r, row, 8));
    o->keys = read_keys(o, admin_cell(r, row, 9));
    return e;
}

static int by_host(const void *a, const void *b)
{
    return strcmp(((const struct host *)a)->name, ((const struct host *)b)->name);
}

static void add_host(struct directory *d, const char *name, size_t len, const struct org *o)
{
    d->hosts = must(realloc(d->hosts, (d->hosts_count + 1) * sizeof *d->hosts));
    struct host *h = &d->hosts[d->hosts_count++];
    snprintf(h->name, sizeof h->name, "%.*s", (int)len, name);
    h->org = o;
}

static void add_hosts(struct directory *d, const struct org *o, const char *more)
{
    char own[320];
    struct str rest = str_of(more);

    /* Host labels have no underscore; slugs may. */
    int len = snprintf(own, sizeof own, "%s.%s", o->slug, config.domain);
    for (char *at = own; *at; at++)
        *at = *at == '_' ? '-' : *at;
    add_host(d, own, (size_t)len, o);
    while (rest.at) {
        struct str host = str_cut(&rest, ',');
        add_host(d, host.at, host.len, o);
    }
}

/* What rows of a reading say, as one hash: most readings say what the one before said. */
static void digest_of(const PGresult *r, int from, int to, uint8_t digest[32])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, 32);
    for (int row = from; row < to; row++)
        for (int column = 0; column < PQnfields(r); column++) {
            /* SQL NULL and empty text differ in nothing that matters here. */
            crypto_generichash_update(&state, (const uint8_t *)PQgetvalue(r, row, column),
                (size_t)PQgetlength(r, row, column));
            crypto_generichash_update(&state, (const uint8_t *)"", 1);
        }
    crypto_generichash_final(&state, digest, 32);
}

static const struct org *find_org(const struct directory *d, struct str slug)
{
    size_t low = 0, high = d ? d->orgs_count : 0;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(d->orgs[middle]->slug, slug.at, slug.len);
        if (order == 0 && d->orgs[middle]->slug[slug.len])
            order = 1;
        if (order == 0)
            return d->orgs[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The org of a row: the one of the reading before when nothing of it changed, so that keys are
 * unwrapped once. */
static const struct org *org_of(const struct directory *old, const PGresult *r, int row)
{
    uint8_t digest[32];
    const struct org *known = find_org(old, str_of(admin_cell(r, row, 2)));

    digest_of(r, row, row + 1, digest);
    if (known && memcmp(((const struct entry *)known)->digest, digest, sizeof digest) == 0)
        return known;
    struct entry *e = read_org(r, row);
    memcpy(e->digest, digest, sizeof digest);
    e->next = entries;
    entries = e;
    return &e->org;
}

static void directory_free(struct directory *d)
{
    free(d->orgs);
    free(d->hosts);
    free(d);
}

static void replace(struct directory *old, struct directory *new)
{
    int64_t now = now_unix();

    atomic_store(&current, new);
    if (old) {
        old->replaced = now;
        old->next = replaced;
        replaced = old;
    }
    for (struct directory **at = &replaced; *at;) {
        struct directory *d = *at;
        if (now - d->replaced < KEPT_SECONDS) {
            at = &d->next;
            continue;
        }
        *at = d->next;
        directory_free(d);
    }
}

bool directory_read(PGconn *pg)
{
    PGresult *r = admin_query(pg, orgs_sql, 0, NULL);
    struct directory *old = atomic_load(&current);
    uint8_t digest[32];

    if (!r)
        return false;
    digest_of(r, 0, PQntuples(r), digest);
    if (!old || memcmp(old->digest, digest, sizeof digest) != 0) {
        struct directory *d = must(calloc(1, sizeof *d));
        memcpy(d->digest, digest, sizeof digest);
        d->orgs_count = (size_t)PQntuples(r);
        d->orgs = must(calloc(d->orgs_count + 1, sizeof *d->orgs));
        for (size_t i = 0; i < d->orgs_count; i++) {
            d->orgs[i] = org_of(old, r, (int)i);
            add_hosts(d, d->orgs[i], admin_cell(r, (int)i, 10));
        }
        if (d->hosts_count > 0)
            qsort(d->hosts, d->hosts_count, sizeof *d->hosts, by_host);
        replace(old, d);
    }
    PQclear(r);
    return true;
}

static const struct org *serving(const struct org *o)
{
    return o && o->state == ORG_ACTIVE ? o : NULL;
}

const struct org *org_by_host(struct str host, bool *shared)
{
    const struct directory *d = atomic_load(&current);
    struct host wanted;

    *shared = str_is(host, shared_host);
    if (*shared || !d || host.len >= sizeof wanted.name)
        return NULL;
    wanted.org = NULL;
    memcpy(wanted.name, host.at, host.len);
    wanted.name[host.len] = '\0';
    const struct host *h = bsearch(&wanted, d->hosts, d->hosts_count, sizeof wanted, by_host);
    return h ? serving(h->org) : NULL;
}

const struct org *org_by_slug(struct str slug)
{
    return serving(find_org(atomic_load(&current), slug));
}

const struct org *org_any_by_slug(struct str slug)
{
    return find_org(atomic_load(&current), slug);
}

const struct org *org_at(size_t i)
{
    const struct directory *d = atomic_load(&current);
    size_t seen = 0;

    for (size_t k = 0; d && k < d->orgs_count; k++)
        if (d->orgs[k]->state == ORG_ACTIVE && seen++ == i)
            return d->orgs[k];
    return NULL;
}

bool org_flag(const struct org *o, const char *flag)
{
    for (size_t i = 0; o->flags[i]; i++)
        if (strcmp(o->flags[i], flag) == 0)
            return true;
    return false;
}

/* Waits for a notice or for the time to be up. */
static void wait_for_change(PGconn *pg)
{
    for (int waited = 0; waited < REFRESH_MS && !atomic_load(&stopping); waited += 200) {
        struct pollfd p = {.fd = pg ? PQsocket(pg) : -1, .events = POLLIN};
        if (poll(&p, 1, 200) > 0 && pg) {
            bool told = false;
            if (!PQconsumeInput(pg))
                return;
            for (PGnotify *n; (n = PQnotifies(pg)); PQfreemem(n))
                told = true;
            if (told)
                return;
        }
    }
}

static void *follow(void *arg)
{
    PGconn *pg = arg;

    while (!atomic_load(&stopping)) {
        wait_for_change(pg);
        if (pg && (PQstatus(pg) != CONNECTION_OK || !directory_read(pg))) {
            log_failure("directory_not_read", "reason", admin_error(), NULL);
            PQfinish(pg);
            pg = NULL;
        }
        if (!pg && (pg = admin_connect(true)))
            admin_script(pg, "LISTEN propops_directory");
    }
    PQfinish(pg);
    return NULL;
}

void directory_load(void)
{
    PGconn *pg = admin_connect(true);

    snprintf(shared_host, sizeof shared_host, "my.%s", config.domain);
    if (!pg)
        die("the database cannot be reached (%s): is PostgreSQL running, and was `propops migrate` "
            "run?",
            admin_error());
    if (!directory_read(pg))
        die("the directory cannot be read (%s): run `propops migrate`", admin_error());
    PQfinish(pg);
}

void directory_start(void)
{
    directory_load();
    PGconn *pg = admin_connect(true);
    if (pg)
        admin_script(pg, "LISTEN propops_directory");
    /* A signal that came to this thread would end the process instead of the loops. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&follower, NULL, follow, pg) != 0)
        die("no thread for the directory");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void directory_stop(void)
{
    atomic_store(&stopping, true);
    pthread_join(follower, NULL);
}

static struct str bearer_of(const struct call *c)
{
    struct str value = call_header(c, "authorization");

    if (value.len > 7 && str_equal_ignoring_case((struct str){value.at, 7}, STR("Bearer ")))
        return (struct str){value.at + 7, value.len - 7};
    return NO_STR;
}

/* On the shared host a cookie names its org before the dot, as a token does in its head: both only
 * choose the keys. */
static const struct org *org_of_credentials(const struct call *c)
{
    struct str cookie = call_cookie(c, "__Host-propops_session"), bearer = bearer_of(c);

    if (bearer.at)
        return token_org(bearer);
    return cookie.at ? org_by_slug(str_cut(&cookie, '.')) : NULL;
}

void org_resolve(struct call *c)
{
    c->org = org_by_host(c->request.authority, &c->shared_host);
    if (c->shared_host)
        c->org = org_of_credentials(c);
    else if (!c->org)
        fail(c, WRONG_HOST);
}
