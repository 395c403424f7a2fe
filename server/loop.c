#include "server/loop_life.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <h2o.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Without the definition the headers describe another library's layout, and it would still link. */
_Static_assert(!H2O_USE_LIBUV, "compile with -DH2O_USE_LIBUV=0");

/* The longest sleep, so that a wall clock that was set back is noticed soon. */
enum { LONGEST_WAIT_MS = 1000 };

struct loop {
    h2o_evloop_t *evloop;
    unsigned index;
    bool stopping, in_turn;
    h2o_multithread_queue_t *queue;
    h2o_multithread_receiver_t inbox;
    h2o_timeout_t next_turn; /* of zero milliseconds: runs behind the sockets of the same turn */
    h2o_timeout_entry_t turn;
    struct soon *soon, **soon_end;
    struct timer **timers; /* a heap by due time; place 0 stays empty */
    unsigned timers_count, timers_room;
};

struct message {
    h2o_multithread_message_t link;
    void (*fn)(void *arg);
    void *arg;
};

struct watch {
    h2o_socket_t *socket;
    void (*on_ready)(void *arg);
    void *arg;
};

static _Thread_local struct loop *self;
static _Atomic(struct loop *) loops[LOOPS_MOST];
static atomic_uint announced = 1;

static void *must(void *memory)
{
    if (!memory) {
        fputs("propops: out of memory\n", stderr);
        abort();
    }
    return memory;
}

uint64_t now_monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int64_t now_unix(void)
{
    return time(NULL);
}

struct loop *loop_self(void)
{
    return self;
}

unsigned loop_index(const struct loop *l)
{
    return l->index;
}

unsigned loops_count(void)
{
    return atomic_load(&announced);
}

void loops_announce(unsigned count)
{
    atomic_store(&announced, count);
}

struct loop *loop_at(unsigned index)
{
    return index < LOOPS_MOST ? atomic_load(&loops[index]) : NULL;
}

struct st_h2o_evloop_t *loop_evloop(struct loop *l)
{
    return l->evloop;
}

static void on_messages(h2o_multithread_receiver_t *inbox, h2o_linklist_t *messages)
{
    (void)inbox;
    while (!h2o_linklist_is_empty(messages)) {
        struct message *m = H2O_STRUCT_FROM_MEMBER(struct message, link.link, messages->next);
        h2o_linklist_unlink(&m->link.link);
        void (*fn)(void *) = m->fn;
        void *arg = m->arg;
        free(m);
        fn(arg);
    }
}

void loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
    struct message *m = must(calloc(1, sizeof *m));

    m->fn = fn;
    m->arg = arg;
    h2o_multithread_send_message(&l->inbox, &m->link);
}

/* What was queued meanwhile waits for the next turn, so that no work can starve the sockets. */
static void run_soon(struct loop *l)
{
    struct soon *s = l->soon;

    l->soon = NULL;
    l->soon_end = &l->soon;
    while (s) {
        struct soon *next = s->next;
        s->queued = false;
        s->run(s->arg);
        s = next;
    }
}

static void place(struct loop *l, unsigned slot, struct timer *t)
{
    l->timers[slot] = t;
    t->slot = slot;
}

static void sift_up(struct loop *l, unsigned slot, struct timer *t)
{
    for (; slot > 1 && l->timers[slot / 2]->due > t->due; slot /= 2)
        place(l, slot, l->timers[slot / 2]);
    place(l, slot, t);
}

static void sift_down(struct loop *l, unsigned slot, struct timer *t)
{
    for (unsigned child; (child = slot * 2) <= l->timers_count; slot = child) {
        if (child < l->timers_count && l->timers[child + 1]->due < l->timers[child]->due)
            child++;
        if (l->timers[child]->due >= t->due)
            break;
        place(l, slot, l->timers[child]);
    }
    place(l, slot, t);
}

void timer_stop(struct timer *t)
{
    struct loop *l = self;

    if (t->slot == 0)
        return;
    assert(l && t->slot <= l->timers_count && l->timers[t->slot] == t);
    unsigned slot = t->slot;
    struct timer *last = l->timers[l->timers_count--];
    t->slot = 0;
    if (last == t)
        return;
    if (slot > 1 && l->timers[slot / 2]->due > last->due)
        sift_up(l, slot, last);
    else
        sift_down(l, slot, last);
}

void timer_start(struct timer *t, uint32_t milliseconds, void (*on_time)(void *arg), void *arg)
{
    struct loop *l = self;

    assert(l);
    timer_stop(t);
    t->on_time = on_time;
    t->arg = arg;
    t->due = now_monotonic_us() + (uint64_t)milliseconds * 1000;
    if (l->timers_count + 2 > l->timers_room) {
        l->timers_room = l->timers_room ? l->timers_room * 2 : 64;
        l->timers = must(realloc(l->timers, l->timers_room * sizeof *l->timers));
    }
    sift_up(l, ++l->timers_count, t);
}

static void run_timers(struct loop *l)
{
    uint64_t now = now_monotonic_us();

    while (l->timers_count && l->timers[1]->due <= now) {
        struct timer *t = l->timers[1];
        timer_stop(t);
        t->on_time(t->arg);
    }
}

static void on_turn(h2o_timeout_entry_t *entry)
{
    struct loop *l = H2O_STRUCT_FROM_MEMBER(struct loop, turn, entry);

    l->in_turn = true;
    run_timers(l);
    run_soon(l);
    l->in_turn = false;
}

static void want_turn(struct loop *l)
{
    if (!l->in_turn && !h2o_timeout_is_linked(&l->turn))
        h2o_timeout_link(l->evloop, &l->next_turn, &l->turn);
}

void loop_soon(struct soon *s)
{
    struct loop *l = self;

    assert(l);
    if (s->queued)
        return;
    s->queued = true;
    s->next = NULL;
    *l->soon_end = s;
    l->soon_end = &s->next;
    want_turn(l);
}

struct loop *loop_new(unsigned index)
{
    struct loop *l = must(calloc(1, sizeof *l));

    assert(!self && index < LOOPS_MOST);
    l->index = index;
    l->soon_end = &l->soon;
    l->evloop = h2o_evloop_create();
    l->turn.cb = on_turn;
    h2o_timeout_init(l->evloop, &l->next_turn, 0);
    l->queue = h2o_multithread_create_queue(l->evloop);
    h2o_multithread_register_receiver(l->queue, &l->inbox, on_messages);
    self = l;
    atomic_store(&loops[index], l);
    return l;
}

/* Milliseconds until the first timer, rounded up so that it is due then. */
static int32_t wait_of(const struct loop *l)
{
    if (l->timers_count == 0)
        return LONGEST_WAIT_MS;
    uint64_t now = now_monotonic_us(), due = l->timers[1]->due;
    if (due <= now)
        return 0;
    uint64_t wait = (due - now + 999) / 1000;
    return wait < LONGEST_WAIT_MS ? (int32_t)wait : LONGEST_WAIT_MS;
}

/* The library's timeouts follow the wall clock. When it is set back, entries made before it would
 * block all behind them until the old time comes round again: they are dated anew. */
static void date_timeouts_anew(h2o_evloop_t *evloop)
{
    for (h2o_linklist_t *t = evloop->_timeouts.next; t != &evloop->_timeouts; t = t->next) {
        h2o_timeout_t *timeout = H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link, t);
        for (h2o_linklist_t *e = timeout->_entries.next; e != &timeout->_entries; e = e->next) {
            h2o_timeout_entry_t *entry = H2O_STRUCT_FROM_MEMBER(h2o_timeout_entry_t, _link, e);
            if (entry->registered_at > evloop->_now)
                entry->registered_at = evloop->_now;
        }
    }
}

void loop_run(struct loop *l)
{
    uint64_t before = h2o_now(l->evloop);

    assert(l == self);
    while (!l->stopping) {
        /* A signal interrupts the wait, nothing more. */
        if (h2o_evloop_run(l->evloop, wait_of(l)) != 0 && errno != EINTR) {
            perror("propops: the event loop failed");
            abort();
        }
        if (h2o_now(l->evloop) < before)
            date_timeouts_anew(l->evloop);
        before = h2o_now(l->evloop);
        if (l->soon || (l->timers_count && wait_of(l) == 0))
            want_turn(l);
    }
    l->stopping = false;
}

void loop_stop(struct loop *l)
{
    assert(l == self);
    l->stopping = true;
}

void loop_free(struct loop *l)
{
    assert(l == self && l->timers_count == 0);
    h2o_multithread_unregister_receiver(l->queue, &l->inbox);
    h2o_multithread_destroy_queue(l->queue);
    free(l->queue);
    h2o_timeout_unlink(&l->turn);
    h2o_timeout_dispose(l->evloop, &l->next_turn);
    /* Closed sockets are freed by the next turn's bookkeeping. */
    h2o_evloop_run(l->evloop, 0);
    h2o_evloop_destroy(l->evloop);
    atomic_store(&loops[l->index], NULL);
    self = NULL;
    free(l->timers);
    free(l);
}

static void on_watch_readable(h2o_socket_t *socket, const char *err)
{
    struct watch *w = socket->data;

    (void)err; /* the owner finds out by reading */
    w->on_ready(w->arg);
}

struct watch *watch_new(int fd, void (*on_ready)(void *arg), void *arg)
{
    struct watch *w = must(calloc(1, sizeof *w));
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    assert(self);
    if (own < 0) {
        perror("propops: a descriptor could not be watched");
        abort();
    }
    w->on_ready = on_ready;
    w->arg = arg;
    w->socket = h2o_evloop_socket_create(self->evloop, own, H2O_SOCKET_FLAG_DONT_READ);
    w->socket->data = w;
    h2o_socket_read_start(w->socket, on_watch_readable);
    return w;
}

void watch_for_writing(struct watch *w)
{
    if (!h2o_socket_is_writing(w->socket))
        h2o_socket_notify_write(w->socket, on_watch_readable);
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    h2o_socket_close(w->socket);
    free(w);
}
