/*
 * openapi_parts: what the files of the OpenAPI document share: ids of rows, ways to reach them, and
 * the writers of one operation and of one row's schemas. Only for openapi*.c.
 */
#ifndef SERVER_OPENAPI_PARTS_H
#define SERVER_OPENAPI_PARTS_H

#include "server/openapi_schema.h"

enum { CHOICES_MOST = 64, ID_MOST = 200 };

/* Names of components end so that generators know where a schema is used. */
#define SCHEMAS "#/components/schemas/"
#define BODY    "_requestBody"
#define FILES   "_requestBody_files"
#define REPLIED "_reply"

/* Ways to reach rows by one path and method, in the order of the rows. */
struct operation {
    enum method method;
    const char *path;
    struct choice {
        const struct endpoint *row;
        const char *action; /* NULL: none */
        bool required;      /* the action must be sent */
    } choices[CHOICES_MOST];
    size_t count;
};

struct operation operation_of(const char *path, enum method method);
bool operation_has_actions(const struct operation *o);
void put_operation(struct json *j, const struct operation *o); /* with its key, the method */

/* post_jobs_manage_create: method, path without /api and punctuation, action. One per row. */
const char *id_of(
    char id[static ID_MOST], const char *method, const char *path, const char *action);
const char *row_id(char id[static ID_MOST], const struct endpoint *row);

bool method_has_body(enum method method); /* else fields are query parameters */
bool row_has_file(const struct endpoint *row);
bool row_needs_file(const struct endpoint *row);
void put_names(struct json *j, const char *member, int kinds);    /* of accounts */
void put_row_schemas(struct json *j, const struct endpoint *row); /* with their keys */

/* How requests are refused, each a component and, where it may happen, a response. */
struct refusal {
    const char *status, *name, *description;
    enum error_id example;
    bool retry; /* says when to come back */
};
extern const struct refusal refusals[];
extern const size_t refusals_count;

#endif
