#include "tenancy/outbox.h"

#include <string.h>

#include "server/log.h"
#include "tenancy/db.h"
#include "tenancy/outbox.sql.h"
#include "tenancy/tasks_private.h"
#include "tenancy/verbs.h"

enum { HEADS_MOST = 100, ROUNDS_MOST = 20 };

static const struct outbox_topic *const *all_topics;

void outbox_register(const struct outbox_topic *const *topics)
{
    all_topics = topics;
}

void outbox_later(struct call *c, const char *topic, struct uuid aggregate, struct str payload)
{
    if (call_faulted(c))
        return;
    db_query(c, sql_outbox_add, ARG(uuid_new()), ARG(topic), ARG(aggregate), ARG(payload));
    task_poke_at_end(c);
}

static void tell(struct call *c, const struct outbox_message *m)
{
    for (size_t i = 0; all_topics && all_topics[i]; i++)
        if (str_is(m->topic, all_topics[i]->name))
            all_topics[i]->deliver(c, m);
}

static void write_failure(struct call *c, int64_t id, int64_t tries, struct str topic)
{
    struct str reason = task_reason(c);

    task_forget_fault(c);
    struct rows *r = db_query(c, sql_outbox_retry, ARG(id), ARG(task_delay(tries + 1)),
        ARG((int)TRIES_MOST), ARG(reason));
    db_commit(c);
    log_failure(str_is(row_str(r, 0, "state"), "dead") ? "outbox_dead" : "outbox_failed", "org",
        c->org->slug, "topic", call_copy(c, topic).at, "reason", reason.at, NULL);
}

/* The row stays locked while the message is delivered: no other runner delivers it, or one behind
 * it, at the same time. */
static bool deliver_one(const struct org *o, int64_t id)
{
    struct call call, *c = &call;
    bool delivered = true;

    call_as_system(c, o);
    struct rows *r = db_query(c, sql_outbox_take, ARG(id));
    if (rows_count(r) == 1) {
        struct outbox_message m = {row_uuid(r, 0, "uuid"), row_str(r, 0, "topic"),
            row_uuid(r, 0, "aggregate"), row_str(r, 0, "payload")};
        tell(c, &m);
        db_query(c, sql_outbox_delivered, ARG(id));
        db_commit(c);
        delivered = !call_faulted(c);
        if (!delivered)
            write_failure(c, id, row_int(r, 0, "tries"), m.topic);
    }
    db_rollback(c);
    call_release(c);
    return delivered;
}

static struct ints heads(struct call *c)
{
    return row_ints(
        c, db_alone(c, &sql_outbox_heads, (struct arg[]){arg_int(c, HEADS_MOST)}, 1), 0, "ids");
}

/* Round by round the first message of each aggregate; a bounded number of rounds, since others wait
 * for their turn. */
bool outbox_deliver(const struct org *o)
{
    bool good = true;
    size_t found = 1;

    for (unsigned round = 0; round < ROUNDS_MOST && found > 0; round++) {
        struct call c;
        call_as_system(&c, o);
        struct ints ids = heads(&c);
        found = ids.count;
        for (size_t i = 0; i < ids.count; i++)
            good = deliver_one(o, ids.at[i]) && good;
        call_release(&c);
    }
    return good;
}
