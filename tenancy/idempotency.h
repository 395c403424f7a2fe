/*
 * idempotency: a write that is sent again with the same Idempotency-Key is done once and answered
 * the same, for 24 hours.
 *
 * A key belongs to an account. What failed is not remembered: sent again it is tried again. A
 * repetition that arrives while the first is still at work waits for its end.
 */
#ifndef TENANCY_IDEMPOTENCY_H
#define TENANCY_IDEMPOTENCY_H

#include "server/call.h"

/* Before the handler: claims the key in the call's transaction, or replays the first answer with
 * the header "idempotent-replayed: true". IDEMPOTENCY_MISMATCH for another request. Does nothing on
 * reads and for visitors. */
void idempotency_begin(struct call *c);
/* Before the commit: keeps the answer with the key. */
void idempotency_finish(struct call *c);

#endif
