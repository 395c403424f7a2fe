/* The table of rows: what is refused at start, and which row answers which request. */
#include "a_call.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/input.h"
#include "server/route.h"

struct key {
    struct str uuid, name;
};

static void answer(struct call *c, const void *in)
{
    (void)c;
    (void)in;
}

#define OPEN         .summary = "s", .access = SIGNED_IN, .accounts = STAFF, .run = answer
#define PATH_OF_UUID .input = INPUT(key, uuid_field)

static const struct field uuid_field[] = {FIELD(struct key, uuid, TEXT, .in_path = true)};
static const struct field both_fields[] = {
    FIELD(struct key, uuid, TEXT, .in_path = true),
    FIELD(struct key, name, TEXT, .in_path = true),
};

static const struct endpoint jobs_rows[] = {
    {GET, "/api/jobs", .action = "list", .action_optional = true, OPEN},
    {GET, "/api/jobs", .action = "get", OPEN},
    {POST, "/api/jobs", .action = "create", OPEN},
    {PUT, "/api/jobs", OPEN},
    {DELETE, "/api/jobs", OPEN},
    {POST, "/api/jobs/notes", OPEN},
    {DELETE, "/api/jobs/notes", .action = "remove", OPEN},
    {GET, "/api/jobs/statuses", OPEN},
    {PUT, "/api/jobs/only-put", OPEN},
};

static const struct endpoint file_rows[] = {
    {GET, "/attachment/{uuid}", OPEN, PATH_OF_UUID},
    {GET, "/attachment/{uuid}/thumbnail", OPEN, PATH_OF_UUID},
    {GET, "/attachment/all", OPEN},
    {GET, "/a/{uuid}/b/{name}", OPEN, .input = INPUT(key, both_fields)},
    {POST, "/api/login", .summary = "s", .access = PUBLIC, .run = answer},
    {POST, "/api/right", .summary = "s", .right = "api.x.y", .also_rights = {"api.x_y"},
        .accounts = STAFF | AGENT, .audit = "x_done", .run = answer},
};

static const struct module jobs_module = MODULE("jobs", jobs_rows);
static const struct module files_module = MODULE("files", file_rows);
static const struct module *const all[] = {&jobs_module, &files_module, NULL};

static int build(void **state)
{
    (void)state;
    routes_build(all);
    return 0;
}

#define J(i) (&jobs_rows[i])
#define F(i) (&file_rows[i])

static void requests_find_their_row(void **state)
{
    static const struct {
        enum method method;
        const char *path, *query, *json;
        const struct endpoint *row;
    } cases[] = {
        {GET, "/api/jobs", NULL, NULL, J(0)},
        {GET, "/api/jobs", "action=", NULL, J(0)},
        {GET, "/api/jobs", "action=list", NULL, J(0)},
        {GET, "/api/jobs", "action=get", NULL, J(1)},
        {POST, "/api/jobs", "action=create", NULL, J(2)},
        {POST, "/api/jobs", NULL, "{\"action\":\"create\"}", J(2)},
        {POST, "/api/jobs", "action=create", "{\"action\":\"delete\"}", J(4)},
        {POST, "/api/jobs", "action=update", NULL, J(3)},
        {POST, "/api/jobs", NULL, "{\"action\":\"delete\"}", J(4)},
        {PUT, "/api/jobs", NULL, NULL, J(3)},
        {PUT, "/api/jobs", NULL, "{\"action\":\"update\"}", J(3)},
        {PUT, "/api/jobs", NULL, "{\"action\":\"whatever\"}", J(3)},
        {DELETE, "/api/jobs", "action=delete", NULL, J(4)},
        {POST, "/api/jobs/notes", NULL, NULL, J(5)},
        {POST, "/api/jobs/notes", "action=create", NULL, J(5)},
        {POST, "/api/jobs/notes", "action=remove", NULL, J(6)},
        {DELETE, "/api/jobs/notes", "action=remove", NULL, J(6)},
        {GET, "/api/jobs/statuses", NULL, NULL, J(7)},
        {GET, "/api/jobs/statuses", "action=anything", NULL, J(7)},
        {POST, "/api/jobs/only-put", "action=update", NULL, J(8)},
        {GET, "/attachment/x", NULL, NULL, F(0)},
        {GET, "/attachment/x/thumbnail", NULL, NULL, F(1)},
        {GET, "/attachment/all", NULL, NULL, F(2)},
        {GET, "/a/1/b/2", NULL, NULL, F(3)},
        {POST, "/api/login", NULL, "{\"action\":\"x\"}", F(4)},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        call_with_body(&c, cases[i].method, cases[i].query, cases[i].json ? JSON_TYPE : NULL,
            cases[i].json ? str_of(cases[i].json) : STR(""));
        c.request.path = str_of(cases[i].path);
        if (!route_find(&c) || c.endpoint != cases[i].row)
            wrong("case %zu: %s %s", i, cases[i].path, c.problems ? c.problems->text.at : "");
        assert_false(call_faulted(&c));
        call_over(&c);
    }
}

static void requests_that_no_row_answers_are_told_why(void **state)
{
    static const struct {
        enum method method;
        const char *path, *query, *json;
        enum error_id fault;
        const char *says; /* the Allow header, or the problem of `action` */
    } cases[] = {
        {GET, "/", NULL, NULL, NOT_FOUND, ""},
        {GET, "/api/job", NULL, NULL, NOT_FOUND, ""},
        {GET, "/api/jobs/", NULL, NULL, NOT_FOUND, ""},
        {GET, "/API/jobs", NULL, NULL, NOT_FOUND, ""},
        {GET, "//api/jobs", NULL, NULL, NOT_FOUND, ""},
        {GET, "/attachment/", NULL, NULL, NOT_FOUND, ""},
        {GET, "/attachment/x/", NULL, NULL, NOT_FOUND, ""},
        {GET, "/attachment/x/thumbnail/y", NULL, NULL, NOT_FOUND, ""},
        {GET, "/attachment//thumbnail", NULL, NULL, NOT_FOUND, ""},
        {GET, "/a/1/b/", NULL, NULL, NOT_FOUND, ""},
        {GET, "/attachment/{uuid}", NULL, NULL, NO_ERROR, NULL},
        {OTHER_METHOD, "/api/jobs", NULL, NULL, METHOD_NOT_ALLOWED, "GET, HEAD, POST, PUT, DELETE"},
        {PUT, "/api/jobs/notes", NULL, NULL, METHOD_NOT_ALLOWED, "POST, DELETE"},
        {GET, "/api/jobs/only-put", NULL, NULL, METHOD_NOT_ALLOWED, "POST, PUT"},
        {POST, "/attachment/x", NULL, NULL, METHOD_NOT_ALLOWED, "GET, HEAD"},
        {GET, "/api/login", NULL, NULL, METHOD_NOT_ALLOWED, "POST"},
        {GET, "/api/jobs", "action=create", NULL, INPUT_INVALID, "must be one of: list, get"},
        {GET, "/api/jobs", "action=LIST", NULL, INPUT_INVALID, "must be one of: list, get"},
        {POST, "/api/jobs", NULL, NULL, INPUT_INVALID,
            "is required: one of: create, update, delete"},
        {POST, "/api/jobs", NULL, "{\"action\":\"list\"}", INPUT_INVALID,
            "must be one of: create, update, delete"},
        {POST, "/api/jobs", NULL, "{\"action\":[\"create\"]}", INPUT_INVALID,
            "is required: one of: create, update, delete"},
        {POST, "/api/jobs/notes", "action=remov", NULL, INPUT_INVALID, "must be one of: remove"},
        {DELETE, "/api/jobs/notes", NULL, NULL, INPUT_INVALID, "is required: one of: remove"},
        {POST, "/api/jobs/only-put", NULL, NULL, INPUT_INVALID, "is required: one of: update"},
        {GET, "/api/jobs", "action=list&action=get", NULL, INPUT_INVALID,
            "was sent more than once"},
        {GET, "/api/jobs", "action=%", NULL, REQUEST_MALFORMED, ""},
        {POST, "/api/jobs", NULL, "{", BODY_MALFORMED, ""},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        call_with_body(&c, cases[i].method, cases[i].query, cases[i].json ? JSON_TYPE : NULL,
            cases[i].json ? str_of(cases[i].json) : STR(""));
        c.request.path = str_of(cases[i].path);
        bool found = route_find(&c);
        const char *says = c.reply.headers ? c.reply.headers->value.at : problem_with(&c, "action");
        if (found != (cases[i].fault == NO_ERROR) || c.fault.id != cases[i].fault ||
            (cases[i].says && strcmp(says, cases[i].says) != 0))
            wrong("case %zu, %s: fault %d, %s", i, cases[i].path, c.fault.id, says);
        assert_int_equal(c.endpoint != NULL, found);
        call_over(&c);
    }
}

static void parts_of_the_path_are_kept(void **state)
{
    struct call c;

    (void)state;
    call_with_body(&c, GET, NULL, NULL, STR(""));
    c.request.path = STR("/a/one/b/two words");
    assert_true(route_find(&c));
    const struct key *k = input_read(&c);
    assert_text(k->uuid, "one");
    assert_text(k->name, "two words");
    call_over(&c);
}

static void rows_can_be_walked(void **state)
{
    (void)state;
    assert_int_equal(routes_count(), countof(jobs_rows) + countof(file_rows));
    for (size_t i = 0; i < routes_count(); i++)
        assert_int_equal(route_index(route_at(i)), i);
    assert_ptr_equal(route_module(J(8)), &jobs_module);
    assert_ptr_equal(route_module(F(0)), &files_module);
    assert_true(route_wants_csrf(J(3)));
    assert_false(route_wants_csrf(J(0)));
    assert_false(route_wants_csrf(F(4)));
}

static void the_printed_table_is_what_the_tests_read(void **state)
{
    struct buf out = {0};

    (void)state;
    routes_print(&out);
    buf_char(&out, '\0');
    assert_ptr_equal(strstr(out.at, "method\tpath\taction\tpermission\taccounts\tcsrf\tmodule\tsumm"
                                    "ary\taudit\trequired\tfields\treply\n"),
        out.at);
    assert_non_null(
        strstr(out.at, "\nGET\t/api/jobs\tlist\t\tstaff\tno\tjobs\ts\t\t\t\tapplication/json\n"));
    assert_non_null(
        strstr(out.at, "\nPOST\t/api/login\t\t\tpublic\tno\tfiles\ts\t\t\t\tapplication/json\n"));
    assert_non_null(strstr(out.at, "\nPOST\t/api/right\t\tapi.x.y | "
                                   "api.x_y\tstaff,agent\t"
                                   "yes\tfiles\ts\tx_done\t\t\tapplication/json\n"));
    assert_non_null(strstr(out.at, "\t\tuuid:text,name:text\tapplication/json\n"));
    buf_release(&out);
}

/* Builds in a child of its own: a mistake ends the process. */
static bool is_refused(const struct endpoint *rows, size_t count)
{
    const struct module m = {.name = "m", .endpoints = rows, .count = count};
    const struct module *const list[] = {&m, NULL};
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(3);
        routes_build(list);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    return WEXITSTATUS(status) == 1;
}

static const struct field choice_without[] = {FIELD(struct key, name, CHOICE)};
static const struct field bad_default[] = {
    FIELD(struct key, name, TEXT, .max = 2, .by_default = "long")};
static const struct field bad_bounds[] = {FIELD(struct key, name, TEXT, .min = 9, .max = 2)};
static const struct field twice[] = {FIELD(struct key, name, TEXT), FIELD(struct key, name, TEXT)};
static const struct field a_file[] = {FIELD_AS(struct key, name, "file", FILE)};
static const struct field required_default[] = {
    FIELD(struct key, name, TEXT, .required = true, .by_default = "a")};
static const struct statement a_statement = {.name = "x"};

static void mistakes_in_rows_are_found_at_start(void **state)
{
    static const struct endpoint right[] = {{GET, "/x", OPEN}, {POST, "/x", OPEN}};
    static const struct {
        struct endpoint rows[2];
        size_t count;
    } bad[] = {
        {{{GET, "/x", .summary = "s", .accounts = STAFF, .run = answer}}, 1},
        {{{GET, "/x", .summary = "s", .right = "r", .access = SIGNED_IN, .accounts = STAFF,
             .run = answer}},
            1},
        {{{GET, "/x", .summary = "s", .right = "r", .run = answer}}, 1},
        {{{GET, "/x", .summary = "s", .access = PUBLIC, .accounts = STAFF, .run = answer}}, 1},
        {{{GET, "/x", .audit = "a", OPEN}}, 1},
        {{{GET, "/x", .access = SIGNED_IN, .accounts = STAFF, .run = answer}}, 1},
        {{{GET, "/x", .summary = "s", .access = SIGNED_IN, .accounts = STAFF}}, 1},
        {{{GET, "x", OPEN}}, 1},
        {{{GET, NULL, OPEN}}, 1},
        {{{OTHER_METHOD, "/x", OPEN}}, 1},
        {{{GET, "/x", .action_optional = true, OPEN}}, 1},
        {{{GET, "/x", OPEN}, {GET, "/x", OPEN}}, 2},
        {{{GET, "/x", .action = "a", OPEN}, {GET, "/x", .action = "a", OPEN}}, 2},
        {{{GET, "/x", .action = "a", .action_optional = true, OPEN},
             {GET, "/x", .action = "b", .action_optional = true, OPEN}},
            2},
        {{{GET, "/x", .action = "a", .action_optional = true, OPEN}, {GET, "/x", OPEN}}, 2},
        {{{POST, "/x", .action = "update", OPEN}, {PUT, "/x", OPEN}}, 2},
        {{{POST, "/x", .action = "delete", OPEN}, {DELETE, "/x", .action = "delete", OPEN}}, 2},
        {{{PUT, "/x", .action = "delete", OPEN}, {DELETE, "/x", OPEN}}, 2},
        {{{GET, "/{uuid}/y", OPEN, PATH_OF_UUID},
             {POST, "/{name}/y", OPEN, .input = INPUT(key, both_fields)}},
            2},
        {{{GET, "/x/{uuid}", OPEN}}, 1},
        {{{GET, "/x", OPEN, PATH_OF_UUID}}, 1},
        {{{GET, "/x/{uuids}", OPEN, PATH_OF_UUID}}, 1},
        {{{GET, "/x", OPEN, .input = INPUT(key, choice_without)}}, 1},
        {{{GET, "/x", OPEN, .input = INPUT(key, bad_default)}}, 1},
        {{{GET, "/x", OPEN, .input = INPUT(key, bad_bounds)}}, 1},
        {{{GET, "/x", OPEN, .input = INPUT(key, twice)}}, 1},
        {{{GET, "/x", OPEN, .input = INPUT(key, a_file)}}, 1},
        {{{POST, "/x", OPEN, .input = INPUT(key, required_default)}}, 1},
        {{{GET, "/x", OPEN, .sql = &a_statement}}, 1},
    };
    (void)state;
    assert_false(is_refused(right, countof(right)));
    for (size_t i = 0; i < countof(bad); i++)
        if (!is_refused(bad[i].rows, bad[i].count))
            wrong("case %zu was taken", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(requests_find_their_row, build),
        cmocka_unit_test_setup(requests_that_no_row_answers_are_told_why, build),
        cmocka_unit_test_setup(parts_of_the_path_are_kept, build),
        cmocka_unit_test_setup(rows_can_be_walked, build),
        cmocka_unit_test_setup(the_printed_table_is_what_the_tests_read, build),
        cmocka_unit_test(mistakes_in_rows_are_found_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
