#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "domain/jobs/jobs.sql.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/listing.h"
#include "tenancy/outbox.h"

struct notes_of_job {
    struct list_input list;
    struct uuid job_uuid;
};

static const struct field notes_of_job_fields[] = {
    FIELD(struct notes_of_job, job_uuid, UUID, .required = true, .help = "The job"),
    LIST_FIELDS(struct notes_of_job, 200),
};

static void list(struct call *c, const struct notes_of_job *in)
{
    jobs_require(c, in->job_uuid);
    listing_reply(c, &sql_case_notes_list, NULL, 0);
}

struct note_input {
    struct uuid job_uuid;
    struct str note_text;
    enum flag send_email;
};

static const struct field note_fields[] = {
    FIELD(struct note_input, job_uuid, UUID, .required = true, .help = "The job"),
    FIELD(struct note_input, note_text, TEXT, .required = true, .min = 1, .max = 10000),
    FIELD(struct note_input, send_email, BOOLEAN, .by_default = "0",
        .help = "Whether the parties are told by e-mail"),
};

static void mail_later(struct call *c, const struct job *job, struct uuid note)
{
    struct json j;

    json_begin(&j, call_buf(c));
    json_object(&j);
    json_member(&j, &FIELD_ID("note_uuid", note));
    json_member(&j, &FIELD_ID("job_uuid", job->uuid));
    json_member(&j, &FIELD_STR("job_ref", job->reference));
    json_object_end(&j);
    outbox_later(c, "case_note_mail", job->uuid, buf_view(j.out));
}

static void create(struct call *c, const struct note_input *in)
{
    struct uuid uuid = uuid_new();
    struct job *job = jobs_require_open(c, in->job_uuid);
    bool mails = in->send_email == FLAG_YES;
    struct rows *note = db_query(c, sql_case_note_create, ARG(uuid), ARG(job->id),
        ARG(in->note_text), ARG(mails), ARG(c->account->id), ARG(c->account->name));

    if (mails)
        mail_later(c, job, uuid);
    audit_about(c, job->uuid);
    reply_done(c, "Case note added", FIELD_INT("note_id", row_int(note, 0, "id")),
        FIELD_ID("note_uuid", uuid));
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/jobs/case-notes",
        "list",
        .action_optional = true,
        .summary = "List case notes for a job",
        .right = "api.jobs.case-notes.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(notes_of_job, notes_of_job_fields),
        .sql = &sql_case_notes_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
    {
        POST,
        "/api/jobs/case-notes",
        "create",
        .action_optional = true,
        .summary = "Create a case note",
        .right = "api.jobs.case-notes.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(note_input, note_fields),
        REPLY(MEMBER(note_id, BIGINT), MEMBER(note_uuid, UUID)),
        .audit = "case_note_created",
        .subject = "job",
        .run = RUN(create),
    },
};

const struct module case_notes_module = MODULE("jobs", endpoints);
