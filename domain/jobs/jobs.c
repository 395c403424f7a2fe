#include "domain/jobs/jobs.h"

#include "domain/jobs/jobs.sql.h"
#include "tenancy/db.h"

static const char *const stage_names[STAGES] = {"new", "assigned", "in_progress", "complete", "closed", "archived"};

/* Who may move a job from the stage of the row to the stage of the column. Agents raise and assign; contractors accept, work and
 * finish; what is finished is reopened only by a recall (staff or agent); closing and archiving are the office's. */
static const int moves[STAGES][STAGES] = {
    [STAGE_NEW] = {[STAGE_ASSIGNED] = STAFF | AGENT, [STAGE_IN_PROGRESS] = STAFF, [STAGE_ARCHIVED] = STAFF},
    [STAGE_ASSIGNED] = {[STAGE_NEW] = STAFF | AGENT | CONTRACTOR, [STAGE_IN_PROGRESS] = STAFF | AGENT | CONTRACTOR,
        [STAGE_COMPLETE] = STAFF | CONTRACTOR, [STAGE_ARCHIVED] = STAFF},
    [STAGE_IN_PROGRESS] = {[STAGE_ASSIGNED] = STAFF, [STAGE_COMPLETE] = STAFF | CONTRACTOR},
    [STAGE_COMPLETE] = {[STAGE_IN_PROGRESS] = STAFF | AGENT, [STAGE_CLOSED] = STAFF},
    [STAGE_CLOSED] = {[STAGE_IN_PROGRESS] = STAFF, [STAGE_ARCHIVED] = STAFF},
    [STAGE_ARCHIVED] = {[STAGE_CLOSED] = STAFF},
};

enum job_stage job_stage_of(struct str name)
{
    for (int i = 0; i < STAGES; i++)
        if (str_is(name, stage_names[i]))
            return (enum job_stage)i;
    return STAGES;
}

bool job_stage_allows(enum job_stage from, enum job_stage to, enum account_kind who)
{
    if (from >= STAGES || to >= STAGES)
        return false;
    return from == to || (moves[from][to] & (int)who) != 0;
}

struct job *jobs_require(struct call *c, struct uuid uuid)
{
    struct job *job = call_alloc(c, sizeof *job);
    bool writes = c->endpoint->method != GET;
    struct rows *r = writes ? db_require(c, sql_jobs_lock, ARG(uuid)) : db_require(c, sql_jobs_find, ARG(uuid));

    *job = (struct job){
        .id = row_int(r, 0, "id"),
        .uuid = uuid,
        .reference = row_str(r, 0, "job_ref"),
        .stage = job_stage_of(row_str(r, 0, "stage")),
        .status_id = row_int(r, 0, "status_id"),
        .contractor_id = row_int(r, 0, "contractor_id"),
        .agent_id = row_int(r, 0, "agent_id"),
        .branch_id = row_int(r, 0, "branch_id"),
        .version = row_int(r, 0, "version"),
    };
    return job;
}
