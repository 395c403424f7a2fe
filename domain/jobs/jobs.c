#include "domain/jobs/jobs.h"

#include "domain/jobs/jobs.sql.h"
#include "tenancy/db.h"

static const char *const stage_names[STAGES] = {
    "new", "assigned", "in_progress", "complete", "closed", "archived"};

/* Who may take a job from one stage to another, and why the others may not. Where a stage meets
 * itself: who may change a job there. */
static const struct step {
    enum account_kind who;
    enum error_id otherwise; /* none: the step is somebody else's */
} steps[STAGES][STAGES] = {
    [STAGE_NEW] =
        {
            [STAGE_NEW] = {STAFF | AGENT | CONTRACTOR, 0},
            [STAGE_ASSIGNED] = {STAFF | AGENT | CONTRACTOR, 0}, /* a contractor accepts */
            [STAGE_IN_PROGRESS] = {STAFF, 0},
            [STAGE_COMPLETE] = {0, JOB_NOT_ASSIGNED},
            [STAGE_CLOSED] = {0, JOB_NOT_COMPLETE},
            [STAGE_ARCHIVED] = {STAFF, 0}, /* raised by mistake */
        },
    [STAGE_ASSIGNED] =
        {
            [STAGE_NEW] = {STAFF | AGENT | CONTRACTOR, 0}, /* a contractor declines */
            [STAGE_ASSIGNED] = {STAFF | AGENT | CONTRACTOR, 0},
            [STAGE_IN_PROGRESS] = {STAFF | AGENT | CONTRACTOR, 0},
            [STAGE_COMPLETE] = {STAFF | CONTRACTOR, 0},
            [STAGE_CLOSED] = {0, JOB_NOT_COMPLETE},
            [STAGE_ARCHIVED] = {STAFF, 0},
        },
    [STAGE_IN_PROGRESS] =
        {
            [STAGE_NEW] = {0, JOB_HAS_BEGUN},
            [STAGE_ASSIGNED] = {STAFF, 0},
            [STAGE_IN_PROGRESS] = {STAFF | AGENT | CONTRACTOR, 0},
            [STAGE_COMPLETE] = {STAFF | CONTRACTOR, 0},
            [STAGE_CLOSED] = {0, JOB_NOT_COMPLETE},
            [STAGE_ARCHIVED] = {0, JOB_NOT_CLOSED},
        },
    [STAGE_COMPLETE] =
        {
            [STAGE_NEW] = {0, JOB_IS_FINISHED},
            [STAGE_ASSIGNED] = {0, JOB_IS_FINISHED},
            [STAGE_IN_PROGRESS] = {STAFF | AGENT, 0}, /* a recall */
            [STAGE_COMPLETE] = {STAFF | AGENT | CONTRACTOR, 0},
            [STAGE_CLOSED] = {STAFF, 0},
            [STAGE_ARCHIVED] = {0, JOB_NOT_CLOSED},
        },
    [STAGE_CLOSED] =
        {
            [STAGE_NEW] = {0, JOB_IS_FINISHED},
            [STAGE_ASSIGNED] = {0, JOB_IS_FINISHED},
            [STAGE_IN_PROGRESS] = {STAFF, 0}, /* a recall */
            [STAGE_COMPLETE] = {0, JOB_IS_FINISHED},
            [STAGE_CLOSED] = {STAFF, JOB_CLOSED},
            [STAGE_ARCHIVED] = {STAFF, 0},
        },
    [STAGE_ARCHIVED] =
        {
            [STAGE_NEW] = {0, JOB_ARCHIVED},
            [STAGE_ASSIGNED] = {0, JOB_ARCHIVED},
            [STAGE_IN_PROGRESS] = {0, JOB_ARCHIVED},
            [STAGE_COMPLETE] = {0, JOB_ARCHIVED},
            [STAGE_CLOSED] = {0, JOB_ARCHIVED},
            [STAGE_ARCHIVED] = {0, JOB_ARCHIVED},
        },
};

enum job_stage job_stage_of(struct str name)
{
    for (int i = 0; i < STAGES; i++)
        if (str_is(name, stage_names[i]))
            return (enum job_stage)i;
    return STAGES;
}

enum error_id job_move(enum job_stage from, enum job_stage to, enum account_kind who)
{
    if (from >= STAGES || to >= STAGES)
        return JOB_STEP_NOT_YOURS;
    const struct step *step = &steps[from][to];
    if (step->who & who)
        return NO_ERROR;
    return step->otherwise ? step->otherwise : JOB_STEP_NOT_YOURS;
}

enum error_id job_needs(enum job_stage stage, int64_t contractor_id)
{
    return stage == STAGE_ASSIGNED && contractor_id == NONE ? JOB_NEEDS_CONTRACTOR : NO_ERROR;
}

struct decimal job_total(struct decimal contractor_budget, struct decimal vat_percentage)
{
    int64_t vat = vat_percentage.hundredths == NONE ? 2000 : vat_percentage.hundredths;

    if (contractor_budget.hundredths == NONE)
        return (struct decimal){NONE};
    /* Ten-thousandths of a penny do not fit 64 bits for the largest sums. */
    __int128 parts = (__int128)contractor_budget.hundredths * (10000 + vat);
    return (struct decimal){(int64_t)((parts + 5000) / 10000)};
}

static struct decimal decimal_at(const struct rows *r, const char *column)
{
    struct decimal d;

    return decimal_parse(row_str(r, 0, column), &d) ? d : (struct decimal){NONE};
}

static struct date date_at(const struct rows *r, const char *column)
{
    struct date d;

    return date_parse(row_str(r, 0, column), &d) ? d : (struct date){0};
}

struct job *jobs_require(struct call *c, struct uuid uuid)
{
    struct job *job = call_alloc(c, sizeof *job);
    bool reads = c->endpoint && c->endpoint->method == GET;
    struct rows *r = reads ? db_require(c, sql_jobs_find, ARG(uuid))
                           : db_require(c, sql_jobs_lock, ARG(uuid));

    *job = (struct job){
        .id = row_int(r, 0, "id"),
        .uuid = uuid,
        .reference = row_str(r, 0, "job_ref"),
        .stage = job_stage_of(row_str(r, 0, "stage")),
        .status_id = row_int(r, 0, "status_id"),
        .contractor_id = row_int(r, 0, "contractor_id"),
        .agent_id = row_int(r, 0, "agent_id"),
        .branch_id = row_int(r, 0, "branch_id"),
        .contractor_budget = decimal_at(r, "contractor_budget"),
        .vat_percentage = decimal_at(r, "vat_percentage"),
        .starts = date_at(r, "starts"),
        .ends = date_at(r, "ends"),
    };
    return job;
}

struct job *jobs_require_open(struct call *c, struct uuid uuid)
{
    struct job *job = jobs_require(c, uuid);

    if (!call_faulted(c) && job->stage == STAGE_ARCHIVED)
        fail(c, JOB_ARCHIVED);
    return job;
}

struct str postcode_written(struct call *c, struct str postcode)
{
    char letters[8] = "";
    size_t count = 0;

    for (size_t i = 0; i < postcode.len; i++) {
        char at = postcode.at[i];
        if (at == ' ')
            continue;
        if (at >= 'a' && at <= 'z')
            at = (char)(at - 'a' + 'A');
        if (count == 7 || !((at >= 'A' && at <= 'Z') || (at >= '0' && at <= '9')))
            return NO_STR;
        letters[count++] = at;
    }
    /* The inward part is a digit and two letters; the outward part begins with a letter and holds a
     * digit. */
    if (count < 5)
        return NO_STR;
    const char *inward = letters + count - 3;
    bool numbered = false;
    for (size_t i = 1; i < count - 3; i++)
        numbered = numbered || letters[i] <= '9';
    if (letters[0] <= '9' || !numbered || inward[0] > '9' || inward[1] <= '9' || inward[2] <= '9')
        return NO_STR;
    return call_print(c, "%.*s %.3s", (int)(count - 3), letters, inward);
}

const struct sealed_column jobs_sealed_columns[] = {
    {"jobs", "access_details_sealed", "jobs.access_details", "uuid"},
    {"jobs", "private_contact_name_sealed", "jobs.private_contact_name", "uuid"},
    {"jobs", "private_contact_email_sealed", "jobs.private_contact_email", "uuid"},
    {0},
};
