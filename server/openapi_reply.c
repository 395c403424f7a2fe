#include <assert.h>
#include <string.h>

#include "server/openapi_schema.h"

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
    case COLUMN_FLAGS:
        return "object";
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
    if (c->type == COLUMN_FLAGS) {
        json_key(j, "additionalProperties");
        schema_of_column(j, &(struct column){.type = COLUMN_BOOLEAN});
    }
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
    assert(all.at || all.count == 0);
    for (size_t i = 0; i < all.count; i++) {
        if (!is_sent(&all.at[i]))
            continue;
        json_key(j, all.at[i].name);
        schema_of_column(j, &all.at[i]);
    }
}

static void put_column_names(struct json *j, struct columns all)
{
    assert(all.at || all.count == 0);
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

static void example_record(struct json *j, struct columns all);

static void example_array(struct json *j, const struct column *c)
{
    json_array(j);
    if (c->type == COLUMN_BIGINTS)
        json_int(j, 7);
    else if (c->type == COLUMN_UUIDS)
        json_text(j, EXAMPLE_UUID);
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
        return json_text(j, EXAMPLE_UUID);
    case COLUMN_DATE:
        return json_text(j, EXAMPLE_DATE);
    case COLUMN_INSTANT:
        return json_text(j, "2026-03-14T09:26:53Z");
    case COLUMN_BIGINTS:
    case COLUMN_TEXTS:
    case COLUMN_UUIDS:
        return example_array(j, c);
    case COLUMN_FLAGS:
        return example_record(
            j, (struct columns){&(struct column){"api.example.view", .type = COLUMN_BOOLEAN}, 1});
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
