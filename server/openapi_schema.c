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

static void put_int(struct json *j, const char *name, int64_t value)
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

static void put_type(struct json *j, const char *type, bool nullable)
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
    if (f->type == FIELD_DECIMAL) {
        json_key(j, "multipleOf");
        json_raw(j, STR("0.01"));
    }
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

static void put_required(struct json *j, const struct field *fields, size_t count,
    struct body_shape shape, bool action)
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

/* ---- examples of fields ---- */

/* "job_title" reads "Job title"; stretched or cut to the bounds. */
static void example_text(struct json *j, const struct field *f)
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

static const char example_uuid[] = "0198c2a4-7d1e-7c3a-9f42-3b1d5e8a6c01";
static const char example_date[] = "2026-03-14";

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
        return json_text(j, example_uuid);
    case FIELD_DATE:
        return json_text(j, example_date);
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

/* ---- replies ---- */

struct columns {
    const struct column *at;
    size_t count;
};

static bool is_sent(const struct column *c)
{
    return c->name[0] != '_' && c->type != COLUMN_BYTES;
}

static const char *column_type(const struct column *c)
{
    switch (c->type) {
    case COLUMN_BIGINT:
        return "integer";
    case COLUMN_BOOLEAN:
        return "boolean";
    case COLUMN_NUMERIC:
        return "number";
    case COLUMN_BIGINTS:
    case COLUMN_TEXTS:
    case COLUMN_UUIDS:
        return "array";
    case COLUMN_JSON:
        return c->list ? "array" : c->members ? "object" : NULL;
    default:
        return "string";
    }
}

static const char *column_format(enum column_type type)
{
    switch (type) {
    case COLUMN_BIGINT:
        return "int64";
    case COLUMN_UUID:
        return "uuid";
    case COLUMN_DATE:
        return "date";
    case COLUMN_INSTANT:
        return "date-time";
    default:
        return NULL;
    }
}

static void schema_of_record(struct json *j, struct columns all, bool nullable);

static void schema_of_column(struct json *j, const struct column *c)
{
    const char *type = column_type(c);

    if (c->members && !c->list)
        return schema_of_record(j, (struct columns){c->members, c->members_count}, c->nullable);
    json_object(j);
    if (type)
        put_type(j, type, c->nullable);
    if (column_format(c->type))
        put_text(j, "format", column_format(c->type));
    if (type && strcmp(type, "array") == 0) {
        json_key(j, "items");
        if (c->type == COLUMN_JSON)
            schema_of_record(j, (struct columns){c->members, c->members_count}, false);
        else
            schema_of_column(j, &(struct column){.type = c->type == COLUMN_BIGINTS ? COLUMN_BIGINT
                                                         : c->type == COLUMN_UUIDS ? COLUMN_UUID
                                                                                   : COLUMN_TEXT});
    }
    json_object_end(j);
}

static void put_columns(struct json *j, struct columns all)
{
    for (size_t i = 0; i < all.count; i++) {
        if (!is_sent(&all.at[i]))
            continue;
        json_key(j, all.at[i].name);
        schema_of_column(j, &all.at[i]);
    }
}

static void put_column_names(struct json *j, struct columns all)
{
    for (size_t i = 0; i < all.count; i++)
        if (is_sent(&all.at[i]))
            json_text(j, all.at[i].name);
}

static void schema_of_record(struct json *j, struct columns all, bool nullable)
{
    json_object(j);
    put_type(j, "object", nullable);
    if (all.count) {
        json_key(j, "properties");
        json_object(j);
        put_columns(j, all);
        json_object_end(j);
        json_key(j, "required");
        json_array(j);
        put_column_names(j, all);
        json_array_end(j);
    }
    json_object_end(j);
}

/* A listing is a list, whether its row says so or not. */
static enum data_shape data_of(const struct endpoint *row)
{
    return row->data == DATA_NONE && row->sql && row->sql->from ? DATA_LIST : row->data;
}

static struct columns record_of(const struct endpoint *row)
{
    if (row->columns)
        return (struct columns){row->columns, row->columns_count};
    if (row->sql)
        return (struct columns){row->sql->columns, row->sql->columns_count};
    return (struct columns){NULL, 0};
}

/* Of a write that one statement makes: what it returns stands beside the message. */
static struct columns members_of_sql(const struct endpoint *row)
{
    return data_of(row) == DATA_NONE ? record_of(row) : (struct columns){NULL, 0};
}

static bool stands_in(const char *name, struct columns all)
{
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.at[i].name, name) == 0)
            return true;
    return false;
}

/* Members that the row names, but for those that its statement gives by itself. */
static void each_member(struct json *j, const struct endpoint *row,
    void (*write)(struct json *j, const struct column *c))
{
    for (size_t i = 0; i < row->reply_count; i++) {
        if (stands_in(row->reply[i].name, members_of_sql(row)))
            continue;
        json_key(j, row->reply[i].name);
        write(j, &row->reply[i]);
    }
}

static void put_plain(struct json *j, const char *name, const char *type, bool nullable)
{
    json_key(j, name);
    json_object(j);
    put_type(j, type, nullable);
    json_object_end(j);
}

static void put_data(struct json *j, const struct endpoint *row)
{
    if (data_of(row) == DATA_NONE)
        return;
    json_key(j, "data");
    if (data_of(row) == DATA_ONE)
        return schema_of_record(j, record_of(row), false);
    json_object(j);
    put_text(j, "type", "array");
    json_key(j, "items");
    schema_of_record(j, record_of(row), false);
    json_object_end(j);
}

static void put_list_counts(struct json *j, const struct endpoint *row)
{
    if (data_of(row) != DATA_LIST)
        return;
    put_plain(j, "count", "integer", false);
    if (!row->sql || !row->sql->from)
        return;
    put_plain(j, "total", "integer", false);
    put_plain(j, "next_cursor", "string", true);
}

void schema_of_reply(struct json *j, const struct endpoint *row)
{
    json_object(j);
    put_text(j, "type", "object");
    put_text(j, "title", row->summary);
    json_key(j, "properties");
    json_object(j);
    json_key(j, "success");
    json_object(j);
    put_text(j, "type", "boolean");
    put_flag(j, "const", true);
    json_object_end(j);
    put_data(j, row);
    put_list_counts(j, row);
    if (!stands_in("message", members_of_sql(row)) &&
        !stands_in("message", (struct columns){row->reply, row->reply_count}))
        put_plain(j, "message", "string", false);
    put_columns(j, members_of_sql(row));
    each_member(j, row, schema_of_column);
    json_object_end(j);
    json_key(j, "required");
    json_array(j);
    json_text(j, "success");
    if (data_of(row) != DATA_NONE)
        json_text(j, "data");
    if (data_of(row) == DATA_LIST)
        json_text(j, "count");
    put_column_names(j, members_of_sql(row));
    json_array_end(j);
    json_object_end(j);
}

/* ---- examples of replies ---- */

static void example_record(struct json *j, struct columns all);

static void example_array(struct json *j, const struct column *c)
{
    json_array(j);
    if (c->type == COLUMN_BIGINTS)
        json_int(j, 7);
    else if (c->type == COLUMN_UUIDS)
        json_text(j, example_uuid);
    else if (c->type == COLUMN_TEXTS)
        json_text(j, "first");
    else
        example_record(j, (struct columns){c->members, c->members_count});
    json_array_end(j);
}

static void example_of_column(struct json *j, const struct column *c)
{
    switch (c->type) {
    case COLUMN_BIGINT:
        return json_int(j, 7);
    case COLUMN_BOOLEAN:
        return json_flag(j, true);
    case COLUMN_NUMERIC:
        return json_raw(j, STR("180.00"));
    case COLUMN_UUID:
        return json_text(j, example_uuid);
    case COLUMN_DATE:
        return json_text(j, example_date);
    case COLUMN_INSTANT:
        return json_text(j, "2026-03-14T09:26:53Z");
    case COLUMN_BIGINTS:
    case COLUMN_TEXTS:
    case COLUMN_UUIDS:
        return example_array(j, c);
    case COLUMN_JSON:
        if (c->list)
            return example_array(j, c);
        return example_record(j, (struct columns){c->members, c->members_count});
    default:
        return example_text(j, &(struct field){.name = c->name});
    }
}

static void example_columns(struct json *j, struct columns all)
{
    for (size_t i = 0; i < all.count; i++) {
        if (!is_sent(&all.at[i]))
            continue;
        json_key(j, all.at[i].name);
        example_of_column(j, &all.at[i]);
    }
}

static void example_record(struct json *j, struct columns all)
{
    json_object(j);
    example_columns(j, all);
    json_object_end(j);
}

static void example_data(struct json *j, const struct endpoint *row)
{
    if (data_of(row) == DATA_NONE)
        return;
    json_key(j, "data");
    if (data_of(row) == DATA_ONE)
        return example_record(j, record_of(row));
    json_array(j);
    example_record(j, record_of(row));
    json_array_end(j);
    put_int(j, "count", 1);
    if (row->sql && row->sql->from) {
        put_int(j, "total", 1);
        json_key(j, "next_cursor");
        json_null(j);
    }
}

void example_of_reply(struct json *j, const struct endpoint *row)
{
    json_object(j);
    put_flag(j, "success", true);
    example_data(j, row);
    example_columns(j, members_of_sql(row));
    each_member(j, row, example_of_column);
    json_object_end(j);
}
