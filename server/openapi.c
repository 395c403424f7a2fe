#include "server/openapi.h"

#include <ctype.h>
#include <string.h>

#include "server/endpoint.h"
#include "server/reply.h"
#include "server/route.h"

static void text_member(struct json *j, const char *name, const char *value)
{
    json_key(j, name);
    json_text(j, value);
}

static void int_member(struct json *j, const char *name, int64_t value)
{
    json_key(j, name);
    json_int(j, value);
}

static void reference(struct json *j, const char *to)
{
    json_object(j);
    text_member(j, "$ref", to);
    json_object_end(j);
}

static bool is_read(const struct endpoint *row)
{
    return row->method == GET;
}

static bool has_file(const struct endpoint *row)
{
    for (size_t i = 0; i < row->input.count; i++)
        if (row->input.fields[i].type == FIELD_FILE)
            return true;
    return false;
}

static void write_fields_schema(struct json *j, const struct field *fields, size_t count, const char *action);

static void write_bounds(struct json *j, const struct field *f)
{
    bool text = f->type == FIELD_TEXT || f->type == FIELD_SECRET || f->type == FIELD_EMAIL;
    bool number = f->type == FIELD_INTEGER || f->type == FIELD_DECIMAL;

    if (text && (f->min || f->required))
        int_member(j, "minLength", f->min ? f->min : 1);
    if (text)
        int_member(j, "maxLength", f->max ? f->max : 10000);
    if (number && (f->min || f->max)) {
        int_member(j, "minimum", f->min);
        if (f->max != INT64_MAX)
            int_member(j, "maximum", f->max);
    }
    if (f->type == FIELD_INTEGERS || f->type == FIELD_TEXTS || f->type == FIELD_OBJECTS)
        int_member(j, "maxItems", f->max ? f->max : 200);
}

static void write_items(struct json *j, const struct field *f)
{
    json_key(j, "items");
    if (f->type == FIELD_OBJECTS)
        return write_fields_schema(j, f->fields, f->fields_count, NULL);
    json_object(j);
    text_member(j, "type", f->type == FIELD_INTEGERS ? "integer" : "string");
    json_object_end(j);
}

static const char *type_of(enum field_type type)
{
    switch (type) {
    case FIELD_INTEGER:
        return "integer";
    case FIELD_DECIMAL:
        return "number";
    case FIELD_BOOLEAN:
        return "boolean";
    case FIELD_INTEGERS:
    case FIELD_TEXTS:
    case FIELD_OBJECTS:
        return "array";
    default:
        return "string";
    }
}

static const char *format_of(enum field_type type)
{
    switch (type) {
    case FIELD_UUID:
        return "uuid";
    case FIELD_DATE:
        return "date";
    case FIELD_EMAIL:
        return "email";
    case FIELD_SECRET:
        return "password";
    case FIELD_FILE:
        return "binary";
    default:
        return NULL;
    }
}

static void write_default(struct json *j, const struct field *f)
{
    if (!f->by_default)
        return;
    json_key(j, "default");
    if (f->type == FIELD_INTEGER || f->type == FIELD_DECIMAL)
        json_raw(j, str_of(f->by_default));
    else if (f->type == FIELD_BOOLEAN)
        json_flag(j, strcmp(f->by_default, "1") == 0 || strcmp(f->by_default, "true") == 0);
    else
        json_text(j, f->by_default);
}

/* What may be left out may also be null. */
static void write_type(struct json *j, const struct field *f, bool nullable)
{
    json_key(j, "type");
    if (!nullable)
        return json_text(j, type_of(f->type));
    json_array(j);
    json_text(j, type_of(f->type));
    json_text(j, "null");
    json_array_end(j);
}

static void write_field_schema(struct json *j, const struct field *f, bool in_body)
{
    if (f->type == FIELD_OBJECT)
        return write_fields_schema(j, f->fields, f->fields_count, NULL);
    json_object(j);
    write_type(j, f, in_body && !f->required && f->type != FIELD_FILE && f->type != FIELD_CHOICE);
    if (format_of(f->type))
        text_member(j, "format", format_of(f->type));
    if (f->help)
        text_member(j, "description", f->help);
    write_bounds(j, f);
    write_default(j, f);
    if (f->type == FIELD_CHOICE) {
        json_key(j, "enum");
        json_array(j);
        for (size_t i = 0; f->choices[i]; i++)
            json_text(j, f->choices[i]);
        json_array_end(j);
    }
    if (f->type == FIELD_INTEGERS || f->type == FIELD_TEXTS || f->type == FIELD_OBJECTS)
        write_items(j, f);
    json_object_end(j);
}

static void write_action(struct json *j, const char *action)
{
    json_object(j);
    text_member(j, "type", "string");
    text_member(j, "const", action);
    json_object_end(j);
}

static bool has_field(const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return true;
    return false;
}

static void write_fields_schema(struct json *j, const struct field *fields, size_t count, const char *action)
{
    bool own_action = action && !has_field(fields, count, "action");

    json_object(j);
    text_member(j, "type", "object");
    json_key(j, "properties");
    json_object(j);
    if (own_action) {
        json_key(j, "action");
        write_action(j, action);
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].in_path)
            continue;
        json_key(j, fields[i].name);
        write_field_schema(j, &fields[i], true);
    }
    json_object_end(j);
    json_key(j, "required");
    json_array(j);
    if (own_action)
        json_text(j, "action");
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && !fields[i].in_path)
            json_text(j, fields[i].name);
    json_array_end(j);
    json_object_end(j);
}

/* Schema of a declared column; may be null where the declaration says so. */
static void write_column(struct json *j, const struct column *c)
{
    static const char *const types[] = {"integer", "string", "string", "boolean", "number", "string", "string", NULL, "string", "array",
        "array", "array", "string"};
    const char *type = types[c->type];

    json_object(j);
    if (type) {
        json_key(j, "type");
        if (c->nullable) {
            json_array(j);
            json_text(j, type);
            json_text(j, "null");
            json_array_end(j);
        } else {
            json_text(j, type);
        }
    }
    if (c->type == COLUMN_UUID || c->type == COLUMN_DATE || c->type == COLUMN_INSTANT)
        text_member(j, "format", c->type == COLUMN_UUID ? "uuid" : c->type == COLUMN_DATE ? "date" : "date-time");
    if (c->type == COLUMN_BIGINTS || c->type == COLUMN_TEXTS || c->type == COLUMN_UUIDS) {
        json_key(j, "items");
        json_object(j);
        text_member(j, "type", c->type == COLUMN_BIGINTS ? "integer" : "string");
        json_object_end(j);
    }
    json_object_end(j);
}

static void write_columns(struct json *j, const struct statement *s)
{
    json_object(j);
    text_member(j, "type", "object");
    json_key(j, "properties");
    json_object(j);
    for (size_t i = 0; i < s->columns_count; i++)
        if (s->columns[i].name[0] != '_' && s->columns[i].type != COLUMN_BYTES) {
            json_key(j, s->columns[i].name);
            write_column(j, &s->columns[i]);
        }
    json_object_end(j);
    json_key(j, "required");
    json_array(j);
    for (size_t i = 0; i < s->columns_count; i++)
        if (s->columns[i].name[0] != '_' && s->columns[i].type != COLUMN_BYTES)
            json_text(j, s->columns[i].name);
    json_array_end(j);
    json_object_end(j);
}

static void write_plain(struct json *j, const char *name, const char *type)
{
    json_key(j, name);
    json_object(j);
    text_member(j, "type", type);
    json_object_end(j);
}

static void write_data(struct json *j, const struct endpoint *row)
{
    if (row->data == DATA_NONE)
        return;
    json_key(j, "data");
    if (row->data == DATA_ONE) {
        if (row->sql)
            return write_columns(j, row->sql);
        json_object(j);
        text_member(j, "type", "object");
        return json_object_end(j);
    }
    json_object(j);
    text_member(j, "type", "array");
    json_key(j, "items");
    if (row->sql) {
        write_columns(j, row->sql);
    } else {
        json_object(j);
        text_member(j, "type", "object");
        json_object_end(j);
    }
    json_object_end(j);
}

static void write_reply_schema(struct json *j, const struct endpoint *row)
{
    static const struct column next = {.name = "next_cursor", .type = COLUMN_TEXT, .nullable = true};
    bool members_of_sql = row->sql && row->data == DATA_NONE;

    json_object(j);
    text_member(j, "type", "object");
    text_member(j, "title", row->summary);
    json_key(j, "properties");
    json_object(j);
    json_key(j, "success");
    json_object(j);
    json_key(j, "const");
    json_flag(j, true);
    json_object_end(j);
    write_data(j, row);
    if (row->data == DATA_LIST) {
        write_plain(j, "count", "integer");
        write_plain(j, "total", "integer");
        json_key(j, "next_cursor");
        write_column(j, &next);
    }
    write_plain(j, "message", "string");
    for (size_t i = 0; i < row->reply_count; i++) {
        json_key(j, row->reply[i].name);
        write_column(j, &row->reply[i]);
    }
    for (size_t i = 0; members_of_sql && i < row->sql->columns_count; i++) {
        json_key(j, row->sql->columns[i].name);
        write_column(j, &row->sql->columns[i]);
    }
    json_object_end(j);
    json_key(j, "required");
    json_array(j);
    json_text(j, "success");
    if (row->data != DATA_NONE)
        json_text(j, "data");
    if (row->data == DATA_LIST)
        json_text(j, "count");
    json_array_end(j);
    json_object_end(j);
}

/* The rows of one path and method, in their order. */
struct group {
    const struct endpoint *rows[40];
    size_t count;
};

static struct group group_of(const struct endpoint *first)
{
    struct group g = {.count = 0};

    for (size_t i = 0; i < routes_count() && g.count < countof(g.rows); i++) {
        const struct endpoint *row = route_at(i);
        if (row->method == first->method && strcmp(row->path, first->path) == 0)
            g.rows[g.count++] = row;
    }
    return g;
}

static void write_parameter(struct json *j, const struct field *f, bool required)
{
    json_object(j);
    text_member(j, "name", f->name);
    text_member(j, "in", f->in_path ? "path" : "query");
    json_key(j, "required");
    json_flag(j, f->in_path || required);
    json_key(j, "schema");
    write_field_schema(j, f, false);
    json_object_end(j);
}

static void write_action_parameter(struct json *j, const struct group *g)
{
    bool required = true;

    json_object(j);
    text_member(j, "name", "action");
    text_member(j, "in", "query");
    for (size_t i = 0; i < g->count; i++)
        if (g->rows[i]->action_optional || !g->rows[i]->action)
            required = false;
    json_key(j, "required");
    json_flag(j, required);
    json_key(j, "schema");
    json_object(j);
    text_member(j, "type", "string");
    json_key(j, "enum");
    json_array(j);
    for (size_t i = 0; i < g->count; i++)
        if (g->rows[i]->action)
            json_text(j, g->rows[i]->action);
    json_array_end(j);
    json_object_end(j);
    json_object_end(j);
}

static bool has_actions(const struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->rows[i]->action)
            return true;
    return false;
}

static bool seen_before(const struct group *g, size_t row, const char *name)
{
    for (size_t i = 0; i < row; i++)
        if (has_field(g->rows[i]->input.fields, g->rows[i]->input.count, name))
            return true;
    return false;
}

static void write_parameters(struct json *j, const struct group *g)
{
    bool reads = is_read(g->rows[0]);

    json_key(j, "parameters");
    json_array(j);
    if (reads && has_actions(g))
        write_action_parameter(j, g);
    for (size_t r = 0; r < g->count; r++)
        for (size_t i = 0; i < g->rows[r]->input.count; i++) {
            const struct field *f = &g->rows[r]->input.fields[i];
            if ((reads || f->in_path) && !seen_before(g, r, f->name))
                write_parameter(j, f, f->required && g->count == 1);
        }
    json_array_end(j);
}

static void write_body_content(struct json *j, const struct group *g, const char *type)
{
    json_key(j, type);
    json_object(j);
    json_key(j, "schema");
    if (g->count == 1) {
        write_fields_schema(j, g->rows[0]->input.fields, g->rows[0]->input.count, g->rows[0]->action_optional ? NULL : g->rows[0]->action);
    } else {
        json_object(j);
        json_key(j, "anyOf");
        json_array(j);
        for (size_t i = 0; i < g->count; i++)
            write_fields_schema(j, g->rows[i]->input.fields, g->rows[i]->input.count, g->rows[i]->action_optional ? NULL : g->rows[i]->action);
        json_array_end(j);
        json_object_end(j);
    }
    json_object_end(j);
}

static void write_body(struct json *j, const struct group *g)
{
    bool files = false;

    if (is_read(g->rows[0]))
        return;
    for (size_t i = 0; i < g->count; i++)
        files |= has_file(g->rows[i]);
    json_key(j, "requestBody");
    json_object(j);
    json_key(j, "content");
    json_object(j);
    if (files) {
        write_body_content(j, g, "multipart/form-data");
    } else {
        write_body_content(j, g, "application/json");
        write_body_content(j, g, "application/x-www-form-urlencoded");
    }
    json_object_end(j);
    json_object_end(j);
}

static void write_success(struct json *j, const struct group *g)
{
    const struct endpoint *first = g->rows[0];
    bool raw = first->reply_type != NULL;

    json_key(j, "200");
    json_object(j);
    text_member(j, "description", "Done");
    json_key(j, "content");
    json_object(j);
    json_key(j, raw ? first->reply_type : "application/json");
    json_object(j);
    json_key(j, "schema");
    if (raw) {
        json_object(j);
        json_object_end(j);
    } else if (g->count == 1) {
        write_reply_schema(j, first);
    } else {
        json_object(j);
        json_key(j, "anyOf");
        json_array(j);
        for (size_t i = 0; i < g->count; i++)
            write_reply_schema(j, g->rows[i]);
        json_array_end(j);
        json_object_end(j);
    }
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
}

static void write_responses(struct json *j, const struct group *g)
{
    json_key(j, "responses");
    json_object(j);
    write_success(j, g);
    json_key(j, "default");
    reference(j, "#/components/responses/Fault");
    json_object_end(j);
}

/* get_api_jobs_manage; unique, since paths and methods are. */
static void write_id(struct json *j, const struct endpoint *row)
{
    char id[200];
    size_t len = 0;

    for (const char *at = method_name(row->method); *at; at++)
        id[len++] = (char)tolower((unsigned char)*at);
    for (const char *at = row->path; *at && len < sizeof id - 1; at++) {
        bool plain = isalnum((unsigned char)*at) != 0;
        if (plain || (len && id[len - 1] != '_' && *at != '}'))
            id[len++] = plain ? *at : '_';
    }
    id[len] = '\0';
    text_member(j, "operationId", id);
}

static void write_names(struct json *j, const char *member, enum account_kind kinds)
{
    static const char *const names[] = {"staff", "agent", "landlord", "tenant", "contractor"};

    json_key(j, member);
    json_array(j);
    for (size_t i = 0; i < countof(names); i++)
        if ((int)kinds >> i & 1)
            json_text(j, names[i]);
    json_array_end(j);
}

static void write_operations(struct json *j, const struct group *g)
{
    json_key(j, "x-operations");
    json_array(j);
    for (size_t i = 0; i < g->count; i++) {
        const struct endpoint *row = g->rows[i];
        json_object(j);
        json_key(j, "action");
        json_text(j, row->action);
        text_member(j, "summary", row->summary);
        json_key(j, "permission");
        json_text(j, row->right);
        write_names(j, "accounts", row->accounts);
        json_key(j, "fields");
        json_array(j);
        for (size_t f = 0; f < row->input.count; f++)
            json_text(j, row->input.fields[f].name);
        json_array_end(j);
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_security(struct json *j, const struct endpoint *row)
{
    json_key(j, "security");
    json_array(j);
    if (row->access != PUBLIC) {
        json_object(j);
        json_key(j, "bearer");
        json_array(j);
        json_array_end(j);
        json_object_end(j);
        json_object(j);
        json_key(j, "cookie");
        json_array(j);
        json_array_end(j);
        if (route_wants_csrf(row)) {
            json_key(j, "csrf");
            json_array(j);
            json_array_end(j);
        }
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_operation(struct json *j, const struct group *g)
{
    const struct endpoint *first = g->rows[0];
    char method[8];
    size_t len = 0;

    for (const char *at = method_name(first->method); *at; at++)
        method[len++] = (char)tolower((unsigned char)*at);
    method[len] = '\0';
    json_key(j, method);
    json_object(j);
    write_id(j, first);
    text_member(j, "summary", g->count == 1 ? first->summary : first->path);
    json_key(j, "tags");
    json_array(j);
    json_text(j, route_module(first)->name);
    json_array_end(j);
    write_parameters(j, g);
    write_body(j, g);
    write_responses(j, g);
    write_security(j, first);
    if (first->right)
        text_member(j, "x-permission", first->right);
    write_names(j, "x-accounts", first->accounts);
    write_operations(j, g);
    json_object_end(j);
}

static bool first_of_path(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(route_at(i)->path, route_at(index)->path) == 0)
            return false;
    return true;
}

static void write_paths(struct json *j)
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
            struct endpoint probe = {.method = methods[m], .path = route_at(i)->path};
            struct group g = group_of(&probe);
            if (g.count)
                write_operation(j, &g);
        }
        json_object_end(j);
    }
    json_object_end(j);
}

static void write_scheme(struct json *j, const char *name, const char *type, const char *a, const char *b, const char *c, const char *d)
{
    json_key(j, name);
    json_object(j);
    text_member(j, "type", type);
    text_member(j, a, b);
    text_member(j, c, d);
    json_object_end(j);
}

static void write_components(struct json *j)
{
    static const char fault[] =
        "{\"description\":\"Refused or failed\",\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Fault\"}}}}";
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"success\":{\"const\":false},\"error\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},"
        "\"fields\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
        "\"request_id\":{\"type\":\"string\"}},\"required\":[\"success\",\"error\",\"code\",\"request_id\"]}";

    json_key(j, "components");
    json_object(j);
    json_key(j, "securitySchemes");
    json_object(j);
    write_scheme(j, "bearer", "http", "scheme", "bearer", "bearerFormat", "opaque");
    write_scheme(j, "cookie", "apiKey", "in", "cookie", "name", "__Host-propops_session");
    write_scheme(j, "csrf", "apiKey", "in", "header", "name", "X-CSRF-Token");
    json_object_end(j);
    json_key(j, "responses");
    json_object(j);
    json_key(j, "Fault");
    json_raw(j, str_of(fault));
    json_object_end(j);
    json_key(j, "schemas");
    json_object(j);
    json_key(j, "Fault");
    json_raw(j, str_of(schema));
    json_object_end(j);
    json_object_end(j);
}

void openapi_print(struct buf *out)
{
    struct json j;

    json_begin(&j, out);
    json_object(&j);
    text_member(&j, "openapi", "3.1.0");
    json_key(&j, "info");
    json_object(&j);
    text_member(&j, "title", "PropOps");
    text_member(&j, "version", "1");
    text_member(&j, "description", "Property maintenance for letting agencies. Every organisation answers on its own host.");
    json_object_end(&j);
    write_paths(&j);
    write_components(&j);
    json_object_end(&j);
    buf_char(out, '\n');
}
