/*
 * db: SQL for handlers, bound to the call's org and account.
 *
 * In reading rows each db_query is one batch on a pipelined connection: bind (role, search_path,
 * scope; transaction-local), the statement, sync. In writing rows (and .db = SNAPSHOT) the first
 * query leases a connection and opens a transaction that the gate commits. Queries look as if they
 * blocked; the fiber is parked meanwhile. On any failure the call is faulted and the rows returned
 * are empty, never NULL.
 */
#ifndef TENANCY_DB_H
#define TENANCY_DB_H

#include "server/call.h"
#include "server/reply.h"
#include "server/statement.h"

struct rows; /* the result of a query; lives as long as the call */

struct arg {
    const char *value; /* NUL-terminated text, or bytes when binary; NULL: SQL NULL */
    int length;
    int binary; /* 1: bytea */
};

struct arg arg_int(struct call *c, int64_t v);    /* NONE: NULL */
struct arg arg_str(struct call *c, struct str v); /* NO_STR: NULL */
struct arg arg_text(struct call *c, const char *v);
struct arg arg_uuid(struct call *c, struct uuid v); /* nil: NULL */
struct arg arg_decimal(struct call *c, struct decimal v);
struct arg arg_date(struct call *c, struct date v);
struct arg arg_flag(struct call *c, enum flag v);
struct arg arg_bool(struct call *c, bool v);
struct arg arg_ints(struct call *c, struct ints v);   /* bigint[]; absent: the empty one */
struct arg arg_texts(struct call *c, struct texts v); /* text[]; absent: the empty one */
struct arg arg_bytes(struct call *c, struct str v);   /* bytea; NO_STR: NULL */

/* ARG(value) inside db_query(c, …) where the variable of the call is named c. */
#define ARG(v)                                                                                     \
    _Generic((v), int64_t: arg_int, int: arg_int, long long: arg_int, struct str: arg_str, char *: arg_text, const char *: arg_text, \
             struct uuid: arg_uuid, struct decimal: arg_decimal, struct date: arg_date, enum flag: arg_flag, bool: arg_bool, \
             struct ints: arg_ints, struct texts: arg_texts)(c, (v))
#define ARG_BYTES(v) arg_bytes(c, (v))

/* Runs one statement. rows in the call's memory. */
#define db_query(c, statement, ...)                                                                \
    db_run(c, &(statement), (struct arg[]){{0}, ##__VA_ARGS__} + 1,                                \
        sizeof((struct arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct arg) - 1)
struct rows *db_run(
    struct call *c, const struct statement *s, const struct arg *args, size_t count);

/* The same, and NOT_FOUND when no row comes back. */
#define db_require(c, statement, ...)                                                              \
    db_must(c, &(statement), (struct arg[]){{0}, ##__VA_ARGS__} + 1,                               \
        sizeof((struct arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct arg) - 1)
struct rows *db_must(
    struct call *c, const struct statement *s, const struct arg *args, size_t count);

/* One statement by itself, outside of the call's transaction: it is committed whatever becomes of
 * the call. */
#define db_glance(c, statement, ...)                                                               \
    db_alone(c, &(statement), (struct arg[]){{0}, ##__VA_ARGS__} + 1,                              \
        sizeof((struct arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct arg) - 1)
struct rows *db_alone(
    struct call *c, const struct statement *s, const struct arg *args, size_t count);

/* The same, and NOT_FOUND when no row comes back. */
#define db_glance_require(c, statement, ...)                                                       \
    db_alone_must(c, &(statement), (struct arg[]){{0}, ##__VA_ARGS__} + 1,                         \
        sizeof((struct arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct arg) - 1)
struct rows *db_alone_must(
    struct call *c, const struct statement *s, const struct arg *args, size_t count);

size_t rows_count(const struct rows *r);
bool row_null(const struct rows *r, size_t row, const char *column);
int64_t row_int(
    const struct rows *r, size_t row, const char *column); /* NONE for null or no such row */
bool row_bool(const struct rows *r, size_t row, const char *column);
struct str row_str(
    const struct rows *r, size_t row, const char *column); /* NO_STR for null; valid for the call */
struct uuid row_uuid(const struct rows *r, size_t row, const char *column);
struct str row_bytes(struct call *c, const struct rows *r, size_t row, const char *column);
struct ints row_ints(struct call *c, const struct rows *r, size_t row, const char *column);
struct texts row_texts(struct call *c, const struct rows *r, size_t row, const char *column);
/* A sealed column, opened with the org's key; NO_STR for null. */
struct str row_sealed(struct call *c, const struct rows *r, size_t row, const char *column);

/* Writes one row as a JSON object, or all rows as an array, by the statement's declared columns. */
void json_row(struct call *c, struct json *j, const struct rows *r, size_t row);
void json_rows(struct call *c, struct json *j, const struct rows *r);
/* The columns of one row as members of the object that is open. */
void json_row_members(struct call *c, struct json *j, const struct rows *r, size_t row);

/* {"success":true,"data":{…}, members…}: the first row, NOT_FOUND without one. */
void reply_row(struct call *c, const struct rows *r);
/* {"success":true,"data":[…],"count":n}. */
void reply_rows(struct call *c, const struct rows *r);

/* Generic runners for rows that need no code; parameters are filled from the input by name,
 * `@account_id`, `@account_uuid` and
 * `@account_type` (declared as account_id … in `params` with a leading underscore: `_account_id
 * bigint`) from the account. */
void list_page(struct call *c,
    const void *input); /* .sql is a listing; adds count, total (capped at 10,001), next_cursor */
void show_all(struct call *c,
    const void *input); /* .sql is a plain statement; all its rows (≤ 1,000) with count */
void show_one(struct call *c, const void *input);
void write_one(struct call *c,
    const void
        *input); /* NOT_FOUND when the statement returns no row; its columns are reply members */
void remove_one(struct call *c, const void *input); /* the same, for DELETE … RETURNING */

/* Gate steps. */
void db_commit(struct call *c);
void db_rollback(struct call *c);
bool db_should_retry(struct call *c);

/* Process life cycle; `url` of the login role. Called on each loop thread once it runs. */
void db_start(void);
void db_stop(void);

#endif
