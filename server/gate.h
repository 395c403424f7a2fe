/*
 * gate: what every endpoint needs, once, in one visible order. Start reading at gate_handle in
 * gate.c.
 *
 * The gate knows the order only; what a step means is handed to it at start, so that server/ stays
 * below the others. A step that refuses records a fault in the call.
 */
#ifndef SERVER_GATE_H
#define SERVER_GATE_H

#include "server/call.h"
#include "server/endpoint.h"

struct gate_steps {
    void (*find_org)(struct call *c); /* from the authority; on the shared host from the token; sets
                                         org and shared_host */
    void (*find_account)(
        struct call *c); /* from cookie or bearer token; leaves nobody when there is neither */
    bool (*flag_is_on)(struct call *c, const char *flag);
    bool (*csrf_holds)(struct call *c, struct str token);
    void (*before_handler)(struct call
            *c); /* maintenance, idempotency record: may already answer (reply.status set) */
    void (*commit)(
        struct call *c); /* audit entry, idempotency record, outbox; then the transaction */
    void (*rollback)(struct call *c); /* safe to call without a transaction */
    void (*refused)(
        struct call *c); /* a faulted call, after rollback: security events worth recording */
    bool (*should_retry)(
        struct call *c); /* serialization failure or deadlock: forget the fault and run again */
};

void gate_start(const struct gate_steps *steps);

/* Takes the call through all steps and leaves the answer in c->reply; on a fiber. Never fails to
 * answer. */
void gate_handle(struct call *c);

#endif
