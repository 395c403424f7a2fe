/*
 * transport: what listener.c, client_watch.c, tls.c, http*.c and serve.c share, with the library's
 * types. For these files only.
 *
 * A client is one connection. It outlives its socket while calls of it still run.
 */
#ifndef SERVER_TRANSPORT_H
#define SERVER_TRANSPORT_H

#include <h2o.h>
#include <h2o/http1.h>
#include <h2o/http2.h>

#include "server/call.h"
#include "server/loop.h"

_Static_assert(!H2O_USE_LIBUV, "compile with -DH2O_USE_LIBUV=0");

struct certificate;

/* What an HTTP/2 client has sent; see http2_frames.c. */
struct frames {
    bool greeted;  /* the preface is behind us */
    bool in_block; /* header fields are to be continued */
    uint32_t last_stream;
    uint64_t window_us; /* since when the next four are counted */
    unsigned controls, credits, resets, cancelled;
    size_t written;       /* by us, at that time */
    size_t block, blocks; /* bytes of the last header block, and of all under bodies */
    size_t arrived;       /* bytes of bodies, in all */
    unsigned bodies_count;
    struct open_body {
        uint32_t stream, block;
    } bodies[100]; /* which are on their way: as many as the library admits streams */
};

enum awaited {
    AWAITED_HEAD, /* what a new connection begins with, too */
    AWAITED_BODY, /* over HTTP/1: a request, head or body */
    AWAITED_REQUEST,
    AWAITED_NOTHING, /* it is our turn */
};

struct client {
    const struct certificate *certificate; /* the one this connection was given; NULL without TLS */
    h2o_socket_t *socket;                  /* NULL once closed */
    unsigned refs;                         /* the socket's and one for each flight */
    unsigned in_flight;           /* calls that run, those of requests that are gone included */
    unsigned requests;            /* requests that the library still knows */
    struct client *next, **place; /* in the thread's list of open connections */
    bool greeted;                 /* TLS is agreed on, or there is none */
    bool dropped;                 /* broken off, but the library does not know yet */
    struct frames *frames;        /* HTTP/2 only */
    h2o_socket_cb library_reads;  /* HTTP/2: the library's, called by ours */
    size_t left;                  /* HTTP/2: bytes it left unread */
    enum awaited awaited;         /* since when, and what had arrived then */
    uint64_t since_us;
    size_t arrived;
    char address[INET6_ADDRSTRLEN];
};

void client_unref(struct client *c);
/* Breaks the connection off; the library then disposes of its requests. */
void client_break(struct client *c);

/* client_watch.c */
/* Hands the connection to the library, with our look at what comes in between. */
void client_begin_http2(struct client *c, h2o_accept_ctx_t *accept, struct timeval now);
void client_look(struct client *c, uint64_t now_us); /* every now and then; breaks the late off */
void client_asked(struct client *c);                 /* a whole request has come */
void client_cancelled(struct client *c);             /* a request ended without its response */
int64_t clients_dropped(void);

/* http2_frames.c: both are false when it is too much. `bytes` are all that the library has not
 * parsed, `written` what it has sent on the connection. */
bool frames_pass(struct frames *f, struct str bytes, size_t written, bool draining);
bool frames_cancelled(struct frames *f);

/* http1_head.c: false for a head that others might read differently. `bytes` begin with it. */
bool http1_head_is_plain(struct str bytes, bool *chunked);

/* tls.c */
void tls_start(const char *folder); /* dies when there is no usable certificate */
bool tls_reload(void); /* reads the folder again; false and the old ones stay when none is usable */
bool tls_folder_changed(void);
SSL_CTX *tls_context(void); /* of the present certificates, for accepting */
const struct certificate *tls_default(void);
bool certificate_covers(const struct certificate *c, struct str host);
bool tls_covers(struct str host); /* any certificate does */

/* http_doors.c */
enum door { DOOR_TLS, DOOR_PLAIN, DOOR_METRICS, DOORS };
enum { HTTP_CONCURRENT_MOST = 32 };       /* calls of one connection */
h2o_globalconf_t *http_configure(void);   /* once, before the loops start */
h2o_hostconf_t **http_hosts(enum door d); /* for accepting */
const char *http_reason(int status);
/* Name and value must live as long as the request. */
void http_add_header(h2o_req_t *req, struct str name, struct str value);

/* http_request.c: both fault the call when the request is not to be served. The first also decides
 * whether an HTTP/1 connection may carry another request. */
void request_read(struct call *c, h2o_req_t *req, const struct client *client);
struct str request_read_body(struct call *c, const h2o_req_t *req); /* a copy, to be freed with: */
void request_body_free(struct str *body);
/* A host name as sent: in lower case and without its port. False when it is none. `name` has
 * room for sent.len bytes. */
bool http_host_name(struct str sent, char *name, struct str *host);

static inline struct str http_view(h2o_iovec_t v)
{
    return (struct str){v.base, v.len};
}

/* http.c */
int http_on_request(h2o_handler_t *handler, h2o_req_t *req);
unsigned http_flights(void); /* calls of this thread that run or are being answered */

/* listener.c: all on the loop's own thread, but listeners_open */
void listeners_open(void); /* binds; dies with a message when a port is taken */
void listeners_close(void);
void front_open(void); /* the thread's context; not yet accepting */
void front_accept(void);
void front_drain(void (*done)(bool in_time)); /* accepts no more; done once all is answered and
                                                 closed, or after the deadline */
void front_hurry(void);                       /* ends the drain now */
void front_new_certificates(void);
bool front_is_draining(void);
int64_t connections_open(void);

#endif
