#include "server/openapi.h"

#include <string.h>

#include "server/openapi_parts.h"
#include "server/route.h"

static bool first_of_path(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(route_at(i)->path, route_at(index)->path) == 0)
            return false;
    return true;
}

static void put_paths(struct json *j)
{
    static const enum method methods[] = {GET, POST, PUT, DELETE};

    json_key(j, "paths");
    json_object(j);
    for (size_t i = 0; i < routes_count(); i++) {
        if (!first_of_path(i))
            continue;
        json_key(j, route_at(i)->path);
        json_object(j);
        for (size_t m = 0; m < countof(methods); m++) {
            struct operation o = operation_of(route_at(i)->path, methods[m]);
            if (o.count)
                put_operation(j, &o);
        }
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_typed(struct json *j, const char *name, const char *type, const char *description)
{
    json_key(j, name);
    json_object(j);
    put_text(j, "type", type);
    put_text(j, "description", description);
    json_object_end(j);
}

static void put_problem_lists(struct json *j)
{
    json_key(j, "fields");
    json_object(j);
    put_text(j, "type", "object");
    put_text(j, "description", "Of invalid input: the problems of each field, by its name");
    json_key(j, "additionalProperties");
    json_object(j);
    put_text(j, "type", "array");
    json_key(j, "items");
    json_object(j);
    put_text(j, "type", "string");
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
}

static void put_error_schema(struct json *j)
{
    static const char *const required[] = {"success", "error", "code", "request_id"};

    json_key(j, "error");
    json_object(j);
    put_text(j, "type", "object");
    json_key(j, "properties");
    json_object(j);
    json_key(j, "success");
    json_object(j);
    put_text(j, "type", "boolean");
    put_flag(j, "const", false);
    json_object_end(j);
    put_typed(j, "error", "string", "A sentence for people");
    put_typed(j, "code", "string", "The same for programs");
    put_problem_lists(j);
    put_typed(j, "request_id", "string", "To be named when asking for help");
    json_object_end(j);
    json_key(j, "required");
    json_array(j);
    for (size_t i = 0; i < countof(required); i++)
        json_text(j, required[i]);
    json_array_end(j);
    json_object_end(j);
}

static void put_schemas(struct json *j)
{
    json_key(j, "schemas");
    json_object(j);
    put_error_schema(j);
    for (size_t i = 0; i < routes_count(); i++)
        put_row_schemas(j, route_at(i));
    json_object_end(j);
}

static void put_error_example(struct json *j, enum error_id id)
{
    json_key(j, "example");
    json_object(j);
    put_flag(j, "success", false);
    put_text(j, "error", error_sentence(id));
    put_text(j, "code", error_code(id));
    if (id == INPUT_INVALID) {
        json_key(j, "fields");
        json_object(j);
        json_key(j, "limit");
        json_array(j);
        json_text(j, "must be from 1 to 200");
        json_array_end(j);
        json_object_end(j);
    }
    put_text(j, "request_id", "06AZV2K8QW3T5N7P9R1S4V6X8Y");
    json_object_end(j);
}

static void put_refusal(struct json *j, const struct refusal *r, bool as_text)
{
    json_object(j);
    put_text(j, "description", r->description);
    if (r->retry) {
        json_key(j, "headers");
        json_object(j);
        json_key(j, "Retry-After");
        put_reference(j, "#/components/headers/", "Retry-After", "");
        json_object_end(j);
    }
    json_key(j, "content");
    json_object(j);
    json_key(j, as_text ? "text/plain" : "application/json");
    json_object(j);
    json_key(j, "schema");
    if (as_text) {
        json_object(j);
        put_text(j, "type", "string");
        json_object_end(j);
        put_text(j, "example", error_sentence(r->example));
    } else {
        put_reference(j, SCHEMAS, "error", "");
        put_error_example(j, r->example);
    }
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
}

static void put_shared_responses(struct json *j)
{
    json_key(j, "responses");
    json_object(j);
    for (size_t i = 0; i < refusals_count * 2; i++) {
        const struct refusal *r = &refusals[i / 2];
        struct buf name = {0};
        buf_print(&name, "%s%s", r->name, i % 2 ? "_as_text" : "");
        json_key_str(j, buf_view(&name));
        put_refusal(j, r, i % 2);
        buf_release(&name);
    }
    json_object_end(j);
}

static void put_shared_headers(struct json *j)
{
    static const struct {
        const char *name, *type, *description;
    } headers[] = {
        {"X-Request-Id", "string", "Names this request in our logs"},
        {"X-RateLimit-Limit", "integer", "Requests allowed in the window"},
        {"X-RateLimit-Remaining", "integer", "Requests left in it"},
        {"X-RateLimit-Reset", "integer", "Unix time at which the window begins anew"},
        {"Retry-After", "integer", "Seconds to wait"},
    };

    json_key(j, "headers");
    json_object(j);
    for (size_t i = 0; i < countof(headers); i++) {
        json_key(j, headers[i].name);
        json_object(j);
        put_text(j, "description", headers[i].description);
        json_key(j, "schema");
        json_object(j);
        put_text(j, "type", headers[i].type);
        json_object_end(j);
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_security_schemes(struct json *j)
{
    static const struct {
        const char *name, *type, *first, *first_value, *second, *second_value, *description;
    } schemes[] = {
        {"bearer", "http", "scheme", "bearer", "bearerFormat", "JWT",
            "The token of POST /api/auth/login"},
        {"cookie", "apiKey", "in", "cookie", "name", "__Host-propops_session",
            "The session of a browser; writes need the CSRF token too"},
        {"csrf", "apiKey", "in", "header", "name", "X-CSRF-Token",
            "Of GET /api/security/csrf-token"},
    };

    json_key(j, "securitySchemes");
    json_object(j);
    for (size_t i = 0; i < countof(schemes); i++) {
        json_key(j, schemes[i].name);
        json_object(j);
        put_text(j, "type", schemes[i].type);
        put_text(j, schemes[i].first, schemes[i].first_value);
        put_text(j, schemes[i].second, schemes[i].second_value);
        put_text(j, "description", schemes[i].description);
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_info(struct json *j)
{
    json_key(j, "info");
    json_object(j);
    put_text(j, "title", "PropOps");
    put_text(j, "version", "1");
    put_text(j, "description",
        "Property maintenance for letting agencies and housing providers. Every organisation "
        "answers on its own host. Operations that share a path are told apart by `action`, in the "
        "query or the body. Bodies may be JSON or urlencoded forms, with files multipart forms. "
        "Times are ISO 8601 in UTC, dates days in Europe/London, money pounds.");
    json_object_end(j);
    json_key(j, "servers");
    json_array(j);
    json_object(j);
    put_text(j, "url", "/");
    json_object_end(j);
    json_array_end(j);
}

static void put_tags(struct json *j)
{
    json_key(j, "tags");
    json_array(j);
    for (size_t m = 0; modules[m]; m++) {
        bool before = modules[m]->count == 0;
        for (size_t i = 0; i < m; i++)
            before |= strcmp(modules[i]->name, modules[m]->name) == 0;
        if (before)
            continue;
        json_object(j);
        put_text(j, "name", modules[m]->name);
        json_object_end(j);
    }
    json_array_end(j);
}

static void break_line(struct buf *out, unsigned depth)
{
    buf_char(out, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_char(out, ' ');
}

/* Spreads JSON over lines, so that a change of one row shows as a change of few. */
static void spread(struct buf *out, struct str json)
{
    unsigned depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < json.len; i++) {
        char c = json.at[i];
        bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
        bool empty = opens && i + 1 < json.len && (json.at[i + 1] == '}' || json.at[i + 1] == ']');
        if (c == '"')
            quoted = !quoted;
        if (quoted || (!opens && !closes && c != ',' && c != ':')) {
            buf_char(out, c);
            if (quoted && c == '\\')
                buf_char(out, json.at[++i]);
        } else if (empty) {
            buf_char(out, c);
            buf_char(out, json.at[++i]);
        } else {
            if (closes)
                break_line(out, --depth);
            buf_char(out, c);
            if (opens || c == ',')
                break_line(out, opens ? ++depth : depth);
            else if (c == ':')
                buf_char(out, ' ');
        }
    }
    buf_char(out, '\n');
}

void openapi_print(struct buf *out)
{
    struct buf document = {0};
    struct json j;

    json_begin(&j, &document);
    json_object(&j);
    put_text(&j, "openapi", "3.1.0");
    put_info(&j);
    put_tags(&j);
    put_paths(&j);
    json_key(&j, "components");
    json_object(&j);
    put_schemas(&j);
    put_shared_responses(&j);
    put_shared_headers(&j);
    put_security_schemes(&j);
    json_object_end(&j);
    json_object_end(&j);
    spread(out, buf_view(&document));
    buf_release(&document);
}
