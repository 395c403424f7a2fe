/*
 * The head of an HTTP/1 request as it came, for what the library forgives: what two programs on its
 * way could read differently is how one client's request becomes another's (RFC 9112, 11.2).
 */
#include "server/transport.h"

/* The next line without its CRLF; false when it ends otherwise. */
static bool cut_line(struct str *rest, struct str *line)
{
    const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;

    if (!end || end == rest->at || end[-1] != '\r')
        return false;
    size_t taken = (size_t)(end - rest->at) + 1;
    *line = (struct str){rest->at, taken - 2};
    *rest = (struct str){rest->at + taken, rest->len - taken};
    return true;
}

bool http1_head_is_plain(struct str bytes, bool *chunked)
{
    struct str rest = bytes, line;
    unsigned hosts = 0, lengths = 0, codings = 0;

    if (str_starts(rest, "\r\n")) /* the library skips one */
        rest = (struct str){rest.at + 2, rest.len - 2};
    if (!cut_line(&rest, &line))
        return false;
    bool old = line.len > 0 && line.at[line.len - 1] == '0';
    for (;;) {
        if (!cut_line(&rest, &line))
            return false;
        if (line.len == 0)
            break;
        struct str name = str_cut(&line, ':');
        hosts += str_equal_ignoring_case(name, STR("host"));
        lengths += str_equal_ignoring_case(name, STR("content-length"));
        codings += str_equal_ignoring_case(name, STR("transfer-encoding"));
    }
    *chunked = codings > 0;
    return hosts == 1 && lengths + codings <= 1 && !(codings && old);
}
