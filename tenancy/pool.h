/*
 * pool: the connections of one loop: a few shared ones for short reads, leased ones for transactions, two for slow work.
 */
#ifndef TENANCY_POOL_H
#define TENANCY_POOL_H

#include "tenancy/link.h"

/* The least loaded connection for a short read, or one for slow work; NULL when none is up or all are full. */
struct link *pool_shared(bool slow);

/* A connection of the caller's own until pool_give_back; waits its turn. NULL (in time or for a full queue): the call is to be shed. */
struct link *pool_lease(bool slow);
void pool_give_back(struct link *l);

void pool_start(void); /* on each loop's thread, on a fiber: returns when a connection is up, or after 5 s */
void pool_stop(void);

#endif
