#include <stdio.h>
#include <string.h>

#include "server/config.h"
#include "server/files.h"
#include "server/log.h"
#include "tenancy/db.h"
#include "tenancy/directory.h"
#include "tenancy/keys.h"
#include "tenancy/tasks.h"
#include "tenancy/tasks.sql.h"
#include "tenancy/verbs.h"

enum { DEAD_SHOWN = 1000 };

static int usage(FILE *to)
{
    fputs("usage: propops task run               runs the background work that is due in all orgs, "
          "then ends\n"
          "       propops task dead --org SLUG   prints the tasks that were given up, "
          "tab-separated, newest first\n",
        to);
    return to == stdout ? 0 : 2;
}

static void print_dead(struct call *c, void *unused)
{
    struct rows *r = db_query(c, sql_tasks_dead, ARG((int)DEAD_SHOWN));

    (void)unused;
    for (size_t i = 0; i < rows_count(r); i++)
        printf("%lld\t%s\t%lld\t%s\t%s\n", (long long)row_int(r, i, "id"), row_str(r, i, "kind").at,
            (long long)row_int(r, i, "tries"), row_str(r, i, "finished_at").at,
            row_null(r, i, "last_error") ? "" : row_str(r, i, "last_error").at);
}

static int run(void)
{
    master_key_load(config.master_key);
    directory_load();
    files_start(config.home);
    int status = tasks_run_once();
    files_stop();
    return status;
}

int verb_task(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *slug = option(argc, argv, "--org");

    if (strcmp(what, "--help") == 0)
        return usage(stdout);
    if (strcmp(what, "run") == 0)
        return run();
    if (strcmp(what, "dead") == 0 && slug && *slug)
        return verb_as_call(slug, print_dead, NULL);
    return usage(stderr);
}
