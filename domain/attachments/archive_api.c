#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.h"
#include "domain/attachments/attachments.sql.h"
#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/listing.h"

struct archive_of_job {
    struct uuid uuid;
    struct list_input list;
};

static const struct field list_fields[] = {
    FIELD(struct archive_of_job, uuid, UUID, .required = true, .help = "The job"),
    LIST_FIELDS(struct archive_of_job, 200),
};

static void list(struct call *c, const struct archive_of_job *in)
{
    jobs_require(c, in->uuid);
    const struct listing_value values[] = {{"types", ARG(attached_readable_types(c))}};
    listing_page(c, &sql_archived_files_list, values, countof(values), NULL, 0);
}

struct restored_file {
    struct uuid uuid, file_uuid;
};

static const struct field restore_fields[] = {
    FIELD(
        struct restored_file, uuid, UUID, .required = true, .also = "job_uuid", .help = "The job"),
    FIELD(struct restored_file, file_uuid, UUID, .required = true, .also = "archived_file_uuid",
        .help = "The photo's or document's uuid, as it had it on the job"),
};

/* Puts the file back as it was, also under its old address. */
static void restore(struct call *c, const struct restored_file *in)
{
    struct job *job = jobs_require_open(c, in->uuid);
    struct rows *found = db_require(c, sql_archived_file_find, ARG(in->file_uuid), ARG(job->id));
    bool photo = str_is(row_str(found, 0, "kind"), "photo");
    const struct statement *put_back = photo ? &sql_photo_restore : &sql_document_restore;
    const struct statement *counted = photo ? &sql_photos_counted : &sql_documents_counted;

    if (!call_faulted(c) && !photo &&
        !holds_type_key(c, row_str(found, 0, "permission_key"), "upload"))
        return fail_with(c, FORBIDDEN, "lacks the document type's .upload");
    struct rows *r = db_require(c, *put_back, ARG(in->file_uuid), ARG(job->id));
    db_query(c, *counted, ARG(job->id), ARG(1));
    audit_about(c, job->uuid);
    reply_done(c, "File restored successfully", FIELD_INT("id", row_int(r, 0, "id")),
        FIELD_ID("uuid", in->file_uuid), FIELD_STR("kind", row_str(found, 0, "kind")));
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/jobs/manage",
        "list_archived_files",
        .summary = "Jobs read: list_archived_files",
        .right = "api.jobs.manage.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF | AGENT,
        .input = INPUT(archive_of_job, list_fields),
        .sql = &sql_archived_files_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
    {
        POST,
        "/api/jobs/manage",
        "restore_archived_file",
        .summary = "Jobs write: restore_archived_file",
        .right = "api.jobs.manage.manage",
        .shipped_to = COORDINATOR,
        .accounts = STAFF | AGENT,
        .input = INPUT(restored_file, restore_fields),
        REPLY(MEMBER(id, BIGINT), MEMBER(uuid, UUID), MEMBER(kind, TEXT)),
        .audit = "job_file_restored",
        .subject = "job",
        .run = RUN(restore),
    },
};

const struct module archive_module = MODULE("jobs", endpoints);
