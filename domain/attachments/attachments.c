#include "domain/attachments/attachments.h"

#include <sodium.h>
#include <string.h>

#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.sql.h"
#include "server/files.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"

static bool is_picture(const char *type)
{
    return strncmp(type, "image/", 6) == 0;
}

const struct taken_file *attachments_take(
    struct call *c, const struct upload *upload, enum take what)
{
    struct taken_file *f = call_alloc(c, sizeof *f);
    struct stored stored = {0};
    uint8_t key[32];

    f->type = file_accept(c, upload);
    if (f->type && what == TAKE_PICTURES && !is_picture(f->type))
        fail_with(c, FILE_TYPE_REFUSED, "%s is no picture", f->type);
    if (call_faulted(c))
        return f;
    f->uuid = uuid_new();
    f->name = file_name_clean(c, upload->name);
    f->key_version = keyring_current(c->org->keys);
    if (!file_key(c, f->key_version, key))
        return f;
    files_store(c, c->org->uuid, f->uuid, FILE_ORIGINAL, key, upload->bytes, &stored);
    sodium_memzero(key, sizeof key);
    f->size = stored.size;
    memcpy(f->sha256, stored.sha256, sizeof f->sha256);
    return f;
}

static bool can_be_drawn(const char *type)
{
    return is_picture(type) || strcmp(type, "application/pdf") == 0;
}

static void order_rendition(struct call *c, struct uuid file)
{
    struct json j;

    json_begin(&j, call_buf(c));
    json_object(&j);
    json_key(&j, "file");
    json_uuid(&j, file);
    json_object_end(&j);
    task_later(c, rendition_task.name, buf_view(j.out), NULL);
}

static int64_t record(struct call *c, const struct taken_file *f)
{
    const char *rendition;

    if (call_faulted(c))
        return NONE;
    rendition = can_be_drawn(f->type) ? "waiting" : "none";
    struct str sha256 = {(const char *)f->sha256, sizeof f->sha256};
    struct rows *r = db_query(c, sql_file_record, ARG(f->uuid), ARG(f->name), ARG(f->type),
        ARG(f->size), ARG_BYTES(sha256), ARG((int64_t)f->key_version), ARG(rendition),
        ARG(c->account->id));
    if (can_be_drawn(f->type))
        order_rendition(c, f->uuid);
    return row_int(r, 0, "id");
}

int64_t attachments_add_photo(
    struct call *c, int64_t job_id, const struct taken_file *f, struct uuid *uuid)
{
    int64_t file_id = record(c, f);

    *uuid = uuid_new();
    struct rows *r = db_query(
        c, sql_photo_add, ARG(*uuid), ARG(job_id), ARG(file_id), ARG(c->account->name));
    db_query(c, sql_photos_counted, ARG(job_id), ARG(1));
    return row_int(r, 0, "id");
}

int64_t attachments_add_document(
    struct call *c, int64_t job_id, int64_t type_id, const struct taken_file *f, struct uuid *uuid)
{
    int64_t file_id = record(c, f);

    *uuid = uuid_new();
    struct rows *r = db_query(c, sql_document_add, ARG(*uuid), ARG(job_id), ARG(type_id),
        ARG(file_id), ARG(c->account->name));
    db_query(c, sql_documents_counted, ARG(job_id), ARG(1));
    return row_int(r, 0, "id");
}

int64_t attachments_add_to_note(
    struct call *c, int64_t note_id, const struct taken_file *f, struct uuid *uuid)
{
    int64_t file_id = record(c, f);

    *uuid = uuid_new();
    struct rows *r = db_query(
        c, sql_note_attachment_add, ARG(*uuid), ARG(note_id), ARG(file_id), ARG(c->account->name));
    db_query(c, sql_note_attachments_counted, ARG(note_id), ARG(1));
    return row_int(r, 0, "id");
}

void attachments_forget_job(struct call *c, int64_t job_id)
{
    struct rows *r = db_query(c, sql_attachments_forget_job, ARG(job_id));

    for (size_t i = 0; i < rows_count(r); i++)
        files_remove_later(c, c->org->uuid, row_uuid(r, i, "uuid"));
}
