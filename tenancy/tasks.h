/*
 * tasks: background work in PostgreSQL, per org: written in the transaction of its cause, run by
 * one runner, retried with back-off, dead after 8 tries and then visible (`propops task dead`).
 *
 * A task runs at least once: what it does outside the database it must be able to do twice. Start
 * reading at supervise in tasks.c.
 */
#ifndef TENANCY_TASKS_H
#define TENANCY_TASKS_H

#include "server/call.h"

/* Queues work in the call's transaction. `payload` is JSON text. `unique` NULL, or a key that only
 * one waiting task may hold. */
void task_later(struct call *c, const char *kind, struct str payload, const char *unique);

struct task_kind {
    const char *name;
    void (*run)(struct call *c,
        struct str payload); /* a call of the system account, bound to the org, in a transaction */
    int timeout_seconds;     /* over it the call is faulted; must be more than 0 */
    int every_seconds;       /* not 0: recurs by itself in every org, with the payload {} */
};

/* NULL-terminated list of the modules' kinds. Before verbs run. */
void tasks_register(const struct task_kind *const *kinds);

/* On loop 0; looks into all orgs every few seconds, and is woken by tasks_poke. */
void tasks_start(const struct task_kind *const *kinds);
void tasks_poke(void); /* from any thread: look into all orgs now */
void tasks_stop(void); /* on loop 0, on a fiber: takes no more work and waits for what is running */
/* Runs what is due in all orgs until nothing is left: `propops task run`. 0, or 1 when something
 * failed. */
int tasks_run_once(void);

#endif
