#include "tests/unit/a_call.h"

#include <sodium.h>

#include "domain/access/access.h"
#include "server/rights.h"
#include "server/route.h"

static void answer(struct call *c, const void *in)
{
    (void)c;
    (void)in;
}

static const struct endpoint endpoints[] = {
    {GET, "/api/open", .summary = "x", .access = PUBLIC, .run = answer},
    {GET, "/api/mine", .summary = "x", .access = SIGNED_IN, .accounts = EVERYBODY, .run = answer},
    {GET, "/api/looks", .summary = "x", .right = "api.looks.view", .shipped_to = MINIMAL,
        .accounts = STAFF | AGENT, .run = answer},
    {GET, "/api/daily", .summary = "x", .right = "api.daily.manage", .shipped_to = COORDINATOR,
        .accounts = STAFF | CONTRACTOR, .run = answer},
    {POST, "/api/daily", .summary = "x", .right = "api.daily.manage", .shipped_to = COORDINATOR,
        .accounts = STAFF, .run = answer},
    {GET, "/api/money", .summary = "x", .right = "api.money.manage", .shipped_to = FINANCE,
        .accounts = STAFF, .run = answer},
    {GET, "/api/board", .summary = "x", .right = "api.board.manage", .shipped_to = DIRECTOR,
        .accounts = STAFF, .run = answer},
    {GET, "/api/unnamed", .summary = "x", .right = "api.unnamed.manage", .accounts = STAFF,
        .run = answer},
    {GET, "/api/theirs", .summary = "x", .right = "api.theirs.manage", .shipped_to = MINIMAL,
        .accounts = TENANT | LANDLORD, .run = answer},
};

static const struct module rows = MODULE("rows", endpoints);
static const struct module *const all[] = {&rows, NULL};
static struct call call;

static int set_up(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    modules = all;
    routes_build(all);
    call_init(&call);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    call_release(&call);
    return 0;
}

static size_t times(struct texts keys, const char *key)
{
    size_t count = 0;

    for (size_t i = 0; i < keys.count; i++)
        count += str_is(keys.at[i], key);
    return count;
}

static void a_key_ships_to_the_named_role_and_every_stronger_one(void **state)
{
    static const struct {
        const char *key;
        int weakest;
    } cases[] = {
        {"api.looks.view", MINIMAL},
        {"api.daily.manage", COORDINATOR},
        {"api.money.manage", FINANCE},
        {"api.board.manage", DIRECTOR},
        {"api.unnamed.manage", SYSOPS},
    };
    static const int levels[] = {SYSOPS, DIRECTOR, FINANCE, COORDINATOR, MINIMAL};

    (void)state;
    for (size_t l = 0; l < countof(levels); l++) {
        struct texts keys = access_keys_of_role(&call, levels[l]);
        for (size_t i = 0; i < countof(cases); i++)
            assert_int_equal(times(keys, cases[i].key), levels[l] <= cases[i].weakest);
    }
}

static void a_key_of_several_rows_ships_once(void **state)
{
    (void)state;
    assert_int_equal(times(access_keys_of_role(&call, SYSOPS), "api.daily.manage"), 1);
}

static void staff_are_not_given_what_no_row_lets_them_use(void **state)
{
    (void)state;
    assert_int_equal(times(access_keys_of_role(&call, SYSOPS), "api.theirs.manage"), 0);
}

static void kinds_of_account_get_the_keys_of_the_rows_that_name_them(void **state)
{
    struct texts agent = access_keys_of_kind(&call, AGENT),
                 contractor = access_keys_of_kind(&call, CONTRACTOR),
                 tenant = access_keys_of_kind(&call, TENANT);

    (void)state;
    assert_int_equal(agent.count, 1);
    assert_int_equal(times(agent, "api.looks.view"), 1);
    assert_int_equal(contractor.count, 1);
    assert_int_equal(times(contractor, "api.daily.manage"), 1);
    assert_int_equal(tenant.count, 1);
    assert_int_equal(times(tenant, "api.theirs.manage"), 1);
}

static void managing_users_is_for_directors(void **state)
{
    (void)state;
    assert_int_equal(times(access_keys_of_role(&call, DIRECTOR), "api.users.users.manage"), 1);
    assert_int_equal(times(access_keys_of_role(&call, FINANCE), "api.users.users.manage"), 0);
    for (enum account_kind kind = AGENT; kind <= CONTRACTOR; kind <<= 1)
        assert_int_equal(times(access_keys_of_kind(&call, kind), "api.users.users.manage"), 0);
}

static void the_digest_changes_with_who_gets_a_key(void **state)
{
    static struct endpoint changed[countof(endpoints)];
    static struct module other = MODULE("rows", changed);
    static const struct module *const others[] = {&other, NULL};
    char before[65], after[65], again[65];

    (void)state;
    access_digest(before);
    memcpy(changed, endpoints, sizeof endpoints);
    changed[3].shipped_to = FINANCE;
    modules = others;
    routes_build(others);
    access_digest(after);
    modules = all;
    routes_build(all);
    access_digest(again);
    assert_string_not_equal(before, after);
    assert_string_equal(before, again);
}

static void equal_sets_of_rights_are_one(void **state)
{
    static const struct str some[] = {{"api.a", 5}, {"api.b", 5}}, others[] = {{"api.ab", 6}};
    struct rights *one = access_share((struct texts){some, 2}),
                  *two = access_share((struct texts){some, 2}),
                  *three = access_share((struct texts){others, 1}),
                  *none = access_share((struct texts){NULL, 0});

    (void)state;
    assert_ptr_equal(one, two);
    assert_ptr_not_equal(one, three);
    assert_true(rights_have(two, STR("api.b")) && !rights_have(three, STR("api.b")));
    assert_int_equal(rights_count(none), 0);
    rights_unref(one);
    assert_true(rights_have(two, STR("api.a")));
    rights_unref(two);
    rights_unref(three);
    rights_unref(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_ships_to_the_named_role_and_every_stronger_one),
        cmocka_unit_test(a_key_of_several_rows_ships_once),
        cmocka_unit_test(staff_are_not_given_what_no_row_lets_them_use),
        cmocka_unit_test(kinds_of_account_get_the_keys_of_the_rows_that_name_them),
        cmocka_unit_test(managing_users_is_for_directors),
        cmocka_unit_test(the_digest_changes_with_who_gets_a_key),
        cmocka_unit_test(equal_sets_of_rights_are_one),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
