#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/fiber.h"
#include "server/loop.h"

enum { THREADS_MOST = 64, ORDINARY_QUEUE = 512, HEAVY_QUEUE = 64 };

/* A piece of work; lives on the stack of the fiber that waits for it. */
struct work {
    void (*run)(void *arg);
    void *arg;
    struct loop *loop;
    struct fiber *fiber;
    bool done;
    struct work *next;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t something;
    struct work *first, **end;
    unsigned waiting, most, threads_count;
    bool stopping;
    pthread_t threads[THREADS_MOST];
};

static struct pool ordinary = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .most = ORDINARY_QUEUE};
static struct pool heavy = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .most = HEAVY_QUEUE};

static void on_done(void *arg)
{
    struct work *w = arg;

    w->done = true;
    fiber_wake(w->fiber);
}

/* NULL when the pool stops and nothing is left. */
static struct work *take(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->stopping)
        pthread_cond_wait(&p->something, &p->lock);
    struct work *w = p->first;
    if (w) {
        p->first = w->next;
        if (!p->first)
            p->end = &p->first;
        p->waiting--;
    }
    pthread_mutex_unlock(&p->lock);
    return w;
}

static void *run_worker(void *arg)
{
    struct pool *p = arg;

    for (struct work *w; (w = take(p));) {
        w->run(w->arg);
        loop_post(w->loop, on_done, w);
    }
    return NULL;
}

static bool put(struct pool *p, struct work *w)
{
    pthread_mutex_lock(&p->lock);
    bool room = p->waiting < p->most && !p->stopping;
    if (room) {
        *p->end = w;
        p->end = &w->next;
        p->waiting++;
        pthread_cond_signal(&p->something);
    }
    pthread_mutex_unlock(&p->lock);
    return room;
}

static bool offload_to(struct pool *p, void (*run)(void *arg), void *arg)
{
    struct work w = {.run = run, .arg = arg, .loop = loop_self(), .fiber = fiber_self()};

    /* A verb without worker threads has nobody to keep waiting. */
    if (!w.fiber || p->threads_count == 0) {
        run(arg);
        return true;
    }
    if (!put(p, &w))
        return false;
    while (!w.done)
        fiber_park();
    return true;
}

bool offload(void (*work)(void *arg), void *arg)
{
    return offload_to(&ordinary, work, arg);
}

bool offload_heavy(void (*work)(void *arg), void *arg)
{
    return offload_to(&heavy, work, arg);
}

static void start(struct pool *p, unsigned threads)
{
    sigset_t all, before;

    if (p->threads_count)
        return;
    p->end = &p->first;
    p->stopping = false;
    /* Signals are for the thread that reads them from its descriptor. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < threads && i < THREADS_MOST; i++) {
        if (pthread_create(&p->threads[i], NULL, run_worker, p) != 0) {
            perror("propops: a worker thread could not be started");
            exit(1);
        }
        p->threads_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->something);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads_count; i++)
        pthread_join(p->threads[i], NULL);
    p->threads_count = 0;
}

void workers_start(unsigned ordinary_threads, unsigned heavy_threads)
{
    start(&ordinary, ordinary_threads);
    start(&heavy, heavy_threads);
}

void workers_stop(void)
{
    stop(&ordinary);
    stop(&heavy);
}

unsigned workers_waiting(bool of_heavy)
{
    struct pool *p = of_heavy ? &heavy : &ordinary;

    pthread_mutex_lock(&p->lock);
    unsigned waiting = p->waiting;
    pthread_mutex_unlock(&p->lock);
    return waiting;
}
