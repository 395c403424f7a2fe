/*
 * The boundary between the library's request and our call.
 *
 * A request dies whenever its client pleases, also while its call runs. So they meet in a flight,
 * which outlives both: the request's disposal clears `req`, and only code on the thread's own stack
 * uses it. Work begins one turn after the request came, so that requests reset in the same burst
 * never begin. Nothing of the request is used after that: head and body are copied. Start reading
 * at http_on_request and serve.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/assets.h"
#include "server/config.h"
#include "server/fiber.h"
#include "server/gate.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/reply.h"
#include "server/transport.h"

enum {
    IN_FLIGHT_MOST = HTTP_CONCURRENT_MOST, /* of a connection, abandoned ones included */
    FLIGHTS_MOST = 2048,                   /* of a thread */
    SLICE = 256 * 1024,                    /* of a body, between two looks at the clock */
    WORK_MS = 60 * 1000,                   /* a call without a reply by then is answered for */
};

struct flight {
    h2o_req_t *req; /* NULL once the library disposed of it */
    struct client *client;
    h2o_timeout_entry_t begin;
    h2o_generator_t generator;
    struct timer work, stall;
    unsigned refs;     /* the request's and the work's */
    bool counted;      /* in client->in_flight */
    bool answered;     /* a response was begun */
    bool finished;     /* all of it is the library's */
    bool ready;        /* for the next piece of a streamed body */
    bool last, broken; /* the piece that is sent next */
    unsigned piece;
    struct buf pieces[2];  /* one is filled while the other is sent */
    struct fiber *waiting; /* for readiness or the request's end */
    struct str rest;       /* of a body that is at hand */
    struct str body;       /* a copy */
    bool has_call;
    struct call call;
};

static _Thread_local unsigned flights;

unsigned http_flights(void)
{
    return flights;
}

static void flight_unref(struct flight *f)
{
    if (--f->refs > 0)
        return;
    assert(!f->req && !f->counted);
    if (f->has_call)
        call_release(&f->call);
    request_body_free(&f->body);
    buf_release(&f->pieces[0]);
    buf_release(&f->pieces[1]);
    client_unref(f->client);
    flights--;
    free(f);
}

static void on_request_gone(void *slot)
{
    struct flight *f = *(struct flight **)slot;

    f->req = NULL;
    h2o_timeout_unlink(&f->begin);
    timer_stop(&f->stall);
    timer_stop(&f->work);
    f->client->requests--;
    if (!f->finished)
        client_cancelled(f->client);
    if (f->waiting)
        fiber_wake(f->waiting);
    flight_unref(f);
}

/* Refusals of this file and late answers; the same envelope as the gate's. */
static void write_error(struct buf *out, enum error_id id, const char *request_id)
{
    struct json j;

    json_begin(&j, out);
    json_object(&j);
    json_key(&j, "success");
    json_flag(&j, false);
    json_key(&j, "error");
    json_text(&j, error_sentence(id));
    json_key(&j, "code");
    json_text(&j, error_code(id));
    json_key(&j, "request_id");
    json_text(&j, request_id);
    json_object_end(&j);
}

static void answer_fault(struct call *c)
{
    buf_release(&c->reply.body);
    c->reply = (struct reply){.status = error_status(c->fault.id),
        .content_type = "application/json; charset=utf-8",
        .stream_length = NONE};
    write_error(&c->reply.body, c->fault.id, c->id);
}

/* Unless the reply says otherwise, a response is for nobody else's page and for no cache. */
static const struct {
    struct str name, value;
} usual_headers[] = {
    {STR("cache-control"), STR("no-store")},
    {STR("content-security-policy"), STR("default-src 'none'; frame-ancestors 'none'")},
    {STR("cross-origin-opener-policy"), STR("same-origin")},
    {STR("cross-origin-resource-policy"), STR("same-origin")},
    {STR("permissions-policy"),
        STR("camera=(self), geolocation=(self), microphone=(), payment=(), usb=()")},
    {STR("referrer-policy"), STR("strict-origin-when-cross-origin")},
    {STR("strict-transport-security"), STR("max-age=31536000; includeSubDomains")},
    {STR("x-content-type-options"), STR("nosniff")},
    {STR("x-frame-options"), STR("DENY")},
};

static bool reply_has(const struct reply *r, struct str name)
{
    for (const struct reply_header *h = r->headers; h; h = h->next)
        if (str_equal(h->name, name))
            return true;
    return false;
}

static struct str milliseconds(h2o_mem_pool_t *pool, uint64_t us)
{
    struct {
        char text[24];
    } *room = h2o_mem_alloc_pool(pool, sizeof *room);
    int len = snprintf(room->text, sizeof room->text, "%llu.%llu", (unsigned long long)(us / 1000),
        (unsigned long long)(us / 100 % 10));

    return (struct str){room->text, (size_t)len};
}

static bool is_bodiless(const struct call *c)
{
    return c->request.is_head || c->reply.status == 204 || c->reply.status == 304;
}

static struct str body_of(const struct reply *r)
{
    return r->fixed_body.at ? r->fixed_body : buf_view(&r->body);
}

static size_t length_of(const struct reply *r)
{
    if (r->status == 204 || r->status == 304)
        return SIZE_MAX;
    if (r->next)
        return r->stream_length == NONE ? SIZE_MAX : (size_t)r->stream_length;
    return body_of(r).len;
}

/* What the headers point to lives in the call or for ever, and the call outlives the request's
 * pool. */
static void write_head(h2o_req_t *req, const struct call *c)
{
    const struct reply *r = &c->reply;

    req->res.status = r->status;
    req->res.reason = http_reason(r->status);
    req->res.content_length = length_of(r);
    if (req->res.content_length == SIZE_MAX && r->next && req->version < 0x101)
        req->http1_is_persistent = 0;
    if (r->content_type && r->status != 204 && r->status != 304)
        http_add_header(req, STR("content-type"), str_of(r->content_type));
    for (const struct reply_header *h = r->headers; h; h = h->next)
        http_add_header(req, h->name, h->value);
    for (size_t i = 0; i < countof(usual_headers); i++)
        if (!reply_has(r, usual_headers[i].name))
            http_add_header(req, usual_headers[i].name, usual_headers[i].value);
    if (c->fault.id == BUSY && !reply_has(r, STR("retry-after")))
        http_add_header(req, STR("retry-after"), STR("1"));
    http_add_header(req, STR("x-request-id"), str_of(c->id));
    http_add_header(req, STR("x-response-time-ms"),
        milliseconds(&req->pool, now_monotonic_us() - c->started_us));
    http_add_header(req, STR("x-db-query-time-ms"), milliseconds(&req->pool, c->db_us));
}

static void on_stalled(void *arg)
{
    struct flight *f = arg;

    client_break(f->client);
}

/* With the last slice the request is no longer ours: it may be gone when the library returns. */
static void send_slice(struct flight *f)
{
    size_t len = f->rest.len < SLICE ? f->rest.len : SLICE;
    h2o_iovec_t slice = {(char *)f->rest.at, len};

    f->rest = (struct str){f->rest.at + len, f->rest.len - len};
    f->finished = f->rest.len == 0;
    timer_start(&f->stall, (uint32_t)config.stall_ms, on_stalled, f);
    h2o_send(
        f->req, &slice, len > 0, f->rest.len ? H2O_SEND_STATE_IN_PROGRESS : H2O_SEND_STATE_FINAL);
}

static void on_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    struct flight *f = H2O_STRUCT_FROM_MEMBER(struct flight, generator, generator);

    (void)req;
    timer_stop(&f->stall);
    if (f->rest.len)
        return send_slice(f);
    f->ready = true;
    if (f->waiting)
        fiber_wake(f->waiting);
}

static void begin_response(struct flight *f)
{
    f->answered = true;
    timer_stop(&f->work);
    write_head(f->req, &f->call);
    f->generator = (h2o_generator_t){on_proceed, NULL};
    h2o_start_response(f->req, &f->generator);
}

/* On the thread's stack: sends a reply whose body is at hand. */
static void deliver(void *arg)
{
    struct flight *f = arg;

    if (!f->req || f->answered)
        return;
    begin_response(f);
    if (!is_bodiless(&f->call))
        f->rest = body_of(&f->call.reply);
    send_slice(f);
}

/* On the thread's stack: sends the piece that was filled last. */
static void deliver_piece(void *arg)
{
    struct flight *f = arg;
    struct buf *piece = &f->pieces[f->piece];
    h2o_iovec_t slice = {piece->at, piece->len};
    h2o_send_state_t state = H2O_SEND_STATE_IN_PROGRESS;

    if (!f->req)
        return;
    if (!f->answered)
        begin_response(f);
    if (f->last)
        state = f->broken ? H2O_SEND_STATE_ERROR : H2O_SEND_STATE_FINAL;
    f->finished = f->last;
    f->ready = false;
    timer_start(&f->stall, (uint32_t)config.stall_ms, on_stalled, f);
    h2o_send(f->req, &slice, piece->len > 0, state);
}

/* A call that hangs keeps its place, but its client gets an answer. The call itself belongs to the
 * fiber. */
static void on_work_late(void *arg)
{
    struct flight *f = arg;
    struct buf body = {0};
    h2o_req_t *req = f->req;

    log_failure("call_without_reply", "request_id", f->call.id, NULL);
    if (!req || f->answered)
        return;
    f->answered = f->finished = true;
    write_error(&body, BUSY, f->call.id);
    req->res.status = 503;
    req->res.reason = http_reason(503);
    req->res.content_length = body.len;
    http_add_header(req, STR("content-type"), STR("application/json; charset=utf-8"));
    for (size_t i = 0; i < countof(usual_headers); i++)
        http_add_header(req, usual_headers[i].name, usual_headers[i].value);
    http_add_header(req, STR("retry-after"), STR("1"));
    timer_start(&f->stall, (uint32_t)config.stall_ms, on_stalled, f);
    h2o_send_inline(req, body.at, body.len);
    buf_release(&body);
}

/* The connection may begin another call. Before the last of this one is sent, since the next
 * request may come at once. */
static void leave_connection(struct flight *f)
{
    if (!f->counted)
        return;
    f->counted = false;
    f->client->in_flight--;
}

static void run_at_ends(struct call *c)
{
    while (c->at_ends > 0) {
        c->at_ends--;
        c->at_end[c->at_ends](c, c->at_end_arg[c->at_ends]);
    }
}

/* Parks until the piece before was taken, or the request is gone or was answered for. */
static bool wait_until_ready(struct flight *f)
{
    f->waiting = fiber_self();
    while (f->req && !f->ready)
        fiber_park();
    f->waiting = NULL;
    return f->req != NULL;
}

static void wait_until_gone(struct flight *f)
{
    f->waiting = fiber_self();
    while (f->req)
        fiber_park();
    f->waiting = NULL;
}

static void send_whole(struct flight *f)
{
    struct call *c = &f->call;
    /* Bytes of the handler's may go with what is released at the end, so the end waits until they
     * are sent. */
    bool lent = c->reply.fixed_body.at && c->at_ends > 0 && !is_bodiless(c);

    if (!lent)
        run_at_ends(c);
    log_call(c);
    leave_connection(f);
    fiber_step_out(deliver, f);
    if (lent) {
        wait_until_gone(f);
        run_at_ends(c);
    }
}

/* Fills the next piece: true while there is more to come. A body that does not keep the length it
 * promised is broken off. */
static bool fill_piece(struct flight *f, struct buf *piece, int64_t *sent)
{
    struct call *c = &f->call;
    bool more = c->reply.next(c, piece, c->reply.state);
    int64_t promised = c->reply.stream_length;

    *sent += (int64_t)piece->len;
    if (!call_faulted(c) && promised != NONE && (*sent > promised || (!more && *sent < promised)))
        fail_with(c, INTERNAL, "a body of %lld bytes came to %lld", (long long)promised,
            (long long)*sent);
    if (call_faulted(c))
        piece->len = 0;
    return more && !call_faulted(c);
}

static void send_stream(struct flight *f)
{
    struct call *c = &f->call;
    int64_t sent = 0;
    bool more = true, began = false;

    f->ready = true;
    while (more) {
        struct buf *piece = &f->pieces[f->piece ^ 1];
        piece->len = 0;
        more = fill_piece(f, piece, &sent);
        if (call_faulted(c) && !began)
            break;
        if (more && piece->len == 0)
            continue;
        if (!wait_until_ready(f) || (f->answered && !began))
            break;
        f->piece ^= 1;
        f->last = !more;
        f->broken = call_faulted(c);
        began = true;
        if (f->last)
            leave_connection(f);
        fiber_step_out(deliver_piece, f);
    }
    c->reply.stream_length = sent;
    run_at_ends(c);
    if (call_faulted(c) && !began) {
        c->reply.next = NULL;
        answer_fault(c);
    }
    log_call(c);
    leave_connection(f);
    if (!c->reply.next)
        fiber_step_out(deliver, f);
}

static bool is_for_gate(struct str path)
{
    return str_starts(path, "/api/") || str_is(path, "/api") || str_starts(path, "/attachment/") ||
           str_is(path, "/logout") || str_is(path, "/brand.css");
}

/* The fiber of a call. */
static void serve(void *arg)
{
    struct flight *f = arg;
    struct call *c = &f->call;

    if (is_for_gate(c->request.path)) {
        gate_handle(c);
    } else {
        assets_serve(c);
        if (call_faulted(c))
            answer_fault(c);
    }
    metrics_count_call(c);
    if (c->reply.next && !is_bodiless(c))
        send_stream(f);
    else
        send_whole(f);
    if (call_faulted(c))
        log_call_fault(c);
    timer_stop(&f->work);
    flight_unref(f);
}

static void read_request(struct flight *f)
{
    struct call *c = &f->call;

    request_read(c, f->req, f->client);
    if (!call_faulted(c) && f->client->in_flight >= IN_FLIGHT_MOST)
        fail_with(c, BUSY, "%u calls of one connection", f->client->in_flight);
    if (!call_faulted(c) && flights > FLIGHTS_MOST)
        fail_with(c, BUSY, "%u calls of one loop", flights);
    if (!call_faulted(c))
        f->body = request_read_body(c, f->req);
}

static void refuse(struct flight *f)
{
    struct call *c = &f->call;

    answer_fault(c);
    log_call(c);
    log_call_fault(c);
    metrics_count_call(c);
    deliver(f);
}

static void begin(h2o_timeout_entry_t *entry)
{
    struct flight *f = H2O_STRUCT_FROM_MEMBER(struct flight, begin, entry);

    f->refs++;
    call_init(&f->call);
    f->has_call = true;
    read_request(f);
    if (call_faulted(&f->call)) {
        refuse(f);
        return flight_unref(f);
    }
    f->counted = true;
    f->client->in_flight++;
    timer_start(&f->work, WORK_MS, on_work_late, f);
    if (fiber_try_start(serve, f))
        return;
    leave_connection(f);
    timer_stop(&f->work);
    fail_with(&f->call, BUSY, "no fiber");
    refuse(f);
    flight_unref(f);
}

static struct client *client_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

int http_on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    struct flight *f = calloc(1, sizeof *f);

    (void)handler;
    if (!f)
        die("out of memory");
    f->req = req;
    f->client = client_of(req);
    f->client->refs++;
    f->client->requests++;
    client_asked(f->client);
    f->refs = 1;
    f->begin.cb = begin;
    flights++;
    struct flight **slot = h2o_mem_alloc_shared(&req->pool, sizeof *slot, on_request_gone);
    *slot = f;
    h2o_timeout_link(req->conn->ctx->loop, &req->conn->ctx->zero_timeout, &f->begin);
    return 0;
}
