/* Removes what nobody needs any more from an org's work tables. */
#include "tenancy/db.h"
#include "tenancy/tasks.sql.h"
#include "tenancy/tasks_private.h"

enum { BATCH = 5000, BATCHES_MOST = 20 };

/* In batches with a commit behind each, so that a backlog is no long transaction. */
static void remove_old(struct call *c, const struct statement *s)
{
    for (unsigned i = 0; i < BATCHES_MOST && !call_faulted(c); i++) {
        int64_t gone = row_int(db_run(c, s, (struct arg[]){arg_int(c, BATCH)}, 1), 0, "gone");
        db_commit(c);
        if (gone < BATCH)
            return;
    }
}

static void run(struct call *c, struct str payload)
{
    (void)payload;
    remove_old(c, &sql_sweep_idempotency);
    remove_old(c, &sql_sweep_tasks);
    remove_old(c, &sql_sweep_outbox);
}

const struct task_kind sweep_task = {
    .name = "work.sweep", .run = run, .timeout_seconds = 120, .every_seconds = 3600};
