#include "tenancy/admin.h"

#include <stdio.h>
#include <string.h>

#include "server/config.h"
#include "tenancy/keys.h"

static _Thread_local char error[400];

const char *admin_error(void)
{
    return error;
}

static void note_error(const char *text)
{
    size_t len;

    if (strncmp(text, "ERROR:", 6) == 0)
        text += 6 + strspn(text + 6, " ");
    len = strcspn(text, "\n");
    snprintf(error, sizeof error, "%.*s", (int)(len > 390 ? 390 : len), text);
}

static void ignore_notice(void *arg, const PGresult *notice)
{
    (void)arg;
    (void)notice;
}

PGconn *admin_connect(bool as_server)
{
    char password[65] = "";
    const char *keys[9] = {"dbname", "connect_timeout", "application_name", "client_encoding",
        "options", "tcp_user_timeout"};
    const char *values[9] = {
        config.database_url, "5", "propops verb", "UTF8", "-c timezone=UTC", "10000"};

    if (as_server) {
        master_derive_hex("login role", password);
        keys[6] = "user";
        values[6] = "propops_app";
        keys[7] = "password";
        values[7] = password;
    }
    PGconn *pg = PQconnectdbParams(keys, values, 1);
    explicit_bzero(password, sizeof password);
    if (PQstatus(pg) != CONNECTION_OK) {
        note_error(PQerrorMessage(pg));
        PQfinish(pg);
        return NULL;
    }
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    return pg;
}

PGresult *admin_query(PGconn *pg, const char *sql, int count, const char *const *values)
{
    PGresult *r = PQexecParams(pg, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(r);

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return r;
    note_error(PQerrorMessage(pg));
    PQclear(r);
    return NULL;
}

bool admin_script(PGconn *pg, const char *sql)
{
    PGresult *r = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(r);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

    if (!done)
        note_error(PQerrorMessage(pg));
    PQclear(r);
    return done;
}

const char *admin_cell(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) ? NULL : PQgetvalue(r, row, column);
}
