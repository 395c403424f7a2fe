#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.h"
#include "domain/attachments/attachments.sql.h"
#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/listing.h"

struct attachments_of_note {
    struct uuid note_uuid, job_uuid;
    int64_t note_id;
    struct list_input list;
};

static const struct field list_fields[] = {
    FIELD(
        struct attachments_of_note, note_uuid, UUID, .also = "case_note_uuid", .help = "The note"),
    FIELD(struct attachments_of_note, note_id, INTEGER, .also = "case_note_id",
        .help = "The note, by its number"),
    FIELD(struct attachments_of_note, job_uuid, UUID, .help = "All notes of the job"),
    LIST_FIELDS(struct attachments_of_note, 200),
};

static void list(struct call *c, const struct attachments_of_note *in)
{
    bool of_note = !uuid_is_nil(in->note_uuid) || in->note_id != NONE;

    if (of_note)
        db_require(c, sql_note_find, ARG(in->note_uuid), ARG(in->note_id));
    else if (!uuid_is_nil(in->job_uuid))
        jobs_require(c, in->job_uuid);
    else
        fail_field(c, "note_uuid", "is required, or note_id, or job_uuid");
    listing_reply(c, &sql_note_attachments_list, NULL, 0);
}

struct one_attachment {
    struct uuid attachment_uuid;
    enum flag thumbnail;
};

static const struct field download_fields[] = {
    FIELD(struct one_attachment, attachment_uuid, UUID, .required = true, .also = "uuid"),
    FIELD(struct one_attachment, thumbnail, BOOLEAN, .by_default = "0"),
};

static void download(struct call *c, const struct one_attachment *in)
{
    const struct attached *a = attached_find(c, in->attachment_uuid);

    if (!call_faulted(c) && a->kind != ATTACHED_TO_NOTE)
        return fail(c, ATTACHMENT_NOT_FOUND);
    if (in->thumbnail == FLAG_YES)
        return attached_send_thumbnail(c, a);
    attached_send_original(c, a);
}

struct new_attachment {
    struct uuid note_uuid;
    int64_t note_id;
    struct upload *file;
};

static const struct field upload_fields[] = {
    FIELD(struct new_attachment, note_uuid, UUID, .also = "case_note_uuid", .help = "The note"),
    FIELD(struct new_attachment, note_id, INTEGER, .also = "case_note_id",
        .help = "The note, by its number"),
    FIELD(struct new_attachment, file, FILE, .required = true, .also = "attachment",
        .help = "At most 25 MB"),
};

static void upload(struct call *c, const struct new_attachment *in)
{
    struct uuid uuid;

    if (uuid_is_nil(in->note_uuid) && in->note_id == NONE)
        return fail_field(c, "note_uuid", "is required, or note_id");
    struct rows *note = db_glance(c, sql_note_find, ARG(in->note_uuid), ARG(in->note_id));
    if (rows_count(note) == 0)
        fail(c, NOT_FOUND);
    const struct taken_file *file = attachments_take(c, in->file, TAKE_ANY);
    struct job *job = jobs_require_open(c, row_uuid(note, 0, "job_uuid"));
    int64_t id = attachments_add_to_note(c, row_int(note, 0, "id"), file, &uuid);
    audit_about(c, job->uuid);
    reply_done(c, "Attachment uploaded successfully", FIELD_INT("attachment_id", id),
        FIELD_ID("attachment_uuid", uuid), FIELD_INT("id", id), FIELD_ID("uuid", uuid));
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/jobs/case-note-attachments",
        "list",
        .action_optional = true,
        .summary = "List case note attachments",
        .right = "api.jobs.case-note-attachments.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(attachments_of_note, list_fields),
        .sql = &sql_note_attachments_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
    {
        GET,
        "/api/jobs/case-note-attachments",
        "download",
        .summary = "Download a case note attachment",
        .right = "api.jobs.case-note-attachments.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(one_attachment, download_fields),
        .reply_type = "application/octet-stream",
        .run = RUN(download),
    },
    {
        POST,
        "/api/jobs/case-note-attachments",
        "upload",
        .action_optional = true,
        .summary = "Upload a case note attachment",
        .right = "api.jobs.case-note-attachments.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(new_attachment, upload_fields),
        REPLY(MEMBER(attachment_id, BIGINT), MEMBER(attachment_uuid, UUID), MEMBER(id, BIGINT),
            MEMBER(uuid, UUID)),
        .audit = "case_note_attachment_uploaded",
        .subject = "job",
        .run = RUN(upload),
    },
};

const struct module note_attachments_module = MODULE("jobs", endpoints);
