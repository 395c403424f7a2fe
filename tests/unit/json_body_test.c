/* JSON bodies: what is read, and what is refused before it can hurt. */
#include "a_call.h"

#include "server/body.h"

static json_t *parse(struct call *c, struct str text)
{
    call_with_body(c, POST, NULL, JSON_TYPE, text);
    return json_body_parse(c, c->request.body);
}

static void an_object_is_read(void **state)
{
    static const struct str good[] = {
        BYTES("{}"),
        BYTES(" {\"a\":1}\r\n"),
        BYTES("\xEF\xBB\xBF{\"a\":1}"),
        BYTES("{\"a\":[{\"b\":null}],\"c\":\"}]{[\\\"\\\\\"}"),
        BYTES("{\"snow\":\"\\u2603\xE2\x98\x83\"}"),
        BYTES("{\"pair\":\"\\ud83d\\ude00\"}"),
    };
    (void)state;
    for (size_t i = 0; i < countof(good); i++) {
        struct call c;
        json_t *json = parse(&c, good[i]);
        assert_non_null(json);
        assert_false(call_faulted(&c));
        json_decref(json);
        call_over(&c);
    }
}

static void what_is_no_json_object_is_refused(void **state)
{
    static const struct str bad[] = {
        BYTES("[]"),
        BYTES("1"),
        BYTES("\"text\""),
        BYTES("null"),
        BYTES(" "),
        BYTES("{"),
        BYTES("}"),
        BYTES("]]]]]]{}"),
        BYTES("{\"a\":1}}"),
        BYTES("{\"a\":1} {}"),
        BYTES("{\"a\":1,}"),
        BYTES("{\"a\" 1}"),
        BYTES("{a:1}"),
        BYTES("{'a':1}"),
        BYTES("{\"a\":1,\"a\":2}"),
        BYTES("{\"a\":\"\\u0000\"}"),
        BYTES("{\"a\\u0000b\":1}"),
        BYTES("{\"a\":\"\0\"}"),
        BYTES("{\"a\":\"\x1f\"}"),
        BYTES("{\"a\":\"\xff\"}"),
        BYTES("{\"a\":\"\xC0\x80\"}"),
        BYTES("{\"a\":\"\xED\xA0\x80\"}"),
        BYTES("{\"a\":\"\\ud800\"}"),
        BYTES("{\"a\":\"\\x\"}"),
        BYTES("{\"a\":\"open"),
        BYTES("{\"a\":\"open\\"),
        BYTES("{\"a\":01}"),
        BYTES("{\"a\":+1}"),
        BYTES("{\"a\":NaN}"),
        BYTES("{\"a\":1e999}"),
        BYTES("{\"a\":99999999999999999999}"),
        BYTES("{\"a\":1}\0"),
        BYTES("\xFE\xFF\0{\0}"),
        BYTES("\xFF\xFE{\0}\0"),
        BYTES("\xEF\xBB\xBF"),
        BYTES("{/* comment */}"),
    };
    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct call c;
        json_t *json = parse(&c, bad[i]);
        if (json || c.fault.id != BODY_MALFORMED)
            wrong("case %zu was read", i);
        call_over(&c);
    }
}

static void bounded(const char *head, const char *text, size_t times, const char *tail, bool fine)
{
    struct str body = repeated(head, text, times, tail);
    struct call c;
    json_t *json = parse(&c, body);

    assert_int_equal(json != NULL, fine);
    assert_int_equal(c.fault.id, fine ? NO_ERROR : BODY_MALFORMED);
    json_decref(json);
    call_over(&c);
    free((char *)body.at);
}

static struct str nested(size_t depth)
{
    struct str open = repeated("{\"a\":", "[", depth - 1, "");
    struct str all = repeated(open.at, "]", depth - 1, "}");

    free((char *)open.at);
    return all;
}

static void depth_ends_at_32(void **state)
{
    static const struct {
        size_t depth;
        bool fine;
    } cases[] = {{2, true}, {32, true}, {33, false}, {100000, false}};
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct str body = nested(cases[i].depth);
        struct call c;
        json_t *json = parse(&c, body);
        assert_int_equal(json != NULL, cases[i].fine);
        json_decref(json);
        call_over(&c);
        free((char *)body.at);
    }
}

static void never_closed_brackets_are_refused(void **state)
{
    (void)state;
    bounded("", "[", 5000000, "", false);
    bounded("", "{\"a\":", 1000000, "", false);
}

static void items_members_and_values_are_counted(void **state)
{
    (void)state;
    bounded("{\"a\":[", "1,", 999, "1]}", true);
    bounded("{\"a\":[", "1,", 1000, "1]}", false);
    bounded("{\"a\":[", "[],", 5000000, "1]}", false);
    /* Each list is small; together they are too many. */
    bounded("{\"a\":[", "[1,2,3,4,5,6,7,8,9,10,11],", 900, "1]}", false);
    bounded("{\"a\":[", "[1,2],", 900, "1]}", true);
}

static void a_long_text_is_read_and_a_too_long_one_is_not(void **state)
{
    (void)state;
    bounded("{\"a\":\"", "x", VALUE_MOST - 1, "\"}", true);
    bounded("{\"a\":\"", "x", VALUE_MOST + 1, "\"}", false);
}

static void wiping_leaves_no_text(void **state)
{
    struct call c;
    json_t *json = parse(&c, BYTES("{\"a\":\"secret\",\"b\":[{\"c\":\"deep\"}],\"d\":1}"));

    (void)state;
    json_body_wipe(json);
    assert_int_equal(json_string_value(json_object_get(json, "a"))[0], 0);
    json_t *deep = json_object_get(json_array_get(json_object_get(json, "b"), 0), "c");
    assert_memory_equal(json_string_value(deep), "\0\0\0\0", 5);
    json_decref(json);
    call_over(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_read),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(depth_ends_at_32),
        cmocka_unit_test(never_closed_brackets_are_refused),
        cmocka_unit_test(items_members_and_values_are_counted),
        cmocka_unit_test(a_long_text_is_read_and_a_too_long_one_is_not),
        cmocka_unit_test(wiping_leaves_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
