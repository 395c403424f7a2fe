/* The text of listings: only the filters that are present, the scope of the account, and parameters
 * numbered as they are filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours faults a call */
#include <string.h>

#include "tenancy/listing.h"

static const struct column columns[] = {
    {.name = "id", .type = COLUMN_BIGINT}, {.name = "mine", .type = COLUMN_BOOLEAN}};
static const struct parameter params[] = {{"_account_id", "bigint"}};
static const struct filter filters[] = {
    {"status_id", "bigint", "j.status_id = ?"},
    {"search", "text", "j.title = ? OR j.ref = ?"},
    {"open", "boolean", "?::boolean = (j.closed_at IS NULL)"},
};
static const struct order orders[] = {
    {"j.created_at", true, "timestamptz"}, {"j.id", true, "bigint"}};
static const struct order mixed_orders[] = {{"j.title", false, "text"}, {"j.id", true, "bigint"}};
static struct statement listing = {
    .name = "jobs_list",
    .text = "SELECT j.id AS id, j.owner_id = $1::bigint AS mine",
    .from = "FROM jobs j",
    .where = "j.deleted_at IS NULL",
    .scope = {[2] = "j.branch_id = ANY (?::bigint[])"},
    .columns = columns,
    .columns_count = 2,
    .params = params,
    .params_count = 1,
    .filters = filters,
    .filters_count = 3,
    .orders = orders,
    .orders_count = 2,
};

static void expect(struct listing_variant v, unsigned takes, const char *wanted)
{
    struct call c;
    unsigned count;

    call_init(&c);
    struct str text = listing_text(&c, &listing, &v, &count);
    assert_string_equal(text.at, wanted);
    assert_int_equal(text.len, strlen(wanted));
    assert_int_equal(count, takes);
    call_release(&c);
}

static void a_page_without_filters_has_none(void **state)
{
    (void)state;
    expect((struct listing_variant){.account_type = 1, .most = 2}, 1,
        "SELECT j.id AS id, j.owner_id = $1::bigint AS mine, (j.created_at)::text, "
        "(j.id)::text\nFROM jobs j"
        "\nWHERE (j.deleted_at IS NULL)\nORDER BY j.created_at DESC, j.id DESC\nLIMIT 51");
}

static void a_page_has_its_filters_its_scope_and_where_it_goes_on(void **state)
{
    (void)state;
    expect((struct listing_variant){.filters = 3, .account_type = 2, .cursor = true}, 6,
        "SELECT j.id AS id, j.owner_id = $1::bigint AS mine, (j.created_at)::text, "
        "(j.id)::text\nFROM jobs j"
        "\nWHERE (j.deleted_at IS NULL)\nAND (j.branch_id = ANY ($2::bigint[]))\nAND (j.status_id "
        "= $3::bigint)"
        "\nAND (j.title = $4::text OR j.ref = $4::text)"
        "\nAND ((j.created_at, j.id) < ($5::timestamptz, $6::bigint))\nORDER BY j.created_at DESC, "
        "j.id DESC\nLIMIT 11");
}

static void an_offset_is_a_parameter_and_the_limit_is_none(void **state)
{
    (void)state;
    expect((struct listing_variant){.filters = 4, .account_type = 5, .offset = true, .most = 4}, 3,
        "SELECT j.id AS id, j.owner_id = $1::bigint AS mine, (j.created_at)::text, "
        "(j.id)::text\nFROM jobs j"
        "\nWHERE (j.deleted_at IS NULL)\nAND ($2::boolean::boolean = (j.closed_at IS NULL))"
        "\nORDER BY j.created_at DESC, j.id DESC\nLIMIT 201 OFFSET $3::bigint");
}

static void columns_of_different_directions_go_on_one_by_one(void **state)
{
    (void)state;
    listing.orders = mixed_orders;
    expect((struct listing_variant){.account_type = 1, .cursor = true}, 3,
        "SELECT j.id AS id, j.owner_id = $1::bigint AS mine, (j.title)::text, (j.id)::text\nFROM "
        "jobs j"
        "\nWHERE (j.deleted_at IS NULL)\nAND ((j.title > $2::text) OR (j.title = $2::text AND j.id "
        "< $3::bigint))"
        "\nORDER BY j.title, j.id DESC\nLIMIT 11");
    listing.orders = orders;
}

static void counting_stops_and_knows_the_type_of_every_parameter(void **state)
{
    (void)state;
    expect((struct listing_variant){.filters = 1, .account_type = 2, .total = true}, 3,
        "SELECT count(*)::bigint FROM (SELECT 1\nFROM jobs j\nWHERE ($1::bigint IS NULL OR "
        "true)\nAND (j.deleted_at IS NULL)"
        "\nAND (j.branch_id = ANY ($2::bigint[]))\nAND (j.status_id = $3::bigint)\nLIMIT 10001) "
        "counted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_without_filters_has_none),
        cmocka_unit_test(a_page_has_its_filters_its_scope_and_where_it_goes_on),
        cmocka_unit_test(an_offset_is_a_parameter_and_the_limit_is_none),
        cmocka_unit_test(columns_of_different_directions_go_on_one_by_one),
        cmocka_unit_test(counting_stops_and_knows_the_type_of_every_parameter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
