#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "server/fiber.h"
#include "server/log.h"
#include "server/loop.h"

enum { METHODS = 5, CLASSES = 6, GAUGES_MOST = 64 };

static const uint32_t bounds_ms[] = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};
static const char *const method_names[METHODS] = {"get", "post", "put", "delete", "other"};

static atomic_uint_fast64_t calls[METHODS][CLASSES];
static atomic_uint_fast64_t buckets[countof(bounds_ms) + 1];
static atomic_uint_fast64_t all_us, all_db_us;

static struct gauge {
    const char *name, *help;
    int64_t (*read)(void);
} gauges[GAUGES_MOST];
static atomic_size_t gauges_count;
static pthread_mutex_t gauges_lock = PTHREAD_MUTEX_INITIALIZER;

void metrics_gauge(const char *name, const char *help, int64_t (*read)(void))
{
    pthread_mutex_lock(&gauges_lock);
    size_t at = atomic_load(&gauges_count);
    if (at < GAUGES_MOST) {
        gauges[at] = (struct gauge){name, help, read};
        atomic_store(&gauges_count, at + 1);
    }
    pthread_mutex_unlock(&gauges_lock);
}

static size_t method_place(enum method m)
{
    switch (m) {
    case GET:
        return 0;
    case POST:
        return 1;
    case PUT:
        return 2;
    case DELETE:
        return 3;
    case OTHER_METHOD:
        break;
    }
    return 4;
}

void metrics_count_call(const struct call *c)
{
    int class = c->reply.status / 100;
    uint64_t us = now_monotonic_us() - c->started_us;
    size_t bucket = 0;

    if (class < 1 || class >= CLASSES)
        class = 0;
    while (bucket < countof(bounds_ms) && us > (uint64_t)bounds_ms[bucket] * 1000)
        bucket++;
    atomic_fetch_add_explicit(
        &calls[method_place(c->request.method)][class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&all_us, us, memory_order_relaxed);
    atomic_fetch_add_explicit(&all_db_us, c->db_us, memory_order_relaxed);
}

static void head(struct buf *out, const char *name, const char *help, const char *type)
{
    buf_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_calls(struct buf *out)
{
    head(out, "propops_calls_total", "Finished calls by method and class of status.", "counter");
    for (size_t m = 0; m < METHODS; m++) {
        for (size_t s = 0; s < CLASSES; s++) {
            uint64_t count = atomic_load_explicit(&calls[m][s], memory_order_relaxed);
            if (count)
                buf_print(out, "propops_calls_total{method=\"%s\",status=\"%zuxx\"} %" PRIu64 "\n",
                    method_names[m], s, count);
        }
    }
}

static void print_times(struct buf *out)
{
    uint64_t sum = 0;

    head(out, "propops_call_seconds", "Time from arrival to reply.", "histogram");
    for (size_t b = 0; b < countof(bounds_ms); b++) {
        sum += atomic_load_explicit(&buckets[b], memory_order_relaxed);
        buf_print(out, "propops_call_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
            bounds_ms[b] / 1000.0, sum);
    }
    sum += atomic_load_explicit(&buckets[countof(bounds_ms)], memory_order_relaxed);
    buf_print(out, "propops_call_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", sum);
    buf_print(out, "propops_call_seconds_sum %.6f\n",
        (double)atomic_load_explicit(&all_us, memory_order_relaxed) / 1e6);
    buf_print(out, "propops_call_seconds_count %" PRIu64 "\n", sum);
    head(out, "propops_database_seconds_total", "Time that calls waited for the database.",
        "counter");
    buf_print(out, "propops_database_seconds_total %.6f\n",
        (double)atomic_load_explicit(&all_db_us, memory_order_relaxed) / 1e6);
}

static void print_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    head(out, name, help, "gauge");
    buf_print(out, "%s %" PRId64 "\n", name, value);
}

void metrics_print(struct buf *out)
{
    print_calls(out);
    print_times(out);
    print_gauge(out, "propops_fibers", "Coroutines alive.", fibers_alive_all());
    print_gauge(out, "propops_work_waiting", "Pieces of work in the worker threads' queue.",
        workers_waiting(false));
    print_gauge(out, "propops_heavy_work_waiting", "Password hashes in their threads' queue.",
        workers_waiting(true));
    size_t count = atomic_load(&gauges_count);
    for (size_t i = 0; i < count; i++)
        print_gauge(out, gauges[i].name, gauges[i].help, gauges[i].read());
}
