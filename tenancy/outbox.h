/*
 * outbox: messages about what happened, written in the same transaction and delivered afterwards by
 * the task runner: each at least once, those of one aggregate in order, again with back-off when
 * delivery fails, dead after 8 tries.
 */
#ifndef TENANCY_OUTBOX_H
#define TENANCY_OUTBOX_H

#include "server/call.h"

/* `aggregate` is the record that the message is about; `payload` is JSON text. */
void outbox_later(struct call *c, const char *topic, struct uuid aggregate, struct str payload);

struct outbox_message {
    struct uuid uuid; /* the same at every delivery: receivers tell repeats by it */
    struct str topic;
    struct uuid aggregate;
    struct str payload;
};

/* One who is told. Several may listen to one topic; a message nobody listens to counts as
 * delivered. */
struct outbox_topic {
    const char *name;
    void (*deliver)(struct call *c,
        const struct outbox_message *m); /* as a task: system account, in a transaction */
};

/* NULL-terminated list of all listeners. Before verbs run. */
void outbox_register(const struct outbox_topic *const *topics);

#endif
