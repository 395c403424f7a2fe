/*
 * loop_life: how loops are made, run and ended, and work for their next turn. For server/ only;
 * everybody else uses loop.h.
 *
 * A loop belongs to the thread that made it. Start reading at loop_run in loop.c.
 */
#ifndef SERVER_LOOP_LIFE_H
#define SERVER_LOOP_LIFE_H

#include "server/loop.h"

enum { LOOPS_MOST = 64 };

/* Makes the loop of this thread and registers it under its index; one a thread. */
struct loop *loop_new(unsigned index);
void loop_run(struct loop *l);  /* until loop_stop */
void loop_stop(struct loop *l); /* on its own thread: ends after the present turn */
void loop_free(struct loop *l); /* on its own thread; watches and timers must be gone */

struct loop *loop_at(unsigned index); /* NULL when there is none */
void loops_announce(unsigned count);  /* what loops_count() says; before the loops start */

/* Work that runs once, at the end of this turn or in the next. Embed it, zeroed but for run and
 * arg. */
struct soon {
    void (*run)(void *arg);
    void *arg;
    struct soon *next;
    bool queued;
};

void loop_soon(struct soon *s); /* queueing twice is queueing once */

/* The library's own loop below, for the files that include h2o. */
struct st_h2o_evloop_t;
struct st_h2o_evloop_t *loop_evloop(struct loop *l);

#endif
