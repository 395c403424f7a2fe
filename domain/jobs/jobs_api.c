#include "domain/attachments/attachments.h"
#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "domain/jobs/jobs.sql.h"
#include "domain/jobs/jobs_change.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/listing.h"

struct list_jobs {
    struct list_input list;
    struct str search;
    int64_t status_id, priority_id, job_type_id, agent_id, contractor_id, created_by;
    enum flag has_photos, has_documents;
};

static const struct field list_fields[] = {
    FIELD(struct list_jobs, search, TEXT, .max = 100,
        .help = "Part of title, reference or description"),
    FIELD(struct list_jobs, status_id, INTEGER),
    FIELD(struct list_jobs, priority_id, INTEGER),
    FIELD(struct list_jobs, job_type_id, INTEGER),
    FIELD(struct list_jobs, agent_id, INTEGER),
    FIELD(struct list_jobs, contractor_id, INTEGER),
    FIELD(struct list_jobs, created_by, INTEGER),
    FIELD(struct list_jobs, has_photos, BOOLEAN),
    FIELD(struct list_jobs, has_documents, BOOLEAN),
    LIST_FIELDS(struct list_jobs, 200),
};

/* A search for something rare begins with the few that have it, one for something common with the
 * newest. */
enum { FOUND_MOST = 2000 };

static struct arg yes_if(struct call *c, bool wanted)
{
    return wanted ? arg_bool(c, true) : (struct arg){0};
}

static void list(struct call *c, const struct list_jobs *in)
{
    bool searches = in->search.len > 0;
    struct rows *r = searches ? db_query(c, sql_jobs_search, ARG(in->search), ARG(FOUND_MOST))
                              : NULL;
    struct ints ids = searches ? row_ints(c, r, 0, "ids") : (struct ints){0};
    bool few = searches && !row_null(r, 0, "ids") && ids.count <= FOUND_MOST;
    const struct listing_value values[] = {
        {"found", few ? arg_ints(c, ids) : (struct arg){0}},
        {"words", searches && !few ? arg_str(c, in->search) : (struct arg){0}},
        {"with_photos", yes_if(c, in->has_photos == FLAG_YES)},
        {"without_photos", yes_if(c, in->has_photos == FLAG_NO)},
        {"with_documents", yes_if(c, in->has_documents == FLAG_YES)},
        {"without_documents", yes_if(c, in->has_documents == FLAG_NO)},
    };

    listing_page(c, &sql_jobs_list, values, countof(values), NULL, 0);
}

struct one_job {
    struct uuid uuid;
};

static const struct field one_job_fields[] = {
    FIELD(struct one_job, uuid, UUID, .required = true, .help = "The job"),
};

struct versions_of_job {
    struct list_input list;
    struct uuid uuid;
};

static const struct field versions_fields[] = {
    FIELD(struct versions_of_job, uuid, UUID, .required = true, .help = "The job"),
    LIST_FIELDS(struct versions_of_job, 200),
};

static void list_commits(struct call *c, const struct versions_of_job *in)
{
    jobs_require(c, in->uuid);
    listing_reply(c, &sql_jobs_commits, NULL, 0);
}

static void list_people(struct call *c, int type_id)
{
    reply_rows(c, db_query(c, sql_job_people, ARG(type_id), ARG(c->account->type_id),
                      ARG(c->account->id), ARG(c->account->branch_ids)));
}

static void list_agents(struct call *c, const void *in)
{
    (void)in;
    list_people(c, 2);
}

static void list_contractors(struct call *c, const void *in)
{
    (void)in;
    list_people(c, 5);
}

/* Clients are the landlords who may log in. */
static void list_clients(struct call *c, const void *in)
{
    (void)in;
    list_people(c, 3);
}

/* Once somebody worked on it, there is a proof to lose. */
static void remove_job(struct call *c, const struct one_job *in)
{
    struct job *job = jobs_require(c, in->uuid);

    if (!call_faulted(c) && c->account->kind != STAFF && job->stage > STAGE_ASSIGNED)
        return fail(c, JOB_UNDER_WAY);
    attachments_forget_job(c, job->id);
    db_query(c, sql_jobs_delete, ARG(job->id));
    audit_about(c, job->uuid);
    reply_done(c, "Job deleted successfully", FIELD_STR("job_ref", job->reference));
}

struct restore_input {
    struct uuid uuid, commit_uuid;
};

static const struct field restore_fields[] = {
    FIELD(struct restore_input, uuid, UUID, .required = true, .help = "The job"),
    FIELD(struct restore_input, commit_uuid, UUID, .required = true,
        .help = "The version to go back to"),
};

static void restore(struct call *c, const struct restore_input *in)
{
    struct job *job = jobs_require(c, in->uuid);

    if (!call_faulted(c)) {
        enum error_id reason = job_move(job->stage, job->stage, c->account->kind);
        if (reason)
            return fail(c, reason);
    }
    struct rows *r = db_require(c, sql_jobs_restore, ARG(job->id), ARG(in->commit_uuid));
    db_query(c, sql_jobs_tenants_clear, ARG(job->id));
    db_query(c, sql_jobs_tenants_restore, ARG(job->id), ARG(in->commit_uuid));
    job_keep_version(
        c, job->id, call_print(c, "Restored version %lld", (long long)row_int(r, 0, "restored")));
    audit_about(c, job->uuid);
    reply_done(c, "Job restored successfully", FIELD_INT("version", row_int(r, 0, "version")));
}

static void notify_contractor(struct call *c, const struct one_job *in)
{
    struct job *job = jobs_require_open(c, in->uuid);

    if (!call_faulted(c) && job->contractor_id == NONE)
        return fail(c, JOB_NEEDS_CONTRACTOR);
    job_tell_contractor(c, job);
    audit_about(c, job->uuid);
    reply_done(c, "Assignment notification sent", FIELD_INT("contractor_id", job->contractor_id));
}

struct pin_input {
    struct uuid job_uuid;
};

static const struct field pin_fields[] = {
    FIELD(struct pin_input, job_uuid, UUID, .required = true, .help = "The job"),
};

static void toggle_pin(struct call *c, const struct pin_input *in)
{
    struct job *job = jobs_require(c, in->job_uuid);
    bool pinned = rows_count(db_query(c, sql_jobs_pin, ARG(c->account->id), ARG(job->id))) == 1;

    if (!pinned)
        db_query(c, sql_jobs_unpin, ARG(c->account->id), ARG(job->id));
    audit_about(c, job->uuid);
    reply_done(c, pinned ? "Job pinned" : "Job unpinned", FIELD_FLAG("is_pinned", pinned));
}

#define READS(name)                                                                                \
    GET, "/api/jobs/manage", name, .summary = "Jobs read: " name,                                  \
                                   .right = "api.jobs.manage.manage", .shipped_to = COORDINATOR
#define WRITES(name)                                                                               \
    POST, "/api/jobs/manage", name, .summary = "Jobs write: " name,                                \
                                    .right = "api.jobs.manage.manage", .shipped_to = COORDINATOR,  \
                                    .subject = "job"

static const struct endpoint endpoints[] = {
    {
        READS("list"),
        .action_optional = true,
        .also_rights = {"api.jobs.manage.list"},
        .accounts = EVERYBODY,
        .input = INPUT(list_jobs, list_fields),
        .sql = &sql_jobs_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
    {
        READS("get"),
        .accounts = EVERYBODY,
        .input = INPUT(one_job, one_job_fields),
        .sql = &sql_jobs_get,
        .data = DATA_ONE,
        .run = show_one,
    },
    {
        READS("get_file_types"),
        .accounts = EVERYBODY,
        .sql = &sql_job_file_types_list,
        .data = DATA_LIST,
        .run = show_all,
    },
    {
        READS("get_creators"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .sql = &sql_job_creators,
        .data = DATA_LIST,
        .run = show_all,
    },
    {
        READS("get_job_agents"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .sql = &sql_job_people,
        .data = DATA_LIST,
        .run = RUN(list_agents),
    },
    {
        READS("get_job_contractors"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .sql = &sql_job_people,
        .data = DATA_LIST,
        .run = RUN(list_contractors),
    },
    {
        READS("get_job_clients"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .sql = &sql_job_people,
        .data = DATA_LIST,
        .run = RUN(list_clients),
    },
    {
        READS("list_commits"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .input = INPUT(versions_of_job, versions_fields),
        .sql = &sql_jobs_commits,
        .data = DATA_LIST,
        .run = RUN(list_commits),
    },
    {
        READS("get_assignment_notification_state"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .input = INPUT(one_job, one_job_fields),
        .sql = &sql_jobs_assignment_state,
        .data = DATA_ONE,
        .run = show_one,
    },
    {
        READS("preview_delete"),
        .accounts = STAFF | AGENT,
        .input = INPUT(one_job, one_job_fields),
        .sql = &sql_jobs_preview_delete,
        .data = DATA_ONE,
        .run = show_one,
    },
    {
        WRITES("create"),
        .accounts = STAFF | AGENT,
        .input = INPUT(job_input, job_create_fields),
        REPLY(MEMBER(job_id, BIGINT), MEMBER(job_uuid, UUID), MEMBER(job_ref, TEXT)),
        .audit = "job_created",
        .run = RUN(job_create),
    },
    {
        WRITES("update"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .input = INPUT(job_input, job_update_fields),
        REPLY(MEMBER(job_id, BIGINT), MEMBER(job_uuid, UUID), MEMBER(job_ref, TEXT)),
        .audit = "job_updated",
        .run = RUN(job_update),
    },
    {
        WRITES("delete"),
        .accounts = STAFF | AGENT,
        .input = INPUT(one_job, one_job_fields),
        REPLY(MEMBER(job_ref, TEXT)),
        .audit = "job_deleted",
        .run = RUN(remove_job),
    },
    {
        WRITES("send_assignment_notification"),
        .accounts = STAFF | AGENT,
        .input = INPUT(one_job, one_job_fields),
        REPLY(MEMBER(contractor_id, BIGINT)),
        .audit = "job_assignment_notified",
        .run = RUN(notify_contractor),
    },
    {
        WRITES("restore_commit"),
        .accounts = STAFF | AGENT,
        .input = INPUT(restore_input, restore_fields),
        REPLY(MEMBER(version, BIGINT)),
        .audit = "job_restored",
        .run = RUN(restore),
    },
    {
        POST,
        "/api/jobs/toggle-pin",
        .summary = "Toggle pin status of a job",
        .right = "api.jobs.toggle-pin.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(pin_input, pin_fields),
        REPLY(MEMBER(is_pinned, BOOLEAN)),
        .audit = "job_pin_toggled",
        .subject = "job",
        .run = RUN(toggle_pin),
    },
};

const struct module jobs_module = MODULE("jobs", endpoints);
