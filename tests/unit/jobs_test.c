/* The life cycle of jobs, their money, and how postcodes are written. */
#include "a_call.h"

#include "domain/jobs/jobs.h"

static void a_job_moves_only_along_its_life(void **state)
{
    static const struct {
        enum job_stage from, to;
        enum account_kind who;
        enum error_id refusal;
    } cases[] = {
        {STAGE_NEW, STAGE_ASSIGNED, STAFF, NO_ERROR},
        {STAGE_NEW, STAGE_ASSIGNED, CONTRACTOR, NO_ERROR},
        {STAGE_ASSIGNED, STAGE_NEW, CONTRACTOR, NO_ERROR},
        {STAGE_ASSIGNED, STAGE_IN_PROGRESS, CONTRACTOR, NO_ERROR},
        {STAGE_IN_PROGRESS, STAGE_COMPLETE, CONTRACTOR, NO_ERROR},
        {STAGE_COMPLETE, STAGE_CLOSED, STAFF, NO_ERROR},
        {STAGE_CLOSED, STAGE_ARCHIVED, STAFF, NO_ERROR},
        {STAGE_COMPLETE, STAGE_IN_PROGRESS, AGENT, NO_ERROR},
        {STAGE_CLOSED, STAGE_IN_PROGRESS, STAFF, NO_ERROR},
        {STAGE_NEW, STAGE_COMPLETE, STAFF, JOB_NOT_ASSIGNED},
        {STAGE_NEW, STAGE_CLOSED, STAFF, JOB_NOT_COMPLETE},
        {STAGE_IN_PROGRESS, STAGE_CLOSED, STAFF, JOB_NOT_COMPLETE},
        {STAGE_IN_PROGRESS, STAGE_NEW, STAFF, JOB_HAS_BEGUN},
        {STAGE_COMPLETE, STAGE_ASSIGNED, STAFF, JOB_IS_FINISHED},
        {STAGE_COMPLETE, STAGE_ARCHIVED, STAFF, JOB_NOT_CLOSED},
        {STAGE_CLOSED, STAGE_COMPLETE, STAFF, JOB_IS_FINISHED},
        {STAGE_COMPLETE, STAGE_CLOSED, CONTRACTOR, JOB_STEP_NOT_YOURS},
        {STAGE_COMPLETE, STAGE_CLOSED, AGENT, JOB_STEP_NOT_YOURS},
        {STAGE_COMPLETE, STAGE_IN_PROGRESS, CONTRACTOR, JOB_STEP_NOT_YOURS},
        {STAGE_NEW, STAGE_IN_PROGRESS, CONTRACTOR, JOB_STEP_NOT_YOURS},
        {STAGE_CLOSED, STAGE_CLOSED, AGENT, JOB_CLOSED},
        {STAGE_CLOSED, STAGE_CLOSED, STAFF, NO_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        assert_int_equal(job_move(cases[i].from, cases[i].to, cases[i].who), cases[i].refusal);
}

static void an_archived_job_stays_as_it_is(void **state)
{
    (void)state;
    for (int to = 0; to < STAGES; to++)
        for (enum account_kind who = STAFF; who <= CONTRACTOR; who <<= 1)
            assert_int_equal(job_move(STAGE_ARCHIVED, (enum job_stage)to, who), JOB_ARCHIVED);
}

static void those_who_only_look_move_nothing_and_every_refusal_has_a_reason(void **state)
{
    (void)state;
    for (int from = 0; from <= STAGES; from++)
        for (int to = 0; to <= STAGES; to++) {
            assert_int_not_equal(
                job_move((enum job_stage)from, (enum job_stage)to, LANDLORD), NO_ERROR);
            enum error_id reason = job_move((enum job_stage)from, (enum job_stage)to, TENANT);
            assert_in_range(error_status(reason), 403, 409);
        }
}

static void an_assigned_job_has_a_contractor(void **state)
{
    (void)state;
    assert_int_equal(job_needs(STAGE_ASSIGNED, NONE), JOB_NEEDS_CONTRACTOR);
    assert_int_equal(job_needs(STAGE_ASSIGNED, 7), NO_ERROR);
    assert_int_equal(job_needs(STAGE_NEW, NONE), NO_ERROR);
}

static void stages_are_known_by_the_names_in_the_database(void **state)
{
    (void)state;
    assert_int_equal(job_stage_of(STR("in_progress")), STAGE_IN_PROGRESS);
    assert_int_equal(job_stage_of(STR("archived")), STAGE_ARCHIVED);
    assert_int_equal(job_stage_of(STR("open")), STAGES);
    assert_int_equal(job_stage_of(NO_STR), STAGES);
}

static void a_total_is_the_contractor_s_budget_plus_vat_to_the_penny(void **state)
{
    static const struct {
        int64_t budget, vat, total;
    } cases[] = {
        {18000, 2000, 21600},
        {18000, NONE, 21600},
        {10, 2000, 12},
        {1, 2000, 1},
        {3, 2000, 4},
        {123456789, 2000, 148148147},
        {5, 1000, 6},
        {1000, 0, 1000},
        {999, 500, 1049},
        {99999999999, 10000, 199999999998},
        {NONE, 2000, NONE},
        {0, 2000, 0},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        assert_int_equal(
            job_total((struct decimal){cases[i].budget}, (struct decimal){cases[i].vat}).hundredths,
            cases[i].total);
}

static void a_postcode_is_written_in_one_way(void **state)
{
    static const struct {
        const char *sent, *written;
    } cases[] = {
        {"nw5 2tj", "NW5 2TJ"},
        {"NW52TJ", "NW5 2TJ"},
        {"sw1a1aa", "SW1A 1AA"},
        {"E1 6AN", "E1 6AN"},
        {" m1 1ae ", "M1 1AE"},
        {"EC1A 1BB", "EC1A 1BB"},
        {"1A 1AA", NULL},
        {"NW5", NULL},
        {"NW5 TJ2", NULL},
        {"ABC DEF", NULL},
        {"NW5-2TJ", NULL},
        {"", NULL},
        {"NW5 2TJX9", NULL},
    };
    struct call c;

    (void)state;
    call_init(&c);
    for (size_t i = 0; i < countof(cases); i++) {
        struct str written = postcode_written(&c, str_of(cases[i].sent));
        if (cases[i].written)
            assert_true(str_is(written, cases[i].written));
        else
            assert_null(written.at);
    }
    call_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_moves_only_along_its_life),
        cmocka_unit_test(an_archived_job_stays_as_it_is),
        cmocka_unit_test(those_who_only_look_move_nothing_and_every_refusal_has_a_reason),
        cmocka_unit_test(an_assigned_job_has_a_contractor),
        cmocka_unit_test(stages_are_known_by_the_names_in_the_database),
        cmocka_unit_test(a_total_is_the_contractor_s_budget_plus_vat_to_the_penny),
        cmocka_unit_test(a_postcode_is_written_in_one_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
