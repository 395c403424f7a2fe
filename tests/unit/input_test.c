/* From requests to filled structs: what is read, told apart, and refused. */
#include "a_call.h"

#include "server/fiber.h"
#include "server/input.h"

struct part {
    int64_t id;
    struct str label;
    enum flag urgent;
};

struct inner {
    struct str city;
    int64_t floor;
    struct ints rooms;
};

struct thing {
    int64_t number, page;
    struct decimal price;
    struct str title, secret, email, kind;
    struct uuid uuid;
    struct date day;
    enum flag flag;
    struct ints ids;
    struct texts tags;
    struct upload *file;
    struct inner inner;
    struct objects parts;
};

static const char *const kinds[] = {"small", "large", NULL};

static const struct field part_fields[] = {
    FIELD(struct part, id, INTEGER, .required = true, .min = 1, .max = 1000),
    FIELD(struct part, label, TEXT, .max = 5),
    FIELD(struct part, urgent, BOOLEAN, .by_default = "0"),
};

static const struct field inner_fields[] = {
    FIELD(struct inner, city, TEXT, .required = true),
    FIELD(struct inner, floor, INTEGER),
    FIELD(struct inner, rooms, INTEGERS, .max = 3),
};

static const struct field thing_fields[] = {
    FIELD(struct thing, number, INTEGER, .min = -5, .max = 5),
    FIELD(struct thing, page, INTEGER, .min = 1, .max = INT64_MAX, .by_default = "1"),
    FIELD(struct thing, price, DECIMAL, .min = 0, .max = INT64_MAX),
    FIELD(struct thing, title, TEXT, .min = 2, .max = 5, .also = "name"),
    FIELD(struct thing, secret, SECRET, .max = 10),
    FIELD(struct thing, email, EMAIL),
    FIELD(struct thing, kind, CHOICE, .choices = kinds),
    FIELD(struct thing, uuid, UUID, .also = "id"),
    FIELD(struct thing, day, DATE),
    FIELD(struct thing, flag, BOOLEAN),
    FIELD(struct thing, ids, INTEGERS, .max = 4, .also = "id_list"),
    FIELD(struct thing, tags, TEXTS, .max = 4),
    FIELD(struct thing, file, FILE),
    FIELD(
        struct thing, inner, OBJECT, .fields = inner_fields, .fields_count = countof(inner_fields)),
    FIELD(struct thing, parts, OBJECTS, .fields = part_fields, .fields_count = countof(part_fields),
        .size = sizeof(struct part), .max = 3),
};

static const struct endpoint thing_row = {
    POST, "/api/things", .summary = "Makes a thing", .input = INPUT(thing, thing_fields)};
static const struct endpoint thing_read = {
    GET, "/api/things", .summary = "Looks for things", .input = INPUT(thing, thing_fields)};

static const struct thing *read_as(
    struct call *c, enum method method, const char *query, const char *type, struct str body)
{
    call_with_body(c, method, query, type, body);
    c->endpoint = method == GET ? &thing_read : &thing_row;
    return input_read(c);
}

static const struct thing *read_json(struct call *c, const char *json)
{
    return read_as(c, POST, NULL, JSON_TYPE, str_of(json));
}

static const struct thing *read_form(struct call *c, const char *form)
{
    return read_as(c, POST, NULL, FORM_TYPE, str_of(form));
}

static void the_same_values_come_from_json_form_and_query(void **state)
{
    static const char json[] = "{\"number\":-5,\"price\":12.5,\"title\":\" ab \",\"secret\":\" x "
                               "\",\"email\":\"a@b.example\",\"kind\":\"large\","
                               "\"uuid\":\"0198c2a4-7d1e-7c3a-9f42-3b1d5e8a6c01\",\"day\":\"2026-"
                               "02-28\",\"flag\":true,\"ids\":[1,\"2\",3],"
                               "\"tags\":[\"a,b\",\"c\"],\"unknown\":{\"x\":[1]}}";
    static const char form[] =
        "number=-5&price=12.50&title=+ab+&secret=+x+&email=a%40b.example&kind=large&"
        "id=0198C2A4-7D1E-7C3A-9F42-3B1D5E8A6C01&day=2026-02-28&flag=on&ids[]=1&ids[]=2&ids[]=3&"
        "tags[]=a%2Cb&tags[]=c&x=1";
    struct call calls[3];
    const struct thing *read[] = {
        read_as(&calls[0], POST, NULL, "Application/JSON; charset=utf-8", str_of(json)),
        read_form(&calls[1], form),
        read_as(&calls[2], GET, form, NULL, STR("")),
    };
    (void)state;
    for (size_t i = 0; i < countof(read); i++) {
        const struct thing *t = read[i];
        assert_false(call_faulted(&calls[i]));
        assert_int_equal(t->number, -5);
        assert_int_equal(t->page, 1);
        assert_int_equal(t->price.hundredths, 1250);
        assert_text(t->title, "ab");
        assert_text(t->secret, " x ");
        assert_text(t->email, "a@b.example");
        assert_text(t->kind, "large");
        assert_int_equal(t->uuid.bytes[15], 1);
        assert_int_equal(t->day.day, 28);
        assert_int_equal(t->flag, FLAG_YES);
        assert_int_equal(t->ids.count, 3);
        assert_int_equal(t->ids.at[2], 3);
        assert_int_equal(t->tags.count, 2);
        assert_text(t->tags.at[0], "a,b");
        assert_null(t->file);
        call_over(&calls[i]);
    }
}

static void absent_null_and_empty_are_told_apart(void **state)
{
    static const struct {
        const char *json;
        enum presence title, number, flag, ids;
    } cases[] = {
        {"{}", ABSENT, ABSENT, ABSENT, ABSENT},
        {"{\"title\":null,\"number\":null,\"flag\":null,\"ids\":null}", GIVEN_NULL, GIVEN_NULL,
            GIVEN_NULL, GIVEN_NULL},
        {"{\"number\":\"\",\"flag\":\" \",\"ids\":\"\"}", ABSENT, GIVEN_NULL, GIVEN_NULL,
            GIVEN_NULL},
        {"{\"name\":\"abc\",\"number\":0,\"flag\":false,\"ids\":[]}", GIVEN, GIVEN, GIVEN, GIVEN},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        const struct thing *t = read_json(&c, cases[i].json);
        assert_false(call_faulted(&c));
        assert_int_equal(call_presence(&c, "title"), cases[i].title);
        assert_int_equal(call_presence(&c, "number"), cases[i].number);
        assert_int_equal(call_presence(&c, "flag"), cases[i].flag);
        assert_int_equal(call_presence(&c, "ids"), cases[i].ids);
        assert_int_equal(call_presence(&c, "page"), ABSENT);
        bool given = i == 3;
        assert_int_equal(t->number, given ? 0 : NONE);
        assert_int_equal(t->flag, given ? FLAG_NO : FLAG_ABSENT);
        assert_int_equal(t->title.at != NULL, given);
        assert_int_equal(t->price.hundredths, NONE);
        assert_true(date_is_absent(t->day));
        assert_int_equal(t->inner.floor, NONE);
        call_over(&c);
    }
}

static void an_emptied_text_is_given(void **state)
{
    static const struct endpoint row = {.method = POST,
        .path = "/api/things",
        .input = {.fields = &part_fields[1], .count = 1, .size = sizeof(struct part)}};
    struct call c;

    (void)state;
    call_with_body(&c, POST, NULL, FORM_TYPE, STR("label="));
    c.endpoint = &row;
    const struct part *p = input_read(&c);
    assert_false(call_faulted(&c));
    assert_int_equal(call_presence(&c, "label"), GIVEN);
    assert_text(p->label, "");
    call_over(&c);
}

static void every_bad_value_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *json, *field, *says;
    } cases[] = {
        {"{\"number\":6}", "number", "must be from -5 to 5"},
        {"{\"number\":-6}", "number", "must be from -5 to 5"},
        {"{\"number\":\"4x\"}", "number", "must be a whole number"},
        {"{\"number\":\"0x4\"}", "number", "must be a whole number"},
        {"{\"number\":1.5}", "number", "must be a whole number"},
        {"{\"number\":true}", "number", "must be a whole number"},
        {"{\"number\":[1]}", "number", "must be a plain value"},
        {"{\"number\":{}}", "number", "must be a plain value"},
        {"{\"number\":\"-9223372036854775808\"}", "number", "must be a whole number"},
        {"{\"number\":\"9223372036854775808\"}", "number", "must be a whole number"},
        {"{\"page\":0}", "page", "must be at least 1"},
        {"{\"page\":-9223372036854775807}", "page", "must be at least 1"},
        {"{\"price\":-0.01}", "price", "must be at least 0"},
        {"{\"price\":1.005}", "price", "must be a number with at most two decimal places"},
        {"{\"price\":0.0000001}", "price", "must be a number with at most two decimal places"},
        {"{\"price\":1e300}", "price", "must be a number with at most two decimal places"},
        {"{\"price\":\"12345678901234\"}", "price",
            "must be a number with at most two decimal places"},
        {"{\"title\":\"a\"}", "title", "must be at least 2 characters"},
        {"{\"title\":\"\"}", "title", "must not be empty"},
        {"{\"title\":\"abcdef\"}", "title", "must be at most 5 characters"},
        {"{\"name\":\"abcdef\"}", "title", "must be at most 5 characters"},
        {"{\"title\":\"a\\u0007b\"}", "title", "holds characters that are not allowed"},
        {"{\"title\":\"a\\u007fb\"}", "title", "holds characters that are not allowed"},
        {"{\"secret\":\"12345678901\"}", "secret", "must be at most 10 characters"},
        {"{\"email\":\"a\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"a@b\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"@b.c\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"a@b@c.d\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"a@.b\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"a@b.\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"a b@c.d\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"a@b.c\\nbcc: x@y.z\"}", "email", "must be an e-mail address"},
        {"{\"email\":\"a@b.c,d@e.f\"}", "email", "must be an e-mail address"},
        {"{\"kind\":\"Small\"}", "kind", "must be one of: small, large"},
        {"{\"kind\":1}", "kind", "must be one of: small, large"},
        {"{\"uuid\":\"7\"}", "uuid", "must be a UUID"},
        {"{\"uuid\":\"00000000-0000-0000-0000-000000000000\"}", "uuid", "must be a UUID"},
        {"{\"uuid\":\"0198c2a4-7d1e-7c3a-9f42-3b1d5e8a6c0g\"}", "uuid", "must be a UUID"},
        {"{\"day\":\"2026-02-29\"}", "day", "must be a date as YYYY-MM-DD"},
        {"{\"day\":\"28/02/2026\"}", "day", "must be a date as YYYY-MM-DD"},
        {"{\"flag\":2}", "flag", "must be true or false"},
        {"{\"flag\":\"maybe\"}", "flag", "must be true or false"},
        {"{\"ids\":[1,2,3,4,5]}", "ids", "must have at most 4 items"},
        {"{\"ids\":\"1,2,3,4,5\"}", "ids", "must have at most 4 items"},
        {"{\"ids\":[1,\"x\"]}", "ids[1]", "must be a whole number"},
        {"{\"ids\":[1,null]}", "ids[1]", "must be a plain value"},
        {"{\"ids\":[[1]]}", "ids[0]", "must be a plain value"},
        {"{\"ids\":{\"0\":1}}", "ids", "must be a list"},
        {"{\"tags\":[\"a\\u0001\"]}", "tags[0]", "holds characters that are not allowed"},
        {"{\"file\":\"x\"}", "file", "must be a file, sent as multipart/form-data"},
        {"{\"inner\":\"x\"}", "inner", "must be an object"},
        {"{\"inner\":{}}", "inner.city", "is required"},
        {"{\"inner\":{\"city\":null}}", "inner.city", "is required"},
        {"{\"inner\":{\"city\":\"x\",\"floor\":\"y\"}}", "inner.floor", "must be a whole number"},
        {"{\"inner\":{\"city\":\"x\",\"rooms\":[1,2,3,4]}}", "inner.rooms",
            "must have at most 3 items"},
        {"{\"parts\":{}}", "parts", "must be a list of objects"},
        {"{\"parts\":\"x\"}", "parts", "must be a list of objects"},
        {"{\"parts\":[1]}", "parts[0]", "must be an object"},
        {"{\"parts\":[{\"id\":1},{},{\"id\":3}]}", "parts[1].id", "is required"},
        {"{\"parts\":[{\"id\":1},{\"id\":2,\"label\":\"abcdef\"}]}", "parts[1].label",
            "must be at most 5 characters"},
        {"{\"parts\":[{},{},{},{}]}", "parts", "must have at most 3 items"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        read_json(&c, cases[i].json);
        if (c.fault.id != INPUT_INVALID || problems_count(&c) != 1 ||
            strcmp(problem_with(&c, cases[i].field), cases[i].says) != 0)
            wrong("%s: %d, %zu problems, of %s: %s", cases[i].json, c.fault.id, problems_count(&c),
                c.problems ? c.problems->field : "nothing", c.problems ? c.problems->text.at : "");
        call_over(&c);
    }
}

static void all_faults_are_told_at_once(void **state)
{
    struct call c;

    (void)state;
    read_json(&c, "{\"number\":9,\"title\":\"x\",\"uuid\":\"y\",\"parts\":[{\"id\":0},{\"id\":"
                  "\"z\",\"urgent\":3}]}");
    assert_int_equal(c.fault.id, INPUT_INVALID);
    assert_int_equal(problems_count(&c), 6);
    assert_string_equal(problem_with(&c, "parts[0].id"), "must be from 1 to 1000");
    assert_string_equal(problem_with(&c, "parts[1].urgent"), "must be true or false");
    call_over(&c);
}

static void numbers_of_json_are_exact(void **state)
{
    static const struct {
        const char *json;
        int64_t hundredths;
    } cases[] = {
        {"{\"price\":0.1}", 10},
        {"{\"price\":0.29}", 29},
        {"{\"price\":1.10}", 110},
        {"{\"price\":180}", 18000},
        {"{\"price\":1e3}", 100000},
        {"{\"price\":1.5e1}", 1500},
        {"{\"price\":99999999999.99}", 9999999999999},
        {"{\"price\":1234567890123.45}", 123456789012345},
        {"{\"price\":\"0.07\"}", 7},
        {"{\"price\":-0.0}", 0},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        const struct thing *t = read_json(&c, cases[i].json);
        if (call_faulted(&c) || t->price.hundredths != cases[i].hundredths)
            wrong("%s became %lld", cases[i].json, (long long)t->price.hundredths);
        call_over(&c);
    }
}

static void letters_are_counted_not_bytes(void **state)
{
    struct call c;
    const struct thing *t = read_form(
        &c, "title=%F0%9F%8F%A0%F0%9F%8F%A0%F0%9F%8F%A0%F0%9F%8F%A0%F0%9F%8F%A0");

    (void)state;
    assert_false(call_faulted(&c));
    assert_int_equal(t->title.len, 20);
    call_over(&c);
}

static void lists_come_in_every_form(void **state)
{
    static const struct {
        const char *form, *json;
        size_t count;
        int64_t last;
    } cases[] = {
        {"ids=1", "{\"ids\":1}", 1, 1},
        {"ids=1,2,3", "{\"ids\":\"1, 2,3\"}", 3, 3},
        {"ids=1&ids=2", "{\"ids\":[1,2]}", 2, 2},
        {"ids[]=1&ids[]=2", "{\"ids\":[\"1\",2.0]}", 2, 2},
        {"ids[]=1&ids=2&ids[]=3", "{\"ids\":[1,2,3]}", 3, 3},
        {"ids=1,2&ids=3", "{\"id_list\":\"1,2,3\"}", 3, 3},
        {"id_list[]=8&id_list[]=9", "{\"id_list\":[8,9]}", 2, 9},
        {"ids[]=", "{\"ids\":[]}", 0, 0},
        {"ids=,,7,", "{\"ids\":\",,7,\"}", 1, 7},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases) * 2; i++) {
        struct call c;
        const struct thing *t = i % 2 ? read_form(&c, cases[i / 2].form)
                                      : read_json(&c, cases[i / 2].json);
        assert_false(call_faulted(&c));
        if (t->ids.count != cases[i / 2].count ||
            (t->ids.count && t->ids.at[t->ids.count - 1] != cases[i / 2].last))
            wrong("%s gave %zu items", i % 2 ? cases[i / 2].form : cases[i / 2].json, t->ids.count);
        call_over(&c);
    }
}

static void the_body_wins_over_the_query(void **state)
{
    struct call c;
    const struct thing *t = read_as(
        &c, POST, "number=1&page=7&ids=1,2,3", JSON_TYPE, STR("{\"number\":2,\"ids\":[9]}"));

    (void)state;
    assert_int_equal(t->number, 2);
    assert_int_equal(t->page, 7);
    assert_int_equal(t->ids.count, 1);
    call_over(&c);
    t = read_as(&c, POST, "ids=1&ids=2&tags=q", FORM_TYPE, STR("ids=9&number=3"));
    assert_int_equal(t->ids.count, 1);
    assert_int_equal(t->ids.at[0], 9);
    assert_text(t->tags.at[0], "q");
    call_over(&c);
}

static void a_null_in_the_body_hides_the_query(void **state)
{
    struct call c;
    const struct thing *t = read_as(&c, POST, "number=1", JSON_TYPE, STR("{\"number\":null}"));

    (void)state;
    assert_int_equal(t->number, NONE);
    assert_int_equal(call_presence(&c, "number"), GIVEN_NULL);
    call_over(&c);
}

static void reads_look_at_the_query_only(void **state)
{
    struct call c;
    const struct thing *t = read_as(&c, GET, "page=2", "application/nonsense", STR("number=4"));

    (void)state;
    assert_false(call_faulted(&c));
    assert_int_equal(t->page, 2);
    assert_int_equal(t->number, NONE);
    call_over(&c);
}

static void a_field_sent_twice_is_a_problem(void **state)
{
    static const char *const forms[] = {
        "title=ab&title=cd", "title=ab&title=ab", "name=ab&name=cd"};
    struct call c;

    (void)state;
    for (size_t i = 0; i < countof(forms); i++) {
        read_form(&c, forms[i]);
        assert_string_equal(problem_with(&c, "title"), "was sent more than once");
        call_over(&c);
    }
    read_form(&c, "other=1&other=2");
    assert_false(call_faulted(&c));
    call_over(&c);
}

static void content_types_decide_how_a_body_is_read(void **state)
{
    static const struct {
        const char *type, *body;
        enum error_id fault;
    } cases[] = {
        {NULL, "", NO_ERROR},
        {"text/plain", "", NO_ERROR},
        {NULL, "{}", TYPE_NOT_SUPPORTED},
        {"", "{}", TYPE_NOT_SUPPORTED},
        {"text/plain", "{}", TYPE_NOT_SUPPORTED},
        {"application/xml", "<a/>", TYPE_NOT_SUPPORTED},
        {"application/jsonp", "{}", TYPE_NOT_SUPPORTED},
        {"application/json", "{", BODY_MALFORMED},
        {"application/json", "title=ab", BODY_MALFORMED},
        {"multipart/form-data", "{}", BODY_MALFORMED},
        {FORM_TYPE, "title=%zz", BODY_MALFORMED},
        {FORM_TYPE, "{\"title\":\"ab\"}", NO_ERROR},
        {"APPLICATION/JSON ; x=y", "{}", NO_ERROR},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        read_as(&c, POST, NULL, cases[i].type, str_of(cases[i].body));
        if (c.fault.id != cases[i].fault)
            wrong("%s with %s: fault %d", cases[i].type, cases[i].body, c.fault.id);
        call_over(&c);
    }
}

static void a_broken_query_is_told_as_such(void **state)
{
    static const char *const bad[] = {"title=%", "title=%ff", "title=%00"};
    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct call c;
        read_as(&c, GET, bad[i], NULL, STR(""));
        assert_int_equal(c.fault.id, REQUEST_MALFORMED);
        call_over(&c);
    }
}

static void a_file_arrives_with_its_fields(void **state)
{
    static const char body[] =
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nPNG\r\n"
        "--edge\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nabc\r\n--edge--\r\n";
    struct call c;
    const struct thing *t = read_as(&c, POST, NULL, MULTIPART_TYPE, str_of(body));

    (void)state;
    assert_false(call_faulted(&c));
    assert_text(t->file->bytes, "PNG");
    assert_text(t->title, "abc");
    call_over(&c);
}

static void a_file_where_text_is_wanted_is_a_problem(void **state)
{
    static const char body[] = "--edge\r\nContent-Disposition: form-data; name=\"title\"; "
                               "filename=\"a.png\"\r\n\r\nPNG\r\n"
                               "--edge\r\nContent-Disposition: form-data; name=\"ids\"; "
                               "filename=\"b\"\r\n\r\n1\r\n--edge--\r\n";
    struct call c;

    (void)state;
    read_as(&c, POST, NULL, MULTIPART_TYPE, str_of(body));
    assert_string_equal(problem_with(&c, "title"), "must not be a file");
    assert_string_equal(problem_with(&c, "ids"), "must not be a file");
    call_over(&c);
}

static void nested_objects_are_filled(void **state)
{
    struct call c;
    const struct thing *t = read_json(&c, "{\"inner\":{\"city\":\"Leeds\",\"rooms\":\"1,2\"},"
                                          "\"parts\":[{\"id\":7,\"urgent\":true},{\"id\":8}]}");

    (void)state;
    assert_false(call_faulted(&c));
    assert_text(t->inner.city, "Leeds");
    assert_int_equal(t->inner.floor, NONE);
    assert_int_equal(t->inner.rooms.count, 2);
    const struct part *parts = t->parts.at;
    assert_int_equal(t->parts.count, 2);
    assert_int_equal(parts[0].id, 7);
    assert_int_equal(parts[0].urgent, FLAG_YES);
    assert_int_equal(parts[1].urgent, FLAG_NO);
    assert_null(parts[1].label.at);
    call_over(&c);
}

static void fields_of_a_form_do_not_reach_into_objects(void **state)
{
    struct call c;
    const struct thing *t = read_as(
        &c, POST, "rooms=1,2,3&city=x", JSON_TYPE, STR("{\"inner\":{\"city\":\"Leeds\"}}"));

    (void)state;
    assert_false(call_faulted(&c));
    assert_text(t->inner.city, "Leeds");
    assert_null(t->inner.rooms.at);
    call_over(&c);
}

static void path_parts_are_fields(void **state)
{
    static const struct field fields[] = {
        FIELD(struct thing, title, TEXT, .in_path = true, .required = true),
        FIELD(struct thing, uuid, UUID, .in_path = true, .required = true),
    };
    static const struct endpoint row = {
        GET, "/things/{uuid}/by/{title}", .input = INPUT(thing, fields)};
    struct call c;

    (void)state;
    call_with_body(&c, GET, "title=query&uuid=query", NULL, STR(""));
    c.endpoint = &row;
    c.path_values[0] = STR("0198c2a4-7d1e-7c3a-9f42-3b1d5e8a6c01");
    c.path_values[1] = STR("roof");
    const struct thing *t = input_read(&c);
    assert_false(call_faulted(&c));
    assert_text(t->title, "roof");
    assert_int_equal(t->uuid.bytes[0], 1);
    call_over(&c);
}

static void required_fields_must_hold_something(void **state)
{
    static const struct field fields[] = {
        FIELD(struct thing, title, TEXT, .required = true),
        FIELD(struct thing, secret, SECRET, .required = true),
        FIELD(struct thing, number, INTEGER, .required = true),
        FIELD(struct thing, ids, INTEGERS, .required = true, .min = 1),
    };
    static const struct endpoint row = {POST, "/api/things", .input = INPUT(thing, fields)};
    static const char *const bodies[] = {"{}",
        "{\"title\":\" \",\"secret\":\"\",\"number\":\"\",\"ids\":null}",
        "{\"title\":null,\"secret\":null,\"number\":null,\"ids\":\"\"}"};
    (void)state;
    for (size_t i = 0; i < countof(bodies); i++) {
        struct call c;
        call_with_body(&c, POST, NULL, JSON_TYPE, str_of(bodies[i]));
        c.endpoint = &row;
        input_read(&c);
        assert_int_equal(problems_count(&c), 4);
        assert_string_equal(problem_with(&c, "secret"), "is required");
        call_over(&c);
    }
}

static void peeking_finds_scalars_anywhere(void **state)
{
    static const struct {
        enum method method;
        const char *query, *type, *body, *found;
    } cases[] = {
        {POST, "action=list", NULL, "", "list"},
        {POST, NULL, JSON_TYPE, "{\"action\":\" create \"}", "create"},
        {POST, "action=list", JSON_TYPE, "{\"action\":\"create\"}", "create"},
        {POST, NULL, FORM_TYPE, "action=create", "create"},
        {POST, NULL, JSON_TYPE, "{\"action\":7}", "7"},
        {POST, NULL, JSON_TYPE, "{\"action\":[\"create\"]}", NULL},
        {POST, NULL, JSON_TYPE, "{\"action\":null}", NULL},
        {GET, NULL, JSON_TYPE, "{\"action\":\"create\"}", NULL},
        {POST, NULL, NULL, "", NULL},
        {POST, "action=", NULL, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        call_with_body(&c, cases[i].method, cases[i].query, cases[i].type, str_of(cases[i].body));
        struct str found = input_peek(&c, "action");
        assert_false(call_faulted(&c));
        assert_int_equal(found.at != NULL, cases[i].found != NULL);
        if (found.at)
            assert_text(found, cases[i].found);
        call_over(&c);
    }
}

static void an_action_sent_twice_is_no_action(void **state)
{
    struct call c;

    (void)state;
    call_with_body(&c, POST, NULL, FORM_TYPE, STR("action=list&action=delete"));
    assert_null(input_peek(&c, "action").at);
    assert_string_equal(problem_with(&c, "action"), "was sent more than once");
    call_over(&c);
}

static void secrets_are_wiped_from_the_body(void **state)
{
    struct call c;
    struct str body;

    (void)state;
    read_json(&c, "{\"secret\":\"hush\"}");
    body = c.request.body;
    call_release(&c);
    for (size_t i = 0; i < body.len; i++)
        assert_int_equal(body.at[i], 0);
    free((char *)body.at);
}

static void a_storm_of_problems_is_cut_off(void **state)
{
    static const struct field fields[] = {
        FIELD(struct thing, parts, OBJECTS, .fields = part_fields,
            .fields_count = countof(part_fields), .size = sizeof(struct part), .max = 1000),
    };
    static const struct endpoint row = {POST, "/api/things", .input = INPUT(thing, fields)};
    struct str body = repeated("{\"parts\":[", "{},", 999, "{}]}");
    struct call c;

    (void)state;
    call_with_body(&c, POST, NULL, JSON_TYPE, body);
    c.endpoint = &row;
    input_read(&c);
    assert_int_equal(problems_count(&c), 100);
    call_over(&c);
    free((char *)body.at);
}

static void a_large_body_is_read_like_a_small_one(void **state)
{
    struct str body = repeated("{\"x\":\"", "y", 100000, "\",\"number\":3}");
    struct call c;
    const struct thing *t = read_as(&c, POST, NULL, JSON_TYPE, body);

    (void)state;
    assert_false(call_faulted(&c));
    assert_int_equal(t->number, 3);
    call_over(&c);
    free((char *)body.at);
}

static void read_deep_and_large(void *arg)
{
    struct str open = repeated("{\"number\":3,\"x\":[\"", "y", 100000, "\",");
    struct str deep = repeated(open.at, "[", 30, "");
    struct str body = repeated(deep.at, "]", 31, "}");
    struct call c;
    const struct thing *t = read_as(&c, POST, NULL, JSON_TYPE, body);

    *(int64_t *)arg = call_faulted(&c) ? NONE : t->number;
    call_over(&c);
    free((char *)open.at);
    free((char *)deep.at);
    free((char *)body.at);
}

static void on_a_fiber_a_large_body_is_read_by_a_worker(void **state)
{
    int64_t number = 0;

    (void)state;
    workers_start(1, 1);
    fiber_run_alone(read_deep_and_large, &number);
    workers_stop();
    assert_int_equal(number, 3);
}

static void defaults_that_no_request_could_send_are_found(void **state)
{
    static const struct field good[] = {
        FIELD(struct thing, number, INTEGER, .min = 1, .max = 9, .by_default = "9"),
        FIELD(struct thing, ids, INTEGERS, .by_default = "1,2"),
        FIELD(struct thing, flag, BOOLEAN, .by_default = "0"),
        FIELD(struct thing, kind, CHOICE, .choices = kinds, .by_default = "small"),
    };
    static const struct field bad[][1] = {
        {FIELD(struct thing, number, INTEGER, .min = 1, .max = 9, .by_default = "10")},
        {FIELD(struct thing, number, INTEGER, .by_default = "ten")},
        {FIELD(struct thing, kind, CHOICE, .choices = kinds, .by_default = "medium")},
        {FIELD(struct thing, ids, INTEGERS, .by_default = "1,x")},
    };
    (void)state;
    assert_true(input_defaults_hold(&(struct input_table)INPUT(thing, good)));
    assert_true(input_defaults_hold(&thing_row.input));
    for (size_t i = 0; i < countof(bad); i++)
        assert_false(input_defaults_hold(&(struct input_table)INPUT(thing, bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_values_come_from_json_form_and_query),
        cmocka_unit_test(absent_null_and_empty_are_told_apart),
        cmocka_unit_test(an_emptied_text_is_given),
        cmocka_unit_test(every_bad_value_is_refused_with_its_reason),
        cmocka_unit_test(all_faults_are_told_at_once),
        cmocka_unit_test(numbers_of_json_are_exact),
        cmocka_unit_test(letters_are_counted_not_bytes),
        cmocka_unit_test(lists_come_in_every_form),
        cmocka_unit_test(the_body_wins_over_the_query),
        cmocka_unit_test(a_null_in_the_body_hides_the_query),
        cmocka_unit_test(reads_look_at_the_query_only),
        cmocka_unit_test(a_field_sent_twice_is_a_problem),
        cmocka_unit_test(content_types_decide_how_a_body_is_read),
        cmocka_unit_test(a_broken_query_is_told_as_such),
        cmocka_unit_test(a_file_arrives_with_its_fields),
        cmocka_unit_test(a_file_where_text_is_wanted_is_a_problem),
        cmocka_unit_test(nested_objects_are_filled),
        cmocka_unit_test(fields_of_a_form_do_not_reach_into_objects),
        cmocka_unit_test(path_parts_are_fields),
        cmocka_unit_test(required_fields_must_hold_something),
        cmocka_unit_test(peeking_finds_scalars_anywhere),
        cmocka_unit_test(an_action_sent_twice_is_no_action),
        cmocka_unit_test(secrets_are_wiped_from_the_body),
        cmocka_unit_test(a_storm_of_problems_is_cut_off),
        cmocka_unit_test(a_large_body_is_read_like_a_small_one),
        cmocka_unit_test(on_a_fiber_a_large_body_is_read_by_a_worker),
        cmocka_unit_test(defaults_that_no_request_could_send_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
