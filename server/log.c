#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/endpoint.h"
#include "server/loop.h"

/* A disk that does not keep up costs log lines, never requests: more than this is not queued but
 * counted. */
enum { QUEUED_MOST = 8 * 1024 * 1024, PATH_SHOWN = 200, GATHER_MS = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t something = PTHREAD_COND_INITIALIZER;
static struct buf queued;
static bool running, stopping, reopening;
static uint64_t dropped;
static pthread_t writer;
static int descriptor = STDERR_FILENO;
static const char *file_name;
static struct str (*org_name)(const struct org *o);

void log_org_name(struct str (*name)(const struct org *o))
{
    org_name = name;
}

static void write_all(const char *at, size_t len)
{
    while (len) {
        ssize_t wrote = write(descriptor, at, len);
        if (wrote < 0 && errno != EINTR)
            return; /* there is nowhere left to complain */
        if (wrote > 0) {
            at += wrote;
            len -= (size_t)wrote;
        }
    }
}

/* Bytes of the well-formed UTF-8 sequence at s[i], or 0. */
static size_t letter_at(struct str s, size_t i)
{
    for (size_t len = 2; len <= 4 && i + len <= s.len; len++)
        if (str_is_utf8((struct str){s.at + i, len}) &&
            str_letters((struct str){s.at + i, len}) == 1)
            return len;
    return 0;
}

static void add_text(struct buf *line, struct str s)
{
    static const char digits[] = "0123456789abcdef";

    buf_char(line, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c == '"' || c == '\\') {
            buf_char(line, '\\');
            buf_char(line, (char)c);
        } else if (c < 0x20 || c == 0x7F) {
            buf_text(line, "\\u00");
            buf_char(line, digits[c >> 4]);
            buf_char(line, digits[c & 15]);
        } else if (c < 0x80) {
            buf_char(line, (char)c);
        } else {
            size_t len = letter_at(s, i);
            if (len) {
                buf_add(line, s.at + i, len);
                i += len - 1;
            } else {
                buf_text(line, "\\ufffd");
            }
        }
    }
    buf_char(line, '"');
}

static void add_name(struct buf *line, const char *name)
{
    buf_char(line, ',');
    add_text(line, str_of(name));
    buf_char(line, ':');
}

static void add(struct buf *line, const char *name, struct str value)
{
    if (!value.at)
        return;
    add_name(line, name);
    add_text(line, value);
}

static void add_number(struct buf *line, const char *name, int64_t value)
{
    add_name(line, name);
    buf_int(line, value);
}

/* Milliseconds with one decimal, as a number. */
static void add_ms(struct buf *line, const char *name, uint64_t us)
{
    add_name(line, name);
    buf_int(line, (int64_t)(us / 1000));
    buf_char(line, '.');
    buf_char(line, (char)('0' + us / 100 % 10));
}

static void begin_line(struct buf *line, const char *level, const char *event)
{
    struct timespec now;
    struct tm day;
    char text[40];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &day);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &day);
    snprintf(text + len, sizeof text - len, "%03ldZ", now.tv_nsec / 1000000);
    buf_text(line, "{\"time\":");
    add_text(line, str_of(text));
    add(line, "level", str_of(level));
    add(line, "event", str_of(event));
}

static void end_line(struct buf *line)
{
    buf_text(line, "}\n");
    pthread_mutex_lock(&lock);
    if (!running) {
        write_all(line->at, line->len);
    } else if (queued.len + line->len > QUEUED_MOST) {
        dropped++;
    } else {
        if (queued.len == 0)
            pthread_cond_signal(&something);
        buf_add(&queued, line->at, line->len);
    }
    pthread_mutex_unlock(&lock);
    buf_release(line);
}

static void add_pairs(struct buf *line, va_list pairs)
{
    for (const char *name; (name = va_arg(pairs, const char *));)
        add(line, name, str_of(va_arg(pairs, const char *)));
}

void log_event(const char *event, ...)
{
    struct buf line = {0};
    va_list pairs;

    begin_line(&line, "info", event);
    va_start(pairs, event);
    add_pairs(&line, pairs);
    va_end(pairs);
    end_line(&line);
}

void log_failure(const char *event, ...)
{
    struct buf line = {0};
    va_list pairs;

    begin_line(&line, "error", event);
    va_start(pairs, event);
    add_pairs(&line, pairs);
    va_end(pairs);
    end_line(&line);
}

/* Who asked for what: the row's path, not the sent one, so that no identifier or secret in it gets
 * here. */
static void add_call(struct buf *line, const struct call *c)
{
    add(line, "request_id", str_of(c->id));
    if (org_name && c->org)
        add(line, "org", org_name(c->org));
    if (c->account && c->account->id)
        add_number(line, "account", c->account->id);
    add(line, "method", c->request.method_text);
    if (c->endpoint) {
        add(line, "path", str_of(c->endpoint->path));
        add(line, "action", str_of(c->endpoint->action));
    } else {
        struct str path = c->request.path;
        path.len = path.len > PATH_SHOWN ? PATH_SHOWN : path.len;
        add(line, "path", path);
    }
}

static int64_t bytes_of(const struct reply *r)
{
    if (r->next)
        return r->stream_length == NONE ? 0 : r->stream_length;
    return (int64_t)(r->fixed_body.at ? r->fixed_body.len : r->body.len);
}

void log_call(struct call *c)
{
    struct buf line = {0};

    begin_line(&line, "info", "call");
    add_call(&line, c);
    add_number(&line, "status", c->reply.status);
    add_ms(&line, "ms", now_monotonic_us() - c->started_us);
    add_ms(&line, "db_ms", c->db_us);
    add_number(&line, "queries", c->db_queries);
    add_number(&line, "bytes", bytes_of(&c->reply));
    if (c->attempt > 0)
        add_number(&line, "attempts", c->attempt + 1);
    end_line(&line);
}

void log_call_fault(struct call *c)
{
    struct buf line = {0};
    char place[120];

    begin_line(&line, error_status(c->fault.id) >= 500 ? "error" : "warning", "fault");
    add_call(&line, c);
    add(&line, "code", str_of(error_code(c->fault.id)));
    add_number(&line, "status", error_status(c->fault.id));
    if (c->fault.file) {
        const char *file = strrchr(c->fault.file, '/');
        snprintf(place, sizeof place, "%s:%d", file ? file + 1 : c->fault.file, c->fault.line);
        add(&line, "at", str_of(place));
    }
    if (c->fault.detail[0])
        add(&line, "detail", str_of(c->fault.detail));
    if (c->fault.sqlstate[0])
        add(&line, "sqlstate", str_of(c->fault.sqlstate));
    end_line(&line);
}

static int open_file(void)
{
    return open(file_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

static void reopen_now(void)
{
    int fresh = file_name ? open_file() : -1;

    if (fresh < 0)
        return;
    close(descriptor);
    descriptor = fresh;
}

static void tell_dropped(uint64_t count)
{
    struct buf line = {0};

    begin_line(&line, "error", "log_lines_dropped");
    add_number(&line, "count", (int64_t)count);
    buf_text(&line, "}\n");
    write_all(line.at, line.len);
    buf_release(&line);
}

/* Lines that come within a few milliseconds are written together: woken for each, this thread would
 * take the processor from the one that answers. Called with the lock held. */
static void let_some_come(void)
{
    static const struct timespec while_waiting = {.tv_nsec = GATHER_MS * 1000000L};

    if (stopping || reopening)
        return;
    pthread_mutex_unlock(&lock);
    nanosleep(&while_waiting, NULL);
    pthread_mutex_lock(&lock);
}

static void *run_writer(void *unused)
{
    struct buf taken = {0};
    bool more = true;

    (void)unused;
    while (more) {
        pthread_mutex_lock(&lock);
        while (queued.len == 0 && !stopping && !reopening)
            pthread_cond_wait(&something, &lock);
        let_some_come();
        struct buf swap = queued;
        queued = taken;
        taken = swap;
        more = !stopping || taken.len > 0;
        bool reopen = reopening;
        uint64_t lost = dropped;
        reopening = false;
        dropped = 0;
        pthread_mutex_unlock(&lock);
        if (reopen)
            reopen_now();
        write_all(taken.at, taken.len);
        if (lost)
            tell_dropped(lost);
        taken.len = 0;
    }
    buf_release(&taken);
    return NULL;
}

void log_start(void)
{
    sigset_t all, before;

    if (running)
        return;
    file_name = getenv("PROPOPS_LOG_FILE");
    if (file_name && *file_name) {
        descriptor = open_file();
        if (descriptor < 0) {
            descriptor = STDERR_FILENO;
            die("cannot write the log file %s: %s; mend PROPOPS_LOG_FILE or its folder", file_name,
                strerror(errno));
        }
    } else {
        file_name = NULL;
    }
    stopping = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&writer, NULL, run_writer, NULL) != 0)
        die("the log's thread could not be started");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    running = true;
    atexit(log_stop);
}

void log_stop(void)
{
    pthread_mutex_lock(&lock);
    bool was = running;
    running = false;
    stopping = true;
    pthread_cond_signal(&something);
    pthread_mutex_unlock(&lock);
    if (!was)
        return;
    pthread_join(writer, NULL);
    pthread_mutex_lock(&lock);
    buf_release(&queued);
    pthread_mutex_unlock(&lock);
}

void log_reopen(void)
{
    pthread_mutex_lock(&lock);
    reopening = running;
    pthread_cond_signal(&something);
    pthread_mutex_unlock(&lock);
}

void die(const char *format, ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "propops: %s\n", text);
    exit(1);
}
