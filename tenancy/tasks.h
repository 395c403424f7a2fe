/*
 * tasks: background work in PostgreSQL, per org: written in the transaction of its cause, run by one runner, retried with back-off,
 * dead after 8 tries and then visible.
 */
#ifndef TENANCY_TASKS_H
#define TENANCY_TASKS_H

#include "server/call.h"

/* Queues work in the call's transaction. `payload` is JSON text. `unique` NULL, or a key that only one waiting task may hold. */
void task_later(struct call *c, const char *kind, struct str payload, const char *unique);

struct task_kind {
    const char *name;
    void (*run)(struct call *c, struct str payload); /* a call of the system account, bound to the org, in a transaction */
    int timeout_seconds;
};

/* NULL-terminated list of the kinds, set at start. */
void tasks_start(const struct task_kind *const *kinds); /* on loop 0; polls, and is woken by tasks_poke */
void tasks_poke(void);
void tasks_stop(void);
/* Runs what is due in all orgs until nothing is left: `propops task run`. */
int tasks_run_once(void);

#endif
