/*
 * main: the one binary and its verbs. The only place that knows all modules: what the gate's steps
 * mean, which kinds of background work there are, and which endpoints exist is put together here
 * and handed down.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "domain/access/access.h"
#include "domain/access/steps.h"
#include "domain/accounts/accounts.h"
#include "domain/agents/agents.h"
#include "domain/attachments/attachments.h"
#include "domain/contractors/contractors.h"
#include "domain/demo/demo.h"
#include "domain/jobs/jobs.h"
#include "domain/people/people.h"
#include "domain/system/system.h"
#include "server/config.h"
#include "server/files.h"
#include "server/gate.h"
#include "server/log.h"
#include "server/openapi.h"
#include "server/ratelimit.h"
#include "server/route.h"
#include "server/serve.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"
#include "tenancy/rotate.h"
#include "tenancy/tasks.h"
#include "tenancy/verbs.h"

static const struct module *const all_modules[] = {
    &accounts_module,
    &system_module,
    &branding_module,
    &jobs_module,
    &case_notes_module,
    &job_lookups_module,
    &photos_module,
    &documents_module,
    &archive_module,
    &note_attachments_module,
    &attachment_downloads_module,
    &people_module,
    &contractors_module,
    &agents_module,
    NULL,
};

static const struct task_kind *const all_tasks[] = {
    &rendition_task,
    &files_sweep_task,
    &accounts_sweep_task,
    NULL,
};

static const struct sealed_column *const all_sealed_columns[] = {
    accounts_sealed_columns,
    jobs_sealed_columns,
    people_sealed_columns,
    NULL,
};

static struct str org_name(const struct org *o)
{
    return o ? str_of(o->slug) : NO_STR;
}

static void on_loop_start(void)
{
    db_start();
    files_loop_start();
}

static void on_loop_end(void)
{
    files_loop_stop();
    db_stop();
}

static void on_ready(void)
{
    tasks_start(all_tasks);
    log_event("ready", NULL);
}

static int verb_serve(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    log_start();
    log_org_name(org_name);
    ratelimit_org_name(org_name);
    master_key_load(config.master_key);
    directory_start();
    files_start(config.home);
    gate_start(&domain_gate_steps);
    server_on_loop_end(on_loop_end);
    system_start();
    int status = server_run(on_loop_start, on_ready, tasks_stop);
    directory_stop();
    files_stop();
    return status;
}

static int print(void (*fill)(struct buf *))
{
    struct buf out = {0};

    fill(&out);
    fwrite(out.at, 1, out.len, stdout);
    buf_release(&out);
    return ferror(stdout) ? 1 : 0;
}

static int verb_routes(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return print(routes_print);
}

static int verb_openapi(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return print(openapi_print);
}

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the verb */
    bool configured;                   /* needs the settings of the environment */
    const char *usage, *help;
} verbs[] = {
    {"serve", verb_serve, true, "serve", "Runs the server until SIGTERM, then drains."},
    {"migrate", verb_migrate, true, "migrate",
        "Brings the platform schema and every org's schema up to date."},
    {"org", verb_org, true, "org create|list|suspend|resume …",
        "Manages orgs; `propops org --help`."},
    {"key", verb_key, true, "key rotate --org SLUG",
        "Makes a new data key and re-seals in the background."},
    {"task", verb_task, true, "task run|dead …",
        "Runs the background work that is due; `propops task --help`."},
    {"account", verb_account, true, "account create --org SLUG --email …",
        "Makes an account; `propops account --help`."},
    {"demo", verb_demo, true, "demo --org SLUG [--jobs N]",
        "Fills an org with a demo agency, or adds N jobs."},
    {"check", verb_check, true, "check sql|plans --org SLUG",
        "Prepares every statement against an org's schema and compares it with its declaration."},
    {"routes", verb_routes, false, "routes",
        "Prints the endpoints, tab-separated with a header line."},
    {"openapi", verb_openapi, false, "openapi", "Prints the OpenAPI 3.1 document."},
};

static int usage(FILE *to)
{
    fputs("usage: propops VERB …      (propops VERB --help says more)\n\n", to);
    for (size_t i = 0; i < countof(verbs); i++)
        fprintf(to, "  %-38s %s\n", verbs[i].usage, verbs[i].help);
    return to == stdout ? 0 : 2;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < countof(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout);
    const struct verb *verb = find_verb(argv[1]);
    if (!verb) {
        fprintf(stderr, "propops: there is no verb '%s'\n", argv[1]);
        return usage(stderr);
    }
    bool asks_help = argc > 2 && strcmp(argv[2], "--help") == 0;
    if (asks_help && (!verb->configured || verb->run == verb_serve || verb->run == verb_migrate)) {
        printf("usage: propops %s\n%s\n", verb->usage, verb->help);
        return 0;
    }
    if (sodium_init() < 0)
        die("libsodium could not be initialised");
    modules = all_modules;
    routes_build(all_modules);
    tasks_register(all_tasks);
    rotate_register(all_sealed_columns);
    provision_seed = access_seed;
    provision_digest = access_digest;
    if (verb->configured && !asks_help)
        config_load();
    if (!asks_help && (verb->run == verb_task || verb->run == verb_demo))
        files_start(config.home);
    return verb->run(argc - 1, argv + 1);
}
