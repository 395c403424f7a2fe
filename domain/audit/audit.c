#include "domain/audit/audit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "domain/audit/audit.sql.h"
#include "server/endpoint.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"

enum { REFUSALS_A_MINUTE = 100, WINDOWS = 256 };

/* Refusals written down in the present minute. Two orgs that meet in one place share it: then each
 * may write less, never more. */
static struct window {
    uint64_t minute;
    unsigned written, dropped;
} windows[WINDOWS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void audit_about(struct call *c, struct uuid subject)
{
    c->audit.subject_uuid = subject;
}

void audit_by(struct call *c, int64_t account_id, struct str name)
{
    c->audit.actor_id = account_id;
    c->audit.actor_name = name;
}

/* In the call's transaction, or committed by itself. */
static void add(struct call *c, const char *type, bool alone)
{
    struct uuid details = uuid_new();
    bool other = c->audit.actor_id > 0;
    int64_t account = other ? c->audit.actor_id : c->account->id ? c->account->id : NONE;
    struct arg args[] = {ARG(type), ARG(account),
        ARG(other ? c->audit.actor_name : c->account->name), ARG(c->audit.subject),
        ARG(c->audit.subject_uuid), ARG((const char *)c->id),
        ARG_BYTES(lookup_key(c, "audit.address", c->request.address)), ARG(details),
        ARG_BYTES(seal(c, "activity_log.details", details, c->audit.details))};

    (alone ? db_alone : db_run)(c, &sql_audit_add, args, countof(args));
}

void audit_write(struct call *c)
{
    if (c->audit.type && !call_faulted(c))
        add(c, c->audit.type, false);
}

void audit_add(struct call *c, const char *type, const char *subject, struct uuid subject_uuid)
{
    c->audit.subject = subject;
    c->audit.subject_uuid = subject_uuid;
    add(c, type, false);
}

/* Whether one more may be written; `dropped` receives how many of the minute before were not. */
static bool may_write(int64_t org_id, unsigned *dropped)
{
    uint64_t minute = now_monotonic_us() / 60000000;

    pthread_mutex_lock(&lock);
    struct window *w = &windows[(uint64_t)org_id % WINDOWS];
    *dropped = 0;
    if (w->minute != minute) {
        *dropped = w->dropped;
        *w = (struct window){.minute = minute};
    }
    bool may = w->written < REFUSALS_A_MINUTE;
    if (may)
        w->written++;
    else
        w->dropped++;
    pthread_mutex_unlock(&lock);
    return may;
}

/* What was refused, unless the handler told more. */
static struct str refusal_details(struct call *c)
{
    struct buf *text = call_buf(c);
    struct json j;

    if (c->audit.details.at || !c->endpoint)
        return c->audit.details;
    json_begin(&j, text);
    json_object(&j);
    json_key(&j, "method");
    json_str(&j, c->request.method_text);
    json_key(&j, "path");
    json_text(&j, c->endpoint->path);
    json_object_end(&j);
    return buf_view(text);
}

void audit_refusal(struct call *c, const char *type)
{
    struct fault fault = c->fault;
    unsigned dropped;
    char number[12];

    if (!c->org)
        return;
    bool may = may_write(c->org->id, &dropped);
    if (dropped) {
        snprintf(number, sizeof number, "%u", dropped);
        log_failure("refusals_not_written", "org", c->org->slug, "count", number, NULL);
    }
    if (!may)
        return;
    memset(&c->fault, 0, sizeof c->fault);
    c->audit.details = refusal_details(c);
    add(c, type, true);
    if (call_faulted(c))
        log_failure("refusal_not_written", "org", c->org->slug, "type", type, "reason",
            c->fault.detail, NULL);
    c->fault = fault;
}
