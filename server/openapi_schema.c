#include "server/openapi_schema.h"

#include <string.h>

void put_text(struct json *j, const char *name, const char *value)
{
    json_key(j, name);
    json_text(j, value);
}

void put_flag(struct json *j, const char *name, bool value)
{
    json_key(j, name);
    json_flag(j, value);
}

void put_int(struct json *j, const char *name, int64_t value)
{
    json_key(j, name);
    json_int(j, value);
}

void put_reference(struct json *j, const char *to, const char *name, const char *suffix)
{
    struct buf all = {0};

    buf_print(&all, "%s%s%s", to, name, suffix);
    json_object(j);
    json_key(j, "$ref");
    json_str(j, buf_view(&all));
    json_object_end(j);
    buf_release(&all);
}

static bool is_text(const struct field *f)
{
    return f->type == FIELD_TEXT || f->type == FIELD_SECRET || f->type == FIELD_EMAIL;
}

static bool is_array(const struct field *f)
{
    return f->type == FIELD_INTEGERS || f->type == FIELD_TEXTS || f->type == FIELD_OBJECTS;
}

const char *field_type_name(enum field_type type)
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
    case FIELD_OBJECT:
        return "object";
    default:
        return "string";
    }
}

static const char *format_of(enum field_type type)
{
    switch (type) {
    case FIELD_INTEGER:
        return "int64";
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

void put_type(struct json *j, const char *type, bool nullable)
{
    json_key(j, "type");
    if (!nullable)
        return json_text(j, type);
    json_array(j);
    json_text(j, type);
    json_text(j, "null");
    json_array_end(j);
}

static void put_bounds(struct json *j, const struct field *f)
{
    bool number = f->type == FIELD_INTEGER || f->type == FIELD_DECIMAL;
    int64_t least = is_text(f) && f->required && f->min == 0 ? 1 : f->min;

    if (is_text(f) && least)
        put_int(j, "minLength", least);
    if (is_text(f))
        put_int(j, "maxLength", f->max ? f->max : 10000);
    if (number && (f->min || f->max))
        put_int(j, "minimum", f->min);
    if (number && (f->min || f->max) && f->max != INT64_MAX)
        put_int(j, "maximum", f->max);
    if (is_array(f) && f->min)
        put_int(j, "minItems", f->min);
    if (is_array(f))
        put_int(j, "maxItems", f->max ? f->max : 200);
}

/* A default is written in the rows as a client would send it in a form. */
static void put_text_value(struct json *j, const struct field *f, struct str text)
{
    switch (f->type) {
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
        return json_raw(j, text);
    case FIELD_BOOLEAN:
        return json_flag(j, str_is(text, "1") || str_is(text, "true"));
    default:
        return json_str(j, text);
    }
}

static void put_list_value(struct json *j, const struct field *f, struct str text)
{
    struct str rest = text;

    json_array(j);
    while (rest.at) {
        struct str item = str_trim(str_cut(&rest, ','));
        if (item.len && f->type == FIELD_INTEGERS)
            json_raw(j, item);
        else if (item.len)
            json_str(j, item);
    }
    json_array_end(j);
}

static void put_value(struct json *j, const struct field *f, const char *text)
{
    if (is_array(f))
        put_list_value(j, f, str_of(text));
    else
        put_text_value(j, f, str_of(text));
}

static void put_choices(struct json *j, const struct field *f, bool nullable)
{
    json_key(j, "enum");
    json_array(j);
    for (size_t i = 0; f->choices[i]; i++)
        json_text(j, f->choices[i]);
    if (nullable)
        json_null(j);
    json_array_end(j);
}

static void put_members(
    struct json *j, const struct field *fields, size_t count, struct body_shape shape);

static void schema_of_object(struct json *j, const struct field *f)
{
    json_object(j);
    put_text(j, "type", "object");
    put_members(j, f->fields, f->fields_count, (struct body_shape){0});
    json_object_end(j);
}

static void put_items(struct json *j, const struct field *f)
{
    json_key(j, "items");
    if (f->type == FIELD_OBJECTS)
        return schema_of_object(j, f);
    json_object(j);
    put_text(j, "type", f->type == FIELD_INTEGERS ? "integer" : "string");
    json_object_end(j);
}

void schema_of_field(struct json *j, const struct field *f, bool nullable)
{
    json_object(j);
    put_type(j, field_type_name(f->type), nullable);
    if (format_of(f->type))
        put_text(j, "format", format_of(f->type));
    if (f->help)
        put_text(j, "description", f->help);
    if (f->type == FIELD_CHOICE)
        put_choices(j, f, nullable);
    put_bounds(j, f);
    if (is_array(f))
        put_items(j, f);
    if (f->type == FIELD_OBJECT)
        put_members(j, f->fields, f->fields_count, (struct body_shape){0});
    if (f->by_default) {
        json_key(j, "default");
        put_value(j, f, f->by_default);
    }
    json_object_end(j);
}

static bool is_in_body(const struct field *f, struct body_shape shape)
{
    return !f->in_path && (shape.files || f->type != FIELD_FILE);
}

static bool names_action(const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, "action") == 0)
            return true;
    return false;
}

static void put_action(struct json *j, const char *action)
{
    json_key(j, "action");
    json_object(j);
    put_text(j, "type", "string");
    put_text(j, "const", action);
    json_object_end(j);
}

static void put_csrf_token(struct json *j)
{
    json_key(j, "csrf_token");
    json_object(j);
    put_text(j, "type", "string");
    put_text(j, "description", "Of a browser that does not send X-CSRF-Token");
    json_object_end(j);
}

static void put_required(
    struct json *j, const struct field *fields, size_t count, struct body_shape shape, bool action)
{
    bool any = action && shape.action_required;

    for (size_t i = 0; i < count; i++)
        any |= fields[i].required && is_in_body(&fields[i], shape);
    if (!any)
        return;
    json_key(j, "required");
    json_array(j);
    if (action && shape.action_required)
        json_text(j, "action");
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && is_in_body(&fields[i], shape))
            json_text(j, fields[i].name);
    json_array_end(j);
}

/* What may be left out may also be null: it takes the value away. */
static void put_members(
    struct json *j, const struct field *fields, size_t count, struct body_shape shape)
{
    bool action = shape.action && !names_action(fields, count);

    json_key(j, "properties");
    json_object(j);
    if (action)
        put_action(j, shape.action);
    for (size_t i = 0; i < count; i++) {
        if (!is_in_body(&fields[i], shape))
            continue;
        json_key(j, fields[i].name);
        schema_of_field(j, &fields[i], !fields[i].required && !shape.files);
    }
    if (shape.csrf_token)
        put_csrf_token(j);
    json_object_end(j);
    put_required(j, fields, count, shape, action);
}

void schema_of_body(struct json *j, const struct endpoint *row, struct body_shape shape)
{
    json_object(j);
    put_text(j, "type", "object");
    put_text(j, "title", row->summary);
    put_members(j, row->input.fields, row->input.count, shape);
    json_object_end(j);
}

void example_text(struct json *j, const struct field *f)
{
    struct buf text = {0};
    size_t most = f->max && f->max < 60 ? (size_t)f->max : 60;

    while (text.len == 0 || text.len < (size_t)f->min) {
        if (text.len)
            buf_char(&text, ' ');
        buf_text(&text, f->name);
    }
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '_')
            text.at[i] = ' ';
    if (text.at[0] >= 'a' && text.at[0] <= 'z')
        text.at[0] = (char)(text.at[0] - 32);
    if (text.len > most && (size_t)f->min <= most)
        text.len = most;
    json_str(j, str_trim(buf_view(&text)));
    buf_release(&text);
}

static void example_number(struct json *j, const struct field *f)
{
    bool bounded = f->min || f->max;
    int64_t value = f->type == FIELD_DECIMAL ? 180 : 7;

    if (bounded && value > f->max)
        value = f->max;
    if (bounded && value < f->min)
        value = f->min;
    json_int(j, value);
}

static void example_members(
    struct json *j, const struct field *fields, size_t count, struct body_shape shape)
{
    bool action = shape.action && !names_action(fields, count);

    json_object(j);
    if (action)
        put_text(j, "action", shape.action);
    for (size_t i = 0; i < count; i++) {
        if (!is_in_body(&fields[i], shape) || fields[i].type == FIELD_FILE)
            continue;
        json_key(j, fields[i].name);
        example_of_field(j, &fields[i]);
    }
    json_object_end(j);
}

static void example_list(struct json *j, const struct field *f)
{
    size_t least = f->min > 2 ? (size_t)f->min : f->max == 1 ? 1 : 2;

    json_array(j);
    for (size_t i = 0; i < (f->type == FIELD_OBJECTS && f->min < 2 ? 1 : least); i++) {
        if (f->type == FIELD_INTEGERS)
            json_int(j, (int64_t)i + 1);
        else if (f->type == FIELD_TEXTS)
            json_text(j, i % 2 ? "second" : "first");
        else
            example_members(j, f->fields, f->fields_count, (struct body_shape){0});
    }
    json_array_end(j);
}

void example_of_field(struct json *j, const struct field *f)
{
    if (f->by_default)
        return put_value(j, f, f->by_default);
    switch (f->type) {
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
        return example_number(j, f);
    case FIELD_BOOLEAN:
        return json_flag(j, true);
    case FIELD_CHOICE:
        return json_text(j, f->choices[0]);
    case FIELD_UUID:
        return json_text(j, EXAMPLE_UUID);
    case FIELD_DATE:
        return json_text(j, EXAMPLE_DATE);
    case FIELD_EMAIL:
        return json_text(j, "sam@letting.example");
    case FIELD_INTEGERS:
    case FIELD_TEXTS:
    case FIELD_OBJECTS:
        return example_list(j, f);
    case FIELD_OBJECT:
        return example_members(j, f->fields, f->fields_count, (struct body_shape){0});
    default:
        return example_text(j, f);
    }
}

void example_of_body(struct json *j, const struct endpoint *row, struct body_shape shape)
{
    example_members(j, row->input.fields, row->input.count, shape);
}
