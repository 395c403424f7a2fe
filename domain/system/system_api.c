#include <sodium.h>
#include <time.h>

#include "domain/system/system.h"
#include "domain/system/system.sql.h"
#include "server/loop.h"
#include "server/openapi.h"
#include "server/reply.h"
#include "tenancy/db.h"

#define API_VERSION "2.0.0" /* the generation of the documented API that this server speaks */

static int64_t started; /* Unix time */
static struct buf document;
static char document_tag[33];

void system_start(void)
{
    uint8_t hash[16];

    started = now_unix();
    openapi_print(&document);
    crypto_generichash(hash, sizeof hash, (const uint8_t *)document.at, document.len, NULL, 0);
    sodium_bin2hex(document_tag, sizeof document_tag, hash, sizeof hash);
}

void system_check_maintenance(struct call *c)
{
    if (call_faulted(c) || c->endpoint->access == PUBLIC || c->account->kind == STAFF || !c->org)
        return;
    if (row_bool(db_glance(c, sql_maintenance_get), 0, "enabled"))
        fail(c, MAINTENANCE);
}

struct health_input {
    enum flag health_check;
};

static const struct field health_fields[] = {
    FIELD(struct health_input, health_check, BOOLEAN, .help = "Taken and not needed"),
};

/* The present instant as the documents write it. */
static struct str now_text(struct call *c)
{
    time_t now = (time_t)now_unix();
    struct tm day;
    char text[32];

    gmtime_r(&now, &day);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &day);
    return call_copy(c, (struct str){text, len});
}

static void show_health(struct call *c, const void *in)
{
    struct rows *r = c->org ? db_query(c, sql_maintenance_get) : NULL;
    struct json j;

    (void)in;
    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_member(&j, &FIELD_STR("status", STR("operational")));
    json_member(&j, &FIELD_STR("service", STR("PropOps Platform")));
    json_member(&j, &FIELD_STR("version", STR(API_VERSION)));
    json_member(&j, &FIELD_STR("timestamp", now_text(c)));
    json_member(&j, &FIELD_INT("uptime_seconds", now_unix() - started));
    json_member(&j, &FIELD_STR("environment", STR("production")));
    json_member(&j, &FIELD_FLAG("maintenance", r && row_bool(r, 0, "enabled")));
    json_object_end(&j);
}

static void show_maintenance(struct call *c, const void *in)
{
    struct rows *r = db_query(c, sql_maintenance_get);
    struct json j;

    (void)in;
    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_member(&j, &FIELD_FLAG("enabled", row_bool(r, 0, "enabled")));
    json_member(&j, &FIELD_STR("reason", row_str(r, 0, "reason")));
    json_key(&j, "data");
    json_row(c, &j, r, 0);
    json_object_end(&j);
}

struct maintenance_input {
    struct str action, reason;
    enum flag enabled;
};

static const char *const maintenance_actions[] = {"enable", "disable", NULL};

static const struct field maintenance_fields[] = {
    FIELD(struct maintenance_input, action, CHOICE, .choices = maintenance_actions),
    FIELD(struct maintenance_input, enabled, BOOLEAN),
    FIELD(struct maintenance_input, reason, TEXT, .max = 500),
};

static void set_maintenance(struct call *c, const struct maintenance_input *in)
{
    bool on = in->action.at ? str_is(in->action, "enable") : in->enabled == FLAG_YES;

    if (!in->action.at && in->enabled == FLAG_ABSENT)
        fail_field(c, "enabled", "is required, or an action");
    else if (in->action.at && in->enabled != FLAG_ABSENT && on != (in->enabled == FLAG_YES))
        fail_field(c, "enabled", "says something else than the action");
    db_query(c, sql_maintenance_set, ARG(on), ARG(in->reason));
    reply_done(
        c, on ? "Maintenance mode is on" : "Maintenance mode is off", FIELD_FLAG("enabled", on));
}

static void show_document(struct call *c, const void *in)
{
    (void)in;
    reply_header(c, "cache-control", STR("no-cache"));
    if (!reply_unchanged(c, str_of(document_tag)))
        reply_bytes(c, "application/json; charset=utf-8", buf_view(&document));
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/api/system/heartbeat",
        .summary = "System heartbeat / health check",
        .access = PUBLIC,
        .input = INPUT(health_input, health_fields),
        REPLY(MEMBER(status, TEXT), MEMBER(service, TEXT), MEMBER(version, TEXT),
            MEMBER(timestamp, INSTANT), MEMBER(uptime_seconds, BIGINT), MEMBER(environment, TEXT),
            MEMBER(maintenance, BOOLEAN)),
        .run = RUN(show_health),
    },
    {
        POST,
        "/api/system/heartbeat",
        .summary = "Heartbeat (keep alive)",
        .access = SIGNED_IN,
        .accounts = EVERYBODY,
        .csrf = CSRF_NEVER,
        .sql = &sql_activity_stamp,
        .message = "Activity updated",
        .run = write_one,
    },
    {
        GET,
        "/api/system/maintenance-mode",
        .summary = "Get maintenance mode status",
        .access = PUBLIC,
        .sql = &sql_maintenance_get,
        .data = DATA_ONE,
        REPLY(MEMBER(enabled, BOOLEAN), {.name = "reason", .type = COLUMN_TEXT, .nullable = true}),
        .run = RUN(show_maintenance),
    },
    {
        POST,
        "/api/system/maintenance-mode",
        .summary = "Toggle maintenance mode",
        .right = "api.system.maintenance_mode.manage",
        .shipped_to = SYSOPS,
        .accounts = STAFF,
        .input = INPUT(maintenance_input, maintenance_fields),
        REPLY(MEMBER(enabled, BOOLEAN)),
        .audit = "maintenance_mode_changed",
        .run = RUN(set_maintenance),
    },
    {
        GET,
        "/api/openapi.json",
        .summary = "This document",
        .access = PUBLIC,
        .db = NO_DATABASE,
        .reply_type = "application/json",
        .run = RUN(show_document),
    },
};

const struct module system_module = MODULE("system", endpoints);
