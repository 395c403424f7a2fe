#include <string.h>

#include "server/openapi.h"
#include "server/openapi_parts.h"
#include "server/route.h"

static bool is_alias(const struct operation *o, size_t i)
{
    return o->choices[i].row->method != o->method;
}

static const struct field *field_named(const struct endpoint *row, const char *name)
{
    for (size_t i = 0; i < row->input.count; i++)
        if (strcmp(row->input.fields[i].name, name) == 0)
            return &row->input.fields[i];
    return NULL;
}

static bool stood_before(const struct operation *o, size_t choice, const char *name)
{
    for (size_t i = 0; i < choice; i++)
        if (field_named(o->choices[i].row, name))
            return true;
    return false;
}

static void put_action_parameter(struct json *j, const struct operation *o)
{
    bool required = true;
    const char *by_default = NULL;

    for (size_t i = 0; i < o->count; i++) {
        required &= o->choices[i].required;
        if (!o->choices[i].required)
            by_default = o->choices[i].action;
    }
    json_object(j);
    put_text(j, "name", "action");
    put_text(j, "in", "query");
    put_flag(j, "required", required);
    json_key(j, "schema");
    json_object(j);
    put_text(j, "type", "string");
    json_key(j, "enum");
    json_array(j);
    for (size_t i = 0; i < o->count; i++)
        if (o->choices[i].action)
            json_text(j, o->choices[i].action);
    json_array_end(j);
    if (by_default)
        put_text(j, "default", by_default);
    json_object_end(j);
    json_object_end(j);
}

/* Rows may give one name different bounds. */
static void put_parameter_schema(struct json *j, const struct operation *o, const char *name)
{
    struct buf kinds[CHOICES_MOST] = {{0}};
    size_t count = 0;

    for (size_t i = 0; i < o->count; i++) {
        const struct field *f = field_named(o->choices[i].row, name);
        struct json k;
        if (!f)
            continue;
        json_begin(&k, &kinds[count]);
        schema_of_field(&k, f, false);
        bool known = false;
        for (size_t n = 0; n < count; n++)
            known |= str_equal(buf_view(&kinds[n]), buf_view(&kinds[count]));
        if (known)
            buf_release(&kinds[count]);
        else
            count++;
    }
    json_key(j, "schema");
    if (count > 1) {
        json_object(j);
        json_key(j, "anyOf");
        json_array(j);
    }
    for (size_t i = 0; i < count; i++)
        json_raw(j, buf_view(&kinds[i]));
    if (count > 1) {
        json_array_end(j);
        json_object_end(j);
    }
    for (size_t i = 0; i < count; i++)
        buf_release(&kinds[i]);
}

static void put_parameter(struct json *j, const struct operation *o, const struct field *f)
{
    bool required = true;

    for (size_t i = 0; i < o->count; i++) {
        const struct field *here = field_named(o->choices[i].row, f->name);
        required &= here && here->required;
    }
    json_object(j);
    put_text(j, "name", f->name);
    put_text(j, "in", f->in_path ? "path" : "query");
    put_flag(j, "required", f->in_path || required);
    if (f->help)
        put_text(j, "description", f->help);
    put_parameter_schema(j, o, f->name);
    if (f->required || f->in_path) {
        json_key(j, "example");
        example_of_field(j, f);
    }
    json_object_end(j);
}

static void put_parameters(struct json *j, const struct operation *o)
{
    bool query = !method_has_body(o->method);

    json_key(j, "parameters");
    json_array(j);
    if (query && operation_has_actions(o))
        put_action_parameter(j, o);
    for (size_t c = 0; c < o->count; c++)
        for (size_t i = 0; i < o->choices[c].row->input.count; i++) {
            const struct field *f = &o->choices[c].row->input.fields[i];
            bool travels = f->type != FIELD_FILE && f->type != FIELD_OBJECT &&
                           f->type != FIELD_OBJECTS;
            bool own = operation_has_actions(o) && strcmp(f->name, "action") == 0;
            if ((f->in_path || (query && travels)) && !own && !stood_before(o, c, f->name))
                put_parameter(j, o, f);
        }
    json_array_end(j);
}

/* A PUT or DELETE row by POST: its own body, and the action must be said. */
static void put_alias_schema(struct json *j, const struct choice *c, const char *id, bool files)
{
    json_object(j);
    json_key(j, "allOf");
    json_array(j);
    put_reference(j, SCHEMAS, id, files ? FILES : BODY);
    json_object(j);
    put_text(j, "type", "object");
    json_key(j, "properties");
    json_object(j);
    json_key(j, "action");
    json_object(j);
    put_text(j, "type", "string");
    put_text(j, "const", c->action);
    json_object_end(j);
    json_object_end(j);
    json_key(j, "required");
    json_array(j);
    json_text(j, "action");
    json_array_end(j);
    json_object_end(j);
    json_array_end(j);
    json_object_end(j);
}

static void put_body_schema(struct json *j, const struct operation *o, bool files)
{
    char id[ID_MOST];
    size_t count = 0;

    for (size_t i = 0; i < o->count; i++)
        count += files || !row_needs_file(o->choices[i].row);
    if (count > 1) {
        json_object(j);
        json_key(j, "oneOf");
        json_array(j);
    }
    for (size_t i = 0; i < o->count; i++) {
        const struct choice *c = &o->choices[i];
        bool as_files = files && row_has_file(c->row);
        if (!files && row_needs_file(c->row))
            continue;
        row_id(id, c->row);
        if (is_alias(o, i) && !c->row->action)
            put_alias_schema(j, c, id, as_files);
        else
            put_reference(j, SCHEMAS, id, as_files ? FILES : BODY);
    }
    if (count > 1) {
        json_array_end(j);
        json_object_end(j);
    }
}

static const char *example_name(const struct choice *c)
{
    return c->action ? c->action : "example";
}

static void put_body_examples(struct json *j, const struct operation *o, bool files)
{
    json_key(j, "examples");
    json_object(j);
    for (size_t i = 0; i < o->count; i++) {
        const struct choice *c = &o->choices[i];
        struct body_shape shape = {.action = c->required ? c->action : NULL};
        if (!files && row_needs_file(c->row))
            continue;
        json_key(j, example_name(c));
        json_object(j);
        put_text(j, "summary", c->row->summary);
        json_key(j, "value");
        example_of_body(j, c->row, shape);
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_body_content(
    struct json *j, const struct operation *o, const char *type, bool files)
{
    json_key(j, type);
    json_object(j);
    json_key(j, "schema");
    put_body_schema(j, o, files);
    if (!files && strcmp(type, "application/json") == 0)
        put_body_examples(j, o, files);
    json_object_end(j);
}

static void put_body(struct json *j, const struct operation *o)
{
    bool files = false, plain = false, wanted = false;

    for (size_t i = 0; i < o->count; i++) {
        const struct endpoint *row = o->choices[i].row;
        files |= row_has_file(row);
        plain |= !row_needs_file(row);
        wanted |= o->choices[i].required;
        for (size_t f = 0; f < row->input.count; f++)
            wanted |= row->input.fields[f].required && !row->input.fields[f].in_path;
    }
    json_key(j, "requestBody");
    json_object(j);
    put_flag(j, "required", wanted);
    json_key(j, "content");
    json_object(j);
    if (plain) {
        put_body_content(j, o, "application/json", false);
        put_body_content(j, o, "application/x-www-form-urlencoded", false);
    }
    if (files)
        put_body_content(j, o, "multipart/form-data", true);
    json_object_end(j);
    json_object_end(j);
}

const struct refusal refusals[] = {
    {"400", "bad_request", "Fields are missing or invalid, or the request cannot be read",
        INPUT_INVALID, false},
    {"401", "not_signed_in", "No session or token, or one that no longer counts", NOT_SIGNED_IN,
        false},
    {"403", "forbidden", "The account may not do this, or the CSRF token is missing", FORBIDDEN,
        false},
    {"404", "not_found", "There is no such record, or not for this account", NOT_FOUND, false},
    {"413", "too_large", "The body is too large", BODY_TOO_LARGE, false},
    {"415", "unsupported_type", "The body, or a file in it, is of a type that is not taken",
        TYPE_NOT_SUPPORTED, false},
    {"429", "rate_limited", "Too many requests", RATE_LIMITED, true},
    {"503", "busy", "Come back later", BUSY, true},
    {"default", "failed", "Refused or failed otherwise", INTERNAL, false},
};
const size_t refusals_count = countof(refusals);

static bool may_refuse(const struct operation *o, const struct refusal *r)
{
    bool guarded = false, input = operation_has_actions(o), writes = o->method != GET;

    for (size_t i = 0; i < o->count; i++) {
        guarded |= o->choices[i].row->access != PUBLIC;
        input |= o->choices[i].row->input.count > 0;
    }
    switch (r->example) {
    case INPUT_INVALID:
        return input || writes;
    case NOT_SIGNED_IN:
    case FORBIDDEN:
        return guarded;
    case NOT_FOUND:
        return input;
    case BODY_TOO_LARGE:
    case TYPE_NOT_SUPPORTED:
        return method_has_body(o->method);
    default:
        return true;
    }
}

static bool speaks_plain_text(const struct operation *o)
{
    return route_module(o->choices[0].row)->envelope == ENVELOPE_PLAIN_TEXT_ERRORS;
}

static void put_refusals(struct json *j, const struct operation *o)
{
    for (size_t i = 0; i < refusals_count; i++) {
        if (!may_refuse(o, &refusals[i]))
            continue;
        json_key(j, refusals[i].status);
        put_reference(
            j, "#/components/responses/", refusals[i].name, speaks_plain_text(o) ? "_as_text" : "");
    }
}

static void put_header_references(struct json *j)
{
    static const char *const names[] = {
        "X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"};

    json_key(j, "headers");
    json_object(j);
    for (size_t i = 0; i < countof(names); i++) {
        json_key(j, names[i]);
        put_reference(j, "#/components/headers/", names[i], "");
    }
    json_object_end(j);
}

static void put_json_replies(struct json *j, const struct operation *o, size_t count)
{
    char id[ID_MOST];

    json_key(j, "application/json");
    json_object(j);
    json_key(j, "schema");
    if (count > 1) {
        json_object(j);
        json_key(j, "anyOf");
        json_array(j);
    }
    for (size_t i = 0; i < o->count; i++)
        if (!o->choices[i].row->reply_type)
            put_reference(j, SCHEMAS, row_id(id, o->choices[i].row), REPLIED);
    if (count > 1) {
        json_array_end(j);
        json_object_end(j);
    }
    json_key(j, "examples");
    json_object(j);
    for (size_t i = 0; i < o->count; i++) {
        if (o->choices[i].row->reply_type)
            continue;
        json_key(j, example_name(&o->choices[i]));
        json_object(j);
        json_key(j, "value");
        example_of_reply(j, o->choices[i].row);
        json_object_end(j);
    }
    json_object_end(j);
    json_object_end(j);
}

/* Files, images and pages. */
static void put_raw_replies(struct json *j, const struct operation *o, bool json_too)
{
    for (size_t i = 0; i < o->count; i++) {
        const char *type = o->choices[i].row->reply_type;
        bool before = type && json_too && strcmp(type, "application/json") == 0;
        for (size_t k = 0; type && k < i; k++)
            before |= o->choices[k].row->reply_type &&
                      strcmp(o->choices[k].row->reply_type, type) == 0;
        if (!type || before)
            continue;
        bool document = strcmp(type, "application/json") == 0;
        json_key(j, type);
        json_object(j);
        json_key(j, "schema");
        json_object(j);
        put_text(j, "type", document ? "object" : "string");
        if (!document && strncmp(type, "text/", 5) != 0)
            put_text(j, "format", "binary");
        json_object_end(j);
        json_object_end(j);
    }
}

static void put_responses(struct json *j, const struct operation *o)
{
    size_t as_json = 0;

    for (size_t i = 0; i < o->count; i++)
        as_json += !o->choices[i].row->reply_type;
    json_key(j, "responses");
    json_object(j);
    json_key(j, "200");
    json_object(j);
    put_text(j, "description", "Done");
    put_header_references(j);
    json_key(j, "content");
    json_object(j);
    if (as_json)
        put_json_replies(j, o, as_json);
    put_raw_replies(j, o, as_json > 0);
    json_object_end(j);
    json_object_end(j);
    put_refusals(j, o);
    json_object_end(j);
}

static void put_scheme_use(struct json *j, const char *name)
{
    json_key(j, name);
    json_array(j);
    json_array_end(j);
}

static void put_security(struct json *j, const struct operation *o)
{
    bool open = false, guarded = false, csrf = false;

    for (size_t i = 0; i < o->count; i++) {
        open |= o->choices[i].row->access == PUBLIC;
        guarded |= o->choices[i].row->access != PUBLIC;
        csrf |= route_wants_csrf(o->choices[i].row);
    }
    json_key(j, "security");
    json_array(j);
    if (open && guarded) {
        json_object(j);
        json_object_end(j);
    }
    if (guarded) {
        json_object(j);
        put_scheme_use(j, "bearer");
        json_object_end(j);
        json_object(j);
        put_scheme_use(j, "cookie");
        if (csrf)
            put_scheme_use(j, "csrf");
        json_object_end(j);
    }
    json_array_end(j);
}

/* The key of the whole operation, when there is one for all its rows. */
static const char *common_right(const struct operation *o)
{
    const char *right = o->choices[0].row->right;

    for (size_t i = 1; i < o->count; i++) {
        const char *other = o->choices[i].row->right;
        if (!right || !other || strcmp(right, other) != 0)
            return NULL;
    }
    return right;
}

static void put_titles(struct json *j, const struct operation *o)
{
    const struct endpoint *first = o->choices[0].row;
    struct buf text = {0};

    buf_text(&text, first->summary);
    if (o->count > 1)
        buf_print(&text, ", and %zu more action%s", o->count - 1, o->count > 2 ? "s" : "");
    json_key(j, "summary");
    json_str(j, buf_view(&text));
    text.len = 0;
    for (size_t i = 0; o->count > 1 && i < o->count; i++)
        buf_print(&text, "%s- `%s`: %s", i ? "\n" : "",
            o->choices[i].action ? o->choices[i].action : "(no action)",
            o->choices[i].row->summary);
    if (text.len) {
        json_key(j, "description");
        json_str(j, buf_view(&text));
    }
    buf_release(&text);
}

void put_operation(struct json *j, const struct operation *o)
{
    static const char *const keys[] = {
        [GET] = "get", [POST] = "post", [PUT] = "put", [DELETE] = "delete"};
    char id[ID_MOST];
    int kinds = 0;

    json_key(j, keys[o->method]);
    json_object(j);
    put_text(j, "operationId", id_of(id, method_name(o->method), o->path, NULL));
    json_key(j, "tags");
    json_array(j);
    json_text(j, route_module(o->choices[0].row)->name);
    json_array_end(j);
    put_titles(j, o);
    put_parameters(j, o);
    if (method_has_body(o->method))
        put_body(j, o);
    put_responses(j, o);
    put_security(j, o);
    for (size_t i = 0; i < o->count; i++)
        kinds |= (int)o->choices[i].row->accounts;
    if (common_right(o))
        put_text(j, "x-permission", common_right(o));
    put_names(j, "x-accounts", kinds);
    json_key(j, "x-operations");
    json_array(j);
    for (size_t i = 0; i < o->count; i++)
        openapi_row(j, o->choices[i].row, o->method);
    json_array_end(j);
    json_object_end(j);
}
