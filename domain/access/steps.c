#include "domain/access/steps.h"

#include <string.h>

#include "domain/accounts/accounts.h"
#include "domain/audit/audit.h"
#include "domain/system/system.h"
#include "tenancy/db.h"
#include "tenancy/idempotency.h"
#include "tenancy/org.h"

static bool flag_is_on(struct call *c, const char *flag)
{
    return c->org && org_flag(c->org, flag);
}

static void before_handler(struct call *c)
{
    system_check_maintenance(c);
    idempotency_begin(c);
}

static void commit(struct call *c)
{
    audit_write(c);
    idempotency_finish(c);
    db_commit(c);
}

static void refused(struct call *c)
{
    if (c->fault.id == CREDENTIALS_WRONG)
        audit_refusal(c, "login_failed");
    else if (c->fault.id == FORBIDDEN && (c->account->id || c->audit.actor_id > 0))
        audit_refusal(c, "access_denied");
}

const struct gate_steps domain_gate_steps = {
    .find_org = org_resolve,
    .find_account = accounts_find,
    .flag_is_on = flag_is_on,
    .csrf_holds = accounts_csrf_holds,
    .before_handler = before_handler,
    .commit = commit,
    .rollback = db_rollback,
    .refused = refused,
    .should_retry = db_should_retry,
};
