/*
 * attached: one attached file as it is found, and how its bytes are answered with. Only for
 * domain/attachments/.
 */
#ifndef DOMAIN_ATTACHMENTS_ATTACHED_H
#define DOMAIN_ATTACHMENTS_ATTACHED_H

#include "server/call.h"

enum attached_kind { ATTACHED_PHOTO, ATTACHED_DOCUMENT, ATTACHED_TO_NOTE };

struct attached {
    enum attached_kind kind;
    struct str type_key; /* permission key of a document's type; NO_STR for others */
    struct uuid job_uuid, file_uuid;
    struct str name, content_type;
    int64_t size, web_size, thumb_size;
    uint32_t key_version;
    struct str rendition; /* none, waiting, ready, failed */
    int64_t created_by;
};

/* The attachment of this uuid that the account sees; ATTACHMENT_NOT_FOUND and an empty one
 * otherwise. */
const struct attached *attached_find(struct call *c, struct uuid uuid);

/* NOT_FOUND unless the account sees the job: asked before bytes are written anywhere, outside of
 * the call's transaction. */
void attached_check_job(struct call *c, struct uuid job_uuid);

/* Whether the account holds the document type's own key with this verb ("read", "upload",
 * "delete"). */
bool holds_type_key(struct call *c, struct str type_key, const char *verb);

/* The types whose documents the account may read. */
struct ints attached_readable_types(struct call *c);

/* Faults the call unless the account may read it. */
void attached_check_read(struct call *c, const struct attached *a);

/* Whether the account may have the file as it was uploaded: with the place it was taken at, if it
 * is a photo. */
bool attached_original_allowed(struct call *c, const struct attached *a);

/* Answers with the untouched bytes. */
void attached_send_original(struct call *c, const struct attached *a);

/* Answers with a picture made of it, or with a drawn one that says why there is none. */
void attached_send_web(struct call *c, const struct attached *a);
void attached_send_thumbnail(struct call *c, const struct attached *a);

/* The org's key for files of a version; INTERNAL when there is none. Wipe it after use. */
bool file_key(struct call *c, uint32_t version, uint8_t key[static 32]);

/* Deletes the record of a file that is attached to nothing any more, and after the call its bytes.
 */
void file_forget(struct call *c, int64_t file_id);

/* Whether somebody outside the office takes away what others handed in: FORBIDDEN then. */
void attached_check_owner(struct call *c, const struct attached *a);

#endif
