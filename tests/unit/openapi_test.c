/* The document that is made from the rows. */
#include "a_call.h"

#include <jansson.h>
#include <stdio.h>

#include "server/openapi.h"
#include "server/route.h"

static void answer(struct call *c, const void *in)
{
    (void)c;
    (void)in;
}

struct part {
    int64_t id;
    struct str label;
};

struct thing {
    struct uuid uuid;
    struct str title, kind;
    struct decimal price;
    struct ints ids;
    struct upload *file;
    struct objects parts;
    int64_t limit;
};

static const char *const kinds[] = {"small", "large", NULL};
static const struct field part_fields[] = {
    FIELD(struct part, id, INTEGER, .required = true, .min = 1, .max = 10),
    FIELD(struct part, label, TEXT, .max = 5),
};
static const struct field write_fields[] = {
    FIELD(struct thing, title, TEXT, .required = true, .min = 30, .max = 40),
    FIELD(struct thing, kind, CHOICE, .choices = kinds),
    FIELD(struct thing, price, DECIMAL, .min = 1, .max = 20),
    FIELD(struct thing, ids, INTEGERS, .min = 3, .by_default = "1,2,3"),
    FIELD(struct thing, parts, OBJECTS, .fields = part_fields, .fields_count = countof(part_fields),
        .size = sizeof(struct part)),
};
static const struct field read_fields[] = {
    FIELD(struct thing, uuid, UUID, .required = true, .help = "Which \"one\" \\ other"),
    FIELD(struct thing, limit, INTEGER, .min = 1, .max = 200, .by_default = "50"),
};
static const struct field other_fields[] = {
    FIELD(struct thing, limit, INTEGER, .min = 1, .max = 1000, .by_default = "20"),
};
static const struct field upload_fields[] = {
    FIELD(struct thing, uuid, UUID, .required = true),
    FIELD(struct thing, file, FILE, .required = true),
};
static const struct field path_fields[] = {FIELD(struct thing, uuid, UUID, .in_path = true)};

static const struct column columns[] = {
    {.name = "ID", .type = COLUMN_BIGINT},
    {.name = "note", .type = COLUMN_TEXT, .nullable = true},
    {.name = "_hidden", .type = COLUMN_TEXT},
    {.name = "key", .type = COLUMN_BYTES},
    {.name = "amount", .type = COLUMN_NUMERIC},
    {.name = "ids", .type = COLUMN_UUIDS},
};
static const struct statement listing = {
    .name = "things", .columns = columns, .columns_count = countof(columns), .from = "FROM things"};
static const struct statement plain = {
    .name = "thing", .columns = columns, .columns_count = countof(columns)};

#define GUARDED .right = "api.things.manage", .accounts = STAFF | AGENT, .run = answer

static const struct endpoint rows[] = {
    {GET, "/api/things", .action = "list", .action_optional = true, .summary = "Lists things",
        .sql = &listing, .input = INPUT(thing, other_fields), GUARDED},
    {GET, "/api/things", .action = "get", .summary = "Gets a thing", .sql = &plain,
        .data = DATA_ONE, .input = INPUT(thing, read_fields), GUARDED},
    {GET, "/api/things", .action = "download", .summary = "Gets its file",
        .reply_type = "image/png", GUARDED},
    {POST, "/api/things", .action = "create", .summary = "Makes a thing",
        .input = INPUT(thing, write_fields),
        REPLY(MEMBER(thing_id, BIGINT), MEMBER_OBJECT(owner, MEMBER(name, TEXT)),
            MEMBER_OBJECTS(parts, MEMBER(id, BIGINT))),
        .also_rights = {"api.things_manage"}, .audit = "thing_made", GUARDED},
    {PUT, "/api/things", .summary = "Changes a thing", .input = INPUT(thing, write_fields),
        GUARDED},
    {DELETE, "/api/things", .summary = "Deletes a thing", .sql = &plain,
        .input = INPUT(thing, read_fields), GUARDED},
    {POST, "/api/things/files", .summary = "Uploads a file", .input = INPUT(thing, upload_fields),
        GUARDED},
    {GET, "/file/{uuid}", .summary = "A file", .reply_type = "application/octet-stream",
        .input = INPUT(thing, path_fields), GUARDED},
    {GET, "/api/open", .summary = "Open to all", .access = PUBLIC, .data = DATA_ONE,
        DATA_COLUMNS(MEMBER(name, TEXT), MEMBER_OR_NULL(logo, TEXT)), .run = answer},
};
static const struct module module = MODULE("things", rows);
static const struct module *const all[] = {&module, NULL};

static json_t *document;

static json_t *read_document(void)
{
    struct buf out = {0};
    json_error_t error;

    openapi_print(&out);
    json_t *json = json_loadb(out.at, out.len, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        wrong("the document is no JSON: %s, line %d", error.text, error.line);
    buf_release(&out);
    return json;
}

static int build(void **state)
{
    (void)state;
    routes_build(all);
    document = read_document();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

/* What stands at the end of these keys, each behind a blank; a number is an index. */
static json_t *at(const char *keys)
{
    json_t *here = document;
    struct str rest = str_of(keys);
    int64_t index;
    char key[100];

    while (rest.at && here) {
        struct str k = str_cut(&rest, ' ');
        snprintf(key, sizeof key, "%.*s", (int)k.len, k.at);
        here = json_is_array(here) && str_to_int(k, &index) ? json_array_get(here, (size_t)index)
                                                            : json_object_get(here, key);
    }
    if (!here)
        wrong("there is no %s", keys);
    return here;
}

static void assert_at(const char *keys, const char *json)
{
    char *got = json_dumps(at(keys), JSON_COMPACT | JSON_ENCODE_ANY);

    if (strcmp(got, json) != 0)
        wrong("%s: %s", keys, got);
    free(got);
}

static void the_same_rows_give_the_same_bytes(void **state)
{
    struct buf one = {0}, two = {0};

    (void)state;
    openapi_print(&one);
    openapi_print(&two);
    assert_true(str_equal(buf_view(&one), buf_view(&two)));
    assert_int_equal(one.at[one.len - 1], '\n');
    buf_release(&one);
    buf_release(&two);
}

static void actions_of_a_read_are_one_operation(void **state)
{
    (void)state;
    assert_at("openapi", "\"3.1.0\"");
    assert_at("paths /api/things get operationId", "\"get_things\"");
    assert_at("paths /api/things get parameters 0 schema",
        "{\"type\":\"string\",\"enum\":[\"list\",\"get\",\"download\"],\"default\":\"list\"}");
    assert_at("paths /api/things get parameters 0 required", "false");
    assert_at("paths /api/things get parameters 1 schema anyOf 1 maximum", "200");
    assert_at("paths /api/things get parameters 2 name", "\"uuid\"");
    assert_at("paths /api/things get parameters 2 required", "false");
    assert_at("paths /api/things get x-operations 1 operationId", "\"get_things_get\"");
    assert_at("paths /api/things get x-operations 2 reply_type", "\"image/png\"");
    assert_at("paths /api/things get responses 200 content application/json schema anyOf 1",
        "{\"$ref\":\"#/components/schemas/get_things_get_reply\"}");
    assert_at("paths /api/things get responses 200 content image/png schema format", "\"binary\"");
    assert_at("paths /api/things get x-permission", "\"api.things.manage\"");
    assert_at("paths /api/things get x-accounts", "[\"staff\",\"agent\"]");
}

static void bodies_are_told_apart_by_their_action(void **state)
{
    (void)state;
    assert_at("paths /api/things post requestBody content application/json schema oneOf 0",
        "{\"$ref\":\"#/components/schemas/post_things_create_requestBody\"}");
    assert_at(
        "components schemas post_things_create_requestBody required", "[\"action\",\"title\"]");
    assert_at(
        "components schemas post_things_create_requestBody properties action const", "\"create\"");
    assert_at("components schemas post_things_create_requestBody properties title",
        "{\"type\":\"string\",\"minLength\":30,\"maxLength\":40}");
    assert_at("components schemas post_things_create_requestBody properties kind enum",
        "[\"small\",\"large\",null]");
    assert_at(
        "components schemas post_things_create_requestBody properties ids default", "[1,2,3]");
    assert_at("components schemas post_things_create_requestBody properties parts items required",
        "[\"id\"]");
    assert_at("components schemas put_things_requestBody required", "[\"title\"]");
    assert_at("components schemas put_things_requestBody properties action const", "\"update\"");
}

static void puts_and_deletes_are_posts_too(void **state)
{
    (void)state;
    assert_at("paths /api/things post requestBody content application/json schema oneOf 1 allOf 1 "
              "properties action const",
        "\"update\"");
    assert_at("paths /api/things post requestBody content application/json schema oneOf 2 allOf 1 "
              "properties action const",
        "\"delete\"");
    assert_at("paths /api/things post x-operations 2 operationId", "\"post_things_delete\"");
    assert_at("paths /api/things post x-operations 2 alias_of", "\"delete_things\"");
    assert_at("paths /api/things delete parameters 0 name", "\"uuid\"");
    assert_at("paths /api/things delete parameters 0 required", "true");
    assert_at("paths /api/things put requestBody required", "true");
}

static void files_travel_as_multipart_only(void **state)
{
    (void)state;
    assert_at("paths /api/things/files post requestBody content",
        "{\"multipart/form-data\":{\"schema\":{\"$ref\":\"#/components/schemas/"
        "post_things_files_requestBody_files\"}}}");
    assert_at("components schemas post_things_files_requestBody_files properties file format",
        "\"binary\"");
    assert_null(json_object_get(at("components schemas"), "post_things_files_requestBody"));
}

static void replies_hold_what_the_rows_declare(void **state)
{
    (void)state;
    assert_at(
        "components schemas get_things_list_reply required", "[\"success\",\"data\",\"count\"]");
    assert_at("components schemas get_things_list_reply properties data items required",
        "[\"ID\",\"note\",\"amount\",\"ids\"]");
    assert_at("components schemas get_things_list_reply properties data items properties note type",
        "[\"string\",\"null\"]");
    assert_at("components schemas get_things_list_reply properties next_cursor type",
        "[\"string\",\"null\"]");
    assert_at("components schemas get_things_get_reply properties data type", "\"object\"");
    assert_null(json_object_get(at("components schemas get_things_get_reply properties"), "total"));
    assert_at("components schemas delete_things_reply required",
        "[\"success\",\"ID\",\"note\",\"amount\",\"ids\"]");
    assert_at("components schemas post_things_create_reply properties owner properties name type",
        "\"string\"");
    assert_at(
        "components schemas post_things_create_reply properties parts items properties id type",
        "\"integer\"");
    assert_at("components schemas get_open_reply properties data properties logo type",
        "[\"string\",\"null\"]");
}

static void who_may_call_is_said(void **state)
{
    (void)state;
    assert_at("paths /api/open get security", "[]");
    assert_at("paths /api/things get security", "[{\"bearer\":[]},{\"cookie\":[]}]");
    assert_at("paths /api/things post security", "[{\"bearer\":[]},{\"cookie\":[],\"csrf\":[]}]");
    assert_at(
        "paths /api/things post x-operations 0 x-permission-aliases", "[\"api.things_manage\"]");
    assert_at("paths /api/things post x-operations 0 x-audit", "\"thing_made\"");
    assert_at("paths /file/{uuid} get parameters 0 in", "\"path\"");
    assert_at("paths /file/{uuid} get parameters 0 required", "true");
}

static void texts_of_rows_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(json_string_value(at("paths /api/things delete parameters 0 description")),
        "Which \"one\" \\ other");
}

static void follow(json_t *node)
{
    const char *key;
    json_t *item;
    size_t i;

    json_array_foreach(node, i, item) follow(item);
    json_object_foreach(node, key, item)
    {
        if (strcmp(key, "$ref") != 0) {
            follow(item);
            continue;
        }
        char path[200];
        snprintf(path, sizeof path, "%s", json_string_value(item) + 2);
        for (char *slash = path; *slash; slash++)
            if (*slash == '/')
                *slash = ' ';
        at(path);
    }
}

static void every_reference_leads_somewhere(void **state)
{
    (void)state;
    follow(document);
}

/* An example takes the bounds of its field. */
static void examples_are_values_that_the_fields_take(void **state)
{
    (void)state;
    json_t *value = at(
        "paths /api/things post requestBody content application/json examples create value");
    size_t title = json_string_length(json_object_get(value, "title"));
    assert_in_range(title, 30, 40);
    assert_int_equal(json_integer_value(json_object_get(value, "price")), 20);
    assert_int_equal(json_array_size(json_object_get(value, "ids")), 3);
    assert_string_equal(json_string_value(json_object_get(value, "action")), "create");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_rows_give_the_same_bytes),
        cmocka_unit_test(actions_of_a_read_are_one_operation),
        cmocka_unit_test(bodies_are_told_apart_by_their_action),
        cmocka_unit_test(puts_and_deletes_are_posts_too),
        cmocka_unit_test(files_travel_as_multipart_only),
        cmocka_unit_test(replies_hold_what_the_rows_declare),
        cmocka_unit_test(who_may_call_is_said),
        cmocka_unit_test(texts_of_rows_are_escaped),
        cmocka_unit_test(every_reference_leads_somewhere),
        cmocka_unit_test(examples_are_values_that_the_fields_take),
    };
    return cmocka_run_group_tests(tests, build, drop);
}
