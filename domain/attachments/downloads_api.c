#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.h"
#include "server/reply.h"

struct download {
    struct str uuid;
    enum flag original;
};

static const struct field download_fields[] = {
    FIELD(struct download, uuid, TEXT, .required = true, .in_path = true, .max = 100,
        .help = "Of a photo, a document or a note's file"),
    FIELD(struct download, original, BOOLEAN, .by_default = "0",
        .help = "Photos: the file as it was uploaded"),
};

/* What is no uuid has the documented answer of a missing one. */
static const struct attached *find(struct call *c, struct str text)
{
    struct uuid uuid = {0};

    if (!uuid_parse(text, &uuid))
        fail(c, ATTACHMENT_UUID_MISSING);
    const struct attached *a = attached_find(c, uuid);
    attached_check_read(c, a);
    return a;
}

/* Photos go out as they are shown; documents and notes' files as they came. */
static void show(struct call *c, const struct download *in)
{
    const struct attached *a = find(c, in->uuid);

    if (call_faulted(c))
        return;
    if (a->kind == ATTACHED_PHOTO && in->original != FLAG_YES)
        return attached_send_web(c, a);
    if (!attached_original_allowed(c, a))
        return fail(c, ATTACHMENT_FORBIDDEN);
    attached_send_original(c, a);
}

static void thumbnail(struct call *c, const struct download *in)
{
    attached_send_thumbnail(c, find(c, in->uuid));
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/attachment/{uuid}",
        .summary = "Download an attachment",
        .right = "api.system.attachment.view",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(download, download_fields),
        .reply_type = "application/octet-stream",
        .run = RUN(show),
    },
    {
        GET,
        "/attachment/{uuid}/thumbnail",
        .summary = "Download an attachment's thumbnail",
        .right = "api.system.attachment.view",
        .shipped_to = COORDINATOR,
        .accounts = EVERYBODY,
        .input = INPUT(download, download_fields),
        .reply_type = "image/jpeg",
        .run = RUN(thumbnail),
    },
};

const struct module attachment_downloads_module = MODULE(
    "jobs", endpoints, .envelope = ENVELOPE_PLAIN_TEXT_ERRORS, .forbidden = ATTACHMENT_FORBIDDEN);
