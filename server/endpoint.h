/*
 * endpoint: one row per API operation, the only list of endpoints there is.
 *
 * From the rows come routing, permissions, rate limits, input checks, audit entries, the OpenAPI
 * document, the console's client and the generated tests. A module lists its rows in an array and
 * exports MODULE("jobs", rows).
 */
#ifndef SERVER_ENDPOINT_H
#define SERVER_ENDPOINT_H

#include "server/call.h"
#include "server/statement.h"

enum field_type {
    FIELD_INTEGER,  /* int64_t */
    FIELD_DECIMAL,  /* struct decimal */
    FIELD_TEXT,     /* struct str, trimmed, valid UTF-8 without control bytes except line breaks and
                       tabs */
    FIELD_SECRET,   /* struct str, untrimmed, never logged */
    FIELD_EMAIL,    /* struct str, as written */
    FIELD_CHOICE,   /* struct str, one of .choices */
    FIELD_UUID,     /* struct uuid */
    FIELD_DATE,     /* struct date */
    FIELD_BOOLEAN,  /* enum flag; true/false, 1/0, "true"/"false" */
    FIELD_INTEGERS, /* struct ints; JSON array, repeated or `name[]` form fields, or comma-separated
                       text */
    FIELD_TEXTS,    /* struct texts */
    FIELD_FILE,     /* struct upload *, NULL when absent; multipart only */
    FIELD_OBJECT,   /* a nested struct; .fields */
    FIELD_OBJECTS,  /* struct objects; .fields, .size */
};

struct objects {
    const void *at; /* array of the nested struct */
    size_t count;
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    bool required;
    bool in_path;     /* comes from the path's {name} */
    int64_t min, max; /* numbers: bounds (both 0: 64 bits); texts: code points, max 0 means 10,000;
                         lists: items, max 0 means 200 */
    const char *by_default;     /* parsed like input when the field is absent */
    const char *const *choices; /* NULL-terminated */
    const struct field *fields; /* nested */
    size_t fields_count;
    size_t size;      /* of one nested struct */
    const char *also; /* a second accepted name */
    const char *help;
};

/* FIELD(struct recall_input, reason, TEXT, .required = true, .max = 2000, .help = "…") */
#define FIELD(owner, member, kind, ...)                                                            \
    {                                                                                              \
        .name = #member, .type = FIELD_##kind, .offset = offsetof(owner, member), __VA_ARGS__      \
    }
/* The same with a wire name that is no C identifier or differs from the member. */
#define FIELD_AS(owner, member, wire, kind, ...)                                                   \
    {                                                                                              \
        .name = wire, .type = FIELD_##kind, .offset = offsetof(owner, member), __VA_ARGS__         \
    }

struct input_table {
    const struct field *fields;
    size_t count, size;
};

#define INPUT(type, table)                                                                         \
    {                                                                                              \
        .fields = (table), .count = countof(table), .size = sizeof(struct type)                    \
    }

/* limit and offset as documented, and our cursor: put LIST_FIELDS(struct x) into the table, struct
 * list_input list as a member. */
struct list_input {
    int64_t limit, offset;
    struct str cursor;
};
#define LIST_FIELDS(owner, most)                                                                   \
    FIELD_AS(owner, list.limit, "limit", INTEGER, .min = 1, .max = (most), .by_default = "50",     \
        .help = "Records a page"),                                                                 \
        FIELD_AS(owner, list.offset, "offset", INTEGER, .min = 0, .max = INT64_MAX,                \
            .by_default = "0", .help = "Records to skip, at most 10000"),                          \
        FIELD_AS(owner, list.cursor, "cursor", TEXT, .max = 500,                                   \
            .help = "next_cursor of the page before")

typedef void (*endpoint_run)(struct call *c, const void *input);
#define RUN(function) ((endpoint_run)(void (*)(void))(function))

enum access {
    BY_RIGHT = 0,
    PUBLIC,
    SIGNED_IN
}; /* PUBLIC: nobody need be signed in; SIGNED_IN: no permission key */
enum default_role {
    ROLE_NONE = 0,
    SYSOPS = 10,
    DIRECTOR = 20,
    FINANCE = 30,
    COORDINATOR = 40,
    MINIMAL = 50
};
enum csrf_rule { CSRF_BY_METHOD = 0, CSRF_NEVER };
enum db_mode { DB_BY_METHOD = 0, SNAPSHOT, TRANSACTION, NO_DATABASE };
enum data_shape {
    DATA_NONE = 0,
    DATA_LIST,
    DATA_ONE
}; /* where .sql's columns go: `data` as array, `data` as object */
enum rate_by { RATE_BY_ACCOUNT = 0, RATE_BY_ADDRESS };

struct rate {
    int requests, seconds; /* 0: the default of the method */
    enum rate_by by;
};

struct endpoint {
    enum method method;
    const char *path;     /* parts in braces are path parameters: "/attachment/{uuid}" */
    const char *action;   /* NULL: none */
    bool action_optional; /* this row also answers when no action is sent */
    const char *summary;
    const char *right;          /* canonical permission key */
    const char *also_rights[3]; /* documented aliases, accepted as well */
    enum default_role
        shipped_to; /* weakest default role that gets the key; every stronger one gets it too */
    enum access access;
    enum account_kind accounts; /* 0 only on PUBLIC rows */
    bool shipped_to_accounts;   /* the non-staff kinds in .accounts get the key by default (normally
                                   true for them) */
    struct input_table input;
    const struct statement *sql; /* main statement: its columns are the shape of `data` */
    enum data_shape data;        /* set by the runner macros or by hand for handlers */
    const struct column *reply;  /* members beside `data` */
    size_t reply_count;
    const struct column *columns; /* of `data`, where no statement describes it: DATA_COLUMNS */
    size_t columns_count;
    const char *reply_type; /* content type of a raw reply (file, image); NULL: JSON */
    const char *audit;      /* activity type of a write */
    const char *subject;    /* kind of record of the audit entry, e.g. "job" */
    const char *message;    /* of the generic runners; default "Operation completed successfully" */
    const char *flag;       /* feature flag that must be on */
    enum csrf_rule csrf;
    enum db_mode db;
    bool slow; /* runs on the connections for slow work */
    struct rate rate;
    bool idempotent_key; /* honours Idempotency-Key (all writes do; reads never) */
    endpoint_run run;
};

#define REPLY(...)                                                                                 \
    .reply = (const struct column[]){__VA_ARGS__},                                                 \
    .reply_count = sizeof((const struct column[]){__VA_ARGS__}) / sizeof(struct column)
#define MEMBER(member, kind)                                                                       \
    {                                                                                              \
        .name = #member, .type = COLUMN_##kind                                                     \
    }
#define MEMBER_OR_NULL(member, kind)                                                               \
    {                                                                                              \
        .name = #member, .type = COLUMN_##kind, .nullable = true                                   \
    }
/* An object, and a list of objects, with these members. */
#define MEMBER_OBJECT(member, ...)                                                                 \
    {                                                                                              \
        .name = #member, .type = COLUMN_JSON, .members = (const struct column[]){__VA_ARGS__},     \
        .members_count = sizeof((const struct column[]){__VA_ARGS__}) / sizeof(struct column)      \
    }
#define MEMBER_OBJECTS(member, ...)                                                                \
    {                                                                                              \
        .name = #member, .type = COLUMN_JSON, .list = true,                                        \
        .members = (const struct column[]){__VA_ARGS__},                                           \
        .members_count = sizeof((const struct column[]){__VA_ARGS__}) / sizeof(struct column)      \
    }
/* What `data` holds when a handler writes it by itself, without .sql. */
#define DATA_COLUMNS(...)                                                                          \
    .columns = (const struct column[]){__VA_ARGS__},                                               \
    .columns_count = sizeof((const struct column[]){__VA_ARGS__}) / sizeof(struct column)

enum envelope { ENVELOPE_DOCUMENTED = 0, ENVELOPE_PLAIN_TEXT_ERRORS };

struct module {
    const char *name;
    const struct endpoint *endpoints;
    size_t count;
    enum envelope envelope;
    enum error_id forbidden; /* in plain text: whose sentence stands for FORBIDDEN; 0: its own */
};

#define MODULE(title, rows, ...)                                                                   \
    {                                                                                              \
        .name = title, .endpoints = rows, .count = countof(rows), ##__VA_ARGS__                    \
    }

/* All modules of the binary, NULL-terminated; set once at start, before routes_build. */
extern const struct module *const *modules;

#endif
