/*
 * attachments: photos and documents of jobs, files of case notes, what is made from them, and who
 * may have them.
 *
 * Owns job_file_types, files, photos, documents, case_note_attachments (migration 0006),
 * archived_files (0008) and what lies in the file store. Asks jobs whether a job is seen and open.
 * A file is taken (checked and stored) before the transaction begins, so that no connection waits
 * for a disk; it is removed again when the call fails. Start reading at upload in photos_api.c,
 * then in attachments.c.
 */
#ifndef DOMAIN_ATTACHMENTS_H
#define DOMAIN_ATTACHMENTS_H

#include "server/endpoint.h"
#include "tenancy/tasks.h"

/* A file that was checked and stored, and is not attached to anything yet. */
struct taken_file {
    struct uuid uuid;
    struct str name;
    const char *type;
    int64_t size;
    uint8_t sha256[32];
    uint32_t key_version;
};

enum take { TAKE_ANY, TAKE_PICTURES };

/* Checks an upload's content and stores it for the call's org. Faults: FILE_TYPE_REFUSED,
 * FILE_BROKEN, FILE_TOO_LARGE, FILE_NOT_STORED, BUSY. */
const struct taken_file *attachments_take(
    struct call *c, const struct upload *upload, enum take what);

/* Attaches a taken file in the call's transaction, counts it, and orders what is to be made from
 * it. Gives the new record's id; its uuid is the one that clients see. */
int64_t attachments_add_photo(
    struct call *c, int64_t job_id, const struct taken_file *f, struct uuid *uuid);
int64_t attachments_add_document(
    struct call *c, int64_t job_id, int64_t type_id, const struct taken_file *f, struct uuid *uuid);
int64_t attachments_add_to_note(
    struct call *c, int64_t note_id, const struct taken_file *f, struct uuid *uuid);

/* Removes all files of a job, also from the store once the call has succeeded: before the job
 * itself is deleted. */
void attachments_forget_job(struct call *c, int64_t job_id);

extern const struct task_kind rendition_task; /* makes pictures of what was uploaded */
extern const struct task_kind
    files_sweep_task; /* daily: no record without a file, no file without a record */

extern const struct module photos_module;
extern const struct module documents_module;
extern const struct module archive_module;
extern const struct module note_attachments_module;
extern const struct module attachment_downloads_module; /* its errors are plain text */

#endif
