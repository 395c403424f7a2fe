/*
 * files: the store of sealed file contents on the local disk, and what contents are let into it.
 *
 * A stored file is sealed in chunks of 64 KiB under the key the caller gives, so that ranges can be
 * read. It is acknowledged when written, fdatasync()ed, linked under its name and the directory
 * synced. io_uring does it where the kernel allows, else threads do (said in the log at start;
 * PROPOPS_FILE_IO=auto|uring|threads). All functions are for fibers unless said otherwise; hashing
 * and sealing run on workers. Start reading at files_store in files.c; reading and sending stand in
 * files_read.c.
 */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include "server/call.h"

/* Kinds of contents that belong to one file: what was uploaded, and what was made from it. */
#define FILE_ORIGINAL "original"
#define FILE_WEB      "web"
#define FILE_THUMB    "thumb"

struct stored {
    int64_t size;       /* of the clear bytes */
    uint8_t sha256[32]; /* of the clear bytes */
};

/* Stores bytes of a kind; what was there before is replaced in one step. Faults the call
 * (FILE_NOT_STORED, BUSY) and leaves nothing behind on any failure; when the call fails later, or
 * its handler runs again, what was stored is removed at its end. */
bool files_store(struct call *c, struct uuid owner, struct uuid file, const char *kind,
    const uint8_t key[static 32], struct str bytes, struct stored *stored);

/* Whole contents into the call's memory; FILE_MISSING when there are none, INTERNAL when they were
 * changed. */
struct str files_read(struct call *c, struct uuid owner, struct uuid file, const char *kind,
    const uint8_t key[static 32]);

/* Answers the call with the contents as a stream; honours Range (206, RANGE_INVALID), sets
 * Accept-Ranges. `size` is what the store must hold. */
void files_send(struct call *c, struct uuid owner, struct uuid file, const char *kind,
    const uint8_t key[static 32], int64_t size, const char *content_type);

/* Removes all kinds of a file once the call has succeeded; nothing when it fails. */
void files_remove_later(struct call *c, struct uuid owner, struct uuid file);
void files_remove_now(struct uuid owner, struct uuid file); /* also off a fiber */

/* The files of an owner whose contents were stored at least `older_than` seconds ago, in one of the
 * 256 folders, into the call's memory; at most 10,000. For the search for what no record names. */
size_t files_list(struct call *c, struct uuid owner, unsigned folder, int64_t older_than,
    const struct uuid **files);

/* Which of these files have no original in the store: missing[i]. */
void files_missing(
    struct call *c, struct uuid owner, const struct uuid *files, size_t count, bool *missing);

void files_start(const char *home); /* once per process before the loops; dies when it cannot */
void files_loop_start(void);        /* on each loop thread, on a fiber */
void files_loop_stop(void);         /* there, when nothing uses it any more */
void files_stop(void);

/* What the content is, by its first bytes and its structure: "image/jpeg", "image/png",
 * "image/webp", "image/heic", "image/gif", "application/pdf", "application/msword",
 * "application/vnd.ms-excel", the OOXML types, "text/plain"; NULL for anything else. Any thread. */
const char *file_type_of(struct str bytes);

/* Why contents of a known type are not taken; id NO_ERROR when they are. */
struct file_fault {
    enum error_id id; /* FILE_BROKEN, FILE_TOO_LARGE or FILE_TYPE_REFUSED */
    const char *why;  /* for the log */
};

/* Whether contents are complete and within limits (pixels, frames, entries, trailer), by reading
 * their structure only. Any thread. */
struct file_fault file_fault_of(struct str bytes, const char *type);

/* The type under which contents are kept, given their name and what the client claims they are;
 * NULL when these contradict the contents. Tells text/csv from text/plain by the name. */
const char *file_type_agreed(const char *type, struct str name, struct str claimed);

/* All of it on a worker: the type, or NULL and FILE_TYPE_REFUSED, FILE_BROKEN, FILE_TOO_LARGE. */
const char *file_accept(struct call *c, const struct upload *upload);

/* A name to show and to save under: without path, control and direction characters, at most 200
 * bytes, never empty. */
struct str file_name_clean(struct call *c, struct str name);

/* Content-Disposition of RFC 6266 for such a name. */
struct str file_disposition(struct call *c, bool is_inline, struct str name);

#endif
