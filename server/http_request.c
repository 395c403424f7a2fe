/*
 * What of a request is taken over into its call, and what is refused at sight.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "server/transport.h"

enum {
    METHOD_MOST = 32,
    HEADERS_MOST = 100,
    HEADER_BYTES_MOST = 64 * 1024,
    PATH_MOST = 8 * 1024,
    AUTHORITY_MOST = 300,
    BODY_MOST = 26 * 1024 * 1024,    /* a file of 25 MB and what a form puts around it */
    BODIES_MOST = 512 * 1024 * 1024, /* held by the process at a time */
};

static atomic_size_t bodies_held;

bool http_host_name(struct str sent, char *name, struct str *host)
{
    size_t len = 0;
    bool literal = sent.len && sent.at[0] == '[';

    for (; len < sent.len && (literal || sent.at[len] != ':'); len++) {
        char c = sent.at[len];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                    c == '_';
        if (!fine && !(literal && (c == ':' || c == '[' || c == ']')))
            return false;
        name[len] = c;
        if (literal && c == ']') {
            len++;
            break;
        }
    }
    for (size_t i = len; i < sent.len; i++)
        if (i == len ? sent.at[i] != ':' : sent.at[i] < '0' || sent.at[i] > '9')
            return false;
    if (literal) /* certificates name addresses without brackets */
        *host = len > 2 && name[len - 1] == ']' ? (struct str){name + 1, len - 2} : NO_STR;
    else
        *host = (struct str){name, len};
    return host->at && host->len > 0 && host->len <= 253;
}

static enum method method_of(struct str text, bool *is_head)
{
    *is_head = str_is(text, "HEAD");
    if (*is_head || str_is(text, "GET"))
        return GET;
    if (str_is(text, "POST"))
        return POST;
    if (str_is(text, "PUT"))
        return PUT;
    return str_is(text, "DELETE") ? DELETE : OTHER_METHOD;
}

static void copy_headers(struct call *c, const h2o_req_t *req)
{
    size_t bytes = 0;

    if (req->headers.size > HEADERS_MOST)
        return fail(c, TOO_MANY_HEADERS);
    for (size_t i = 0; i < req->headers.size; i++) {
        if (req->headers.entries[i].name->len == 0) /* over HTTP/1, a folded line */
            return fail_with(c, REQUEST_MALFORMED, "a field without a name");
        bytes += req->headers.entries[i].name->len + req->headers.entries[i].value.len;
    }
    if (bytes > HEADER_BYTES_MOST)
        return fail(c, TOO_MANY_HEADERS);
    c->request.headers = call_alloc(c, (req->headers.size + 1) * sizeof *c->request.headers);
    for (size_t i = 0; i < req->headers.size; i++)
        c->request.headers[i] = (struct header){
            call_copy(c, http_view(*req->headers.entries[i].name)),
            call_copy(c, http_view(req->headers.entries[i].value))};
    c->request.headers_count = req->headers.size;
}

/* Whether the target hides a separator or a dot from those on its way that compare paths as they
 * are sent; nobody needs to. */
static bool hides_segments(struct str target)
{
    struct str path = str_cut(&target, '?');

    for (size_t i = 0; i + 2 < path.len; i++) {
        struct str escape = {path.at + i, 3};
        if (str_equal_ignoring_case(escape, STR("%2e")) ||
            str_equal_ignoring_case(escape, STR("%2f")) ||
            str_equal_ignoring_case(escape, STR("%5c")))
            return true;
    }
    return false;
}

/* The library has decoded the path once and resolved its dots after that. */
static void copy_path(struct call *c, const h2o_req_t *req)
{
    struct str path = http_view(req->path_normalized);
    bool plain = req->input.path.len > 0 && req->input.path.len <= PATH_MOST &&
                 req->input.path.base[0] == '/' && str_is_utf8(path) &&
                 !hides_segments(http_view(req->input.path));

    for (size_t i = 0; plain && i < path.len; i++)
        plain = (unsigned char)path.at[i] >= 0x20 && path.at[i] != 0x7F;
    if (!plain)
        return fail_with(c, REQUEST_MALFORMED, "path");
    c->request.path = call_copy(c, path);
    if (req->query_at != SIZE_MAX && req->query_at < req->path.len)
        c->request.query = call_copy(
            c, (struct str){req->path.base + req->query_at + 1, req->path.len - req->query_at - 1});
}

/* Browsers send requests of other hosts over a connection whose certificate covers them, and may
 * send some for hosts it does not. */
static void copy_authority(struct call *c, const h2o_req_t *req, const struct client *client)
{
    struct str sent = http_view(req->input.authority);

    if (sent.len == 0 || sent.len > AUTHORITY_MOST)
        return fail_with(c, REQUEST_MALFORMED, "authority");
    char *name = call_alloc(c, sent.len + 1);
    if (!http_host_name(sent, name, &c->request.authority))
        return fail_with(c, REQUEST_MALFORMED, "authority");
    if (!certificate_covers(client->certificate, c->request.authority))
        fail_with(c, WRONG_HOST, "not a name of the connection's certificate");
}

struct str request_read_body(struct call *c, const h2o_req_t *req)
{
    size_t len = req->entity.len;
    char *copy;

    c->request.body = STR("");
    if (len > BODY_MOST) {
        fail(c, BODY_TOO_LARGE);
        return NO_STR;
    }
    if (len == 0)
        return NO_STR;
    if (atomic_fetch_add(&bodies_held, len) + len > BODIES_MOST || !(copy = malloc(len + 1))) {
        atomic_fetch_sub(&bodies_held, len);
        fail_with(c, BUSY, "no memory for a body");
        return NO_STR;
    }
    memcpy(copy, req->entity.base, len);
    copy[len] = '\0';
    return c->request.body = (struct str){copy, len};
}

void request_body_free(struct str *body)
{
    free((char *)body->at);
    atomic_fetch_sub(&bodies_held, body->len);
    *body = NO_STR;
}

/* A body in chunks is decoded by the library, which forgives much in their framing: nothing that
 * follows such a request, or one that is refused for its shape, is taken for another. */
static void check_shape(struct call *c, h2o_req_t *req, const struct client *client)
{
    const h2o_buffer_t *input = client->socket->input;
    bool chunked = false;

    if (req->version >= 0x200)
        return;
    if (!http1_head_is_plain((struct str){input->bytes, input->size}, &chunked))
        fail_with(c, REQUEST_MALFORMED, "head");
    if (chunked)
        req->http1_is_persistent = 0;
}

void request_read(struct call *c, h2o_req_t *req, const struct client *client)
{
    struct str method = http_view(req->input.method);

    c->request.method_text = method.len <= METHOD_MOST ? call_copy(c, method) : STR("?");
    c->request.method = method_of(c->request.method_text, &c->request.is_head);
    c->request.http_version = req->version;
    c->request.address = call_copy(c, str_of(client->address));
    check_shape(c, req, client);
    copy_headers(c, req);
    copy_path(c, req);
    if (!call_faulted(c))
        copy_authority(c, req, client);
    if (call_faulted(c))
        req->http1_is_persistent = 0;
}
