#include "tests/unit/org_fixture.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/loop.h"

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

static void what_was_sealed_can_be_read_in_its_place(void **state)
{
    struct call *c = &call;
    const struct str texts[] = {STR("Ottoline Farthingale"), STR(""), STR("Zoë \xF0\x9F\x8F\xA0")};

    (void)state;
    for (size_t i = 0; i < countof(texts); i++) {
        struct str sealed = seal(c, "tenants.tenant_name", fixture_uuid(1), texts[i]);
        assert_true(str_equal(unseal(c, "tenants.tenant_name", fixture_uuid(1), sealed), texts[i]));
    }
    assert_null(seal(c, "tenants.tenant_name", fixture_uuid(1), NO_STR).at);
    assert_null(unseal(c, "tenants.tenant_name", fixture_uuid(1), NO_STR).at);
    assert_false(call_faulted(c));
}

static void a_sealed_value_says_format_and_key_version_and_nothing_else(void **state)
{
    struct call *c = &call;
    struct str text = STR("Ottoline Farthingale");
    struct str one = seal(c, "tenants.tenant_name", fixture_uuid(1), text),
               two = seal(c, "tenants.tenant_name", fixture_uuid(1), text);

    (void)state;
    assert_memory_equal(one.at, "\x01\x00\x00\x00\x01", 5);
    assert_int_equal(one.len, 1 + 4 + 24 + 16 + text.len);
    assert_false(str_equal(one, two));
    assert_null(memmem(one.at, one.len, "ttoline", 7));
}

static void a_ciphertext_that_was_moved_cannot_be_read(void **state)
{
    struct call *c = &call;
    struct str sealed = seal(c, "tenants.tenant_name", fixture_uuid(1), STR("Ottoline"));

    (void)state;
    unseal(c, "tenants.tenant_name", fixture_uuid(2), sealed); /* another record */
    assert_true(fixture_faulted(c, INTERNAL));
    unseal(c, "tenants.tenant_email", fixture_uuid(1), sealed); /* another field */
    assert_true(fixture_faulted(c, INTERNAL));
    unseal(c, "landlords.name", fixture_uuid(1), sealed); /* another kind of record */
    assert_true(fixture_faulted(c, INTERNAL));
    c->org = &birch;
    unseal(c, "tenants.tenant_name", fixture_uuid(1), sealed);
    assert_true(fixture_faulted(c, INTERNAL));
    c->org = &acme;
    assert_true(str_is(unseal(c, "tenants.tenant_name", fixture_uuid(1), sealed), "Ottoline"));
}

static void any_two_ciphertexts_that_are_swapped_are_refused(void **state)
{
    static const char *const places[] = {
        "tenants.tenant_name", "tenants.tenant_email", "jobs.access_details", "jobs.access_detail"};
    const struct org *orgs[] = {&acme, &birch};
    struct call *c = &call;
    struct {
        const struct org *org;
        const char *place;
        struct uuid record;
        struct str sealed;
    } values[countof(places) * 2 * 3];
    size_t count = 0;

    (void)state;
    for (size_t o = 0; o < 2; o++)
        for (size_t p = 0; p < countof(places); p++)
            for (uint8_t record = 1; record <= 3; record++) {
                c->org = orgs[o];
                values[count].org = orgs[o];
                values[count].place = places[p];
                values[count].record = fixture_uuid(record);
                values[count].sealed = seal(
                    c, places[p], fixture_uuid(record), STR("the same text"));
                count++;
            }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            c->org = values[i].org;
            unseal(c, values[i].place, values[i].record, values[k].sealed);
            assert_int_equal(fixture_faulted(c, INTERNAL), i != k);
        }
}

static void a_ciphertext_with_any_byte_changed_or_missing_is_refused(void **state)
{
    struct call *c = &call;
    struct str sealed = seal(c, "tenants.tenant_name", fixture_uuid(1), STR("Ottoline"));

    (void)state;
    for (size_t i = 0; i < sealed.len; i++) {
        struct str changed = call_copy(c, sealed);
        ((char *)changed.at)[i] ^= 1;
        unseal(c, "tenants.tenant_name", fixture_uuid(1), changed);
        assert_true(fixture_faulted(c, INTERNAL));
        unseal(c, "tenants.tenant_name", fixture_uuid(1), (struct str){sealed.at, i});
        assert_true(fixture_faulted(c, INTERNAL));
    }
}

static void on_a_faulted_call_nothing_is_sealed(void **state)
{
    struct call *c = &call;

    (void)state;
    fail(c, NOT_FOUND);
    assert_null(seal(c, "tenants.tenant_name", fixture_uuid(1), STR("x")).at);
    assert_null(lookup_key(c, "email", STR("a@b.example")).at);
    assert_int_equal(search_tokens(c, "tenants.tenant_name", STR("Ottoline")).count, 0);
    assert_int_equal(c->fault.id, NOT_FOUND);
}

static void both_keys_read_while_one_is_replaced(void **state)
{
    struct call *c = &call;
    struct org rotated;
    struct str old = seal(c, "tenants.tenant_name", fixture_uuid(1), STR("Ottoline"));

    (void)state;
    fixture_org(&rotated, "acme", 2);
    c->org = &rotated;
    struct str new = seal(c, "tenants.tenant_name", fixture_uuid(1), STR("Ottoline"));
    assert_memory_equal(new.at, "\x01\x00\x00\x00\x02", 5);
    assert_true(str_is(unseal(c, "tenants.tenant_name", fixture_uuid(1), old), "Ottoline"));
    assert_true(str_is(unseal(c, "tenants.tenant_name", fixture_uuid(1), new), "Ottoline"));
    c->org = &acme; /* one who has not learnt of the new key */
    unseal(c, "tenants.tenant_name", fixture_uuid(1), new);
    assert_true(fixture_faulted(c, INTERNAL));
    fixture_org_free(&rotated);
}

static void lookups_and_tokens_outlive_a_rotation(void **state)
{
    struct call *c = &call;
    struct org rotated;
    struct str before = lookup_key(c, "email", STR("otto@example.org"));
    struct ints tokens = search_tokens(c, "tenants.tenant_name", STR("Ottoline"));

    (void)state;
    fixture_org(&rotated, "acme", 2);
    c->org = &rotated;
    assert_true(str_equal(before, lookup_key(c, "email", STR("otto@example.org"))));
    struct ints again = search_tokens(c, "tenants.tenant_name", STR("Ottoline"));
    assert_int_equal(again.count, tokens.count);
    assert_memory_equal(again.at, tokens.at, tokens.count * sizeof *tokens.at);
    c->org = &acme;
    fixture_org_free(&rotated);
}

static void a_new_key_is_not_sealed_with_before_others_know_it(void **state)
{
    struct keyring *k = keyring_new(&acme.uuid);
    uint8_t key[32] = {1};

    (void)state;
    assert_int_equal(keyring_current(k), 0);
    keyring_add(k, 1, now_unix(), key); /* an org just made has no other */
    assert_int_equal(keyring_current(k), 1);
    keyring_add(k, 2, now_unix(), key);
    assert_int_equal(keyring_current(k), 1);
    keyring_add(k, 3, now_unix() - KEY_SETTLE_SECONDS, key);
    assert_int_equal(keyring_current(k), 3);
    assert_false(keyring_add(k, 0, 0, key));
    keyring_free(k);
    keyring_free(NULL);
}

static void purposes_and_versions_have_keys_of_their_own(void **state)
{
    struct org two;
    uint8_t keys[10][32];
    size_t count = 0;

    (void)state;
    fixture_org(&two, "acme", 2);
    for (uint32_t version = 1; version <= 2; version++)
        for (enum purpose p = PURPOSE_FIELDS; p <= PURPOSE_WEBHOOKS; p++)
            assert_true(keyring_key(two.keys, version, p, keys[count++]));
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            assert_memory_not_equal(keys[i], keys[k], 32);
    assert_false(keyring_key(two.keys, 3, PURPOSE_FIELDS, keys[0]));
    assert_false(keyring_key(NULL, 1, PURPOSE_FIELDS, keys[0]));
    fixture_org_free(&two);
}

static void lookups_are_equal_for_equal_addresses_of_one_org_and_kind(void **state)
{
    struct call *c = &call;
    struct str one = lookup_key(c, "email", STR("Otto@Example.org"));

    (void)state;
    assert_int_equal(one.len, 32);
    assert_true(str_equal(one, lookup_key(c, "email", STR(" otto@example.ORG "))));
    assert_false(str_equal(one, lookup_key(c, "email", STR("otto@example.com"))));
    assert_false(str_equal(one, lookup_key(c, "phone", STR("Otto@Example.org"))));
    c->org = &birch;
    assert_false(str_equal(one, lookup_key(c, "email", STR("Otto@Example.org"))));
    c->org = &acme;
}

/* --- the master key --- */

static char path[64];

static void write_key(size_t len, mode_t mode)
{
    uint8_t bytes[64];

    memset(bytes, 7, sizeof bytes);
    unlink(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
    chmod(path, mode);
}

/* How loading the key file ends in a process of its own: 0 when it is accepted. */
static int loading_it(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        fclose(stderr);
        master_key_load(path);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void a_master_key_that_others_could_read_or_that_is_no_key_is_refused(void **state)
{
    static const struct {
        size_t len;
        mode_t mode;
        int status;
    } cases[] = {{32, 0400, 0}, {32, 0600, 1}, {32, 0440, 1}, {32, 0404, 1}, {31, 0400, 1},
        {33, 0400, 1}, {0, 0400, 1}};

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        write_key(cases[i].len, cases[i].mode);
        assert_int_equal(loading_it(), cases[i].status);
    }
    unlink(path);
    assert_int_equal(loading_it(), 1);
}

static void a_data_key_is_unwrapped_for_its_org_and_version_only(void **state)
{
    struct buf wrapped = {0};
    uint8_t key[32], opened[32];

    (void)state;
    write_key(32, 0400);
    master_key_load(path);
    randombytes_buf(key, sizeof key);
    data_key_wrap(&acme.uuid, 1, key, &wrapped);
    assert_null(memmem(wrapped.at, wrapped.len, key, sizeof key));
    assert_true(data_key_unwrap(&acme.uuid, 1, buf_view(&wrapped), opened));
    assert_memory_equal(key, opened, sizeof key);
    assert_false(data_key_unwrap(&birch.uuid, 1, buf_view(&wrapped), opened));
    assert_false(data_key_unwrap(&acme.uuid, 2, buf_view(&wrapped), opened));
    for (size_t i = 0; i < wrapped.len; i++) {
        assert_false(data_key_unwrap(&acme.uuid, 1, (struct str){wrapped.at, i}, opened));
        wrapped.at[i] ^= 1;
        assert_false(data_key_unwrap(&acme.uuid, 1, buf_view(&wrapped), opened));
        wrapped.at[i] ^= 1;
    }
    buf_release(&wrapped);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_was_sealed_can_be_read_in_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_sealed_value_says_format_and_key_version_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_ciphertext_that_was_moved_cannot_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            any_two_ciphertexts_that_are_swapped_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_ciphertext_with_any_byte_changed_or_missing_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(on_a_faulted_call_nothing_is_sealed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_keys_read_while_one_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lookups_and_tokens_outlive_a_rotation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_new_key_is_not_sealed_with_before_others_know_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            purposes_and_versions_have_keys_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            lookups_are_equal_for_equal_addresses_of_one_org_and_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_master_key_that_others_could_read_or_that_is_no_key_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_data_key_is_unwrapped_for_its_org_and_version_only, set_up, tear_down),
    };

    snprintf(path, sizeof path, "/tmp/propops-keys-test.%ld", (long)getpid());
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
