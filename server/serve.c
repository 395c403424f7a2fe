#include "server/serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server/assets.h"
#include "server/config.h"
#include "server/fiber.h"
#include "server/log.h"
#include "server/loop_life.h"
#include "server/transport.h"

enum { LOOK_AT_CERTIFICATES_MS = 5000, ORDINARY_WORKERS_LEAST = 4 };

static struct {
    void (*on_loop_start)(void), (*on_ready)(void), (*on_drain)(void), (*on_loop_end)(void);
    atomic_uint started;
    atomic_bool late;
    bool draining, reloading; /* loop 0 only */
    struct timer certificates;
    struct watch *signals;
    int signals_fd;
    pthread_barrier_t loops_made, loops_ended;
} life;

void server_on_loop_end(void (*fn)(void))
{
    life.on_loop_end = fn;
}

static void on_every_loop(void (*fn)(void *arg))
{
    for (unsigned i = 0; i < loops_count(); i++)
        loop_post(loop_at(i), fn, NULL);
}

static void end_loop(void *unused)
{
    (void)unused;
    if (life.on_loop_end)
        life.on_loop_end();
    loop_stop(loop_self());
}

static void on_drained(bool in_time)
{
    if (!in_time) {
        atomic_store(&life.late, true);
        log_failure("drain_incomplete", NULL);
    }
    fiber_start(end_loop, NULL);
}

static void drain_front(void *unused)
{
    (void)unused;
    front_drain(on_drained);
}

static void hurry_front(void *unused)
{
    (void)unused;
    front_hurry();
}

static void end_background(void *unused)
{
    (void)unused;
    if (life.on_drain)
        life.on_drain();
}

static void on_stop_signal(void)
{
    if (life.draining) {
        on_every_loop(hurry_front);
        return;
    }
    life.draining = true;
    log_event("draining", NULL);
    timer_stop(&life.certificates);
    listeners_close();
    on_every_loop(drain_front);
    fiber_start(end_background, NULL);
}

static void take_new_certificates(void *unused)
{
    (void)unused;
    front_new_certificates();
}

static void read_certificates(void *reloaded)
{
    *(bool *)reloaded = tls_reload();
}

static void reload(void *unused)
{
    bool reloaded = false;

    (void)unused;
    life.reloading = true;
    if (offload(read_certificates, &reloaded) && reloaded) {
        log_event("certificates_reloaded", NULL);
        on_every_loop(take_new_certificates);
    }
    life.reloading = false;
}

static void look_at_certificates(void *unused)
{
    (void)unused;
    if (!life.reloading && tls_folder_changed())
        fiber_start(reload, NULL);
    timer_start(&life.certificates, LOOK_AT_CERTIFICATES_MS, look_at_certificates, NULL);
}

static void on_signal(void *unused)
{
    struct signalfd_siginfo info;

    (void)unused;
    while (read(life.signals_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGHUP) {
            on_stop_signal();
        } else {
            log_reopen();
            if (!life.reloading)
                fiber_start(reload, NULL);
        }
    }
}

static void open_signals(void)
{
    sigset_t ours;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    life.signals_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (life.signals_fd < 0)
        die("signals cannot be watched: %s", strerror(errno));
}

static void accept_connections(void *unused)
{
    (void)unused;
    front_accept();
}

static void all_ready(void *unused)
{
    (void)unused;
    if (life.on_ready)
        life.on_ready();
    if (!life.draining)
        on_every_loop(accept_connections);
}

static void start_all_ready(void *unused)
{
    (void)unused;
    fiber_start(all_ready, NULL);
}

static void open_loop(void *unused)
{
    (void)unused;
    if (life.on_loop_start)
        life.on_loop_start();
    if (atomic_fetch_add(&life.started, 1) + 1 == loops_count())
        loop_post(loop_at(0), start_all_ready, NULL);
}

/* Neither the loop nor what hangs on it is taken apart: messages of workers and open connections
 * may still point there. */
static void run_front(struct loop *l)
{
    front_open();
    fiber_start(open_loop, NULL);
    loop_run(l);
    fibers_stop();
}

static void *run_thread(void *arg)
{
    struct loop *l = loop_new((unsigned)(uintptr_t)arg);

    pthread_barrier_wait(&life.loops_made);
    run_front(l);
    pthread_barrier_wait(&life.loops_ended);
    /* The library keeps buffers of its own by thread; with the thread they would be lost instead of
     * kept. */
    for (;;)
        pause();
    return NULL;
}

/* All loops can be posted to when this returns. */
static void start_threads(unsigned count)
{
    pthread_t thread;

    pthread_barrier_init(&life.loops_made, NULL, count);
    pthread_barrier_init(&life.loops_ended, NULL, count);
    for (unsigned i = 1; i < count; i++) {
        if (pthread_create(&thread, NULL, run_thread, (void *)(uintptr_t)i) != 0)
            die("a loop's thread could not be started");
        pthread_detach(thread);
    }
    pthread_barrier_wait(&life.loops_made);
}

int server_run(void (*on_loop_start)(void), void (*on_ready)(void), void (*on_drain)(void))
{
    unsigned loops = (unsigned)config.loops;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned heavy = cores < 1 ? 1 : (unsigned)cores;

    life.on_loop_start = on_loop_start;
    life.on_ready = on_ready;
    life.on_drain = on_drain;
    open_signals();
    tls_start(config.certificates);
    assets_start(config.console);
    http_configure();
    listeners_open();
    metrics_gauge("propops_connections", "Open connections.", connections_open);
    metrics_gauge("propops_clients_dropped",
        "Connections broken off for flooding or for being late.", clients_dropped);
    workers_start(heavy > ORDINARY_WORKERS_LEAST ? heavy : ORDINARY_WORKERS_LEAST, heavy);
    loops_announce(loops);
    struct loop *first = loop_new(0);
    life.signals = watch_new(life.signals_fd, on_signal, NULL);
    timer_start(&life.certificates, LOOK_AT_CERTIFICATES_MS, look_at_certificates, NULL);
    start_threads(loops);
    run_front(first);
    pthread_barrier_wait(&life.loops_ended);
    workers_stop();
    assets_stop();
    log_event("stopped", NULL);
    return atomic_load(&life.late);
}
