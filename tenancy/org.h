/*
 * org: the directory of orgs, host names, and which database and schema an org lives in. Read from
 * the platform schema into memory at start, refreshed on NOTIFY and every few seconds; consulted
 * for every request.
 */
#ifndef TENANCY_ORG_H
#define TENANCY_ORG_H

#include "server/call.h"

enum org_state { ORG_PROVISIONING, ORG_ACTIVE, ORG_SUSPENDED, ORG_ERASED };

struct org {
    int64_t id;
    struct uuid uuid;
    char slug[41]; /* acme: [a-z][a-z0-9_]{0,39} */
    char name[121];
    char schema[48]; /* org_acme */
    char role[48];   /* org_acme */
    enum org_state state;
    bool is_operator;
    const char *const *flags; /* the feature flags that are on, NULL-terminated */
    const struct keyring *keys;
};

/* The org of a host name (lower case, no port): NULL for unknown, suspended and erased ones.
 * *shared is set for the shared host. What is returned stays valid for the life of the process (old
 * versions are kept). */
const struct org *org_by_host(struct str host, bool *shared);
const struct org *org_by_slug(struct str slug);
/* i-th active org, NULL behind the last: for background work. */
const struct org *org_at(size_t i);
bool org_flag(const struct org *o, const char *flag);

/* Loads the directory (blocking); dies with a message when it cannot. Then follows changes by
 * itself. */
void directory_start(void);
void directory_stop(void);

/* The gate's first step. */
void org_resolve(struct call *c);

#endif
