#include "tests/unit/org_fixture.h"

enum { TEXTS = 400, PARTS = 3000 };

static const char kind[] = "tenants.tenant_name";
static struct org acme, birch;
static struct call call;

static int set_up(void **state)
{
    (void)state;
    fixture_org(&acme, "acme", 1);
    fixture_org(&birch, "birch", 1);
    fixture_call(&call, &acme);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    call_release(&call);
    fixture_org_free(&acme);
    fixture_org_free(&birch);
    return 0;
}

static void case_accents_and_blanks_do_not_count(void **state)
{
    static const char *const cases[][2] = {
        {"Ottoline", "ottoline"},
        {"  Anna \t  Maria\n", "anna maria"},
        {"Zo\xC3\xAB", "zoe"},
        {"\xC3\x89MILE STRA\xC3\x9F"
         "E",
            "emile strasse"},
        {"\xC5\x81ukasz \xC4\x8C"
         "apek",
            "lukasz capek"},
        {"\xC3\x86thelred \xC3\x9Eorn", "aethelred thorn"},
        {"Zoe\xCC\x88", "zoe"}, /* an accent by itself */
        {"\xD0\x98\xD0\x92\xD0\x90\xD0\x9D", "\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD"}, /* Cyrillic */
        {"\xCE\x91\xCE\xBD\xCE\xBD\xCE\xB1", "\xCE\xB1\xCE\xBD\xCE\xBD\xCE\xB1"}, /* Greek */
        {"O\xE2\x80\x99"
         "Brien",
            "o\xE2\x80\x99"
            "brien"},
        {"a\xC2\xA0"
         "b",
            "a b"},
        {"\xF0\x9F\x8F\xA0", "\xF0\x9F\x8F\xA0"},
        {"", ""},
        {" ", ""},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        assert_string_equal(
            call_copy(&call, search_normal(&call, str_of(cases[i][0]))).at, cases[i][1]);
}

static void normal_text_is_normal_already(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t bytes[40];
        size_t len = randombytes_uniform(sizeof bytes);
        randombytes_buf(bytes, len);
        struct str once = search_normal(&call, (struct str){(char *)bytes, len});
        if (str_is_utf8((struct str){(char *)bytes, len}))
            assert_true(str_equal(once, search_normal(&call, once)));
        assert_true(once.len <= len);
    }
}

static bool contains_all(struct ints have, struct ints want)
{
    size_t i = 0;

    /* Both are in order. */
    for (size_t k = 0; k < want.count; k++) {
        while (i < have.count && have.at[i] < want.at[k])
            i++;
        if (i == have.count || have.at[i] != want.at[k])
            return false;
    }
    return true;
}

static struct str random_text(struct call *c, size_t most)
{
    static const char *const letters[] = {"a", "b", "n", "A", "N", " ", "  ", "-", "'", "\xC3\xA9",
        "\xC5\x81", "\xD0\x98", "1", "\xF0\x9F\x8F\xA0"};
    struct buf *b = call_buf(c);
    size_t count = randombytes_uniform((uint32_t)most) + 1;

    for (size_t i = 0; i < count; i++)
        buf_text(b, letters[randombytes_uniform(countof(letters))]);
    return buf_view(b);
}

/* A run of whole letters of the text. */
static struct str random_part(struct str text)
{
    size_t from = randombytes_uniform((uint32_t)text.len), to = from + randombytes_uniform(9) + 1;

    while (from > 0 && (text.at[from] & 0xC0) == 0x80)
        from--;
    if (to > text.len)
        to = text.len;
    while (to < text.len && (text.at[to] & 0xC0) == 0x80)
        to++;
    return (struct str){text.at + from, to - from};
}

/* What the endpoints do: candidates by tokens, or everything when there are none to ask by; then
 * opened and compared. */
static bool found(struct call *c, struct str text, struct ints tokens, struct str part)
{
    struct ints query = search_query(c, kind, part);

    if (query.count > 0 && !contains_all(tokens, query))
        return false;
    return search_holds(c, text, search_normal(c, part));
}

static bool filtered(struct call *c, struct str text, struct str part)
{
    struct str have = search_normal(c, text), want = search_normal(c, part);

    return want.len == 0 || memmem(have.at, have.len, want.at, want.len) != NULL;
}

static void a_search_gives_what_a_substring_filter_gives(void **state)
{
    struct str texts[TEXTS];
    struct ints tokens[TEXTS];
    size_t matches = 0, asked_by_token = 0;

    (void)state;
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i] = random_text(&call, i < 10 ? 400 : 24);
        tokens[i] = search_tokens(&call, kind, texts[i]);
    }
    for (size_t k = 0; k < PARTS; k++) {
        struct call c;
        fixture_call(&c, &acme);
        struct str part = k % 3 ? random_part(texts[randombytes_uniform(TEXTS)])
                                : random_text(&c, 5);
        asked_by_token += search_query(&c, kind, part).count > 0;
        for (size_t i = 0; i < TEXTS; i += 1 + randombytes_uniform(8)) {
            bool wanted = filtered(&c, texts[i], part);
            assert_int_equal(found(&c, texts[i], tokens[i], part), wanted);
            matches += wanted;
        }
        assert_false(call_faulted(&c));
        call_release(&c);
    }
    assert_true(matches > 1000 && asked_by_token > 500);
}

static void beginnings_middles_and_ends_of_a_long_name_are_found(void **state)
{
    char name[201];

    (void)state;
    for (size_t i = 0; i < 200; i++)
        name[i] = (char)('a' + (i * i + i / 7) % 26);
    name[200] = '\0';
    struct ints tokens = search_tokens(&call, kind, str_of(name));
    for (size_t from = 0; from + 3 <= 200; from++)
        for (size_t len = 3; from + len <= 200; len += 17)
            assert_true(
                contains_all(tokens, search_query(&call, kind, (struct str){name + from, len})));
}

static void under_three_letters_there_is_nothing_to_ask_by(void **state)
{
    static const char *const parts[] = {
        "", " ", "a", "ab", "\xC3\xA9\xC3\xA9", "\xD0\x98\xD0\x92", " a ", "\xF0\x9F\x8F\xA0"};

    (void)state;
    for (size_t i = 0; i < countof(parts); i++)
        assert_int_equal(search_query(&call, kind, str_of(parts[i])).count, 0);
    assert_true(search_query(&call, kind, STR("abc")).count == 1);
}

static void tokens_say_nothing_across_orgs_and_kinds(void **state)
{
    struct ints here = search_tokens(&call, kind, STR("Ottoline Farthingale"));
    struct ints other_kind = search_tokens(
        &call, "tenants.tenant_email", STR("Ottoline Farthingale"));

    (void)state;
    call.org = &birch;
    struct ints other_org = search_tokens(&call, kind, STR("Ottoline Farthingale"));
    call.org = &acme;
    assert_true(here.count > 10 && other_kind.count == here.count && other_org.count == here.count);
    for (size_t i = 0; i < here.count; i++) {
        assert_true(here.at[i] >= 0); /* 63 bits */
        for (size_t k = 0; k < here.count; k++)
            assert_true(here.at[i] != other_kind.at[k] && here.at[i] != other_org.at[k]);
    }
}

static void a_text_has_each_token_once_and_not_more_than_the_cap(void **state)
{
    struct buf *b = call_buf(&call);

    (void)state;
    assert_int_equal(search_tokens(&call, kind, STR("aaaaaaaaaaaaaaaa")).count, 1);
    for (unsigned i = 0; i < 20000; i++)
        buf_print(b, "%x", i * 2654435761u);
    assert_true(search_tokens(&call, kind, buf_view(b)).count <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(case_accents_and_blanks_do_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(normal_text_is_normal_already, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_search_gives_what_a_substring_filter_gives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            beginnings_middles_and_ends_of_a_long_name_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            under_three_letters_there_is_nothing_to_ask_by, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            tokens_say_nothing_across_orgs_and_kinds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_text_has_each_token_once_and_not_more_than_the_cap, set_up, tear_down),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
