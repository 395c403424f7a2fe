/*
 * The transport alone: the real listeners, boundary, fibers and workers under a gate of a few lines
 * that sleeps, streams and hangs as the path says. test_aborts.py compiles and torments it.
 */
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"
#include "server/fiber.h"
#include "server/gate.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/reply.h"
#include "server/serve.h"

const struct module *const *modules;

static atomic_int begun, ended, released;

static int64_t parameter(const struct call *c, const char *name, int64_t by_default)
{
    struct str rest = c->request.query;
    int64_t value;

    while (rest.at) {
        struct str item = str_cut(&rest, '&');
        struct str key = str_cut(&item, '=');
        if (str_is(key, name) && item.at && str_to_int(item, &value))
            return value;
    }
    return by_default;
}

struct stream {
    int64_t left, piece, pause_ms, fail_at;
};

static bool next_piece(struct call *c, struct buf *out, void *state)
{
    struct stream *s = state;
    int64_t len = s->left < s->piece ? s->left : s->piece;

    if (s->pause_ms)
        fiber_sleep((uint32_t)s->pause_ms);
    if (s->fail_at >= 0 && s->left <= s->fail_at) {
        fail_with(c, INTERNAL, "asked for");
        return false;
    }
    buf_reserve(out, (size_t)len);
    memset(out->at + out->len, 'x', (size_t)len);
    out->len += (size_t)len;
    s->left -= len;
    return s->left > 0;
}

static void count_release(struct call *c, void *arg)
{
    (void)c;
    (void)arg;
    atomic_fetch_add(&released, 1);
}

static void sleep_on_a_worker(void *arg)
{
    usleep((useconds_t)(*(int64_t *)arg * 1000));
}

static void echo(struct call *c)
{
    struct json j;
    struct buf *out = call_buf(c);

    json_begin(&j, out);
    json_object(&j);
    json_key(&j, "method");
    json_str(&j, c->request.method_text);
    json_key(&j, "authority");
    json_str(&j, c->request.authority);
    json_key(&j, "path");
    json_str(&j, c->request.path);
    json_key(&j, "query");
    json_str(&j, c->request.query);
    json_key(&j, "address");
    json_str(&j, c->request.address);
    json_key(&j, "cookie_a");
    json_str(&j, call_cookie(c, "a"));
    json_key(&j, "cookie_b");
    json_str(&j, call_cookie(c, "b"));
    json_key(&j, "version");
    json_int(&j, c->request.http_version);
    json_key(&j, "body");
    json_int(&j, (int64_t)c->request.body.len);
    json_object_end(&j);
    reply_data(c, buf_view(out));
}

static void count(struct call *c)
{
    reply_done(c, "counts", FIELD_INT("begun", atomic_load(&begun)),
        FIELD_INT("ended", atomic_load(&ended)), FIELD_INT("released", atomic_load(&released)),
        FIELD_INT("fibers", fibers_alive_all()));
}

static void stream(struct call *c)
{
    struct stream *s = call_alloc(c, sizeof *s);

    *s = (struct stream){parameter(c, "bytes", 1000000), parameter(c, "piece", 65536),
        parameter(c, "pause", 0), parameter(c, "fail", -1)};
    bool promises = parameter(c, "length", 1);
    reply_stream(c, "application/octet-stream", promises ? s->left + parameter(c, "lie", 0) : NONE,
        next_piece, s);
}

static void whole(struct call *c)
{
    size_t bytes = (size_t)parameter(c, "bytes", 1000000);

    if (parameter(c, "lent", 0)) {
        struct buf *out = call_buf(c);
        buf_reserve(out, bytes + 1);
        memset(out->at, 'y', bytes);
        out->len = bytes;
        return reply_bytes(c, "text/plain", buf_view(out));
    }
    char *room = call_alloc(c, bytes + 1);
    memset(room, 'y', bytes);
    reply_bytes(c, "text/plain", (struct str){room, bytes});
}

static void sleep_for(struct call *c)
{
    int64_t ms = parameter(c, "ms", 100);

    if (parameter(c, "worker", 0)) {
        if (!offload(sleep_on_a_worker, &ms))
            return fail(c, BUSY);
    } else {
        fiber_sleep((uint32_t)ms);
    }
    /* What was asked must still be there, whatever became of the client. */
    reply_done(c, "slept", FIELD_INT("bytes", (int64_t)c->request.body.len),
        FIELD_STR("agent", call_header(c, "user-agent")));
}

void gate_handle(struct call *c)
{
    struct str path = c->request.path;

    if (str_is(path, "/api/count"))
        return count(c);
    atomic_fetch_add(&begun, 1);
    call_at_end(c, count_release, NULL);
    if (str_is(path, "/api/echo"))
        echo(c);
    else if (str_is(path, "/api/sleep"))
        sleep_for(c);
    else if (str_is(path, "/api/stream"))
        stream(c);
    else if (str_is(path, "/api/whole"))
        whole(c);
    else if (!call_faulted(c))
        fail(c, NOT_FOUND);
    if (call_faulted(c)) {
        c->reply.status = error_status(c->fault.id);
        c->reply.content_type = "application/json; charset=utf-8";
        buf_text(&c->reply.body, "{\"success\":false}");
    }
    atomic_fetch_add(&ended, 1);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    config_load();
    log_start();
    return server_run(NULL, NULL, NULL);
}
