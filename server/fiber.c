#include "server/fiber.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "server/loop_life.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#define WATCHED_BY_ASAN 1
#else
#define WATCHED_BY_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define WATCHED_BY_TSAN 1
#else
#define WATCHED_BY_TSAN 0
#endif

enum {
    STACK_SIZE = 256 * 1024,
    GUARD_SIZE = 64 * 1024, /* wider than any frame of a library that does not probe its pages */
    POOLED_MOST = 256,      /* idle stacks kept by a thread */
    ALIVE_MOST = 8 *
                 1024, /* of a thread; two mappings each, and the kernel's usual limit is 65,530 */
};

struct fiber {
    ucontext_t context;
    ucontext_t back; /* where the thread went on to run this fiber */
    void *memory;    /* guard, then stack */
    void (*fn)(void *arg);
    void *arg;
    void (*outside)(void *arg); /* to be run on the thread's stack before going on */
    void *outside_arg;
    bool parked, woken, late, ended, dying;
    struct timer timer;
    struct fiber *next; /* in the ready list or the pool */
    struct loop *loop;
#if WATCHED_BY_ASAN
    void *fake_stack, *thread_fake_stack;
    const void *thread_stack;
    size_t thread_stack_size;
#endif
#if WATCHED_BY_TSAN
    void *tsan_fiber, *tsan_thread;
#endif
};

static _Thread_local struct {
    struct fiber *running;
    struct fiber *ready, **ready_end;
    struct fiber *pool;
    unsigned pooled, alive;
    struct soon turn;
} here;

static atomic_uint alive_all;

static char *stack_of(struct fiber *f)
{
    return (char *)f->memory + GUARD_SIZE;
}

/*
 * The four places where the thread changes stacks. AddressSanitizer keeps a second, fake stack for
 * each; the one of a fiber that is going to run again must be kept, so only a dying fiber gives it
 * up.
 */
static void enter(struct fiber *f)
{
#if WATCHED_BY_ASAN
    __sanitizer_start_switch_fiber(&f->thread_fake_stack, stack_of(f), STACK_SIZE);
#endif
#if WATCHED_BY_TSAN
    f->tsan_thread = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(f->tsan_fiber, 0);
#endif
    if (swapcontext(&f->back, &f->context) != 0)
        abort();
#if WATCHED_BY_ASAN
    __sanitizer_finish_switch_fiber(f->thread_fake_stack, NULL, NULL);
#endif
}

static void entered(struct fiber *f)
{
#if WATCHED_BY_ASAN
    __sanitizer_finish_switch_fiber(f->fake_stack, &f->thread_stack, &f->thread_stack_size);
#else
    (void)f;
#endif
}

static void leave(struct fiber *f)
{
#if WATCHED_BY_ASAN
    __sanitizer_start_switch_fiber(
        f->dying ? NULL : &f->fake_stack, f->thread_stack, f->thread_stack_size);
#endif
#if WATCHED_BY_TSAN
    __tsan_switch_to_fiber(f->tsan_thread, 0);
#endif
    if (swapcontext(&f->context, &f->back) != 0)
        abort();
    entered(f);
}

/* A fiber's first frame. It never returns: an ended fiber is pooled with its stack and goes on here
 * with the next function. */
static void first_frame(void)
{
    struct fiber *f = here.running;

    entered(f);
    while (!f->dying) {
        f->fn(f->arg);
        f->ended = true;
        leave(f);
    }
    leave(f);
    abort();
}

static void make_context(struct fiber *f)
{
    if (getcontext(&f->context) != 0)
        abort();
    f->context.uc_stack.ss_sp = stack_of(f);
    f->context.uc_stack.ss_size = STACK_SIZE;
    f->context.uc_link = NULL;
    makecontext(&f->context, first_frame, 0);
}

static struct fiber *fiber_make(void)
{
    void *memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    struct fiber *f = calloc(1, sizeof *f);

    if (memory == MAP_FAILED || !f ||
        mprotect((char *)memory + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
        if (memory != MAP_FAILED)
            munmap(memory, GUARD_SIZE + STACK_SIZE);
        free(f);
        return NULL;
    }
    f->memory = memory;
    f->loop = loop_self();
    make_context(f);
#if WATCHED_BY_ASAN
    __lsan_register_root_region(stack_of(f), STACK_SIZE);
#endif
#if WATCHED_BY_TSAN
    f->tsan_fiber = __tsan_create_fiber(0);
#endif
    return f;
}

static void fiber_unmake(struct fiber *f)
{
    f->dying = true;
    here.running = f;
    enter(f);
    here.running = NULL;
#if WATCHED_BY_ASAN
    __lsan_unregister_root_region(stack_of(f), STACK_SIZE);
    ASAN_UNPOISON_MEMORY_REGION(f->memory, GUARD_SIZE + STACK_SIZE);
#endif
#if WATCHED_BY_TSAN
    __tsan_destroy_fiber(f->tsan_fiber);
#endif
    munmap(f->memory, GUARD_SIZE + STACK_SIZE);
    free(f);
}

static void retire(struct fiber *f)
{
    here.alive--;
    atomic_fetch_sub_explicit(&alive_all, 1, memory_order_relaxed);
    if (here.pooled == POOLED_MOST)
        return fiber_unmake(f);
    f->next = here.pool;
    here.pool = f;
    here.pooled++;
}

/* On the thread's stack: runs f until it parks or ends. What it wants done out here is done in
 * between. */
static void resume(struct fiber *f)
{
    assert(!here.running);
    for (;;) {
        here.running = f;
        enter(f);
        here.running = NULL;
        void (*outside)(void *) = f->outside;
        if (!outside)
            break;
        f->outside = NULL;
        outside(f->outside_arg);
    }
    if (f->ended)
        retire(f);
}

static bool start_here(void (*fn)(void *arg), void *arg)
{
    struct fiber *f = here.pool;

    if (here.alive >= ALIVE_MOST)
        return false;
    if (f) {
        here.pool = f->next;
        here.pooled--;
    } else if (!(f = fiber_make())) {
        return false;
    }
    f->fn = fn;
    f->arg = arg;
    f->parked = f->woken = f->late = f->ended = false;
    here.alive++;
    atomic_fetch_add_explicit(&alive_all, 1, memory_order_relaxed);
    resume(f);
    return true;
}

struct start {
    void (*fn)(void *arg);
    void *arg;
    bool started;
};

static void start_outside(void *arg)
{
    struct start *s = arg;

    s->started = start_here(s->fn, s->arg);
}

bool fiber_try_start(void (*fn)(void *arg), void *arg)
{
    struct start s = {fn, arg, false};

    assert(loop_self());
    if (!here.running)
        return start_here(fn, arg);
    fiber_step_out(start_outside, &s);
    return s.started;
}

void fiber_start(void (*fn)(void *arg), void *arg)
{
    if (fiber_try_start(fn, arg))
        return;
    fputs("propops: no more fibers\n", stderr);
    abort();
}

struct fiber *fiber_self(void)
{
    return here.running;
}

void fiber_step_out(void (*fn)(void *arg), void *arg)
{
    struct fiber *f = here.running;

    assert(f && !f->outside);
    f->outside = fn;
    f->outside_arg = arg;
    leave(f);
}

void fiber_park(void)
{
    struct fiber *f = here.running;

    assert(f);
    if (!f->woken) {
        f->parked = true;
        leave(f);
        f->parked = false;
    }
    f->woken = false;
}

static void on_ready(void *unused)
{
    struct fiber *f = here.ready;

    (void)unused;
    here.ready = NULL;
    here.ready_end = &here.ready;
    while (f) {
        struct fiber *next = f->next;
        resume(f);
        f = next;
    }
}

void fiber_wake(struct fiber *f)
{
    assert(f->loop == loop_self());
    if (f->woken)
        return;
    f->woken = true;
    if (!f->parked)
        return;
    if (!here.ready_end)
        here.ready_end = &here.ready;
    f->next = NULL;
    *here.ready_end = f;
    here.ready_end = &f->next;
    here.turn.run = on_ready;
    loop_soon(&here.turn);
}

static void on_late(void *arg)
{
    struct fiber *f = arg;

    f->late = true;
    fiber_wake(f);
}

bool fiber_park_for(uint32_t milliseconds)
{
    struct fiber *f = here.running;

    assert(f);
    if (f->woken) {
        f->woken = false;
        return true;
    }
    f->late = false;
    timer_start(&f->timer, milliseconds, on_late, f);
    fiber_park();
    timer_stop(&f->timer);
    return !f->late;
}

void fiber_sleep(uint32_t milliseconds)
{
    uint64_t until = now_monotonic_us() + (uint64_t)milliseconds * 1000;

    for (uint64_t now; (now = now_monotonic_us()) < until;)
        fiber_park_for((uint32_t)((until - now + 999) / 1000));
}

unsigned fibers_alive(void)
{
    return here.alive;
}

unsigned fibers_alive_all(void)
{
    return atomic_load_explicit(&alive_all, memory_order_relaxed);
}

void fibers_stop(void)
{
    while (here.pool) {
        struct fiber *f = here.pool;
        here.pool = f->next;
        here.pooled--;
        fiber_unmake(f);
    }
}

struct alone {
    void (*fn)(void *arg);
    void *arg;
    struct loop *loop;
};

static void run_and_stop(void *arg)
{
    struct alone *a = arg;

    a->fn(a->arg);
    loop_stop(a->loop);
}

void fiber_run_alone(void (*fn)(void *arg), void *arg)
{
    struct alone a = {fn, arg, loop_new(0)};

    fiber_start(run_and_stop, &a);
    loop_run(a.loop);
    fibers_stop();
    loop_free(a.loop);
}
