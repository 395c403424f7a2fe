/*
 * serve: the life of the serving process. Start reading at server_run in serve.c.
 */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

/*
 * Listens, serves, and returns once SIGTERM or SIGINT was answered by draining: 0, or 1 when the 30
 * seconds for that did not suffice. A second signal ends the wait. SIGHUP reads the certificates
 * again and reopens the log file. All signals are blocked in all threads from here on: whoever
 * starts a child process sets an empty mask in it.
 *
 * on_loop_start runs on each loop's thread, on a fiber, before that loop accepts connections.
 * on_ready runs once, on a fiber of loop 0, when all loops have got so far; only then are
 * connections accepted. on_drain runs once, on a fiber of loop 0, when the drain begins: calls that
 * are on their way still need everything but background work. Each may be NULL.
 *
 * Worker threads are started and stopped in here. Dies with a message when it cannot start.
 */
int server_run(void (*on_loop_start)(void), void (*on_ready)(void), void (*on_drain)(void));

/* Runs fn on each loop's thread, on a fiber, after its last call: the place to close what
 * on_loop_start opened. Before server_run. */
void server_on_loop_end(void (*fn)(void));

#endif
