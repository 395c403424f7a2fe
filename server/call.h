/*
 * call: one API request from arrival to answer, as handlers see it.
 *
 * The first fault sticks: every helper that can fail records the fault in the call and returns an
 * empty, usable value; on a faulted call all helpers do nothing. So handlers are straight lines.
 * Memory comes from the call's arena and dies with it. A call runs on one fiber of one loop thread.
 * It never touches the connection: http.c sends what stands in `reply`.
 */
#ifndef SERVER_CALL_H
#define SERVER_CALL_H

#include "server/str.h"
#include "server/values.h"

enum error_id {
    NO_ERROR,
#define ERROR(id, status, sentence) id,
#include "server/errors.def"
#undef ERROR
    ERRORS_COUNT
};

enum method { GET = 1, POST = 2, PUT = 4, DELETE = 8, OTHER_METHOD = 16 };

/* The five account types of the product, as bits in rows and (log2 + 1) as ids: 1 staff ... 5
 * contractor. */
enum account_kind {
    STAFF = 1,
    AGENT = 2,
    LANDLORD = 4,
    TENANT = 8,
    CONTRACTOR = 16,
    EVERYBODY = 31
};

struct call;

struct header {
    struct str name, value; /* names in lower case */
};

struct request {
    enum method method;
    bool is_head; /* HEAD, routed as GET */
    struct str method_text;
    struct str authority; /* host of this request, lower case, without port */
    struct str path;      /* decoded once, control bytes refused, without query */
    struct str query;     /* raw, behind the question mark */
    struct header *headers;
    size_t headers_count;
    struct str body;
    struct str address; /* the client's, printed */
    int http_version;   /* 0x101 or 0x200 */
};

/* The account that makes the call, with the rights it holds now. `id` 0: nobody is signed in. */
struct account {
    int64_t id;
    struct uuid uuid;
    int type_id; /* 1 to 5 */
    enum account_kind kind;
    int64_t role_id;     /* NONE without a role */
    int hierarchy_level; /* lower is stronger; 1000 without a role */
    struct str name;
    struct str role_name;
    struct ints branch_ids; /* an agent's branches */
    const struct rights *rights;
    int64_t session_id;
    bool by_cookie; /* signed in by session cookie: CSRF applies */
};

struct fault {
    enum error_id id;
    const char *file; /* where it was recorded, for the log */
    int line;
    char detail[240]; /* for the log only, never sent */
    char sqlstate[6];
};

struct reply_header {
    struct str name, value;
    struct reply_header *next;
};

/* What goes back. Handlers use server/reply.h. */
struct reply {
    int status;
    struct reply_header *headers; /* names in lower case */
    const char *content_type;
    struct buf body;
    struct str fixed_body; /* instead of body: bytes that outlive the call's answer (cached assets,
                              arena) */
    /* A streamed body: called on the fiber until it returns false; each call appends the next piece
     * to `out`. */
    bool (*next)(struct call *c, struct buf *out, void *state);
    void *state;
    int64_t stream_length; /* bytes in all, or NONE when not known */
};

struct problem {
    const char *field;
    struct str text;
    struct problem *next;
};

struct org;
struct endpoint;
struct db_session;
struct body;

struct call {
    struct arena arena;
    struct request request;
    struct str action;
    const struct endpoint *endpoint;
    const struct org *org;         /* whose data this call sees; NULL until resolved */
    bool shared_host;              /* came to the shared host (my.<domain>) */
    const struct account *account; /* never NULL; a nobody before sign-in */
    const void *input;
    struct body *body;          /* input.c's: what came with the request, parsed once */
    uint64_t given, given_null; /* bit i: field i of the row's table was present; was null */
    struct str path_values[4];  /* values of {…} parts of the row's path, in order */
    struct fault fault;
    struct problem *problems;
    struct reply reply;
    struct db_session *db; /* tenancy's; NULL until the first query */
    struct {
        const char *type;    /* the row's .audit unless the handler names a better one */
        const char *subject; /* kind of record */
        struct uuid subject_uuid;
        struct str details; /* JSON object text in the arena, or NO_STR */
        int64_t actor_id;   /* whose deed it is where that is not the call's account: a login's */
        struct str actor_name;
    } audit;
    uint64_t started_us, db_us;
    int db_queries;
    char id[27]; /* request id */
    int attempt; /* 0 first; re-run after a serialization failure */
    void (*at_end[24])(
        struct call *, void *); /* what must happen when the call is over, newest first */
    void *at_end_arg[24];
    int at_ends;
    struct call_buf *bufs; /* of call_buf() */
};

/* Records a fault, unless there is one already. */
#define fail(c, id) call_fail(c, id, __FILE__, __LINE__, NULL)
#define fail_with(c, id, ...)                                                                      \
    call_fail(c, id, __FILE__, __LINE__, __VA_ARGS__) /* printf-style detail for the log */
void call_fail(struct call *c, enum error_id id, const char *file, int line, const char *detail,
    ...) __attribute__((format(printf, 5, 6)));

/* Adds a problem of one input field; the call answers INPUT_INVALID with all of them. `field` must
 * outlive the call. */
void fail_field(struct call *c, const char *field, const char *problem, ...)
    __attribute__((format(printf, 3, 4)));

static inline bool call_faulted(const struct call *c)
{
    return c->fault.id != NO_ERROR;
}

int error_status(enum error_id id);
const char *error_sentence(enum error_id id);
const char *error_code(enum error_id id);

/* Zeroed memory of the call. On a call over its ceiling records BUSY and returns usable scratch
 * memory. */
void *call_alloc(struct call *c, size_t size);
struct str call_copy(struct call *c, struct str s);
struct buf *call_buf(
    struct call *c); /* an empty heap buffer that is released with the call; for the JSON writer */
struct str call_print(struct call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Value of a request header (lower-case name), NO_STR without; cookie looks through all cookie
 * fields. */
struct str call_header(const struct call *c, const char *name);
struct str call_cookie(const struct call *c, const char *name);

/* Whether a field of the row's table was sent: absent, sent as null, or given. Aborts for a name
 * not in the table. */
enum presence { ABSENT, GIVEN_NULL, GIVEN };
enum presence call_presence(const struct call *c, const char *field);

/* Runs fn(c, arg) when the call is over, also when it failed; at most 24. */
void call_at_end(struct call *c, void (*fn)(struct call *c, void *arg), void *arg);

void call_init(struct call *c); /* arena, id, clock; request is filled by the caller afterwards */
void call_release(struct call *c);

/* Whether the account holds a permission key; hyphen and underscore are equal. */
bool call_has_right(const struct call *c, const char *key);

#endif
