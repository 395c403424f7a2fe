/*
 * files: the store of sealed file contents on the local disk.
 *
 * A stored file is sealed in chunks of 64 KiB under the key the caller gives, so that ranges can be read. It is acknowledged when
 * written, fdatasync()ed, linked under its name and the directory synced. io_uring does it where the kernel allows, else threads do
 * (said in the log at start; PROPOPS_FILE_IO=auto|uring|threads). All functions are for fibers; hashing and sealing run on workers.
 */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include "server/call.h"

struct stored {
    int64_t size;       /* of the clear bytes */
    uint8_t sha256[32]; /* of the clear bytes */
};

/* Stores bytes as `<folder>/<uuid>` (folder: org uuid text; `kind` e.g. "original", "thumb"). Faults the call (FILE_NOT_STORED) and
 * leaves nothing behind on any failure. When the call is rolled back later, the caller's orphan sweep or files_remove deletes it. */
bool files_store(struct call *c, struct uuid owner, struct uuid file, const char *kind, const uint8_t key[static 32], struct str bytes, struct stored *stored);

/* Whole contents into the call's memory (renditions, small files); NOT_FOUND when missing, INTERNAL when it was changed. */
struct str files_read(struct call *c, struct uuid owner, struct uuid file, const char *kind, const uint8_t key[static 32]);

/* Answers the call with the contents as a stream; honours Range (206, 416), sets Accept-Ranges. */
void files_send(struct call *c, struct uuid owner, struct uuid file, const char *kind, const uint8_t key[static 32], int64_t size, const char *content_type);

/* Removes after the commit; a missing file is no fault. */
void files_remove_later(struct call *c, struct uuid owner, struct uuid file);
void files_remove_now(struct uuid owner, struct uuid file);

void files_start(const char *home); /* once per process before the loops */
void files_loop_start(void);        /* on each loop thread */
void files_stop(void);

/* What the content is, by its first bytes: "image/jpeg", "image/png", "image/webp", "image/heic", "image/gif", "application/pdf",
 * "application/msword", the OOXML types, "text/plain", "text/csv"; NULL for anything else or a broken head. */
const char *file_type_of(struct str bytes);
/* Whether a known type is complete and within limits (dimensions, frames, trailer) by reading its structure only; the reason when not. */
const char *file_fault_of(struct str bytes, const char *type);

#endif
