/*
 * reply: how handlers answer. On a faulted call all of these do nothing.
 *
 * Bodies are written by hand into a growing buffer. The documented envelope is {"success":true,
 * …members…, "data":…, "count":…, "message":…}; the json_* writers below are for handlers whose
 * data no statement describes.
 */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include "server/call.h"

/* One member of a reply, made by the MEMBER_* macros. */
struct member {
    const char *name;
    enum {
        MEMBER_IS_INT,
        MEMBER_IS_TEXT,
        MEMBER_IS_FLAG,
        MEMBER_IS_UUID,
        MEMBER_IS_JSON,
        MEMBER_IS_NULL
    } type;
    int64_t number;
    struct str text;
    struct uuid uuid;
};

#define FIELD_INT(n, v) ((struct member){.name = (n), .type = MEMBER_IS_INT, .number = (v)})
#define FIELD_STR(n, v)                                                                            \
    ((struct member){.name = (n), .type = MEMBER_IS_TEXT, .text = (v)}) /* NO_STR: null */
#define FIELD_FLAG(n, v) ((struct member){.name = (n), .type = MEMBER_IS_FLAG, .number = (v)})
#define FIELD_ID(n, v)   ((struct member){.name = (n), .type = MEMBER_IS_UUID, .uuid = (v)})
#define FIELD_JSON(n, v) ((struct member){.name = (n), .type = MEMBER_IS_JSON, .text = (v)})

/* JSON writer into a buffer: values are separated by themselves. Text is escaped (also < > & and
 * U+2028/9). */
struct json {
    struct buf *out;
    unsigned depth;
    uint64_t started; /* bit per depth: something was written there */
};

/* Opens {"success":true in the reply's body; the caller adds members and closes the object. Not on
 * a faulted call. */
void reply_begin(struct call *c, struct json *j);

/* Success without data: {"success":true,"message":…, members…}. */
#define reply_done(c, message, ...)                                                                \
    reply_members(c, message, (struct member[]){{0}, ##__VA_ARGS__} + 1,                           \
        sizeof((struct member[]){{0}, ##__VA_ARGS__}) / sizeof(struct member) - 1)
void reply_members(struct call *c, const char *message, const struct member *members, size_t count);

/* {"success":true,"data":<json>, members…}: data is JSON text made with the writer below. */
#define reply_data(c, data, ...)                                                                   \
    reply_data_members(c, data, (struct member[]){{0}, ##__VA_ARGS__} + 1,                         \
        sizeof((struct member[]){{0}, ##__VA_ARGS__}) / sizeof(struct member) - 1)
void reply_data_members(
    struct call *c, struct str data, const struct member *members, size_t count);

/* Raw bytes with their type. The bytes must live in the arena or for ever. */
void reply_bytes(struct call *c, const char *content_type, struct str bytes);

/* A streamed body (server/call.h, struct reply). `length` NONE when not known. */
void reply_stream(struct call *c, const char *content_type, int64_t length,
    bool (*next)(struct call *, struct buf *, void *), void *state);

void reply_status(struct call *c, int status);
void reply_header(struct call *c, const char *lower_case_name,
    struct str value); /* CR, LF and NUL in value: INTERNAL */

/* Answers 304 and returns true when the request's If-None-Match holds this tag (text without
 * quotes); else sets ETag. */
bool reply_unchanged(struct call *c, struct str etag);

void json_begin(struct json *j, struct buf *out);
void json_object(struct json *j); /* { */
void json_object_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);
void json_key(struct json *j, const char *name);
void json_key_str(struct json *j, struct str name);
void json_key_made(struct json *j, const char *key, size_t len); /* with its quotes and colon */
void json_int(struct json *j, int64_t value);                    /* NONE: null */
void json_str(struct json *j, struct str value);                 /* NO_STR: null */
void json_text(struct json *j, const char *value);               /* NULL: null */
void json_flag(struct json *j, bool value);
void json_uuid(struct json *j, struct uuid value); /* nil: null */
void json_null(struct json *j);
void json_raw(struct json *j, struct str json_text); /* well-formed JSON or a number, as it is */
void json_member(struct json *j, const struct member *m); /* key and value */

#endif
