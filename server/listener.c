#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "server/config.h"
#include "server/log.h"
#include "server/loop_life.h"
#include "server/transport.h"

enum {
    ACCEPTS_A_TURN = 16,
    CONNECTIONS_MOST = 20000,     /* of the process */
    DESCRIPTORS_FOR_OTHERS = 512, /* files, databases, children */
    PAUSE_MS = 100,               /* after the process ran out of descriptors */
    DRAIN_MS = 30000,
    DRAIN_LOOK_MS = 50,
    IDLE_CUT_MS = 3000, /* after both GOAWAYs, which are a second apart */
    LOOK_MS = 1000,     /* at all clients */
    CROWD = 256,        /* so many connections leave memory behind that is worth giving back */
};

struct front {
    h2o_context_t context;
    h2o_accept_ctx_t accept[DOORS];
    h2o_socket_t *listeners[DOORS];
    bool accepting, paused, draining;
    unsigned connections, most, crowd;
    struct client *clients;
    struct timer pause, drain, look;
    uint64_t drain_began;
    void (*drained)(bool in_time);
};

static int descriptors[DOORS] = {-1, -1, -1};
static _Thread_local struct front *front;
static atomic_int_fast64_t open_all;

int64_t connections_open(void)
{
    return atomic_load_explicit(&open_all, memory_order_relaxed);
}

bool front_is_draining(void)
{
    return front->draining;
}

void client_unref(struct client *c)
{
    if (--c->refs > 0)
        return;
    free(c->frames);
    free(c);
}

void client_break(struct client *c)
{
    if (c->socket)
        shutdown(h2o_socket_get_fd(c->socket), SHUT_RDWR);
}

static void listen_again(void);

static void on_client_closed(void *data)
{
    struct client *c = data;

    c->socket = NULL;
    *c->place = c->next;
    if (c->next)
        c->next->place = c->place;
    front->connections--;
    atomic_fetch_sub_explicit(&open_all, 1, memory_order_relaxed);
    client_unref(c);
    listen_again();
}

static void write_address(h2o_socket_t *socket, char text[static INET6_ADDRSTRLEN])
{
    struct sockaddr_storage peer;

    if (h2o_socket_getpeername(socket, (struct sockaddr *)&peer) == 0)
        return;
    if (peer.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((struct sockaddr_in *)&peer)->sin_addr, text, INET6_ADDRSTRLEN);
    } else if (peer.ss_family == AF_INET6) {
        const struct in6_addr *a = &((struct sockaddr_in6 *)&peer)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(a))
            inet_ntop(AF_INET, a->s6_addr + 12, text, INET6_ADDRSTRLEN);
        else
            inet_ntop(AF_INET6, a, text, INET6_ADDRSTRLEN);
    }
}

static void client_new(h2o_socket_t *socket, enum door d)
{
    struct client *c = calloc(1, sizeof *c);

    if (!c)
        die("out of memory");
    c->refs = 1;
    c->socket = socket;
    c->certificate = d == DOOR_TLS ? tls_default() : NULL;
    c->greeted = d != DOOR_TLS;
    c->since_us = now_monotonic_us();
    write_address(socket, c->address);
    c->next = front->clients;
    c->place = &front->clients;
    if (c->next)
        c->next->place = &c->next;
    front->clients = c;
    front->connections++;
    atomic_fetch_add_explicit(&open_all, 1, memory_order_relaxed);
    socket->on_close.cb = on_client_closed;
    socket->on_close.data = c;
}

static void on_handshake(h2o_socket_t *socket, const char *err)
{
    struct client *c = socket->on_close.data;
    h2o_accept_ctx_t *accept = &front->accept[DOOR_TLS];

    if (err)
        return h2o_socket_close(socket);
    c->greeted = true;
    struct timeval now = *h2o_get_timestamp(&front->context, NULL, NULL);
    if (str_starts(http_view(h2o_socket_ssl_get_selected_protocol(socket)), "h2"))
        client_begin_http2(c, accept, now);
    else
        h2o_http1_accept(accept, socket, now);
}

/* After a crowd has gone: what it used lies scattered, and the C library would keep it. */
static void give_memory_back(void)
{
    if (front->connections > front->crowd)
        front->crowd = front->connections;
    if (front->crowd < CROWD || front->connections > front->crowd / 4)
        return;
    front->crowd = front->connections;
    malloc_trim(0);
}

static void look_at_clients(void *unused)
{
    uint64_t now = now_monotonic_us();

    (void)unused;
    for (struct client *c = front->clients; c; c = c->next)
        client_look(c, now);
    give_memory_back();
    timer_start(&front->look, config.head_ms < 4 * LOOK_MS ? (uint32_t)config.head_ms / 4 : LOOK_MS,
        look_at_clients, NULL);
}

static void stop_listening(void)
{
    for (int d = 0; d < DOORS; d++)
        if (front->listeners[d] && h2o_socket_is_reading(front->listeners[d]))
            h2o_socket_read_stop(front->listeners[d]);
}

static void on_connection(h2o_socket_t *listener, const char *err);

static void listen_again(void)
{
    if (!front->accepting || front->paused || front->connections >= front->most)
        return;
    for (int d = 0; d < DOORS; d++)
        if (front->listeners[d] && !h2o_socket_is_reading(front->listeners[d]))
            h2o_socket_read_start(front->listeners[d], on_connection);
}

static void on_pause_over(void *unused)
{
    (void)unused;
    front->paused = false;
    listen_again();
}

/* Waiting connections stay in the kernel's queue until there are descriptors again. */
static void pause_listening(void)
{
    front->paused = true;
    stop_listening();
    timer_start(&front->pause, PAUSE_MS, on_pause_over, NULL);
}

static void on_connection(h2o_socket_t *listener, const char *err)
{
    enum door d = (enum door)(uintptr_t)listener->data;

    if (err)
        return;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (front->connections >= front->most)
            return stop_listening();
        h2o_socket_t *socket = h2o_evloop_socket_accept(listener);
        if (!socket) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_listening();
            return;
        }
        client_new(socket, d);
        if (d == DOOR_TLS)
            h2o_socket_ssl_handshake(socket, front->accept[d].ssl_ctx, NULL, on_handshake);
        else
            h2o_accept(&front->accept[d], socket);
    }
}

/* As many descriptors as the system lets us have, and as many connections as they allow. */
static unsigned connections_most(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1000;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= CONNECTIONS_MOST + DESCRIPTORS_FOR_OTHERS)
        return CONNECTIONS_MOST;
    unsigned have = (unsigned)files.rlim_cur;
    return have > 2 * DESCRIPTORS_FOR_OTHERS ? have - DESCRIPTORS_FOR_OTHERS : have / 2 + 1;
}

static int bind_port(int port, bool loopback)
{
    int on = 1, off = 0, patience = 2 * config.stall_ms, family = loopback ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in local = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    const struct sockaddr *address = loopback ? (struct sockaddr *)&local
                                              : (struct sockaddr *)&any6;
    socklen_t len = loopback ? sizeof local : sizeof any6;

    if (fd < 0 && !loopback) { /* a system without IPv6 */
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        address = (struct sockaddr *)&any4;
        len = sizeof any4;
    } else if (!loopback) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (fd < 0)
        die("a listening socket could not be made: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Also of what is accepted here: a client that takes nothing is left by the kernel, too, when
     * nobody else waits for it any more. */
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
    if (bind(fd, address, len) != 0)
        die("port %d cannot be listened on: %s; choose another (PROPOPS_PORT, PROPOPS_HTTP_PORT, "
            "PROPOPS_METRICS_PORT) or stop its owner",
            port, strerror(errno));
    return fd;
}

void listeners_open(void)
{
    descriptors[DOOR_TLS] = bind_port(config.port, false);
    if (config.http_port)
        descriptors[DOOR_PLAIN] = bind_port(config.http_port, false);
    if (config.metrics_port)
        descriptors[DOOR_METRICS] = bind_port(config.metrics_port, true);
    for (int d = 0; d < DOORS; d++)
        if (descriptors[d] >= 0 && listen(descriptors[d], SOMAXCONN) != 0)
            die("a port cannot be listened on: %s", strerror(errno));
}

void listeners_close(void)
{
    for (int d = 0; d < DOORS; d++) {
        if (descriptors[d] >= 0)
            close(descriptors[d]);
        descriptors[d] = -1;
    }
}

/* Each loop listens on a copy of the same socket: closing one drops no queued connection. */
static h2o_socket_t *copy_listener(struct loop *l, enum door d)
{
    int fd = descriptors[d] < 0 ? -1 : fcntl(descriptors[d], F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return NULL;
    h2o_socket_t *listener = h2o_evloop_socket_create(
        loop_evloop(l), fd, H2O_SOCKET_FLAG_DONT_READ);
    listener->data = (void *)(uintptr_t)d;
    return listener;
}

void front_open(void)
{
    struct loop *l = loop_self();

    front = calloc(1, sizeof *front);
    if (!front)
        die("out of memory");
    h2o_context_init(&front->context, loop_evloop(l), http_configure());
    front->most = connections_most() / loops_count();
    for (int d = 0; d < DOORS; d++) {
        front->accept[d] = (h2o_accept_ctx_t){
            .ctx = &front->context, .hosts = http_hosts((enum door)d)};
        if (d != DOOR_METRICS || loop_index(l) == 0)
            front->listeners[d] = copy_listener(l, (enum door)d);
    }
    front->accept[DOOR_TLS].ssl_ctx = tls_context();
    look_at_clients(NULL);
}

void front_accept(void)
{
    front->accepting = true;
    listen_again();
}

void front_new_certificates(void)
{
    front->accept[DOOR_TLS].ssl_ctx = tls_context();
}

static void end_drain(bool in_time)
{
    void (*done)(bool) = front->drained;

    timer_stop(&front->drain);
    timer_stop(&front->pause);
    timer_stop(&front->look);
    front->drained = NULL;
    if (done)
        done(in_time);
}

/* HTTP/1 connections that wait for a next request would stay until their time is over. */
static void cut_idle(void)
{
    for (struct client *c = front->clients; c; c = c->next)
        if (c->requests == 0 && c->in_flight == 0)
            client_break(c);
}

static void look_whether_drained(void *unused)
{
    uint64_t ms = (now_monotonic_us() - front->drain_began) / 1000;

    (void)unused;
    if (front->connections == 0 && http_flights() == 0)
        return end_drain(true);
    if (ms >= DRAIN_MS)
        return end_drain(false);
    if (ms >= IDLE_CUT_MS)
        cut_idle();
    timer_start(&front->drain, DRAIN_LOOK_MS, look_whether_drained, NULL);
}

void front_drain(void (*done)(bool in_time))
{
    if (front->draining)
        return;
    front->draining = true;
    front->accepting = false;
    front->drained = done;
    front->drain_began = now_monotonic_us();
    for (int d = 0; d < DOORS; d++) {
        if (front->listeners[d])
            h2o_socket_close(front->listeners[d]);
        front->listeners[d] = NULL;
    }
    h2o_context_request_shutdown(&front->context);
    look_whether_drained(NULL);
}

void front_hurry(void)
{
    if (front->drained)
        end_drain(false);
}
