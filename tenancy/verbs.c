#include "tenancy/verbs.h"

#include <stdio.h>
#include <string.h>

#include "server/config.h"
#include "server/fiber.h"
#include "server/log.h"
#include "server/rights.h"
#include "tenancy/db.h"
#include "tenancy/directory.h"
#include "tenancy/keys.h"

static const struct account system_account = {
    .type_id = 1, .kind = STAFF, .role_id = NONE, .name = {"System", 6}};

const char *option(int argc, char **argv, const char *name)
{
    size_t len = strlen(name);

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return i + 1 < argc ? argv[i + 1] : "";
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
            return argv[i] + len + 1;
    }
    return NULL;
}

void call_as_system(struct call *c, const struct org *o)
{
    call_init(c);
    c->org = o;
    c->account = &system_account;
}

struct run {
    const struct org *org;
    void (*fn)(struct call *c, void *arg);
    void *arg;
    int status;
};

static void run_on_fiber(void *arg)
{
    struct run *r = arg;
    struct call c;

    db_start();
    call_as_system(&c, r->org);
    r->fn(&c, r->arg);
    db_commit(&c);
    if (call_faulted(&c)) {
        fprintf(stderr, "propops: %s (%s:%d: %s)\n", error_sentence(c.fault.id), c.fault.file, c.fault.line, c.fault.detail);
        for (const struct problem *p = c.problems; p; p = p->next)
            fprintf(stderr, "propops: %s %.*s\n", p->field, (int)p->text.len, p->text.at);
        r->status = 1;
    }
    call_release(&c);
    db_stop();
}

int verb_as_call(const char *org_slug, void (*fn)(struct call *c, void *arg), void *arg)
{
    struct run r = {NULL, fn, arg, 0};

    master_key_load(config.master_key);
    directory_load();
    if (!(r.org = org_any_by_slug(str_of(org_slug))))
        die("there is no org '%s'; `propops org list` names them", org_slug);
    fiber_run_alone(run_on_fiber, &r);
    return r.status;
}
