#include "domain/accounts/accounts.h"
#include "domain/accounts/accounts.sql.h"
#include "tenancy/db.h"

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
    remove_old(c, &sql_login_failures_sweep);
    remove_old(c, &sql_sessions_sweep);
}

const struct task_kind accounts_sweep_task = {
    .name = "accounts.sweep", .run = run, .timeout_seconds = 120, .every_seconds = 24 * 3600};
