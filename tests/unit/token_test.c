#include "tests/unit/org_fixture.h"

#include <stdlib.h>

#include "server/fiber.h"
#include "server/loop.h"
#include "tenancy/token.h"

static struct org acme, birch;
static struct call call;

static int set_up(void **state)
{
    (void)state;
    fixture_org(&acme, "acme", 2);
    fixture_org(&birch, "birch", 2);
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

static struct token_claims in_an_hour(void)
{
    return (struct token_claims){
        .session_id = 42, .session_uuid = fixture_uuid(9), .expires = now_unix() + 3600};
}

static bool accepted(const struct org *o, struct str token)
{
    struct token_claims claims;

    return token_check(o, token, &claims);
}

static void add_part(struct buf *b, const void *bytes, size_t len)
{
    size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = malloc(room);

    assert_non_null(text);
    sodium_bin2base64(text, room, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_text(b, text);
    free(text);
}

/* A token with any head and payload, signed with any key: what an attacker can make, and with the
 * org's own key more than that. */
static struct str forge(const char *head, const char *payload, const void *key, size_t key_len)
{
    struct buf *b = call_buf(&call);
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];

    add_part(b, head, strlen(head));
    buf_char(b, '.');
    add_part(b, payload, strlen(payload));
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)b->at, b->len);
    crypto_auth_hmacsha256_final(&state, mac);
    buf_char(b, '.');
    add_part(b, mac, sizeof mac);
    return buf_view(b);
}

#define HEAD(kid) "{\"alg\":\"HS256\",\"kid\":\"" kid "\",\"typ\":\"JWT\"}"

/* Signed with the org's right key of version 1. */
static struct str signed_by(const struct org *o, const char *head, const char *payload)
{
    uint8_t key[32];

    assert_true(keyring_key(o->keys, 1, PURPOSE_TOKENS, key));
    return forge(head, payload, key, sizeof key);
}

static const char *payload_with(const char *exp, const char *more)
{
    return call_print(&call,
        "{\"aud\":\"acme\",\"exp\":%s,\"iat\":%lld,\"iss\":\"propops\",\"jti\":\"00000000-0000-"
        "0000-0000-000000000009\",\"sid\":42%s}",
        exp, (long long)now_unix(), more)
        .at;
}

static const char *good_payload(void)
{
    return payload_with("4102444800", "");
}

static void a_token_names_its_session(void **state)
{
    struct token_claims given = in_an_hour(), read;
    struct str token = token_make(&call, &acme, &given);
    struct token_head head;

    (void)state;
    assert_false(call_faulted(&call));
    assert_true(token.len < 512);
    assert_true(token_check(&acme, token, &read));
    assert_int_equal(read.session_id, 42);
    assert_true(uuid_equal(read.session_uuid, given.session_uuid));
    assert_int_equal(read.expires, given.expires);
    assert_true(token_head_read(token, &head));
    assert_true(str_is(head.slug, "acme"));
    assert_int_equal(head.version, 2);
}

/* The forger's own work must be good, or the refusals below would prove nothing. */
static void a_token_made_by_hand_with_the_right_key_is_accepted(void **state)
{
    (void)state;
    assert_true(accepted(&acme, signed_by(&acme, HEAD("acme.1"), good_payload())));
}

static void a_token_of_an_older_key_stays_valid(void **state)
{
    struct org before;
    struct token_claims given = in_an_hour();

    (void)state;
    fixture_org(&before, "acme", 1);
    struct str token = token_make(&call, &before, &given);
    assert_true(accepted(&acme, token));
    assert_false(accepted(&before, token_make(&call, &acme, &given)));
    fixture_org_free(&before);
}

static void an_org_without_a_key_accepts_nothing(void **state)
{
    struct org keyless = acme;
    struct token_claims given = in_an_hour();
    struct str token = token_make(&call, &acme, &given);

    (void)state;
    keyless.keys = NULL;
    assert_false(accepted(&keyless, token));
    assert_false(accepted(&keyless, forge(HEAD("acme.1"), good_payload(), "", 0)));
    struct keyring *empty = keyring_new(&acme.uuid);
    keyless.keys = empty;
    assert_false(accepted(&keyless, token));
    token_make(&call, &keyless, &given);
    assert_true(fixture_faulted(&call, INTERNAL));
    keyring_free(empty);
}

static void only_the_algorithm_that_we_issue_is_accepted(void **state)
{
    static const char *const heads[] = {
        "{\"alg\":\"none\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"None\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"hs256\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS384\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS512\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
    };

    (void)state;
    for (size_t i = 0; i < countof(heads); i++)
        assert_false(accepted(&acme, signed_by(&acme, heads[i], good_payload())));
}

static void an_unsigned_token_is_refused(void **state)
{
    struct token_claims given = in_an_hour();
    struct str token = token_make(&call, &acme, &given);
    const char *last = memrchr(token.at, '.', token.len);

    (void)state;
    assert_false(accepted(&acme, (struct str){token.at, (size_t)(last - token.at)}));
    assert_false(accepted(&acme, (struct str){token.at, (size_t)(last - token.at) + 1}));
    struct buf *b = call_buf(&call);
    add_part(b, "{\"alg\":\"none\",\"typ\":\"JWT\"}", 27);
    buf_char(b, '.');
    add_part(b, good_payload(), strlen(good_payload()));
    buf_char(b, '.');
    assert_false(accepted(&acme, buf_view(b)));
}

static void a_token_signed_with_text_that_everybody_knows_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "secret", "acme", "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"};
    uint8_t zeros[32] = {0};

    (void)state;
    for (size_t i = 0; i < countof(texts); i++)
        assert_false(
            accepted(&acme, forge(HEAD("acme.1"), good_payload(), texts[i], strlen(texts[i]))));
    assert_false(accepted(&acme, forge(HEAD("acme.1"), good_payload(), zeros, sizeof zeros)));
}

static void a_token_of_another_org_is_refused(void **state)
{
    struct token_claims given = in_an_hour();

    (void)state;
    assert_false(accepted(&acme, token_make(&call, &birch, &given)));
    /* birch's key under acme's name, and acme's key for a token that is meant for birch. */
    assert_false(accepted(&acme, signed_by(&birch, HEAD("acme.1"), good_payload())));
    assert_false(accepted(&birch, signed_by(&birch, HEAD("birch.1"), good_payload())));
    assert_false(accepted(&acme, signed_by(&acme, HEAD("birch.1"), good_payload())));
}

static void a_kid_that_is_not_ours_to_the_letter_is_refused(void **state)
{
    static const char *const heads[] = {
        HEAD("acme.0"),
        HEAD("acme.3"),
        HEAD("acme.01"),
        HEAD("acme.+1"),
        HEAD("acme.-1"),
        HEAD("acme. 1"),
        HEAD("acme.4294967297"),
        HEAD("acme.99999999999999999999"),
        HEAD("acme.1.1"),
        HEAD("acme."),
        HEAD("acme"),
        HEAD(".1"),
        HEAD(""),
        HEAD("ACME.1"),
        HEAD("../acme.1"),
        HEAD("acme/../acme.1"),
        HEAD("acme.1\\u0000"),
        HEAD("\\u0061cme.1"),
        HEAD("acme%00.1"),
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"kid\":1,\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"kid\":\"birch.1\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"kid\":\"acme.1\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"HS256\",\"kid\":\"acme.1\"}",
        "{\"alg\":\"HS256\",\"kid\":\"acme.1\",\"typ\":\"JWT\",\"jku\":\"https://evil.example\"}",
        "{ \"alg\":\"HS256\",\"kid\":\"acme.1\",\"typ\":\"JWT\"}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "",
        "null",
    };
    struct token_head head;

    (void)state;
    for (size_t i = 0; i < countof(heads); i++)
        assert_false(accepted(&acme, signed_by(&acme, heads[i], good_payload())));
    assert_true(token_head_read(signed_by(&acme, HEAD("a_1.4294967295"), "{}"), &head));
    assert_int_equal(head.version, UINT32_MAX);
}

static void a_token_outside_of_its_time_is_refused(void **state)
{
    const char *before = call_print(&call, "%lld", (long long)now_unix() - 1).at,
               *now = call_print(&call, "%lld", (long long)now_unix()).at;
    const char *const times[] = {"1", "0", "-1", before, now, "\"4102444800\"", "4102444800.0",
        "4.1e9", "null", "true", "[4102444800]"};

    (void)state;
    for (size_t i = 0; i < countof(times); i++)
        assert_false(accepted(&acme, signed_by(&acme, HEAD("acme.1"), payload_with(times[i], ""))));
    const char *later = call_print(&call, ",\"nbf\":%lld", (long long)now_unix() + 600).at;
    assert_false(
        accepted(&acme, signed_by(&acme, HEAD("acme.1"), payload_with("4102444800", later))));
    assert_false(accepted(
        &acme, signed_by(&acme, HEAD("acme.1"), payload_with("4102444800", ",\"nbf\":\"0\""))));
    assert_true(accepted(
        &acme, signed_by(&acme, HEAD("acme.1"), payload_with("4102444800", ",\"nbf\":0"))));
}

static void a_claim_that_is_missing_wrong_or_named_twice_is_refused(void **state)
{
    static const char *const payloads[] = {
        "{\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-0000-0000-0000-"
        "000000000009\",\"sid\":42}",
        "{\"aud\":\"birch\",\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-"
        "0000-0000-0000-000000000009\",\"sid\":42}",
        "{\"aud\":[\"acme\"],\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-"
        "0000-0000-0000-000000000009\",\"sid\":42}",
        "{\"aud\":\"acme\",\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-0000-0000-0000-"
        "000000000009\",\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iss\":\"propops\",\"jti\":\"00000000-0000-0000-"
        "0000-000000000009\",\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":4102444000,\"iss\":\"propops\",\"jti\":"
        "\"00000000-0000-0000-0000-000000000009\",\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"iss\":\"somebody\",\"jti\":\"00000000-"
        "0000-0000-0000-000000000009\",\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"jti\":\"00000000-0000-0000-0000-"
        "000000000009\",\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"nine\","
        "\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-"
        "0000-0000-0000-000000000009\"}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-"
        "0000-0000-0000-000000000009\",\"sid\":\"42\"}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-"
        "0000-0000-0000-000000000009\",\"sid\":0}",
        "{\"aud\":\"acme\",\"exp\":1,\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":"
        "\"00000000-0000-0000-0000-000000000009\",\"sid\":42}",
        "{\"aud\":\"acme\",\"exp\":4102444800,\"iat\":1,\"iss\":\"propops\",\"jti\":\"00000000-"
        "0000-0000-0000-000000000009\",\"sid\":41,\"sid\":42}",
        "{}",
        "[]",
        "null",
        "\"\"",
        "{",
    };

    (void)state;
    for (size_t i = 0; i < countof(payloads); i++)
        assert_false(accepted(&acme, signed_by(&acme, HEAD("acme.1"), payloads[i])));
}

static void a_token_with_any_letter_changed_is_refused(void **state)
{
    struct token_claims given = in_an_hour();
    struct str token = token_make(&call, &acme, &given);

    (void)state;
    /* The last letter of a part holds spare bits, which decoders may pass over. */
    for (size_t i = 0; i < token.len - 1; i++) {
        struct str changed = call_copy(&call, token);
        char *at = (char *)changed.at + i;
        *at = *at == 'A' ? 'B' : 'A';
        if (i + 1 < token.len && token.at[i + 1] != '.')
            assert_false(accepted(&acme, changed));
        *at = '\0';
        assert_false(accepted(&acme, changed));
    }
    assert_false(accepted(&acme, call_print(&call, "%s.", token.at)));
    assert_false(accepted(&acme, call_print(&call, "%s.x", token.at)));
    assert_false(accepted(&acme, call_print(&call, " %s", token.at)));
    assert_false(accepted(&acme, call_print(&call, "%s ", token.at)));
}

static void a_long_token_never_reaches_the_library(void **state)
{
    static const size_t lengths[] = {2049, 4096, 4097, 65536, 417 * 1024};

    (void)state;
    for (size_t i = 0; i < countof(lengths); i++) {
        struct buf *head = call_buf(&call);
        buf_text(head, "{\"alg\":\"HS256\",\"kid\":\"acme.1\",\"typ\":\"JWT\",\"x\":\"");
        while (head->len < lengths[i])
            buf_char(head, 'x');
        buf_add(head, "\"}", 3);
        assert_false(accepted(&acme, signed_by(&acme, head->at, good_payload())));
        struct buf *more = call_buf(&call);
        buf_text(more, ",\"x\":\"");
        while (more->len < lengths[i])
            buf_char(more, 'x');
        buf_add(more, "\"", 2);
        assert_false(accepted(
            &acme, signed_by(&acme, HEAD("acme.1"), payload_with("4102444800", more->at))));
    }
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const texts[] = {"", ".", "..", "...", "a", "a.b", "a.b.c", "Bearer x",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct token_head head;

    (void)state;
    for (size_t i = 0; i < countof(texts); i++) {
        assert_false(accepted(&acme, str_of(texts[i])));
        assert_false(token_head_read(str_of(texts[i]), &head));
    }
    assert_false(accepted(&acme, NO_STR));
    assert_null(token_org(STR("a.b.c")));
}

static void check_on_a_fiber(void *arg)
{
    struct token_claims given = in_an_hour();
    struct str token = token_make(&call, &acme, &given);

    *(bool *)arg = accepted(&acme, token) && !accepted(&birch, token);
}

static void tokens_are_made_and_checked_on_fibers_too(void **state)
{
    bool good = false;

    (void)state;
    fiber_run_alone(check_on_a_fiber, &good);
    assert_true(good);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_names_its_session),
        TEST(a_token_made_by_hand_with_the_right_key_is_accepted),
        TEST(a_token_of_an_older_key_stays_valid),
        TEST(an_org_without_a_key_accepts_nothing),
        TEST(only_the_algorithm_that_we_issue_is_accepted),
        TEST(an_unsigned_token_is_refused),
        TEST(a_token_signed_with_text_that_everybody_knows_is_refused),
        TEST(a_token_of_another_org_is_refused),
        TEST(a_kid_that_is_not_ours_to_the_letter_is_refused),
        TEST(a_token_outside_of_its_time_is_refused),
        TEST(a_claim_that_is_missing_wrong_or_named_twice_is_refused),
        TEST(a_token_with_any_letter_changed_is_refused),
        TEST(a_long_token_never_reaches_the_library),
        TEST(what_is_no_token_is_refused),
        TEST(tokens_are_made_and_checked_on_fibers_too),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
