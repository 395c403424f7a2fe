/*
 * link: one database connection in pipeline mode on its loop's thread. Only for pool.c and db.c.
 *
 * Commands travel in batches; each ends with a sync, so one that fails takes nothing else along. Results are counted, never inferred.
 */
#ifndef TENANCY_LINK_H
#define TENANCY_LINK_H

#include <libpq-fe.h>

#include "server/fiber.h"
#include "tenancy/db.h"

struct link;

enum { COMMANDS_MOST = 6 };

/* A batch under way. Made and owned by db.c; the link holds it until its sync has come back. */
struct batch {
    struct fiber *waiter;    /* woken when done; NULL once nobody waits: then the link frees the batch */
    bool done, lost;         /* lost: the connection broke */
    unsigned commands, answered;
    int wanted;              /* which command's result is kept */
    int parse;               /* which command parses a named statement, -1 none */
    uint64_t parsed_key;
    PGresult *result;        /* of the wanted command */
    PGresult *error;         /* the first failure */
    struct batch *next;
};

/* Blocking; on a worker thread. NULL with a message for the log. */
PGconn *link_connect(bool slow, char *message, size_t room);

struct link *link_new(bool slow);  /* begins to connect by itself and reconnects for ever */
void link_free(struct link *l);
bool link_up(const struct link *l);
unsigned link_load(const struct link *l); /* batches under way */

/* Adds commands to a batch that link_begin opened and link_end sends. All return false when the connection is lost. */
bool link_begin(struct link *l, struct batch *b);
bool link_text(struct link *l, const char *sql);                                   /* without parameters */
bool link_bind(struct link *l, const char *const values[5]);                        /* role, search_path, scope */
/* Executes a statement under its name for this org, parsing it first where this connection does not know it. */
bool link_execute(struct link *l, uint64_t key, const char *sql, const struct arg *args, size_t count);
bool link_end(struct link *l);

void link_drop(struct link *l); /* breaks the connection; it comes back by itself */

#endif
