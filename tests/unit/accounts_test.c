#include "tests/unit/org_fixture.h"

#include <stdlib.h>
#include <time.h>

#include "domain/accounts/accounts.h"
#include "domain/accounts/passwords.h"
#include "domain/accounts/session.h"
#include "domain/accounts/throttle.h"

static struct org acme, birch;
static struct account account;
static struct call call;
static struct header headers[8];

static int set_up(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    fixture_org(&acme, "acme", 2);
    fixture_org(&birch, "birch", 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_org_free(&acme);
    fixture_org_free(&birch);
    return 0;
}

/* A call to acme's host in the session of this id. */
static int new_call(void **state)
{
    (void)state;
    fixture_call(&call, &acme);
    account = (struct account){.id = 7, .session_id = 42, .by_cookie = true};
    call.account = &account;
    call.request.authority = STR("acme.localhost");
    call.request.headers = headers;
    return 0;
}

static int end_call(void **state)
{
    (void)state;
    call_release(&call);
    return 0;
}

static void header(const char *name, const char *value)
{
    headers[call.request.headers_count++] = (struct header){str_of(name), str_of(value)};
}

static void a_csrf_token_holds_as_long_as_its_session(void **state)
{
    struct str token = session_csrf_token(&call, 42);

    (void)state;
    assert_int_equal(token.len, 64);
    assert_true(str_equal(token, session_csrf_token(&call, 42)));
    assert_true(accounts_csrf_holds(&call, token));
    assert_true(accounts_csrf_holds(&call, token));
}

static void a_csrf_token_of_another_session_or_org_does_not_hold(void **state)
{
    struct str other_session = session_csrf_token(&call, 43);

    (void)state;
    call.org = &birch;
    struct str other_org = session_csrf_token(&call, 42);
    call.org = &acme;
    assert_false(accounts_csrf_holds(&call, other_session));
    assert_false(accounts_csrf_holds(&call, other_org));
}

static void what_is_no_csrf_token_does_not_hold(void **state)
{
    struct str token = call_copy(&call, session_csrf_token(&call, 42));

    (void)state;
    assert_false(accounts_csrf_holds(&call, NO_STR));
    assert_false(accounts_csrf_holds(&call, STR("")));
    assert_false(accounts_csrf_holds(&call, (struct str){token.at, token.len - 1}));
    ((char *)token.at)[63] ^= 1;
    assert_false(accounts_csrf_holds(&call, token));
}

static void a_csrf_token_does_not_hold_from_another_site(void **state)
{
    static const struct {
        const char *name, *value;
        bool holds;
    } cases[] = {
        {"sec-fetch-site", "same-origin", true},
        {"sec-fetch-site", "none", true},
        {"sec-fetch-site", "same-site", false},
        {"sec-fetch-site", "cross-site", false},
        {"origin", "https://acme.localhost", true},
        {"origin", "https://acme.localhost:8443", true},
        {"origin", "http://acme.localhost", false},
        {"origin", "https://birch.localhost", false},
        {"origin", "https://acme.localhost.evil.example", false},
        {"origin", "https://evil.example/acme.localhost", false},
        {"origin", "null", false},
        {"origin", "", false},
    };
    struct str token = session_csrf_token(&call, 42);

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        call.request.headers_count = 0;
        header(cases[i].name, cases[i].value);
        assert_int_equal(accounts_csrf_holds(&call, token), cases[i].holds);
    }
}

static void a_cookie_is_found_among_others(void **state)
{
    static const struct {
        const char *header, *value; /* NULL: not found */
    } cases[] = {
        {SESSION_COOKIE "=acme.abc", "acme.abc"},
        {"a=1; " SESSION_COOKIE "=acme.abc; b=2", "acme.abc"},
        {"a=1;" SESSION_COOKIE "=acme.abc;b=2", "acme.abc"},
        {"  " SESSION_COOKIE "=acme.abc  ", "acme.abc"},
        {SESSION_COOKIE "=", ""},
        {SESSION_COOKIE "=a=b==", "a=b=="},
        {SESSION_COOKIE "=first; " SESSION_COOKIE "=second", "first"},
        {"x" SESSION_COOKIE "=acme.abc", NULL},
        {SESSION_COOKIE "x=acme.abc", NULL},
        {SESSION_COOKIE, NULL},
        {"", NULL},
        {";;; =;", NULL},
        {"a=" SESSION_COOKIE, NULL},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        call.request.headers_count = 0;
        header("cookie", cases[i].header);
        struct str found = call_cookie(&call, SESSION_COOKIE);
        assert_int_equal(found.at != NULL, cases[i].value != NULL);
        assert_true(!found.at || str_is(found, cases[i].value));
    }
}

static void a_cookie_is_found_in_any_of_several_fields(void **state)
{
    (void)state;
    header("cookie", "a=1");
    header("cookie", SESSION_COOKIE "=acme.abc");
    assert_true(str_is(call_cookie(&call, SESSION_COOKIE), "acme.abc"));
}

static void nothing_but_a_session_cookie_of_the_host_is_looked_up(void **state)
{
    static const char *const cookies[] = {"", "acme", "acme.", ".", "acme.short",
        "birch.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "acmex.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "acme.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    static const char *const headers_of_nobody[] = {
        "Bearer ", "Bearer", "Basic YTpi", "Bearer not.a.token", "Bearer eyJhbGciOiJub25lIn0.e30."};

    (void)state;
    /* There is no database here: whatever gets past the checks ends the test. */
    for (size_t i = 0; i < countof(cookies); i++) {
        call.request.headers_count = 0;
        header("cookie", call_print(&call, SESSION_COOKIE "=%s", cookies[i]).at);
        accounts_find(&call);
        assert_true(fixture_faulted(&call, NOT_SIGNED_IN));
    }
    for (size_t i = 0; i < countof(headers_of_nobody); i++) {
        call.request.headers_count = 0;
        header("authorization", headers_of_nobody[i]);
        accounts_find(&call);
        assert_true(fixture_faulted(&call, NOT_SIGNED_IN));
    }
}

static void who_shows_nothing_is_nobody_and_no_fault(void **state)
{
    (void)state;
    header("cookie", "theme=dark");
    accounts_find(&call);
    assert_false(call_faulted(&call));
    assert_ptr_equal(call.account, &account);
}

static void neighbours_in_a_network_count_together(void **state)
{
    static const struct {
        const char *address, *network;
    } cases[] = {
        {"192.0.2.7", "192.0.2"},
        {"192.0.2.254", "192.0.2"},
        {"192.0.3.7", "192.0.3"},
        {"::ffff:192.0.2.7", "192.0.2"},
        {"2001:db8:1:2::1", "2001:0db8:0001:0002"},
        {"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:0db8:0001:0002"},
        {"2001:db8:1:3::1", "2001:0db8:0001:0003"},
        {"::1", "0000:0000:0000:0000"},
        {"unknown", "unknown"},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        assert_true(str_is(throttle_network(&call, str_of(cases[i].address)), cases[i].network));
}

static void a_password_is_long_and_not_what_anybody_would_try(void **state)
{
    static const struct str words[] = {{"coordinator", 11}, {"acme", 4}, {"Jo", 2}};
    static const struct {
        const char *password;
        bool good;
    } cases[] = {
        {"elevenchars", false},
        {"twelve chars", true},
        {"all lower case is fine", true},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
         "\xc3\xa9",
            true},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", false},
        {"MyPropOpsPassword", false},
        {"The-COORDINATOR-1", false},
        {"acmeacmeacme1", false},
        {"Jo and a long tail", true},
    };
    char most[PASSWORD_MOST * 4 + 5];

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const char *problem = password_problem(str_of(cases[i].password), words, countof(words));
        assert_int_equal(problem == NULL, cases[i].good);
    }
    for (size_t i = 0; i <= PASSWORD_MOST; i++)
        memcpy(most + i * 4, "\xf0\x9f\x94\x91", 4);
    assert_null(password_problem((struct str){most, PASSWORD_MOST * 4}, words, 0));
    assert_non_null(password_problem((struct str){most, PASSWORD_MOST * 4 + 4}, words, 0));
}

static void an_unknown_name_takes_as_long_as_a_wrong_password(void **state)
{
    uint64_t spent[2] = {0};
    struct str hash = accounts_hash_password(&call, STR("the right password")), fresh;
    struct timespec from, to;

    (void)state;
    for (int i = 0; i < 6; i++) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        assert_int_equal(
            password_check(&call, STR("a wrong password"), i % 2 ? hash : NO_STR, &fresh),
            PASSWORD_WRONG);
        clock_gettime(CLOCK_MONOTONIC, &to);
        spent[i % 2] += (uint64_t)((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec -
                                   from.tv_nsec);
    }
    /* A hash that could not be read would be refused in no time. */
    assert_true(spent[0] > spent[1] / 3 && spent[1] > spent[0] / 3);
}

static void an_old_hash_is_made_anew_once_the_password_is_known(void **state)
{
    char old[crypto_pwhash_STRBYTES];
    struct str fresh, password = STR("the right password");

    (void)state;
    assert_int_equal(crypto_pwhash_str(old, password.at, password.len, crypto_pwhash_OPSLIMIT_MIN,
                         crypto_pwhash_MEMLIMIT_MIN),
        0);
    assert_int_equal(
        password_check(&call, STR("a wrong password"), str_of(old), &fresh), PASSWORD_WRONG);
    assert_null(fresh.at);
    assert_int_equal(password_check(&call, password, str_of(old), &fresh), PASSWORD_RIGHT);
    assert_non_null(fresh.at);
    struct str newer = fresh;
    assert_int_equal(password_check(&call, password, newer, &fresh), PASSWORD_RIGHT);
    assert_null(fresh.at);
}

#define in_a_call(test) cmocka_unit_test_setup_teardown(test, new_call, end_call)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_call(a_csrf_token_holds_as_long_as_its_session),
        in_a_call(a_csrf_token_of_another_session_or_org_does_not_hold),
        in_a_call(what_is_no_csrf_token_does_not_hold),
        in_a_call(a_csrf_token_does_not_hold_from_another_site),
        in_a_call(a_cookie_is_found_among_others),
        in_a_call(a_cookie_is_found_in_any_of_several_fields),
        in_a_call(nothing_but_a_session_cookie_of_the_host_is_looked_up),
        in_a_call(who_shows_nothing_is_nobody_and_no_fault),
        in_a_call(neighbours_in_a_network_count_together),
        in_a_call(a_password_is_long_and_not_what_anybody_would_try),
        in_a_call(an_unknown_name_takes_as_long_as_a_wrong_password),
        in_a_call(an_old_hash_is_made_anew_once_the_password_is_known),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
