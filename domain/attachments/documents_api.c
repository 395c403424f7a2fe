#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.h"
#include "domain/attachments/attachments.sql.h"
#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/listing.h"

struct documents_of_job {
    struct uuid job_uuid;
    struct list_input list;
};

static const struct field list_fields[] = {
    FIELD(struct documents_of_job, job_uuid, UUID, .required = true, .help = "The job"),
    LIST_FIELDS(struct documents_of_job, 200),
};

static void list(struct call *c, const struct documents_of_job *in)
{
    jobs_require(c, in->job_uuid);
    const struct listing_value values[] = {{"types", ARG(attached_readable_types(c))}};
    listing_page(c, &sql_documents_list, values, countof(values), NULL, 0);
}

struct one_document {
    struct uuid document_uuid;
};

static const struct field one_fields[] = {
    FIELD(struct one_document, document_uuid, UUID, .required = true, .also = "uuid"),
};

static const struct attached *find_readable(struct call *c, struct uuid uuid)
{
    const struct attached *a = attached_find(c, uuid);

    if (!call_faulted(c) && a->kind != ATTACHED_DOCUMENT)
        fail(c, ATTACHMENT_NOT_FOUND);
    attached_check_read(c, a);
    return a;
}

static void download(struct call *c, const struct one_document *in)
{
    attached_send_original(c, find_readable(c, in->document_uuid));
}

static void thumbnail(struct call *c, const struct one_document *in)
{
    attached_send_thumbnail(c, find_readable(c, in->document_uuid));
}

struct new_document {
    struct uuid job_uuid;
    int64_t document_type_id;
    struct upload *file;
};

static const struct field upload_fields[] = {
    FIELD(struct new_document, job_uuid, UUID, .required = true, .help = "The job"),
    FIELD(struct new_document, document_type_id, INTEGER, .required = true,
        .help = "Decides who may see the document; get_file_types lists them"),
    FIELD(struct new_document, file, FILE, .required = true, .also = "document",
        .help = "PDF, Word, Excel, PowerPoint, text or a picture, at most 25 MB"),
};

static void check_type(struct call *c, int64_t type_id)
{
    struct rows *r = db_glance(c, sql_document_type, ARG(type_id));

    if (!call_faulted(c) && rows_count(r) == 0)
        return fail_field(c, "document_type_id", "is not a document type in use");
    if (!call_faulted(c) && !holds_type_key(c, row_str(r, 0, "permission_key"), "upload"))
        fail_with(c, FORBIDDEN, "lacks the document type's .upload");
}

static void upload(struct call *c, const struct new_document *in)
{
    struct uuid uuid;

    attached_check_job(c, in->job_uuid);
    check_type(c, in->document_type_id);
    const struct taken_file *file = attachments_take(c, in->file, TAKE_ANY);
    struct job *job = jobs_require_open(c, in->job_uuid);
    int64_t id = attachments_add_document(c, job->id, in->document_type_id, file, &uuid);
    audit_about(c, job->uuid);
    reply_done(c, "Document uploaded successfully", FIELD_INT("document_id", id),
        FIELD_ID("document_uuid", uuid), FIELD_INT("id", id), FIELD_ID("uuid", uuid));
}

struct removed_document {
    struct uuid job_uuid, document_uuid;
};

static const struct field delete_fields[] = {
    FIELD(struct removed_document, job_uuid, UUID, .help = "The job, to be sure"),
    FIELD(struct removed_document, document_uuid, UUID, .required = true),
};

static void delete (struct call *c, const struct removed_document *in)
{
    const struct attached *a = attached_find(c, in->document_uuid);
    bool other = !uuid_is_nil(in->job_uuid) && !uuid_equal(in->job_uuid, a->job_uuid);

    if (!call_faulted(c) && (a->kind != ATTACHED_DOCUMENT || other))
        return fail(c, ATTACHMENT_NOT_FOUND);
    if (!call_faulted(c) && !holds_type_key(c, a->type_key, "delete"))
        return fail_with(c, FORBIDDEN, "lacks the document type's .delete");
    struct job *job = jobs_require_open(c, a->job_uuid);
    db_require(c, sql_document_archive, ARG(in->document_uuid), ARG(job->id), ARG(c->account->id),
        ARG(c->account->name));
    db_query(c, sql_documents_counted, ARG(job->id), ARG(-1));
    audit_about(c, job->uuid);
    reply_done(c, "Document deleted successfully");
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/jobs/documents",
        "list",
        .action_optional = true,
        .summary = "List job documents",
        .right = "api.jobs.documents.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(documents_of_job, list_fields),
        .sql = &sql_documents_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
    {
        GET,
        "/api/jobs/documents",
        "download",
        .summary = "Download a job document",
        .right = "api.jobs.documents.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(one_document, one_fields),
        .reply_type = "application/octet-stream",
        .run = RUN(download),
    },
    {
        GET,
        "/api/jobs/document-thumbnail",
        .summary = "Get a document thumbnail",
        .right = "api.jobs.documents.manage",
        .also_rights = {"api.jobs.document-thumbnail.manage"},
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(one_document, one_fields),
        .reply_type = "image/jpeg",
        .run = RUN(thumbnail),
    },
    {
        POST,
        "/api/jobs/documents",
        "upload",
        .action_optional = true,
        .summary = "Upload a job document",
        .right = "api.jobs.documents.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(new_document, upload_fields),
        REPLY(MEMBER(document_id, BIGINT), MEMBER(document_uuid, UUID), MEMBER(id, BIGINT),
            MEMBER(uuid, UUID)),
        .audit = "job_document_uploaded",
        .subject = "job",
        .run = RUN(upload),
    },
    {
        POST,
        "/api/jobs/documents",
        "delete",
        .summary = "Delete a job document",
        .right = "api.jobs.documents.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(removed_document, delete_fields),
        .audit = "job_document_deleted",
        .subject = "job",
        .run = RUN(delete),
    },
};

const struct module documents_module = MODULE("jobs", endpoints);
