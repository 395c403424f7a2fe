/*
 * tasks_private: what the runner and the kinds of work that tenancy itself brings share. Only for
 * tenancy/.
 */
#ifndef TENANCY_TASKS_PRIVATE_H
#define TENANCY_TASKS_PRIVATE_H

#include "tenancy/org.h"
#include "tenancy/tasks.h"

enum { TRIES_MOST = 8 };

/* task_later, due in so many seconds. */
void task_later_in(
    struct call *c, const char *kind, struct str payload, const char *unique, int64_t seconds);

/* Wakes the runner for the call's org once the call is over. */
void task_poke_at_end(struct call *c);

/* Seconds until the next try, after so many that failed. */
int64_t task_delay(int64_t tries);

/* Why a faulted call failed, for last_error and the log. */
struct str task_reason(struct call *c);

/* After a failed run: rolls back and forgets the fault, so that the failure itself can be written
 * down. */
void task_forget_fault(struct call *c);

/* Delivers the messages of an org that are due; false when one failed. In outbox.c. */
bool outbox_deliver(const struct org *o);

/* Kinds of tenancy's own. */
extern const struct task_kind sweep_task;  /* removes what is old: answers of idempotency keys,
                                              finished tasks, delivered messages */
extern const struct task_kind reseal_task; /* in rotate.c */

#endif
