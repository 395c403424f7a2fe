/*
 * link: one database connection in pipeline mode on its loop's thread. Only for pool.c and db.c.
 *
 * Commands travel in batches; each ends with a sync, so one that fails takes nothing else along.
 * Results are counted, never inferred. A link connects when it is first wanted, on a worker thread,
 * and again by itself whenever the connection is lost.
 */
#ifndef TENANCY_LINK_H
#define TENANCY_LINK_H

#include <libpq-fe.h>

#include "server/fiber.h"
#include "tenancy/db.h"

struct link;

/* A batch under way. Made and owned by db.c; the link holds it until its sync has come back. */
struct batch {
    struct fiber
        *waiter;     /* woken when done; NULL once nobody waits: then the link frees the batch */
    bool done, lost; /* lost: the connection broke */
    unsigned commands, answered;
    bool answering;   /* the present command has had its result */
    int wanted;       /* which command's result is kept */
    int parse;        /* which command parses a named statement, -1 none */
    uint64_t key;     /* of the statement it executes; 0 none */
    bool rolled_back; /* a command answered ROLLBACK */
    PGresult *result; /* of the wanted command */
    PGresult *error;  /* the first failure */
    struct batch *next;
};

struct link *link_new(
    bool slow, void (*on_up)(struct link *l)); /* on_up: each time it is connected */
void link_free(struct link *l);
unsigned links_alive(void);     /* of this thread, those included that are still ending */
void link_want(struct link *l); /* connects, unless it does or did */
bool link_wanted(const struct link *l);
bool link_up(const struct link *l);
unsigned link_load(const struct link *l); /* batches under way */
bool link_idle(const struct link *l);     /* up, with nothing under way and no transaction open */

/* Adds commands to a batch that link_begin opened and link_end sends. All return false when the
 * connection is lost. */
bool link_begin(struct link *l, struct batch *b);
bool link_text(struct link *l, const char *sql);             /* without parameters */
bool link_bind(struct link *l, const char *const values[5]); /* role, search_path, scope */
/* Executes a statement under its name for this org, parsing it first where this connection does not
 * know it. */
bool link_execute(
    struct link *l, uint64_t key, const char *sql, const struct arg *args, size_t count);
bool link_end(struct link *l);

void link_drop(struct link *l); /* breaks the connection; it comes back by itself */

#endif
