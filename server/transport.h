/*
 * transport: what listener.c, tls.c, http.c and serve.c share, with the library's types. For these four files only.
 *
 * A client is one connection. It outlives its socket while calls of it still run.
 */
#ifndef SERVER_TRANSPORT_H
#define SERVER_TRANSPORT_H

#include <h2o.h>

#include "server/call.h"

_Static_assert(!H2O_USE_LIBUV, "compile with -DH2O_USE_LIBUV=0");

struct certificate;

struct client {
    const struct certificate *certificate; /* the one this connection was given; NULL without TLS */
    h2o_socket_t *socket;                  /* NULL once closed */
    unsigned refs;                         /* the socket's and one for each flight */
    unsigned in_flight;                    /* calls that run, those of requests that are gone included */
    unsigned requests;                     /* requests that the library still knows */
    struct client *next, **place;          /* in the thread's list of open connections */
    char address[INET6_ADDRSTRLEN];
};

void client_unref(struct client *c);
/* Breaks the connection off; the library then disposes of its requests. */
void client_break(struct client *c);

/* tls.c */
void tls_start(const char *folder);    /* dies when there is no usable certificate */
bool tls_reload(void);                 /* reads the folder again; false and the old ones stay when none is usable */
bool tls_folder_changed(void);
SSL_CTX *tls_context(void);            /* of the present certificates, for accepting */
const struct certificate *tls_default(void);
bool certificate_covers(const struct certificate *c, struct str host);
bool tls_covers(struct str host);      /* any certificate does */

/* http.c */
enum door { DOOR_TLS, DOOR_PLAIN, DOOR_METRICS, DOORS };
h2o_globalconf_t *http_configure(void);   /* once, before the loops start */
h2o_hostconf_t **http_hosts(enum door d); /* for accepting */
unsigned http_flights(void);              /* calls of this thread that run or are being answered */
/* A host name as sent: in lower case and without its port. False when it is none. `name` has room for sent.len bytes. */
bool http_host_name(struct str sent, char *name, struct str *host);

/* listener.c: all on the loop's own thread, but listeners_open */
void listeners_open(void); /* binds; dies with a message when a port is taken */
void listeners_close(void);
void front_open(void);     /* the thread's context; not yet accepting */
void front_accept(void);
void front_drain(void (*done)(bool in_time)); /* accepts no more; done once all is answered and closed, or after the deadline */
void front_hurry(void);    /* ends the drain now */
void front_new_certificates(void);
int64_t connections_open(void);

#endif
