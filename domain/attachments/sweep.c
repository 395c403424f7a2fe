#include "domain/attachments/attached.h"
#include "domain/attachments/attachments.h"
#include "domain/attachments/attachments.sql.h"
#include "server/files.h"
#include "server/log.h"
#include "tenancy/db.h"
#include "tenancy/org.h"
#include "tenancy/verbs.h"

enum { FOLDERS = 256, DAY = 24 * 3600 };

static struct texts uuid_texts(struct call *c, const struct uuid *uuids, size_t count)
{
    struct str *texts = call_alloc(c, (count + 1) * sizeof *texts);
    char text[37];

    for (size_t i = 0; i < count; i++) {
        uuid_print(uuids[i], text);
        texts[i] = call_copy(c, str_of(text));
    }
    return (struct texts){texts, count};
}

/* Files of calls that ended without anybody knowing whether they had succeeded, and had not. */
static int64_t remove_unknown(struct call *c, int64_t folder)
{
    const struct uuid *found = NULL;
    size_t count = files_list(c, c->org->uuid, (unsigned)folder, DAY, &found);
    char text[37];

    if (count == 0)
        return 0;
    struct rows *r = db_query(c, sql_files_unknown, ARG(uuid_texts(c, found, count)));
    db_commit(c);
    for (size_t i = 0; i < rows_count(r); i++) {
        struct uuid file = row_uuid(r, i, "uuid");
        uuid_print(file, text);
        log_event("file_without_record_removed", "org", c->org->slug, "file", text, NULL);
        files_remove_now(c->org->uuid, file);
    }
    return 0;
}

/* Nothing can be done about these here, but somebody must know. */
static void tell_missing(struct call *c, const struct rows *r)
{
    struct uuid *uuids = call_alloc(c, (rows_count(r) + 1) * sizeof *uuids);
    bool *missing = call_alloc(c, rows_count(r) + 1);
    char text[37];

    for (size_t i = 0; i < rows_count(r); i++)
        uuids[i] = row_uuid(r, i, "uuid");
    files_missing(c, c->org->uuid, uuids, rows_count(r), missing);
    for (size_t i = 0; i < rows_count(r); i++) {
        uuid_print(uuids[i], text);
        if (missing[i] && rows_count(db_query(c, sql_file_still_recorded, ARG(uuids[i]))) == 1)
            log_failure("record_without_file", "org", c->org->slug, "file", text, NULL);
    }
}

/* One page of records behind the one of this id; the last one's id, or NONE behind the end. */
static int64_t check_records(struct call *c, int64_t after)
{
    struct rows *r = db_query(c, sql_files_page, ARG(after));

    db_commit(c);
    tell_missing(c, r);
    db_commit(c);
    return rows_count(r) ? row_int(r, rows_count(r) - 1, "id") : NONE;
}

/* How many there were. */
static int64_t forget_all(struct call *c, const struct rows *r)
{
    for (size_t i = 0; i < rows_count(r); i++)
        file_forget(c, row_int(r, i, "file_id"));
    db_commit(c);
    return (int64_t)rows_count(r);
}

/* Both a thousand at a time. */
static int64_t purge_archive(struct call *c, int64_t unused)
{
    (void)unused;
    return forget_all(c, db_query(c, sql_archived_files_over));
}

static int64_t forget_unattached(struct call *c, int64_t unused)
{
    (void)unused;
    return forget_all(c, db_query(c, sql_files_unattached));
}

/* Each step has a call of its own, whose memory goes with it. The first that fails ends it all: it
 * is tried again. Gives what the step gives, NONE once something failed. */
static int64_t step(struct call *c, int64_t (*fn)(struct call *c, int64_t number), int64_t number)
{
    struct call one;

    if (call_faulted(c))
        return NONE;
    call_as_system(&one, c->org);
    int64_t result = fn(&one, number);
    if (call_faulted(&one))
        fail_with(c, one.fault.id, "%s", one.fault.detail);
    call_release(&one);
    return call_faulted(c) ? NONE : result;
}

static void run(struct call *c, struct str payload)
{
    int64_t after = 0;

    (void)payload;
    while (step(c, purge_archive, 0) > 0)
        ;
    while (step(c, forget_unattached, 0) > 0)
        ;
    while (after != NONE)
        after = step(c, check_records, after);
    for (int64_t folder = 0; folder < FOLDERS; folder++)
        step(c, remove_unknown, folder);
}

const struct task_kind files_sweep_task = {
    .name = "files.sweep", .run = run, .timeout_seconds = 1800, .every_seconds = DAY};
