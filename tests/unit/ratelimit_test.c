/* Counting calls in windows. */
#include "a_call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "server/config.h"
#include "server/ratelimit.h"
#include "server/route.h"

static void answer(struct call *c, const void *in)
{
    (void)c;
    (void)in;
}

#define OPEN .summary = "s", .access = SIGNED_IN, .accounts = STAFF, .run = answer

static const struct endpoint rows[] = {
    {GET, "/read", OPEN},
    {POST, "/write", OPEN},
    {POST, "/login", .summary = "s", .access = PUBLIC, .run = answer},
    {GET, "/own", .rate = {3, 30, RATE_BY_ACCOUNT}, OPEN},
    {POST, "/by-address", .rate = {2, 30, RATE_BY_ADDRESS}, OPEN},
    {GET, "/short", .rate = {1, 1, RATE_BY_ACCOUNT}, OPEN},
    {GET, "/busy", .rate = {1000, 600, RATE_BY_ACCOUNT}, OPEN},
    {GET, "/hello", .summary = "s", .access = PUBLIC, .run = answer},
};
static const struct module module = MODULE("m", rows);
static const struct module *const all[] = {&module, NULL};

static int build(void **state)
{
    (void)state;
    config.rate_factor = 1;
    routes_build(all);
    return 0;
}

static int64_t header_of(const struct call *c, const char *name)
{
    int64_t value;

    for (const struct reply_header *h = c->reply.headers; h; h = h->next)
        if (str_is(h->name, name) && str_to_int(h->value, &value))
            return value;
    return NONE;
}

static struct call taken;

static void begin_call(size_t row, struct account *a, const char *address, const void *org)
{
    call_release(&taken);
    call_init(&taken);
    taken.endpoint = &rows[row];
    taken.account = a;
    taken.request.address = str_of(address);
    taken.org = org;
}

/* Makes a call; true when it was let through. What it says stays in `taken`. */
static bool take(size_t row, int64_t account, const char *address, const void *org)
{
    struct account a = {.id = account};

    begin_call(row, &a, address, org);
    bool fine = ratelimit_take(&taken);
    taken.account = NULL;
    assert_int_equal(taken.fault.id, fine ? NO_ERROR : RATE_LIMITED);
    return fine;
}

static int times_until_refused(size_t row, int64_t account, const char *address, const void *org)
{
    int times = 0;

    while (times < 5000 && take(row, account, address, org))
        times++;
    return times;
}

static const char acme[1], birch[1];

static void each_kind_of_row_has_its_limit(void **state)
{
    (void)state;
    assert_int_equal(times_until_refused(0, 1, "a", acme), 600);
    assert_int_equal(times_until_refused(1, 1, "a", acme), 120);
    assert_int_equal(times_until_refused(2, 0, "192.0.2.1", acme), 10);
    assert_int_equal(times_until_refused(3, 1, "a", acme), 3);
    assert_int_equal(times_until_refused(4, 1, "192.0.2.1", acme), 2);
    assert_int_equal(times_until_refused(7, 0, "192.0.2.1", acme), 600);
}

static void the_headers_say_where_one_stands(void **state)
{
    (void)state;
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(take(3, 50, "a", acme), i <= 3);
        assert_int_equal(header_of(&taken, "x-ratelimit-limit"), 3);
        assert_int_equal(header_of(&taken, "x-ratelimit-remaining"), i <= 3 ? 3 - i : 0);
        int64_t reset = header_of(&taken, "x-ratelimit-reset"), now = time(NULL);
        assert_in_range(reset, now + 28, now + 31);
        if (i <= 3)
            assert_int_equal(header_of(&taken, "retry-after"), NONE);
        else
            assert_in_range(header_of(&taken, "retry-after"), 28, 30);
    }
}

static void accounts_orgs_rows_and_addresses_count_apart(void **state)
{
    (void)state;
    assert_int_equal(times_until_refused(3, 60, "a", acme), 3);
    assert_false(take(3, 60, "b", acme));
    assert_true(take(3, 61, "a", acme));
    assert_true(take(3, 60, "a", birch));
    assert_true(take(0, 60, "a", acme));
    assert_int_equal(times_until_refused(4, 60, "192.0.2.60", acme), 2);
    assert_false(take(4, 61, "192.0.2.60", acme));
    assert_true(take(4, 60, "192.0.2.61", acme));
}

static void an_ipv6_subscriber_is_one_address(void **state)
{
    (void)state;
    assert_true(take(4, 1, "2001:db8:0:1::1", acme));
    assert_true(take(4, 1, "2001:db8:0:1:ffff::2", acme));
    assert_false(take(4, 1, "2001:db8:0:1:1234:5678:9abc:def0", acme));
    assert_true(take(4, 1, "2001:db8:0:2::1", acme));
    assert_true(take(4, 1, "::ffff:192.0.2.70", acme));
    assert_true(take(4, 1, "::ffff:192.0.2.71", acme));
    assert_true(take(4, 1, "::ffff:192.0.2.72", acme));
}

static void a_login_is_counted_by_address_even_for_somebody_signed_in(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(take(2, 100 + i, "192.0.2.80", acme));
    assert_false(take(2, 110, "192.0.2.80", acme));
}

static void a_new_window_begins(void **state)
{
    (void)state;
    assert_true(take(5, 70, "a", acme));
    assert_false(take(5, 70, "a", acme));
    sleep(2);
    assert_true(take(5, 70, "a", acme));
}

static void the_factor_multiplies_all_limits(void **state)
{
    (void)state;
    config.rate_factor = 2.5;
    assert_int_equal(times_until_refused(3, 80, "a", acme), 7);
    config.rate_factor = 0.001;
    assert_int_equal(times_until_refused(3, 81, "a", acme), 1);
    config.rate_factor = 1;
}

static struct str name_of(const struct org *o)
{
    return o == (const struct org *)acme ? STR("acme") : STR("other");
}

static void a_directory_read_anew_does_not_start_afresh(void **state)
{
    static const char other[1];

    (void)state;
    ratelimit_org_name(name_of);
    assert_int_equal(times_until_refused(3, 90, "a", birch), 3);
    assert_false(take(3, 90, "a", other));
    assert_true(take(3, 90, "a", acme));
    assert_true(take(3, 90, "a", NULL));
    ratelimit_org_name(NULL);
}

static void a_flood_of_addresses_is_held_in_bounded_memory(void **state)
{
    char address[40];

    (void)state;
    for (int i = 0; i < 200000; i++) {
        snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_true(take(4, 1, address, acme));
    }
    assert_true(take(3, 95, "a", acme));
}

static atomic_int let_through;

static void *hammer(void *arg)
{
    struct account a = {.id = 4711};

    for (int i = 0; i < 500; i++) {
        struct call c;
        call_init(&c);
        c.endpoint = &rows[6];
        c.account = &a;
        c.org = arg;
        if (ratelimit_take(&c))
            atomic_fetch_add(&let_through, 1);
        call_release(&c);
    }
    return NULL;
}

static void threads_share_one_count(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < countof(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, (void *)acme), 0);
    for (size_t i = 0; i < countof(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(let_through, 1000);
}

/* What a call that was refused with this is answered with. */
static enum error_id refused(enum error_id id, size_t row, const char *address, const void *org)
{
    struct account nobody = {0};

    begin_call(row, &nobody, address, org);
    fail(&taken, id);
    ratelimit_refused(&taken);
    taken.account = NULL;
    return taken.fault.id;
}

static void refusals_of_an_address_are_counted_together(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++)
        assert_int_equal(refused(NOT_SIGNED_IN, i % 2, "198.51.100.7", acme), NOT_SIGNED_IN);
    assert_int_equal(header_of(&taken, "x-ratelimit-remaining"), 0);
    assert_int_equal(refused(FORBIDDEN, 0, "198.51.100.7", acme), RATE_LIMITED);
    assert_true(header_of(&taken, "retry-after") > 0);
    assert_int_equal(refused(BUSY, 0, "198.51.100.7", acme), BUSY);
    assert_int_equal(refused(NOT_SIGNED_IN, 0, "198.51.100.8", acme), NOT_SIGNED_IN);
    assert_int_equal(refused(NOT_SIGNED_IN, 0, "198.51.100.7", birch), NOT_SIGNED_IN);
    assert_true(take(0, 4711, "198.51.100.7", acme));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_row_has_its_limit),
        cmocka_unit_test(the_headers_say_where_one_stands),
        cmocka_unit_test(accounts_orgs_rows_and_addresses_count_apart),
        cmocka_unit_test(an_ipv6_subscriber_is_one_address),
        cmocka_unit_test(a_login_is_counted_by_address_even_for_somebody_signed_in),
        cmocka_unit_test(a_new_window_begins),
        cmocka_unit_test(the_factor_multiplies_all_limits),
        cmocka_unit_test(a_directory_read_anew_does_not_start_afresh),
        cmocka_unit_test(threads_share_one_count),
        cmocka_unit_test(refusals_of_an_address_are_counted_together),
        cmocka_unit_test(a_flood_of_addresses_is_held_in_bounded_memory),
    };
    int failed = (call_init(&taken), cmocka_run_group_tests(tests, build, NULL));

    call_release(&taken);
    return failed;
}
