/*
 * jobs: pieces of maintenance work, their look-ups, versions, pins and case notes.
 *
 * Owns the tables of migrations 0003 (addresses) and 0004. Which jobs an account sees is decided by the policies there. Start reading at
 * the rows at the end of jobs_api.c, then in jobs.sql; the life cycle is the table in jobs.c.
 */
#ifndef DOMAIN_JOBS_H
#define DOMAIN_JOBS_H

#include "server/endpoint.h"

enum job_stage { STAGE_NEW, STAGE_ASSIGNED, STAGE_IN_PROGRESS, STAGE_COMPLETE, STAGE_CLOSED, STAGE_ARCHIVED, STAGES };

struct job {
    int64_t id;
    struct uuid uuid;
    struct str reference;
    enum job_stage stage;
    int64_t status_id, contractor_id, agent_id, branch_id; /* NONE where there is nobody */
    int64_t version;
};

/* The job, if the call's account sees it; NOT_FOUND and an empty job otherwise. In writing rows it is locked until the commit. */
struct job *jobs_require(struct call *c, struct uuid uuid);

/* Stage by its name in the database; STAGES for none. */
enum job_stage job_stage_of(struct str name);

/* Whether somebody of this kind may move a job from one stage to another. Staying within a stage is always allowed to who may write. */
bool job_stage_allows(enum job_stage from, enum job_stage to, enum account_kind who);

extern const struct module jobs_module;
extern const struct module case_notes_module;
extern const struct module job_lookups_module;

#endif
