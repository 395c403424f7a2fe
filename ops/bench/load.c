/*
 * load: asks many orgs at random, over HTTP/2 and TLS, and says how fast the answers came.
 *
 * h2load sends one set of headers with all its requests, but every org has a token of its own. What
 * each request looks like comes from a file of lines: authority, token, method, path, body, with
 * tabs between them. All connections are made before anything is measured. Start reading at main.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STREAMS_MOST = 100, HEADERS_MOST = 8, EVENTS = 64, CHUNK = 64 * 1024, TOLD_MOST = 3 };

struct target {
    char *body;
    size_t body_len;
    nghttp2_nv headers[HEADERS_MOST];
    size_t headers_count;
};

struct stream {
    const struct target *target;
    uint64_t began;
    size_t sent;
    int status;
    bool busy, told;
};

struct connection {
    int fd;
    SSL *ssl;
    nghttp2_session *session;
    const uint8_t *out; /* the library's, until it is asked for more */
    size_t out_len;
    bool wants_write;
    struct stream streams[STREAMS_MOST];
};

static struct {
    const char *address;
    int port, connections, streams;
    double warm, seconds;
    bool once, hold; /* each line once and in order; or one request each, then wait */
} options = {.address = "127.0.0.1", .port = 443, .connections = 64, .streams = 10, .seconds = 5};

static struct target *targets;
static size_t targets_count, next_target;
static struct connection *connections;
static uint32_t *latencies; /* microseconds, of the answers that count */
static size_t latencies_count, latencies_room;
static uint64_t begins, ends, bytes, failures, last_answer;
static unsigned under_way, told;
static int poller;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(1);
}

static void *must(void *memory)
{
    if (!memory)
        die("out of memory");
    return memory;
}

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The same numbers in every run. */
static uint64_t random_number(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void add_header(struct target *t, const char *name, const char *value)
{
    t->headers[t->headers_count++] = (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name),
        strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

/* Lines stay for the life of the process. */
static void read_targets(const char *path)
{
    FILE *in = fopen(path, "r");
    char *line = NULL;
    size_t room = 0, targets_room = 0;
    ssize_t len;

    if (!in)
        die("%s cannot be read: %s", path, strerror(errno));
    while ((len = getline(&line, &room, in)) > 0) {
        if (targets_count == targets_room) {
            targets_room = targets_room ? targets_room * 2 : 1024;
            targets = must(realloc(targets, targets_room * sizeof *targets));
        }
        char *rest = must(strndup(line, (size_t)len)), *fields[5];
        rest[strcspn(rest, "\n")] = '\0';
        for (size_t i = 0; i < 5; i++)
            fields[i] = rest ? strsep(&rest, "\t") : "";
        struct target *t = &targets[targets_count++];
        *t = (struct target){.body = fields[4], .body_len = strlen(fields[4])};
        add_header(t, ":method", fields[2]);
        add_header(t, ":scheme", "https");
        add_header(t, ":authority", fields[0]);
        add_header(t, ":path", fields[3]);
        add_header(t, "user-agent", "propops-bench");
        if (*fields[1])
            add_header(t, "authorization", fields[1]);
        if (t->body_len)
            add_header(t, "content-type", "application/json");
    }
    free(line);
    fclose(in);
    if (targets_count == 0)
        die("%s has no lines", path);
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *into, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *unused)
{
    struct stream *s = source->ptr;
    size_t left = s->target->body_len - s->sent, len = left < room ? left : room;

    (void)session;
    (void)id;
    (void)unused;
    memcpy(into, s->target->body + s->sent, len);
    s->sent += len;
    if (s->sent == s->target->body_len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

static bool has_more(void)
{
    if (options.once)
        return next_target < targets_count;
    if (options.hold)
        return next_target < (size_t)options.connections;
    return !ends || now_us() < ends;
}

static void ask(struct connection *c, struct stream *s)
{
    if (!has_more())
        return;
    size_t i = options.once ? next_target : random_number() % targets_count;
    next_target++;
    *s = (struct stream){.target = &targets[i], .began = now_us(), .busy = true};
    nghttp2_data_provider body = {.source.ptr = s, .read_callback = read_body};
    int32_t id = nghttp2_submit_request(c->session, NULL, s->target->headers,
        s->target->headers_count, s->target->body_len ? &body : NULL, s);
    if (id < 0)
        die("no request can be made: %s", nghttp2_strerror(id));
    under_way++;
}

static void count(const struct stream *s, bool good)
{
    uint64_t now = now_us();

    if (begins && (now < begins || now >= ends))
        return;
    last_answer = now;
    if (!good) {
        failures++;
        return;
    }
    if (latencies_count == latencies_room) {
        latencies_room = latencies_room ? latencies_room * 2 : 1 << 16;
        latencies = must(realloc(latencies, latencies_room * sizeof *latencies));
    }
    latencies[latencies_count++] = (uint32_t)(now - s->began);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *unused)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)value_len;
    (void)flags;
    (void)unused;
    if (s && name_len == 7 && memcmp(name, ":status", 7) == 0)
        s->status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + value[2] - '0';
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
    size_t len, void *unused)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    (void)unused;
    bytes += len;
    if (s && s->status / 100 != 2 && !s->told && told < TOLD_MOST) {
        s->told = true;
        told++;
        fprintf(stderr, "load: %.*s: status %d: %.*s\n", (int)s->target->headers[3].valuelen,
            (const char *)s->target->headers[3].value, s->status, (int)(len < 300 ? len : 300),
            (const char *)data);
    }
    return 0;
}

static int on_stream_end(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);

    if (!s)
        return 0;
    s->busy = false;
    under_way--;
    count(s, error == 0 && s->status / 100 == 2);
    if (!options.hold)
        ask(arg, s);
    return 0;
}

static void watch(struct connection *c, int how, bool writing)
{
    struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};

    if (epoll_ctl(poller, how, c->fd, &e) != 0)
        die("epoll: %s", strerror(errno));
    c->wants_write = writing;
}

/* What the library has to say is gathered, so that one record carries many frames. */
static void flush(struct connection *c)
{
    static uint8_t gathered[CHUNK];

    for (;;) {
        size_t len = 0;
        while (len < sizeof gathered) {
            if (!c->out_len) {
                ssize_t n = nghttp2_session_mem_send(c->session, &c->out);
                if (n < 0)
                    die("sending: %s", nghttp2_strerror((int)n));
                if (n == 0)
                    break;
                c->out_len = (size_t)n;
            }
            size_t part = c->out_len < sizeof gathered - len ? c->out_len : sizeof gathered - len;
            memcpy(gathered + len, c->out, part);
            c->out += part;
            c->out_len -= part;
            len += part;
        }
        if (len == 0)
            break;
        /* Requests are small and few: the socket's buffer always has room for them. */
        for (size_t done = 0; done < len;) {
            int n = SSL_write(c->ssl, gathered + done, (int)(len - done));
            if (n > 0)
                done += (size_t)n;
            else if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_WRITE)
                die("a connection broke off while sending");
        }
    }
}

static void receive(struct connection *c)
{
    static uint8_t buffer[CHUNK];

    for (;;) {
        int n = SSL_read(c->ssl, buffer, sizeof buffer);
        if (n <= 0) {
            int why = SSL_get_error(c->ssl, n);
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
                return;
            die("a connection was closed by the server");
        }
        ssize_t taken = nghttp2_session_mem_recv(c->session, buffer, (size_t)n);
        if (taken < 0)
            die("receiving: %s", nghttp2_strerror((int)taken));
    }
}

static nghttp2_session *session_new(struct connection *c)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30}, {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_end);
    if (nghttp2_session_client_new(&session, callbacks, c) != 0)
        die("no session");
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, 0, settings, 2);
    nghttp2_session_set_local_window_size(session, 0, 0, 1 << 30);
    return session;
}

/* Blocking; afterwards the socket is not. */
static void open_connection(struct connection *c, SSL_CTX *tls)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    int on = 1;
    char host[256];
    const nghttp2_nv *authority = &targets[0].headers[2];

    if (inet_pton(AF_INET, options.address, &to.sin_addr) != 1)
        die("%s is no address", options.address);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("port %d: %s", options.port, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->ssl = must(SSL_new(tls));
    snprintf(host, sizeof host, "%.*s", (int)authority->valuelen, (const char *)authority->value);
    host[strcspn(host, ":")] = '\0';
    SSL_set_tlsext_host_name(c->ssl, host);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_connect(c->ssl) != 1)
        die("port %d: no TLS: %s", options.port, ERR_error_string(ERR_get_error(), NULL));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->session = session_new(c);
    watch(c, EPOLL_CTL_ADD, false);
}

static void open_all(void)
{
    static const unsigned char protocols[] = "\x02h2";
    struct rlimit files;
    SSL_CTX *tls = must(SSL_CTX_new(TLS_client_method()));

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    SSL_CTX_set_alpn_protos(tls, protocols, sizeof protocols - 1);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    poller = epoll_create1(EPOLL_CLOEXEC);
    connections = must(calloc((size_t)options.connections, sizeof *connections));
    for (int i = 0; i < options.connections; i++)
        open_connection(&connections[i], tls);
}

static void turn(int milliseconds)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(poller, events, EVENTS, milliseconds);

    for (int i = 0; i < n; i++) {
        receive(events[i].data.ptr);
        flush(events[i].data.ptr);
    }
}

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void start_all(void)
{
    for (int i = 0; i < options.connections; i++) {
        struct connection *c = &connections[i];
        for (int k = 0; k < (options.hold ? 1 : options.streams); k++)
            ask(c, &c->streams[k]);
        flush(c);
        while (options.hold && under_way > 0)
            turn(20);
    }
}

/* "begin" and "end" mark what is counted, for whoever measures the servers meanwhile. */
static void run(void)
{
    uint64_t start = now_us();
    bool begun = false, ended = false;

    if (!options.once && !options.hold) {
        begins = start + (uint64_t)(options.warm * 1e6);
        ends = begins + (uint64_t)(options.seconds * 1e6);
    }
    start_all();
    for (;;) {
        uint64_t now = now_us();
        if (!begun && now >= begins) {
            begun = true;
            say("begin");
        }
        if (!ended && ends && now >= ends) {
            ended = true;
            say("end");
        }
        if (under_way == 0 || (ends && now > ends + 20000000))
            break;
        turn(20);
    }
    if (!ended)
        say("end");
    if (!begins) {
        begins = start;
        ends = last_answer;
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t percentile(unsigned of_hundred)
{
    return latencies_count ? latencies[(latencies_count - 1) * of_hundred / 100] : 0;
}

static void report(void)
{
    if (latencies_count)
        qsort(latencies, latencies_count, sizeof *latencies, by_size);
    printf("{\"answers\": %zu, \"failures\": %llu, \"seconds\": %.4f, \"bytes\": %llu, \"p50\": "
           "%u, \"p99\": %u}\n",
        latencies_count, (unsigned long long)failures, (double)(ends - begins) / 1e6,
        (unsigned long long)bytes, percentile(50), percentile(99));
    fflush(stdout);
}

static const char usage[] =
    "usage: load [-a ADDRESS] -p PORT [-c CONNECTIONS] [-m STREAMS] [-w WARM] [-d SECONDS] FILE\n"
    "       load … -1 FILE   each line once, in order\n"
    "       load … -i FILE   one request on each connection; they stay until standard input ends\n";

static void read_options(int argc, char **argv)
{
    for (int o; (o = getopt(argc, argv, "a:p:c:m:w:d:1i")) != -1;)
        switch (o) {
        case 'a':
            options.address = optarg;
            break;
        case 'p':
            options.port = (int)strtol(optarg, NULL, 10);
            break;
        case 'c':
            options.connections = (int)strtol(optarg, NULL, 10);
            break;
        case 'm':
            options.streams = (int)strtol(optarg, NULL, 10);
            break;
        case 'w':
            options.warm = strtod(optarg, NULL);
            break;
        case 'd':
            options.seconds = strtod(optarg, NULL);
            break;
        case '1':
            options.once = true;
            break;
        case 'i':
            options.hold = true;
            break;
        default:
            fputs(usage, stderr);
            exit(2);
        }
    if (optind + 1 != argc || options.streams < 1 || options.streams > STREAMS_MOST ||
        options.connections < 1) {
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    char rest[64];

    read_options(argc, argv);
    read_targets(argv[optind]);
    open_all();
    run();
    if (options.hold) {
        say("open");
        while (read(STDIN_FILENO, rest, sizeof rest) > 0)
            ;
    }
    report();
    return 0;
}
