/* Fibers, timers, workers and messages between loops, on real loops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/fiber.h"
#include "server/loop_life.h"
#include "server/str.h"

static struct fiber *sleeper;
static int steps[64];
static int step_count;

static void step(int number)
{
    assert_true(step_count < (int)countof(steps));
    steps[step_count++] = number;
}

static int forget(void **state)
{
    (void)state;
    step_count = 0;
    sleeper = NULL;
    return 0;
}

static void park_once(void *arg)
{
    (void)arg;
    sleeper = fiber_self();
    step(1);
    fiber_park();
    step(4);
}

static void start_and_wake(void *arg)
{
    (void)arg;
    fiber_start(park_once, NULL);
    step(2);
    fiber_wake(sleeper);
    fiber_wake(sleeper);
    step(3);
    fiber_sleep(5);
    step(5);
    assert_int_equal(fibers_alive(), 1);
}

static void a_fiber_runs_until_it_parks_and_again_when_woken(void **state)
{
    (void)state;
    fiber_run_alone(start_and_wake, NULL);
    assert_int_equal(step_count, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(steps[i], i + 1);
}

static void wake_first(void *arg)
{
    (void)arg;
    fiber_wake(fiber_self());
    fiber_park();
    step(1);
    fiber_wake(fiber_self());
    assert_true(fiber_park_for(10000));
    step(2);
}

static void a_wake_that_comes_first_is_not_lost(void **state)
{
    (void)state;
    fiber_run_alone(wake_first, NULL);
    assert_int_equal(step_count, 2);
}

static void wait_in_vain(void *arg)
{
    uint64_t before = now_monotonic_us();

    (void)arg;
    assert_false(fiber_park_for(30));
    assert_in_range(now_monotonic_us() - before, 30000, 500000);
    step(1);
}

static void parking_with_a_bound_ends(void **state)
{
    (void)state;
    fiber_run_alone(wait_in_vain, NULL);
    assert_int_equal(step_count, 1);
}

static int turns_open, turns_done;

static void use_the_stack(int depth)
{
    volatile char room[512];

    memset((void *)room, depth, sizeof room);
    if (depth > 0)
        use_the_stack(depth - 1);
    else
        fiber_sleep(1);
    assert_int_equal(room[100], (char)depth);
}

static void deep_turn(void *arg)
{
    use_the_stack(100);
    turns_open--;
    turns_done++;
    (void)arg;
}

static void run_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        turns_open++;
        fiber_start(deep_turn, NULL);
        if (turns_open > 500)
            fiber_sleep(1);
    }
    while (turns_open)
        fiber_sleep(1);
    assert_int_equal(fibers_alive(), 1);
}

static void stacks_are_used_again_and_again(void **state)
{
    (void)state;
    turns_done = 0;
    fiber_run_alone(run_many, NULL);
    assert_int_equal(turns_done, 2000);
    assert_int_equal(fibers_alive_all(), 0);
}

static void outside(void *arg)
{
    assert_null(fiber_self());
    *(int *)arg = 7;
    fiber_start(park_once, NULL);
}

static void go_outside(void *arg)
{
    int answer = 0;

    (void)arg;
    fiber_step_out(outside, &answer);
    assert_int_equal(answer, 7);
    assert_non_null(fiber_self());
    fiber_wake(sleeper);
    fiber_sleep(2);
    assert_int_equal(step_count, 2);
}

static void stepping_out_runs_on_the_threads_stack(void **state)
{
    (void)state;
    fiber_run_alone(go_outside, NULL);
}

static int order[8], order_count;

static void note(void *arg)
{
    order[order_count++] = (int)(intptr_t)arg;
}

static void arm_timers(void *arg)
{
    struct timer timers[6] = {0};
    static const uint32_t after[] = {30, 10, 50, 20, 40, 5};

    (void)arg;
    order_count = 0;
    for (int i = 0; i < 6; i++)
        timer_start(&timers[i], after[i], note, (void *)(intptr_t)after[i]);
    timer_stop(&timers[3]);
    timer_stop(&timers[3]);
    timer_start(&timers[2], 15, note, (void *)(intptr_t)15);
    fiber_sleep(80);
    static const int expected[] = {5, 10, 15, 30, 40};
    assert_int_equal(order_count, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(order[i], expected[i]);
    for (int i = 0; i < 6; i++)
        assert_int_equal(timers[i].slot, 0);
}

static void timers_fire_in_their_order_and_can_be_stopped(void **state)
{
    (void)state;
    fiber_run_alone(arm_timers, NULL);
}

static pthread_t loop_thread;
static atomic_int worked;

static void work(void *arg)
{
    assert_false(pthread_equal(pthread_self(), loop_thread));
    usleep(1000);
    *(int *)arg *= 2;
    atomic_fetch_add(&worked, 1);
}

static int offloaders;

static void offload_some(void *arg)
{
    bool is_heavy = arg != NULL;

    for (int i = 1; i <= 5; i++) {
        int number = i;
        assert_true(is_heavy ? offload_heavy(work, &number) : offload(work, &number));
        assert_int_equal(number, 2 * i);
        assert_true(pthread_equal(pthread_self(), loop_thread));
    }
    offloaders--;
}

static void offload_from_many(void *arg)
{
    loop_thread = pthread_self();
    (void)arg;
    for (offloaders = 0; offloaders < 50;) {
        offloaders++;
        fiber_start(offload_some, offloaders % 3 ? NULL : &offloaders);
    }
    while (offloaders)
        fiber_sleep(1);
}

static void offloaded_work_comes_back_to_its_fiber(void **state)
{
    (void)state;
    atomic_store(&worked, 0);
    workers_start(3, 1);
    fiber_run_alone(offload_from_many, NULL);
    workers_stop();
    assert_int_equal(atomic_load(&worked), 250);
}

static atomic_bool gate_open;
static int refused, waiters;

static void wait_for_gate(void *arg)
{
    (void)arg;
    while (!atomic_load(&gate_open))
        usleep(500);
}

static void offload_or_not(void *arg)
{
    (void)arg;
    if (!offload_heavy(wait_for_gate, NULL))
        refused++;
    waiters--;
}

static void flood(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++) {
        waiters++;
        fiber_start(offload_or_not, NULL);
    }
    assert_true(refused >= 100);
    atomic_store(&gate_open, true);
    while (waiters)
        fiber_sleep(1);
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    refused = 0;
    workers_start(1, 1);
    fiber_run_alone(flood, NULL);
    workers_stop();
}

static atomic_int posted;

static void on_post(void *arg)
{
    assert_non_null(loop_self());
    (void)arg;
    if (atomic_fetch_add(&posted, 1) + 1 == 4000)
        fiber_wake(sleeper);
}

static void *post_many(void *arg)
{
    for (int i = 0; i < 1000; i++)
        loop_post(arg, on_post, NULL);
    return NULL;
}

static void collect_posts(void *arg)
{
    pthread_t threads[4];

    (void)arg;
    sleeper = fiber_self();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, loop_self()), 0);
    while (atomic_load(&posted) < 4000)
        fiber_park();
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void no_message_between_threads_is_lost(void **state)
{
    (void)state;
    atomic_store(&posted, 0);
    fiber_run_alone(collect_posts, NULL);
    assert_int_equal(atomic_load(&posted), 4000);
}

static void on_event(void *arg)
{
    uint64_t value;

    assert_int_equal(read(*(int *)arg, &value, sizeof value), sizeof value);
    step((int)value);
    fiber_wake(sleeper);
}

static void watch_an_event(void *arg)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    uint64_t three = 3;
    struct watch *w = watch_new(fd, on_event, &fd);

    (void)arg;
    sleeper = fiber_self();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(write(fd, &three, sizeof three), sizeof three);
        assert_true(fiber_park_for(5000));
    }
    watch_free(w);
    assert_int_equal(write(fd, &three, sizeof three), sizeof three);
    assert_false(fiber_park_for(20));
    close(fd);
}

static void a_watch_tells_of_readiness_until_it_is_freed(void **state)
{
    (void)state;
    fiber_run_alone(watch_an_event, NULL);
    assert_int_equal(step_count, 2);
}

static void *run_loop_elsewhere(void *arg)
{
    (void)arg;
    fiber_run_alone(run_many, NULL);
    return NULL;
}

static void threads_have_their_own_fibers(void **state)
{
    pthread_t thread;

    (void)state;
    turns_open = turns_done = 0;
    assert_int_equal(pthread_create(&thread, NULL, run_loop_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    assert_int_equal(turns_done, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_fiber_runs_until_it_parks_and_again_when_woken, forget),
        cmocka_unit_test_setup(a_wake_that_comes_first_is_not_lost, forget),
        cmocka_unit_test_setup(parking_with_a_bound_ends, forget),
        cmocka_unit_test_setup(stacks_are_used_again_and_again, forget),
        cmocka_unit_test_setup(stepping_out_runs_on_the_threads_stack, forget),
        cmocka_unit_test_setup(timers_fire_in_their_order_and_can_be_stopped, forget),
        cmocka_unit_test_setup(offloaded_work_comes_back_to_its_fiber, forget),
        cmocka_unit_test_setup(a_full_queue_refuses, forget),
        cmocka_unit_test_setup(no_message_between_threads_is_lost, forget),
        cmocka_unit_test_setup(a_watch_tells_of_readiness_until_it_is_freed, forget),
        cmocka_unit_test_setup(threads_have_their_own_fibers, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
