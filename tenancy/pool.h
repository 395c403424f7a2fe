/*
 * pool: the connections of one loop: a few shared ones for short reads, leased ones for
 * transactions, two for slow work.
 *
 * Connections are opened when they are wanted and then stay. Whoever waits stands in a bounded
 * queue; no org may take all of it, and of those that wait the one goes first whose org holds the
 * fewest connections.
 */
#ifndef TENANCY_POOL_H
#define TENANCY_POOL_H

#include "tenancy/link.h"

/* The least loaded connection for a short read; NULL when none is up or too much is under way.
 * pool_shared_done follows when it is not NULL. */
struct link *pool_shared(int64_t org_id);
void pool_shared_done(int64_t org_id);

/* A connection of the caller's own until pool_give_back; waits its turn. NULL (not in time, or the
 * queue is full): the call is to be shed. */
struct link *pool_lease(bool slow, int64_t org_id);
void pool_give_back(struct link *l);

void pool_start(
    void); /* on each loop's thread, on a fiber: returns when a connection is up, or after 5 s */
void pool_stop(void); /* on a fiber; nothing may be leased any more */

#endif
