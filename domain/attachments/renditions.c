#include <sodium.h>

#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.h"
#include "domain/attachments/attachments.sql.h"
#include "server/files.h"
#include "server/media.h"
#include "server/payload.h"
#include "tenancy/db.h"
#include "tenancy/org.h"

/* What is made of one file. */
struct work {
    struct uuid file;
    uint8_t key[32];
    struct str original;
    bool decodable;
};

/* The size of what was made and stored; NONE when nothing was. */
static int64_t make(struct call *c, struct work *w, enum rendition what, const char *kind)
{
    struct stored stored;
    struct str jpeg;

    if (!w->decodable)
        return NONE;
    w->decodable = media_render(c, w->original, what, &jpeg);
    if (!w->decodable || !files_store(c, c->org->uuid, w->file, kind, w->key, jpeg, &stored))
        return NONE;
    return stored.size;
}

/* No transaction is held open while a child decodes. What cannot be decoded is told once and for
 * all; whatever else fails is tried again. */
static void run(struct call *c, struct str payload)
{
    struct work w = {.file = payload_uuid(payload, "file"), .decodable = true};
    struct rows *r = db_query(c, sql_rendition_wanted, ARG(w.file));
    int64_t web = NONE;

    db_commit(c);
    if (rows_count(r) == 0 || !file_key(c, (uint32_t)row_int(r, 0, "key_version"), w.key))
        return;
    w.original = files_read(c, c->org->uuid, w.file, FILE_ORIGINAL, w.key);
    if (row_bool(r, 0, "is_photo"))
        web = make(c, &w, RENDITION_WEB, FILE_WEB);
    int64_t thumb = make(c, &w, RENDITION_THUMB, FILE_THUMB);
    sodium_memzero(w.key, sizeof w.key);
    const char *state = w.decodable ? "ready" : "failed";
    struct rows *done = db_query(
        c, sql_rendition_done, ARG(row_int(r, 0, "id")), ARG(state), ARG(web), ARG(thumb));
    db_commit(c);
    if (!call_faulted(c) && rows_count(done) == 0) /* deleted meanwhile */
        files_remove_now(c->org->uuid, w.file);
}

const struct task_kind rendition_task = {.name = "rendition", .run = run, .timeout_seconds = 90};
