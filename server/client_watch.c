/*
 * Patience with clients: how long each may take with what is awaited of it, and how much HTTP/2 it
 * may send that brings nothing. Start reading at client_look.
 *
 * The library's own timers run anew with each byte that comes, and it has none for a slow body.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "server/config.h"
#include "server/log.h"
#include "server/transport.h"

enum {
    BODY_LEAST = 1024,     /* bytes a second */
    LEFT_MOST = 9 + 16384, /* the library leaves a part of one frame at most */
    HEAD_MOST = 64 * 1024,
};

static atomic_int_fast64_t dropped;

int64_t clients_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

static void drop(struct client *c)
{
    if (c->dropped)
        return;
    c->dropped = true;
    atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    client_break(c);
}

static struct str unread(const struct client *c)
{
    return (struct str){c->socket->input->bytes, c->socket->input->size};
}

/* Between the library's reading and its parsing. Given an error, it parses no more and closes. */
static void on_http2_bytes(h2o_socket_t *socket, const char *err)
{
    struct client *c = socket->on_close.data;

    if (!err && (c->left > LEFT_MOST || !frames_pass(c->frames, unread(c), socket->bytes_written,
                                            front_is_draining()))) {
        err = h2o_socket_error_closed;
        drop(c);
    }
    c->refs++;
    c->library_reads(socket, err);
    if (c->socket)
        c->left = c->socket->input->size;
    client_unref(c);
}

/* The library's callback is the one member of its socket that we take which is not meant for us;
 * there is no other place between its reading and its parsing. */
static void step_between(struct client *c)
{
    if (!c->library_reads)
        c->library_reads = c->socket->_cb.read;
    if (c->socket->_cb.read == c->library_reads)
        h2o_socket_read_start(c->socket, on_http2_bytes);
}

void client_begin_http2(struct client *c, h2o_accept_ctx_t *accept, struct timeval now)
{
    c->frames = calloc(1, sizeof *c->frames);
    if (!c->frames)
        die("out of memory");
    if (!frames_pass(c->frames, unread(c), 0, front_is_draining())) {
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
        return h2o_socket_close(c->socket);
    }
    c->refs++;
    h2o_http2_accept(accept, c->socket, now);
    if (c->socket && h2o_socket_is_reading(c->socket))
        step_between(c);
    client_unref(c);
}

void client_cancelled(struct client *c)
{
    if (c->frames && !frames_cancelled(c->frames))
        drop(c);
}

static enum awaited what_is_awaited(const struct client *c)
{
    if (!c->greeted || (c->frames && !c->frames->greeted))
        return AWAITED_HEAD;
    if (!c->frames) {
        if (c->requests)
            return AWAITED_NOTHING;
        return c->socket->input->size ? AWAITED_BODY : AWAITED_REQUEST;
    }
    if (c->frames->bodies_count)
        return AWAITED_BODY;
    if (c->frames->in_block || c->socket->input->size)
        return AWAITED_HEAD;
    return c->requests ? AWAITED_NOTHING : AWAITED_REQUEST;
}

/* Of a body; over HTTP/1 its head lies before it, and must be whole by the first look. */
static bool moves_on(const struct client *c, size_t arrived, uint64_t waited_us)
{
    struct str head = unread(c);

    if (head.len > HEAD_MOST)
        head.len = HEAD_MOST;
    if (!c->frames && !memmem(head.at, head.len, "\r\n\r\n", 4))
        return false;
    return arrived >= c->arrived && arrived - c->arrived >= waited_us * BODY_LEAST / 1000000;
}

/* HTTP/2 without requests is left to the library, which takes its leave properly. */
static uint64_t patience_us(const struct client *c, enum awaited awaited)
{
    if (awaited == AWAITED_REQUEST)
        return c->frames ? UINT64_MAX : (uint64_t)config.idle_ms * 1000;
    return (uint64_t)config.head_ms * 1000;
}

void client_asked(struct client *c)
{
    if (!c->frames || c->awaited != AWAITED_BODY)
        c->awaited = AWAITED_NOTHING;
}

void client_look(struct client *c, uint64_t now_us)
{
    enum awaited awaited = what_is_awaited(c);
    size_t arrived = c->socket->input->size + (c->frames ? c->frames->arrived : 0);
    uint64_t waited = now_us - c->since_us;

    if (c->library_reads) /* after a pause it takes its place back */
        step_between(c);
    if (awaited == c->awaited) {
        if (waited < patience_us(c, awaited))
            return;
        if (awaited != AWAITED_NOTHING &&
            !(awaited == AWAITED_BODY && moves_on(c, arrived, waited)))
            return drop(c);
    }
    c->awaited = awaited;
    c->arrived = arrived;
    c->since_us = now_us;
}
