/*
 * fiber: stackful coroutines on an event loop thread, and the worker threads that do what would
 * block.
 *
 * A fiber belongs to the loop thread that started it and never changes thread. Its stack is 256 KiB
 * of reserved memory with a guard page; stacks are pooled. Nothing on a fiber may block the thread:
 * it parks instead, and whoever holds the answer wakes it. Start reading at fiber_start in fiber.c.
 */
#ifndef SERVER_FIBER_H
#define SERVER_FIBER_H

#include <stdbool.h>
#include <stdint.h>

struct fiber;

/* Runs fn(arg) on a fiber of this loop thread, until it first parks. Loop threads only. */
void fiber_start(void (*fn)(void *arg), void *arg);

/* The same, but false (and fn not run) when this thread has all the fibers it may have, or no
 * memory for one more. */
bool fiber_try_start(void (*fn)(void *arg), void *arg);

/* Runs fn(arg) on the thread's own stack while this fiber waits: for what needs more stack than a
 * fiber has. It must not park. */
void fiber_step_out(void (*fn)(void *arg), void *arg);

/* Makes a loop of this thread, which must have none, and runs fn(arg) on a fiber of it until it
 * returns: for verbs and tests. */
void fiber_run_alone(void (*fn)(void *arg), void *arg);

/* The fiber that runs now; NULL outside fibers. */
struct fiber *fiber_self(void);

/* Gives the thread back until somebody calls fiber_wake. A wake that came first is not lost. Wakes
 * carry no reason: whoever waits for something parks in a loop that looks for it. */
void fiber_park(void);

/* The same with a bound; false when nobody woke it in time. */
bool fiber_park_for(uint32_t milliseconds);

/* Makes a parked fiber run at the next turn of its loop. Its own loop's thread only. Waking twice
 * is waking once. */
void fiber_wake(struct fiber *f);

/* Sleeps this fiber. */
void fiber_sleep(uint32_t milliseconds);

/* Runs work(arg) on a worker thread while this fiber is parked, and returns when it is done. Off a
 * fiber it runs at once. The queue is bounded; false (and work not run) when it is full. */
bool offload(void (*work)(void *arg), void *arg);

/* For password hashing: its own threads and short queue, so that a storm of logins leaves the other
 * work alone. */
bool offload_heavy(void (*work)(void *arg), void *arg);

void workers_start(unsigned ordinary, unsigned heavy);
void workers_stop(void); /* waits for what is running */

void fibers_stop(void); /* at the end of a loop's thread: frees the pooled stacks */

unsigned fibers_alive(void);          /* of this thread */
unsigned fibers_alive_all(void);      /* of the process */
unsigned workers_waiting(bool heavy); /* pieces of work in the queue */

#endif
