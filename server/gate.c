#include "server/gate.h"

#include <string.h>

#include "server/input.h"
#include "server/log.h"
#include "server/ratelimit.h"
#include "server/reply.h"
#include "server/route.h"

static const struct gate_steps *steps;

/* How often a handler may run in all when the database asks to try again. */
enum { ATTEMPTS = 3 };

void gate_start(const struct gate_steps *given)
{
    steps = given;
}

static bool reads(const struct call *c)
{
    return c->request.method == GET;
}

/* Public rows stay open to a visitor whose old token or cookie no longer counts. */
static void find_account(struct call *c)
{
    if (call_faulted(c))
        return;
    steps->find_account(c);
    if (c->endpoint->access == PUBLIC && c->fault.id == NOT_SIGNED_IN)
        memset(&c->fault, 0, sizeof c->fault);
    else if (!call_faulted(c) && c->endpoint->access != PUBLIC && c->account->id == 0)
        fail(c, NOT_SIGNED_IN);
}

static void check_flag(struct call *c)
{
    const char *flag = c->endpoint->flag;

    if (!call_faulted(c) && flag && !steps->flag_is_on(c, flag))
        fail(c, FEATURE_OFF);
}

static bool holds_a_key(const struct call *c)
{
    const struct endpoint *row = c->endpoint;

    if (call_has_right(c, row->right))
        return true;
    for (size_t i = 0; i < countof(row->also_rights) && row->also_rights[i]; i++)
        if (call_has_right(c, row->also_rights[i]))
            return true;
    return false;
}

static void check_right(struct call *c)
{
    const struct endpoint *row = c->endpoint;

    if (call_faulted(c) || row->access == PUBLIC)
        return;
    if (!(row->accounts & c->account->kind))
        return fail_with(c, FORBIDDEN, "account type %d", c->account->type_id);
    if (row->access == BY_RIGHT && !holds_a_key(c))
        fail_with(c, FORBIDDEN, "lacks %s", row->right);
}

/* A browser sends its cookie with any request, so a write must prove that our own page made it.
 * Bearer tokens prove it alone. */
static void check_csrf(struct call *c)
{
    if (call_faulted(c) || reads(c) || !c->account->by_cookie || c->endpoint->csrf == CSRF_NEVER)
        return;
    struct str token = call_header(c, "x-csrf-token");
    if (!token.at)
        token = input_peek(c, "csrf_token");
    if (!call_faulted(c) && !steps->csrf_holds(c, token))
        fail(c, CSRF_INVALID);
}

static void admit(struct call *c)
{
    steps->find_org(c);
    find_account(c);
    check_flag(c);
    check_right(c);
    check_csrf(c);
    if (call_faulted(c))
        ratelimit_refused(c);
    else
        ratelimit_take(c);
}

/* Forgets what the handler did, so that it can run again on the same input. */
static void forget_attempt(struct call *c, struct reply_header *before)
{
    memset(&c->fault, 0, sizeof c->fault);
    c->problems = NULL;
    struct buf body = c->reply.body;
    body.len = 0;
    c->reply = (struct reply){.headers = before, .body = body, .stream_length = NONE};
}

/* The list is appended to in place, so what stood before the handler is kept as a copy. */
static struct reply_header *copy_headers(struct call *c)
{
    struct reply_header *copies = NULL, **end = &copies;

    for (struct reply_header *h = c->reply.headers; h; h = h->next) {
        *end = call_alloc(c, sizeof *h);
        **end = (struct reply_header){.name = h->name, .value = h->value};
        end = &(*end)->next;
    }
    return copies;
}

static void run(struct call *c)
{
    for (c->attempt = 0; !call_faulted(c); c->attempt++) {
        struct reply_header *before = copy_headers(c);
        c->audit.type = c->endpoint->audit;
        c->audit.subject = c->endpoint->subject;
        c->endpoint->run(c, c->input);
        if (!call_faulted(c))
            steps->commit(c);
        if (!call_faulted(c))
            return;
        bool again = c->attempt + 1 < ATTEMPTS && steps->should_retry(c);
        steps->rollback(c);
        if (!again)
            return;
        forget_attempt(c, before);
    }
}

static void write_problems(struct json *j, const struct problem *problems)
{
    json_key(j, "fields");
    json_object(j);
    for (const struct problem *p = problems; p; p = p->next) {
        bool first = true;
        for (const struct problem *q = problems; q != p && first; q = q->next)
            first = strcmp(q->field, p->field) != 0;
        if (!first)
            continue;
        json_key(j, p->field);
        json_array(j);
        for (const struct problem *q = p; q; q = q->next)
            if (strcmp(q->field, p->field) == 0)
                json_str(j, q->text);
        json_array_end(j);
    }
    json_object_end(j);
}

static void write_fault_json(struct call *c)
{
    struct json j;

    c->reply.content_type = "application/json; charset=utf-8";
    json_begin(&j, &c->reply.body);
    json_object(&j);
    json_key(&j, "success");
    json_flag(&j, false);
    json_key(&j, "error");
    json_text(&j, error_sentence(c->fault.id));
    json_key(&j, "code");
    json_text(&j, error_code(c->fault.id));
    if (c->fault.id == INPUT_INVALID)
        write_problems(&j, c->problems);
    json_key(&j, "request_id");
    json_text(&j, c->id);
    json_object_end(&j);
}

/* Some pages are documented with words of their own for a missing right. */
static const char *plain_sentence(const struct call *c)
{
    enum error_id forbidden = route_module(c->endpoint)->forbidden;

    return error_sentence(c->fault.id == FORBIDDEN && forbidden ? forbidden : c->fault.id);
}

static void answer_fault(struct call *c)
{
    struct reply_header *headers = c->reply.headers;
    struct buf body = c->reply.body;

    body.len = 0;
    c->reply = (struct reply){.status = error_status(c->fault.id),
        .headers = headers,
        .body = body,
        .stream_length = NONE};
    if (c->endpoint && route_module(c->endpoint)->envelope == ENVELOPE_PLAIN_TEXT_ERRORS) {
        c->reply.content_type = "text/plain; charset=utf-8";
        buf_text(&c->reply.body, plain_sentence(c));
    } else {
        write_fault_json(c);
    }
}

/* A shed or refused client is told when to come back. */
static void hint_retry(struct call *c)
{
    if (c->fault.id != BUSY && c->fault.id != MAINTENANCE)
        return;
    struct reply_header *h = call_alloc(c, sizeof *h);
    *h = (struct reply_header){
        STR("retry-after"), c->fault.id == BUSY ? STR("1") : STR("60"), c->reply.headers};
    c->reply.headers = h;
}

void gate_handle(struct call *c)
{
    if (route_find(c))
        admit(c);
    if (!call_faulted(c))
        c->input = input_read(c);
    if (!call_faulted(c))
        steps->before_handler(c);
    if (!call_faulted(c) && c->reply.status == 0)
        run(c);
    if (!call_faulted(c) && c->reply.status == 0)
        fail_with(c, INTERNAL, "the handler gave no reply");
    if (call_faulted(c)) {
        steps->rollback(c);
        steps->refused(c);
        hint_retry(c);
        answer_fault(c);
    }
}
