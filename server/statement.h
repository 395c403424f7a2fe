/*
 * statement: a named statement of a .sql file as `ops/embed_sql` writes it at build time, and the
 * shape of what it returns.
 *
 * The server looks only at names and shapes (for OpenAPI); what the text means is tenancy's
 * business. A .sql file reads:
 *
 *     -- name: jobs_get
 *     -- One row, or none.
 *     -- params: uuid uuid
 *     -- returns: ID bigint, job_title text, contractor_name text?, access_details
 * sealed(jobs.access_details by uuid)? SELECT j.id AS "ID", ... FROM jobs j WHERE j.uuid =
 * $1::uuid;
 *
 * becomes `extern const struct statement sql_jobs_get;`, declared in the generated header
 * `<file>.sql.h` (include "domain/jobs/jobs.sql.h"). `params` names the parameters in order, so
 * generic runners can fill them from the input. Types: bigint text uuid boolean numeric date
 * instant json bytes bigint[] text[] uuid[] and sealed(table.column by uuid-column). A column named
 * _x is for C only and never sent.
 *
 * A listing (run by list_page) has its SELECT list, then a line `-- from`, then FROM and joins
 * without WHERE, and:
 *
 *     -- filter status_id bigint: j.status_id = ?
 *     -- filter has_photos text: (?::text = 'true') = (j.photos_count > 0)
 *     -- scope agent: j.branch_id = ANY (?::bigint[])          (? is the account's branch ids)
 *     -- scope contractor: j.contractor_id = ?::bigint         (? is the account's id)
 *     -- where: j.deleted_at IS NULL                           (always)
 *     -- order: j.created_at DESC timestamptz, j.id DESC bigint (last column unique; also the
 * cursor's key)
 *
 * Only the filters whose input is present enter the text; each ? is the filter's own value, once.
 */
#ifndef SERVER_STATEMENT_H
#define SERVER_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

enum column_type {
    COLUMN_BIGINT,
    COLUMN_TEXT,
    COLUMN_UUID,
    COLUMN_BOOLEAN,
    COLUMN_NUMERIC, /* sent as a JSON number with its own digits */
    COLUMN_DATE,
    COLUMN_INSTANT, /* timestamptz, sent as ISO 8601 UTC with Z */
    COLUMN_JSON,    /* passed through */
    COLUMN_BYTES,   /* bytea, for C only */
    COLUMN_BIGINTS,
    COLUMN_TEXTS,
    COLUMN_UUIDS,
    COLUMN_SEALED, /* bytea; opened with the org's key, sent as text */
    COLUMN_FLAGS,  /* an object of names that are true; in rows only */
};

struct column {
    const char *name;
    enum column_type type;
    bool nullable;
    const char *key; /* of statements only: the name as it stands in JSON, with quotes and colon */
    size_t key_len;
    const char *place; /* sealed: "jobs.access_details" */
    const char *by;    /* sealed: the column that holds the record's uuid */
    /* Of JSON, in rows only: what the object, or each one of a list, holds. Unknown without. */
    const struct column *members;
    size_t members_count;
    bool list;
};

struct parameter {
    const char *name;
    const char *type; /* PostgreSQL's name */
};

struct filter {
    const char *name, *type;
    const char *text; /* with one ? */
};

struct order {
    const char *expression;
    bool descending;
    const char *type;
};

struct statement {
    const char *name;
    const char *text; /* a listing: the SELECT list only */
    const struct column *columns;
    size_t columns_count;
    const struct parameter *params;
    size_t params_count;
    /* listings only */
    const char *from;
    const char *where;
    const char *scope[6]; /* by account type id, 0 unused */
    const struct filter *filters;
    size_t filters_count;
    const struct order *orders;
    size_t orders_count;
    unsigned number; /* unique in the binary */
};

/* All statements of the binary, in the order of their numbers. */
extern const struct statement *const all_statements[];
extern const size_t all_statements_count;

#endif
