/* What the process that decodes strangers' media cannot do any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How `confined ACT` ended, as waitpid says it. The programs stand beside each other. */
static int ending_of(const char *act)
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        execl("./confined", "confined", act, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_exit(const char *act, int wanted)
{
    int status = ending_of(act);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
        print_error("%s ended with status %#x\n", act, (unsigned)status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == wanted);
}

static void assert_killed(const char *act, int by)
{
    int status = ending_of(act);

    if (!WIFSIGNALED(status) || WTERMSIG(status) != by)
        print_error("%s ended with status %#x\n", act, (unsigned)status);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == by);
}

static bool kernel_has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void what_needs_nothing_goes_on(void **state)
{
    (void)state;
    assert_exit("nothing", 0);
}

static void what_only_an_intruder_does_ends_the_process(void **state)
{
    static const char *const acts[] = {"socket", "exec", "ptrace"};

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        assert_killed(acts[i], SIGSYS);
}

static void nothing_is_written_and_no_code_is_made(void **state)
{
    static const char *const acts[] = {"write", "unlink", "code", "fork"};

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        assert_exit(acts[i], 1);
    assert_int_not_equal(access("/tmp/propops-confined", F_OK), 0);
}

static void only_the_systems_own_files_are_read(void **state)
{
    (void)state;
    assert_exit("read", 1);
    assert_exit("library", kernel_has_landlock() ? 0 : 1);
}

static void memory_and_processor_end(void **state)
{
    (void)state;
    assert_exit("memory", 1);
    assert_killed("cpu", SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_nothing_goes_on),
        cmocka_unit_test(what_only_an_intruder_does_ends_the_process),
        cmocka_unit_test(nothing_is_written_and_no_code_is_made),
        cmocka_unit_test(only_the_systems_own_files_are_read),
        cmocka_unit_test(memory_and_processor_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
