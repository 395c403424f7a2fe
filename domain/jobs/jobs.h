/*
 * jobs: pieces of maintenance work, their look-ups, versions, pins and case notes.
 *
 * Owns the tables of migrations 0003 (addresses) and 0004. Which jobs an account sees is decided by
 * the policies there. Tells the outbox when a job was given to a contractor (job_assigned) and when
 * a note is to be mailed (case_note_mail). Start reading at the rows at the end of jobs_api.c, then
 * in jobs.sql; the life cycle is the table in jobs.c.
 */
#ifndef DOMAIN_JOBS_H
#define DOMAIN_JOBS_H

#include "server/endpoint.h"
#include "tenancy/rotate.h"

enum job_stage {
    STAGE_NEW,
    STAGE_ASSIGNED,
    STAGE_IN_PROGRESS,
    STAGE_COMPLETE,
    STAGE_CLOSED,
    STAGE_ARCHIVED,
    STAGES
};

struct job {
    int64_t id;
    struct uuid uuid;
    struct str reference;
    enum job_stage stage;                                  /* STAGES on a faulted call */
    int64_t status_id, contractor_id, agent_id, branch_id; /* NONE where there is nobody */
    struct decimal contractor_budget, vat_percentage;
    struct date starts, ends;
};

/* The job, if the call's account sees it; NOT_FOUND and an empty job otherwise. In writing rows it
 * is locked until the commit. */
struct job *jobs_require(struct call *c, struct uuid uuid);

/* The same, and a fault unless somebody of the account's kind may still write on it: not on an
 * archived one, for instance. */
struct job *jobs_require_open(struct call *c, struct uuid uuid);

/* Stage by its name in the database; STAGES for none. */
enum job_stage job_stage_of(struct str name);

/* Why somebody of this kind may not move a job from one stage to another (or, with both the same,
 * change it there); NO_ERROR when they may. */
enum error_id job_move(enum job_stage from, enum job_stage to, enum account_kind who);

/* Whether a job may be in this stage with this contractor (NONE: nobody): NO_ERROR, or what is
 * missing. */
enum error_id job_needs(enum job_stage stage, int64_t contractor_id);

/* Contractor's budget plus VAT, to the penny, halves rounded up; absent without a budget. Without a
 * percentage VAT is 20 %. */
struct decimal job_total(struct decimal contractor_budget, struct decimal vat_percentage);

/* A United Kingdom postcode as it is written, in capitals with its blank; NO_STR when it is none.
 */
struct str postcode_written(struct call *c, struct str postcode);

/* Where sealed values stand, for tenancy/rotate.h. Old versions of jobs keep the keys they were
 * sealed with. */
extern const struct sealed_column jobs_sealed_columns[];

extern const struct module jobs_module;
extern const struct module case_notes_module;
extern const struct module job_lookups_module;

#endif
