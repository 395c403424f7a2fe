/*
 * verbs: the verbs of the binary that concern orgs and their databases, and running code as calls
 * outside the server.
 */
#ifndef TENANCY_VERBS_H
#define TENANCY_VERBS_H

#include "tenancy/org.h"

int verb_migrate(int argc, char **argv);
int verb_org(int argc, char **argv);
int verb_key(int argc, char **argv);
int verb_task(int argc, char **argv);
int verb_check(int argc, char **argv);

/*
 * What an org is given once its tables are there, and again when `digest` changes: default roles,
 * statuses and the like. Set by main before verbs run. `seed` works as the system account inside
 * one transaction of the org and may be run again at any time.
 */
extern void (*provision_seed)(struct call *c);
extern void (*provision_digest)(char digest[static 65]);

/* Value of an option "--name value" or "--name=value", NULL when it is not there. */
const char *option(int argc, char **argv, const char *name);

/* Begins a call of the org's system account (staff, id 0), whose writes count as the platform's
 * own. End it with call_release. */
void call_as_system(struct call *c, const struct org *o);

/* Runs fn as such a call in one transaction on a loop of its own: 0, or 1 after telling the fault
 * on stderr. Blocking; for verbs. */
int verb_as_call(const char *org_slug, void (*fn)(struct call *c, void *arg), void *arg);

/* The same for several orgs, each in a transaction of its own: done[i] says whether the i-th
 * succeeded. */
void verb_each_as_call(const char *const *org_slugs, size_t count,
    void (*fn)(struct call *c, void *arg), void *arg, bool *done);

#endif
