/* Queries and urlencoded forms. */
#include "a_call.h"

#include "server/body.h"

static struct pairs parse(struct call *c, struct str text)
{
    struct pairs p = {0};

    call_with_body(c, POST, NULL, FORM_TYPE, text);
    form_parse(c, c->request.body, &p);
    return p;
}

static void fields_are_decoded(void **state)
{
    static const struct {
        struct str sent;
        const char *name, *value;
        unsigned count;
    } cases[] = {
        {BYTES("a=b"), "a", "b", 1},
        {BYTES("a=b=c"), "a", "b=c", 1},
        {BYTES("a="), "a", "", 1},
        {BYTES("a"), "a", "", 1},
        {BYTES("=b"), "", "b", 1},
        {BYTES("&&a=1&&"), "a", "1", 1},
        {BYTES("a=1&b=2&a=3"), "a", "1", 3},
        {BYTES("a+b=c+d"), "a b", "c d", 1},
        {BYTES("a%2Bb=%26%3D%25"), "a+b", "&=%", 1},
        {BYTES("ids%5B%5D=7"), "ids[]", "7", 1},
        {BYTES("a=%E2%98%83"), "a", "\xE2\x98\x83", 1},
        {BYTES("a=\xE2\x98\x83"), "a", "\xE2\x98\x83", 1},
        {BYTES("a=%0d%0A"), "a", "\r\n", 1},
        {BYTES("a=%2541"), "a", "%41", 1},
        {BYTES("a=1;b=2"), "a", "1;b=2", 1},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        struct pairs p = parse(&c, cases[i].sent);
        assert_false(call_faulted(&c));
        assert_int_equal(p.count, cases[i].count);
        assert_text(p.first->name, cases[i].name);
        assert_text(p.first->value, cases[i].value);
        call_over(&c);
    }
}

static void nothing_holds_no_field(void **state)
{
    static const struct str empty[] = {BYTES(""), BYTES("&"), BYTES("&&&&")};
    (void)state;
    for (size_t i = 0; i < countof(empty); i++) {
        struct call c;
        assert_int_equal(parse(&c, empty[i]).count, 0);
        assert_false(call_faulted(&c));
        call_over(&c);
    }
}

static void broken_bytes_are_refused(void **state)
{
    static const struct str bad[] = {
        BYTES("a=%"),
        BYTES("a=%4"),
        BYTES("a=%zz"),
        BYTES("a=%4g"),
        BYTES("%"),
        BYTES("a=%%41"),
        BYTES("a=%00"),
        BYTES("a%00=b"),
        BYTES("a=\0"),
        BYTES("a=%ff"),
        BYTES("a=\xff"),
        BYTES("a=%C0%80"),
        BYTES("a=%ED%A0%80"),
        BYTES("a=%E2%98"),
        BYTES("a=%F4%90%80%80"),
        BYTES("good=1&a=%u2603"),
    };
    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct call c;
        parse(&c, bad[i]);
        if (c.fault.id != BODY_MALFORMED)
            wrong("case %zu was read", i);
        call_over(&c);
    }
}

static void bounded(const char *head, const char *text, size_t times, const char *tail, bool fine)
{
    struct str body = repeated(head, text, times, tail);
    struct call c;

    parse(&c, body);
    assert_int_equal(c.fault.id, fine ? NO_ERROR : BODY_MALFORMED);
    call_over(&c);
    free((char *)body.at);
}

static void fields_names_and_values_are_bounded(void **state)
{
    (void)state;
    bounded("", "a=1&", PAIRS_MOST, "", true);
    bounded("", "a=1&", PAIRS_MOST + 1, "", false);
    bounded("", "a&", 5000000, "", false);
    bounded("", "n", NAME_MOST, "=1", true);
    bounded("", "n", NAME_MOST + 1, "=1", false);
    bounded("a=", "v", VALUE_MOST, "", true);
    bounded("a=", "v", VALUE_MOST + 1, "", false);
    bounded("a=", "%41", VALUE_MOST, "", true);
    bounded("a=", "%41", VALUE_MOST + 1, "", false);
    bounded("", "&", 5000000, "", true);
}

static void a_broken_query_is_no_broken_body(void **state)
{
    struct pairs p = {.fault = REQUEST_MALFORMED};
    struct call c;

    (void)state;
    call_with_body(&c, GET, NULL, NULL, BYTES("a=%"));
    form_parse(&c, c.request.body, &p);
    assert_int_equal(c.fault.id, REQUEST_MALFORMED);
    call_over(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded),
        cmocka_unit_test(nothing_holds_no_field),
        cmocka_unit_test(broken_bytes_are_refused),
        cmocka_unit_test(fields_names_and_values_are_bounded),
        cmocka_unit_test(a_broken_query_is_no_broken_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
