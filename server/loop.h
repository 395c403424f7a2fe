/*
 * loop: one event loop thread, seen without h2o: watches on descriptors, timers, and messages from
 * other threads.
 *
 * The whole file is safe only on the loop's own thread, except loop_post.
 */
#ifndef SERVER_LOOP_H
#define SERVER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watch;

struct loop *loop_self(void); /* of this thread; NULL on other threads */
unsigned loop_index(const struct loop *l);
unsigned loops_count(void);

/* Calls fn(arg) on the loop's thread. From any thread. */
void loop_post(struct loop *l, void (*fn)(void *arg), void *arg);

/* Calls on_ready(arg) whenever fd is readable. The descriptor is dup()ed: the caller keeps and
 * closes its own. */
struct watch *watch_new(int fd, void (*on_ready)(void *arg), void *arg);
void watch_for_writing(struct watch *w); /* one more on_ready, when writable */
void watch_free(struct watch *w);        /* accepts NULL */

/* One shot after some milliseconds; embed it. Granularity a few milliseconds. timer_stop is
 * idempotent. */
struct timer {
    void (*on_time)(void *arg);
    void *arg;
    uint64_t due;
    unsigned slot; /* place in the loop's heap, 0: not armed */
};

void timer_start(struct timer *t, uint32_t milliseconds, void (*on_time)(void *arg),
    void *arg); /* restarts if armed */
void timer_stop(struct timer *t);

uint64_t now_monotonic_us(void);
int64_t now_unix(void); /* seconds */

#endif
