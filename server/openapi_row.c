#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "server/openapi.h"
#include "server/openapi_parts.h"
#include "server/route.h"

struct operation operation_of(const char *path, enum method method)
{
    struct operation o = {.method = method, .path = path};

    for (size_t i = 0; i < routes_count(); i++) {
        const struct endpoint *row = route_at(i);
        const char *action;
        if (strcmp(row->path, path) != 0 || !route_action(row, method, &action))
            continue;
        bool optional = !action || (row->method == method && row->action_optional);
        assert(o.count < CHOICES_MOST);
        o.choices[o.count++] = (struct choice){row, action, !optional};
    }
    return o;
}

bool operation_has_actions(const struct operation *o)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->choices[i].action)
            return true;
    return false;
}

/* Its fields travel in a body. Without one, and in DELETE, they are query parameters. */
bool method_has_body(enum method method)
{
    return method == POST || method == PUT;
}

const char *id_of(char id[static ID_MOST], const char *method, const char *path, const char *action)
{
    const char *const parts[] = {
        method, strncmp(path, "/api/", 5) == 0 ? path + 5 : path, action ? action : ""};
    size_t len = 0;

    for (size_t p = 0; p < countof(parts); p++) {
        bool gap = len > 0;
        for (const char *at = parts[p]; *at && len + 2 < ID_MOST; at++) {
            bool plain = isalnum((unsigned char)*at) != 0;
            if (plain && gap)
                id[len++] = '_';
            if (plain)
                id[len++] = (char)tolower((unsigned char)*at);
            gap = !plain && len > 0;
        }
    }
    id[len] = '\0';
    return id;
}

const char *row_id(char id[static ID_MOST], const struct endpoint *row)
{
    return id_of(id, method_name(row->method), row->path, row->action);
}

bool row_has_file(const struct endpoint *row)
{
    for (size_t i = 0; i < row->input.count; i++)
        if (row->input.fields[i].type == FIELD_FILE)
            return true;
    return false;
}

bool row_needs_file(const struct endpoint *row)
{
    for (size_t i = 0; i < row->input.count; i++)
        if (row->input.fields[i].type == FIELD_FILE && row->input.fields[i].required)
            return true;
    return false;
}

/* Whether the row is described by a body somewhere: as itself, or as POST in place of DELETE. */
static bool has_body(const struct endpoint *row)
{
    return row->method != GET;
}

/* How the action of a row is said in the body of its own method. A row without one takes the word
 * for its method beside rows that have one, and no other. */
static struct body_shape shape_of(const struct endpoint *row, bool files)
{
    struct operation o = operation_of(row->path, row->method);
    static const char *const words[] = {[POST] = "create", [PUT] = "update", [DELETE] = "delete"};
    bool beside = !row->action && (operation_has_actions(&o) || row->method != POST);

    return (struct body_shape){
        .files = files,
        .action = beside ? words[row->method] : row->action,
        .action_required = row->action && !row->action_optional,
        .csrf_token = route_wants_csrf(row),
    };
}

void put_names(struct json *j, const char *member, int kinds)
{
    static const char *const names[] = {"staff", "agent", "landlord", "tenant", "contractor"};

    json_key(j, member);
    json_array(j);
    for (size_t i = 0; i < countof(names); i++)
        if (kinds >> i & 1)
            json_text(j, names[i]);
    json_array_end(j);
}

static void put_rights(struct json *j, const struct endpoint *row)
{
    static const char *const access[] = {"right", "public", "signed_in"};

    put_text(j, "x-access", access[row->access]);
    put_text(j, "x-permission", row->right);
    json_key(j, "x-permission-aliases");
    json_array(j);
    for (size_t i = 0; i < countof(row->also_rights) && row->also_rights[i]; i++)
        json_text(j, row->also_rights[i]);
    json_array_end(j);
    put_names(j, "x-accounts", (int)row->accounts);
    put_flag(j, "x-csrf", route_wants_csrf(row));
    if (row->audit)
        put_text(j, "x-audit", row->audit);
    if (row->flag)
        put_text(j, "x-feature", row->flag);
    if (row->rate.requests) {
        json_key(j, "x-rate-limit");
        json_object(j);
        put_int(j, "requests", row->rate.requests);
        put_int(j, "seconds", row->rate.seconds ? row->rate.seconds : 60);
        put_text(j, "by", row->rate.by == RATE_BY_ADDRESS ? "address" : "account");
        json_object_end(j);
    }
}

static void put_inputs(struct json *j, const struct endpoint *row, enum method method)
{
    json_key(j, "input");
    json_array(j);
    for (size_t i = 0; i < row->input.count; i++) {
        const struct field *f = &row->input.fields[i];
        json_object(j);
        put_text(j, "name", f->name);
        put_text(j, "in", f->in_path ? "path" : method_has_body(method) ? "body" : "query");
        put_text(j, "type", f->type == FIELD_FILE ? "file" : field_type_name(f->type));
        put_flag(j, "required", f->required || f->in_path);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_row_references(struct json *j, const struct endpoint *row, enum method method)
{
    char id[ID_MOST];

    row_id(id, row);
    if (method_has_body(method) && !row_needs_file(row)) {
        json_key(j, "requestBody");
        put_reference(j, SCHEMAS, id, BODY);
    }
    if (method_has_body(method) && row_has_file(row)) {
        json_key(j, "multipart");
        put_reference(j, SCHEMAS, id, FILES);
    }
    if (row->reply_type)
        return put_text(j, "reply_type", row->reply_type);
    json_key(j, "reply");
    put_reference(j, SCHEMAS, id, REPLIED);
}

void openapi_row(struct json *j, const struct endpoint *row, enum method method)
{
    const char *action = NULL;
    char id[ID_MOST];

    route_action(row, method, &action);
    json_object(j);
    put_text(j, "operationId", id_of(id, method_name(method), row->path, action));
    if (row->method != method)
        put_text(j, "alias_of", row_id(id, row));
    put_text(j, "method", method_name(method));
    put_text(j, "path", row->path);
    put_text(j, "action", action);
    put_flag(j, "action_optional", !action || (row->method == method && row->action_optional));
    put_text(j, "summary", row->summary);
    put_text(j, "module", route_module(row)->name);
    put_rights(j, row);
    put_inputs(j, row, method);
    put_row_references(j, row, method);
    json_object_end(j);
}

void put_row_schemas(struct json *j, const struct endpoint *row)
{
    char id[ID_MOST], name[ID_MOST + 40];
    struct buf all = {0};

    row_id(id, row);
    static const char *const suffixes[] = {BODY, FILES, REPLIED};
    const bool wanted[] = {has_body(row) && !row_needs_file(row),
        has_body(row) && row_has_file(row), !row->reply_type};
    for (size_t i = 0; i < countof(suffixes); i++) {
        if (!wanted[i])
            continue;
        all.len = 0;
        buf_print(&all, "%s%s", id, suffixes[i]);
        buf_char(&all, '\0');
        memcpy(name, all.at, all.len);
        json_key(j, name);
        if (i == 2)
            schema_of_reply(j, row);
        else
            schema_of_body(j, row, shape_of(row, i == 1));
    }
    buf_release(&all);
}
