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
    const char *const *slugs;
    size_t count;
    void (*fn)(struct call *c, void *arg);
    void *arg;
    bool *done;
};

static void tell_fault(const struct call *c)
{
    fprintf(stderr, "propops: %s: %s (%s:%d: %s)\n", c->org->slug, error_sentence(c->fault.id),
        c->fault.file, c->fault.line, c->fault.detail);
    for (const struct problem *p = c->problems; p; p = p->next)
        fprintf(stderr, "propops: %s %.*s\n", p->field, (int)p->text.len, p->text.at);
}

static bool run_one(const struct run *r, const struct org *o)
{
    struct call c;

    call_as_system(&c, o);
    r->fn(&c, r->arg);
    db_commit(&c);
    bool done = !call_faulted(&c);
    if (!done)
        tell_fault(&c);
    call_release(&c);
    return done;
}

static void run_on_fiber(void *arg)
{
    const struct run *r = arg;

    db_start();
    for (size_t i = 0; i < r->count; i++) {
        const struct org *o = org_any_by_slug(str_of(r->slugs[i]));
        if (o)
            r->done[i] = run_one(r, o);
        else
            fprintf(stderr, "propops: there is no org '%s'; `propops org list` names them\n",
                r->slugs[i]);
    }
    db_stop();
}

void verb_each_as_call(const char *const *org_slugs, size_t count,
    void (*fn)(struct call *c, void *arg), void *arg, bool *done)
{
    struct run r = {org_slugs, count, fn, arg, done};

    master_key_load(config.master_key);
    directory_load();
    fiber_run_alone(run_on_fiber, &r);
}

int verb_as_call(const char *org_slug, void (*fn)(struct call *c, void *arg), void *arg)
{
    bool done = false;

    verb_each_as_call(&org_slug, 1, fn, arg, &done);
    return done ? 0 : 1;
}
