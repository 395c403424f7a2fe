#include "domain/audit/audit.h"

#include <string.h>

#include "domain/audit/audit.sql.h"
#include "server/endpoint.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"

void audit_about(struct call *c, struct uuid subject)
{
    c->audit.subject_uuid = subject;
}

static void add(struct call *c, const char *type)
{
    struct uuid details = uuid_new();
    int64_t account = c->account->id ? c->account->id : NONE;

    db_query(c, sql_audit_add, ARG(type), ARG(account), ARG(c->account->name),
        ARG(c->audit.subject), ARG(c->audit.subject_uuid), ARG((const char *)c->id),
        ARG_BYTES(lookup_key(c, "audit.address", c->request.address)), ARG(details),
        ARG_BYTES(seal(c, "activity_log.details", details, c->audit.details)));
}

void audit_write(struct call *c)
{
    if (c->audit.type && !call_faulted(c) && c->endpoint->method != GET)
        add(c, c->audit.type);
}

void audit_refusal(struct call *c, const char *type)
{
    struct fault fault = c->fault;

    if (!c->org)
        return;
    memset(&c->fault, 0, sizeof c->fault);
    c->audit.details = NO_STR;
    add(c, type);
    db_commit(c);
    db_rollback(c);
    c->fault = fault;
}
