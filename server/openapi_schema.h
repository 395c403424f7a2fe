/*
 * openapi_schema: JSON schemas and examples of what rows take and give. Only for openapi.c.
 */
#ifndef SERVER_OPENAPI_SCHEMA_H
#define SERVER_OPENAPI_SCHEMA_H

#include "server/endpoint.h"
#include "server/reply.h"

/* Which of a row's fields a body holds, and how its action is said in it. */
struct body_shape {
    bool files;         /* multipart: files too, and nothing is null */
    const char *action; /* NULL: none */
    bool action_required;
    bool csrf_token; /* browsers may send it here instead of in the header */
};

void schema_of_body(struct json *j, const struct endpoint *row, struct body_shape shape);
void schema_of_field(struct json *j, const struct field *f, bool nullable);
void schema_of_reply(struct json *j, const struct endpoint *row);

void example_of_body(struct json *j, const struct endpoint *row, struct body_shape shape);
void example_of_field(struct json *j, const struct field *f);
void example_of_reply(struct json *j, const struct endpoint *row);

const char *field_type_name(enum field_type type); /* of a schema */

#define EXAMPLE_UUID "0198c2a4-7d1e-7c3a-9f42-3b1d5e8a6c01"
#define EXAMPLE_DATE "2026-03-14"

/* "job_title" reads "Job title"; stretched or cut to the field's bounds. */
void example_text(struct json *j, const struct field *f);

/* Shorthands of the writer. */
void put_text(struct json *j, const char *name, const char *value);
void put_int(struct json *j, const char *name, int64_t value);
void put_type(struct json *j, const char *type, bool nullable);
void put_flag(struct json *j, const char *name, bool value);
void put_reference(struct json *j, const char *to, const char *name, const char *suffix);

#endif
