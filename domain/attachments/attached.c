#include "domain/attachments/attached.h"

#include <sodium.h>
#include <string.h>

#include "domain/attachments/attachments.sql.h"
#include "server/files.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"

void attached_check_job(struct call *c, struct uuid job_uuid)
{
    struct rows *r = db_glance(c, sql_attachments_job_seen, ARG(job_uuid));

    if (rows_count(r) == 0)
        fail(c, NOT_FOUND);
}

static enum attached_kind kind_of(struct str name)
{
    return str_is(name, "photo")      ? ATTACHED_PHOTO
           : str_is(name, "document") ? ATTACHED_DOCUMENT
                                      : ATTACHED_TO_NOTE;
}

const struct attached *attached_find(struct call *c, struct uuid uuid)
{
    struct attached *a = call_alloc(c, sizeof *a);
    struct rows *r = db_query(c, sql_attachment_find, ARG(uuid));

    if (rows_count(r) == 0)
        fail(c, ATTACHMENT_NOT_FOUND);
    *a = (struct attached){
        .kind = kind_of(row_str(r, 0, "kind")),
        .type_key = row_str(r, 0, "permission_key"),
        .job_uuid = row_uuid(r, 0, "job_uuid"),
        .file_uuid = row_uuid(r, 0, "file_uuid"),
        .name = row_str(r, 0, "name"),
        .content_type = row_str(r, 0, "content_type"),
        .size = row_int(r, 0, "size"),
        .web_size = row_int(r, 0, "web_size"),
        .thumb_size = row_int(r, 0, "thumb_size"),
        .key_version = (uint32_t)row_int(r, 0, "key_version"),
        .rendition = row_str(r, 0, "rendition"),
        .created_by = row_int(r, 0, "created_by"),
    };
    return a;
}

bool holds_type_key(struct call *c, struct str type_key, const char *verb)
{
    return type_key.at &&
           call_has_right(c, call_print(c, "%.*s.%s", (int)type_key.len, type_key.at, verb).at);
}

struct ints attached_readable_types(struct call *c)
{
    struct rows *r = db_query(c, sql_document_types);
    int64_t *ids = call_alloc(c, (rows_count(r) + 1) * sizeof *ids);
    size_t count = 0;

    for (size_t i = 0; i < rows_count(r); i++)
        if (holds_type_key(c, row_str(r, i, "permission_key"), "read"))
            ids[count++] = row_int(r, i, "id");
    return (struct ints){ids, count};
}

void attached_check_read(struct call *c, const struct attached *a)
{
    if (!call_faulted(c) && a->kind == ATTACHED_DOCUMENT && !holds_type_key(c, a->type_key, "read"))
        fail_with(c, ATTACHMENT_FORBIDDEN, "lacks %.*s.read", (int)a->type_key.len, a->type_key.at);
}

bool attached_original_allowed(struct call *c, const struct attached *a)
{
    bool office = c->account->kind == STAFF || c->account->kind == AGENT;

    return call_has_right(c, "api.system.attachment.view") &&
           (a->kind != ATTACHED_PHOTO || office || a->created_by == c->account->id);
}

void attached_check_owner(struct call *c, const struct attached *a)
{
    bool office = c->account->kind == STAFF || c->account->kind == AGENT;

    if (!call_faulted(c) && !office && a->created_by != c->account->id)
        fail(c, ATTACHMENT_NOT_YOURS);
}

bool file_key(struct call *c, uint32_t version, uint8_t key[static 32])
{
    if (call_faulted(c))
        return false;
    if (!keyring_key(c->org->keys, version, PURPOSE_FILES, key))
        fail_with(c, INTERNAL, "the org has no key for files of version %u", version);
    return !call_faulted(c);
}

void file_forget(struct call *c, int64_t file_id)
{
    struct rows *r = db_query(c, sql_file_forget, ARG(file_id));

    for (size_t i = 0; i < rows_count(r); i++)
        files_remove_later(c, c->org->uuid, row_uuid(r, i, "uuid"));
}

/* What strangers sent is shown by no page of ours, not even when it is opened by itself. */
static void fence(struct call *c)
{
    reply_header(
        c, "content-security-policy", STR("default-src 'none'; sandbox; frame-ancestors 'none'"));
}

static const char *sent_type(struct call *c, struct str type)
{
    if (str_starts(type, "text/"))
        return call_print(c, "%.*s; charset=utf-8", (int)type.len, type.at).at;
    return call_copy(c, type).at;
}

/* Pictures that every browser draws by itself, and that no browser runs. */
static bool is_shown_inline(struct str type)
{
    return str_is(type, "image/jpeg") || str_is(type, "image/png") || str_is(type, "image/gif") ||
           str_is(type, "image/webp");
}

void attached_send_original(struct call *c, const struct attached *a)
{
    uint8_t key[32];

    if (!file_key(c, a->key_version, key))
        return;
    fence(c);
    reply_header(c, "cache-control", STR("private, no-store"));
    reply_header(
        c, "content-disposition", file_disposition(c, is_shown_inline(a->content_type), a->name));
    files_send(
        c, c->org->uuid, a->file_uuid, FILE_ORIGINAL, key, a->size, sent_type(c, a->content_type));
    sodium_memzero(key, sizeof key);
}

/* Drawn stand-ins: a frame, and a sun over hills or a sheet of paper. */
#define DRAWN(words, picture)                                                                      \
    STR("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 320 240\" width=\"320\" "         \
        "height=\"240\" role=\"img\" aria-label=\"" words "\"><rect width=\"320\" height=\"240\" " \
        "fill=\"#eef1f4\"/><g fill=\"none\" stroke=\"#8a97a5\" stroke-width=\"6\" "                \
        "stroke-linejoin=\"round\">" picture "</g><text x=\"160\" y=\"206\" fill=\"#5b6876\" "     \
        "font-family=\"sans-serif\" font-size=\"18\" text-anchor=\"middle\">" words                \
        "</text></svg>")

static const struct str waiting = DRAWN("Being prepared",
    "<rect x=\"96\" y=\"52\" width=\"128\" height=\"104\" rx=\"8\"/><circle cx=\"132\" "
    "cy=\"86\" r=\"12\"/><path d=\"M96 140l40-34 28 24 24-18 36 30\"/>");
static const struct str without = DRAWN(
    "No preview", "<path d=\"M120 44h56l28 28v92h-84z\"/><path d=\"M176 44v28h28\"/>");

static void send_drawn(struct call *c, const struct attached *a)
{
    fence(c);
    reply_header(c, "cache-control", STR("no-store"));
    reply_bytes(c, "image/svg+xml", str_is(a->rendition, "waiting") ? waiting : without);
}

static void send_made(
    struct call *c, const struct attached *a, const char *kind, int64_t size, const char *cache)
{
    char uuid[37];
    uint8_t key[32];

    if (call_faulted(c))
        return;
    if (!str_is(a->rendition, "ready") || size == NONE)
        return send_drawn(c, a);
    uuid_print(a->file_uuid, uuid);
    fence(c);
    reply_header(c, "cache-control", str_of(cache));
    if (reply_unchanged(c, call_print(c, "%s-%s", uuid, kind)) || !file_key(c, a->key_version, key))
        return;
    files_send(c, c->org->uuid, a->file_uuid, kind, key, size, "image/jpeg");
    sodium_memzero(key, sizeof key);
}

/* The extension of a picture that was made anew is that of its new type. */
static struct str name_as_jpeg(struct call *c, struct str name)
{
    size_t dot = name.len;

    while (dot > 0 && name.at[dot - 1] != '.')
        dot--;
    int stem = (int)(dot > 1 ? dot - 1 : name.len);
    return call_print(c, "%.*s.jpg", stem, name.at);
}

void attached_send_web(struct call *c, const struct attached *a)
{
    if (call_faulted(c))
        return;
    if (str_is(a->rendition, "ready") && a->web_size != NONE)
        reply_header(c, "content-disposition", file_disposition(c, true, name_as_jpeg(c, a->name)));
    send_made(c, a, FILE_WEB, a->web_size, "private, no-cache");
}

void attached_send_thumbnail(struct call *c, const struct attached *a)
{
    send_made(c, a, FILE_THUMB, a->thumb_size, "private, max-age=31536000, immutable");
}
