/*
 * The library's configuration, and the two doors that need no calls: the port without TLS and the
 * metrics port.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "server/config.h"
#include "server/log.h"
#include "server/transport.h"

enum {
    PATH_MOST = 8 * 1024,
    ENTITY_MOST =
        64 * 1024 *
        1024, /* above it the library breaks off without an answer, and clients send again */
    SPOOL_FROM = 1024 * 1024,    /* larger bodies arrive in a file */
    REQUEST_MS = 10 * 60 * 1000, /* HTTP/1: for a request to arrive; see also client_watch.c */
    STRAGGLERS_MS = 20 * 1000,
};

static h2o_globalconf_t globalconf;
static h2o_hostconf_t *hosts[DOORS][2];

h2o_hostconf_t **http_hosts(enum door d)
{
    return hosts[d];
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };

    for (size_t i = 0; i < countof(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Status";
}

void http_add_header(h2o_req_t *req, struct str name, struct str value)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, name.at, name.len, 1, NULL,
        value.at ? value.at : "", value.len);
}

static void answer_text(h2o_req_t *req, int status, const char *text, size_t len)
{
    req->res.status = status;
    req->res.reason = http_reason(status);
    req->res.content_length = len;
    http_add_header(req, STR("content-type"), STR("text/plain; charset=utf-8"));
    http_add_header(req, STR("x-content-type-options"), STR("nosniff"));
    h2o_send_inline(req, text, len);
}

/* The port without TLS: the same page with TLS, for hosts that we have; a foreign name is not
 * helped on its way. */
static int on_plain_request(h2o_handler_t *handler, h2o_req_t *req)
{
    char name[300];
    struct str host = NO_STR, sent = http_view(req->input.authority),
               path = http_view(req->input.path);

    (void)handler;
    req->http1_is_persistent = 0;
    bool known = sent.len <= sizeof name && http_host_name(sent, name, &host) && tls_covers(host);
    if (!known || path.len == 0 || path.at[0] != '/' || path.len > PATH_MOST) {
        answer_text(req, known ? 400 : 421, "Bad request\n", 12);
        return 0;
    }
    bool literal = memchr(host.at, ':', host.len) != NULL;
    size_t room = host.len + path.len + 24;
    char *location = h2o_mem_alloc_pool(&req->pool, room);
    int len = snprintf(location, room, "https://%s%.*s%s", literal ? "[" : "", (int)host.len,
        host.at, literal ? "]" : "");
    if (config.port != 443)
        len += snprintf(location + len, room - (size_t)len, ":%d", config.port);
    memcpy(location + len, path.at, path.len);
    http_add_header(req, STR("location"), (struct str){location, (size_t)len + path.len});
    answer_text(req, 308, "", 0);
    return 0;
}

static int on_metrics_request(h2o_handler_t *handler, h2o_req_t *req)
{
    struct buf out = {0};

    (void)handler;
    if (str_is(http_view(req->path_normalized), "/metrics")) {
        metrics_print(&out);
        answer_text(req, 200, out.at, out.len);
    } else {
        answer_text(req, 404, "Not found; see /metrics\n", 24);
    }
    buf_release(&out);
    return 0;
}

static void add_door(enum door d, const char *name, int (*on_req)(h2o_handler_t *, h2o_req_t *))
{
    h2o_hostconf_t *host = h2o_config_register_host(
        &globalconf, h2o_iovec_init(name, strlen(name)), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);

    host->http2.push_preload = 0;
    host->http2.reprioritize_blocking_assets = 0;
    path->error_log.emit_request_errors = 0;
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_req;
    hosts[d][0] = host;
}

/* Large bodies arrive in files without names below the home, not in /tmp. */
static void choose_spool(void)
{
    char *template = h2o_socket_buffer_mmap_settings.fn_template;
    size_t room = sizeof h2o_socket_buffer_mmap_settings.fn_template;
    int len = snprintf(template, room, "%s/spool", config.home);

    if (len < 0 || (size_t)len + 16 > room)
        die("PROPOPS_HOME is too long");
    if (mkdir(template, 0700) != 0 && errno != EEXIST)
        die("%s cannot be made: %s; mend PROPOPS_HOME or its rights", template, strerror(errno));
    snprintf(template + len, room - (size_t)len, "/body.XXXXXX");
    h2o_socket_buffer_mmap_settings.threshold = SPOOL_FROM;
}

h2o_globalconf_t *http_configure(void)
{
    if (hosts[DOOR_TLS][0])
        return &globalconf;
    choose_spool();
    h2o_config_init(&globalconf);
    globalconf.server_name = (h2o_iovec_t){NULL, 0};
    globalconf.max_request_entity_size = ENTITY_MOST;
    globalconf.http1.req_timeout = REQUEST_MS;
    globalconf.http1.upgrade_to_http2 = 0;
    globalconf.http2.idle_timeout = (uint64_t)config.idle_ms;
    globalconf.http2.graceful_shutdown_timeout = STRAGGLERS_MS;
    globalconf.http2.max_concurrent_requests_per_connection = HTTP_CONCURRENT_MOST;
    add_door(DOOR_TLS, "tls", http_on_request);
    add_door(DOOR_PLAIN, "plain", on_plain_request);
    add_door(DOOR_METRICS, "metrics", on_metrics_request);
    return &globalconf;
}
