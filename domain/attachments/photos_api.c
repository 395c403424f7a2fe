#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.h"
#include "domain/attachments/attachments.sql.h"
#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/listing.h"

struct photos_of_job {
    struct uuid job_uuid;
    struct list_input list;
};

static const struct field list_fields[] = {
    FIELD(struct photos_of_job, job_uuid, UUID, .required = true, .help = "The job"),
    LIST_FIELDS(struct photos_of_job, 200),
};

static void list(struct call *c, const struct photos_of_job *in)
{
    jobs_require(c, in->job_uuid);
    listing_reply(c, &sql_photos_list, NULL, 0);
}

struct one_photo {
    struct uuid photo_uuid;
    enum flag thumbnail, original;
};

static const struct field download_fields[] = {
    FIELD(struct one_photo, photo_uuid, UUID, .required = true, .also = "uuid"),
    FIELD(struct one_photo, thumbnail, BOOLEAN, .by_default = "0"),
    FIELD(struct one_photo, original, BOOLEAN, .by_default = "0",
        .help = "The file as it was uploaded, with the place it was taken at"),
};

static void download(struct call *c, const struct one_photo *in)
{
    const struct attached *a = attached_find(c, in->photo_uuid);

    if (!call_faulted(c) && a->kind != ATTACHED_PHOTO)
        return fail(c, ATTACHMENT_NOT_FOUND);
    if (in->thumbnail == FLAG_YES)
        return attached_send_thumbnail(c, a);
    if (in->original != FLAG_YES)
        return attached_send_web(c, a);
    if (!call_faulted(c) && !attached_original_allowed(c, a))
        return fail(c, ATTACHMENT_FORBIDDEN);
    attached_send_original(c, a);
}

struct new_photo {
    struct uuid job_uuid;
    struct upload *photo;
};

static const struct field upload_fields[] = {
    FIELD(struct new_photo, job_uuid, UUID, .required = true, .help = "The job"),
    FIELD(struct new_photo, photo, FILE, .required = true, .also = "file",
        .help = "JPEG, PNG, WebP, HEIC or GIF, at most 25 MB"),
};

static void upload(struct call *c, const struct new_photo *in)
{
    struct uuid uuid;

    attached_check_job(c, in->job_uuid);
    const struct taken_file *file = attachments_take(c, in->photo, TAKE_PICTURES);
    struct job *job = jobs_require_open(c, in->job_uuid);
    int64_t id = attachments_add_photo(c, job->id, file, &uuid);
    audit_about(c, job->uuid);
    reply_done(c, "Photo uploaded successfully", FIELD_INT("photo_id", id),
        FIELD_ID("photo_uuid", uuid), FIELD_INT("id", id), FIELD_ID("uuid", uuid));
}

struct removed_photo {
    struct uuid job_uuid, photo_uuid;
};

static const struct field delete_fields[] = {
    FIELD(struct removed_photo, job_uuid, UUID, .help = "The job, to be sure"),
    FIELD(struct removed_photo, photo_uuid, UUID, .required = true),
};

static void delete (struct call *c, const struct removed_photo *in)
{
    const struct attached *a = attached_find(c, in->photo_uuid);
    bool other = !uuid_is_nil(in->job_uuid) && !uuid_equal(in->job_uuid, a->job_uuid);

    if (!call_faulted(c) && (a->kind != ATTACHED_PHOTO || other))
        return fail(c, ATTACHMENT_NOT_FOUND);
    attached_check_owner(c, a);
    struct job *job = jobs_require_open(c, a->job_uuid);
    db_require(c, sql_photo_archive, ARG(in->photo_uuid), ARG(job->id), ARG(c->account->id),
        ARG(c->account->name));
    db_query(c, sql_photos_counted, ARG(job->id), ARG(-1));
    audit_about(c, job->uuid);
    reply_done(c, "Photo deleted successfully");
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/jobs/photos",
        "list",
        .action_optional = true,
        .summary = "List job photos",
        .right = "api.jobs.photos.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(photos_of_job, list_fields),
        .sql = &sql_photos_list,
        .data = DATA_LIST,
        .run = RUN(list),
    },
    {
        GET,
        "/api/jobs/photos",
        "download",
        .summary = "Download a job photo or thumbnail",
        .right = "api.jobs.photos.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(one_photo, download_fields),
        .reply_type = "image/jpeg",
        .run = RUN(download),
    },
    {
        POST,
        "/api/jobs/photos",
        "upload",
        .action_optional = true,
        .summary = "Upload a job photo",
        .right = "api.jobs.photos.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(new_photo, upload_fields),
        REPLY(MEMBER(photo_id, BIGINT), MEMBER(photo_uuid, UUID), MEMBER(id, BIGINT),
            MEMBER(uuid, UUID)),
        .audit = "job_photo_uploaded",
        .subject = "job",
        .run = RUN(upload),
    },
    {
        POST,
        "/api/jobs/photos",
        "delete",
        .summary = "Delete a job photo",
        .right = "api.jobs.photos.manage",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(removed_photo, delete_fields),
        .audit = "job_photo_deleted",
        .subject = "job",
        .run = RUN(delete),
    },
};

const struct module photos_module = MODULE("jobs", endpoints);
