#include "server/reply.h"

#include <assert.h>
#include <string.h>

static void add_header(struct call *c, const char *name, struct str value)
{
    struct reply_header *h = call_alloc(c, sizeof *h);
    struct reply_header **end = &c->reply.headers;

    *h = (struct reply_header){.name = str_of(name), .value = call_copy(c, value)};
    while (*end)
        end = &(*end)->next;
    *end = h;
}

void reply_header(struct call *c, const char *lower_case_name, struct str value)
{
    if (call_faulted(c))
        return;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] == '\r' || value.at[i] == '\n' || value.at[i] == '\0')
            return fail_with(c, INTERNAL, "line break in header %s", lower_case_name);
    add_header(c, lower_case_name, value);
}

void reply_status(struct call *c, int status)
{
    if (!call_faulted(c))
        c->reply.status = status;
}

void reply_begin(struct call *c, struct json *j)
{
    c->reply.body.len = 0;
    c->reply.content_type = "application/json; charset=utf-8";
    if (c->reply.status == 0)
        c->reply.status = 200;
    json_begin(j, &c->reply.body);
    json_object(j);
    json_key(j, "success");
    json_flag(j, true);
}

void reply_members(struct call *c, const char *message, const struct member *members, size_t count)
{
    struct json j;

    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_key(&j, "message");
    json_text(&j, message);
    for (size_t i = 0; i < count; i++)
        json_member(&j, &members[i]);
    json_object_end(&j);
}

void reply_data_members(struct call *c, struct str data, const struct member *members, size_t count)
{
    struct json j;

    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_key(&j, "data");
    json_raw(&j, data);
    for (size_t i = 0; i < count; i++)
        json_member(&j, &members[i]);
    json_object_end(&j);
}

void reply_bytes(struct call *c, const char *content_type, struct str bytes)
{
    if (call_faulted(c))
        return;
    if (c->reply.status == 0)
        c->reply.status = 200;
    c->reply.content_type = content_type;
    c->reply.fixed_body = bytes;
}

void reply_stream(struct call *c, const char *content_type, int64_t length,
    bool (*next)(struct call *, struct buf *, void *), void *state)
{
    if (call_faulted(c))
        return;
    if (c->reply.status == 0)
        c->reply.status = 200;
    c->reply.content_type = content_type;
    c->reply.stream_length = length;
    c->reply.next = next;
    c->reply.state = state;
}

bool reply_unchanged(struct call *c, struct str etag)
{
    if (call_faulted(c))
        return false;
    reply_header(c, "etag", call_print(c, "\"%.*s\"", (int)etag.len, etag.at));
    struct str rest = call_header(c, "if-none-match");
    while (rest.at) {
        struct str tag = str_trim(str_cut(&rest, ','));
        if (str_starts(tag, "W/"))
            tag = (struct str){tag.at + 2, tag.len - 2};
        bool quoted = tag.len >= 2 && tag.at[0] == '"' && tag.at[tag.len - 1] == '"';
        if (str_is(tag, "*") ||
            (quoted && str_equal((struct str){tag.at + 1, tag.len - 2}, etag))) {
            c->reply.status = 304;
            return true;
        }
    }
    return false;
}

void json_begin(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

/* Before a value: a comma, unless it is the first one here or follows its key. */
static void separate(struct json *j)
{
    uint64_t here = (uint64_t)1 << j->depth;

    if (j->started & here)
        buf_char(j->out, ',');
    j->started |= here;
}

static void open_level(struct json *j, char bracket)
{
    separate(j);
    buf_char(j->out, bracket);
    assert(j->depth < 62);
    j->depth++;
    j->started &= ~((uint64_t)1 << j->depth);
}

static void close_level(struct json *j, char bracket)
{
    assert(j->depth > 0);
    j->depth--;
    buf_char(j->out, bracket);
}

void json_object(struct json *j)
{
    open_level(j, '{');
}

void json_object_end(struct json *j)
{
    close_level(j, '}');
}

void json_array(struct json *j)
{
    open_level(j, '[');
}

void json_array_end(struct json *j)
{
    close_level(j, ']');
}

/* Bytes that cannot stand in a JSON text as they are, or should not stand in one that a page may
 * embed. */
static const bool special[256] = {
    [0 ... 31] = true,
    ['"'] = true,
    ['\\'] = true,
    ['<'] = true,
    ['>'] = true,
    ['&'] = true,
    [0xE2] = true,
    [127] = true,
};

static void escape(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";

    switch (c) {
    case '"':
        return buf_add(out, "\\\"", 2);
    case '\\':
        return buf_add(out, "\\\\", 2);
    case '\n':
        return buf_add(out, "\\n", 2);
    case '\r':
        return buf_add(out, "\\r", 2);
    case '\t':
        return buf_add(out, "\\t", 2);
    default:
        buf_add(out, "\\u00", 4);
        buf_char(out, digits[c >> 4]);
        buf_char(out, digits[c & 15]);
    }
}

static void quoted(struct buf *out, struct str s)
{
    size_t from = 0;

    buf_reserve(out, s.len + 2);
    buf_char(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (!special[c])
            continue;
        if (c == 0xE2) { /* U+2028 and U+2029 end lines in scripts */
            bool line = i + 2 < s.len && s.at[i + 1] == '\x80' &&
                        (s.at[i + 2] == '\xA8' || s.at[i + 2] == '\xA9');
            if (!line)
                continue;
            buf_add(out, s.at + from, i - from);
            buf_text(out, s.at[i + 2] == '\xA8' ? "\\u2028" : "\\u2029");
            i += 2;
        } else {
            buf_add(out, s.at + from, i - from);
            escape(out, c);
        }
        from = i + 1;
    }
    buf_add(out, s.at + from, s.len - from);
    buf_char(out, '"');
}

/* The value that follows is not separated from its key. */
static void expect_value(struct json *j)
{
    j->started &= ~((uint64_t)1 << j->depth);
}

void json_key_str(struct json *j, struct str name)
{
    separate(j);
    quoted(j->out, name);
    buf_char(j->out, ':');
    expect_value(j);
}

void json_key_made(struct json *j, const char *key, size_t len)
{
    assert(key);
    separate(j);
    buf_add(j->out, key, len);
    expect_value(j);
}

void json_key(struct json *j, const char *name)
{
    json_key_str(j, str_of(name));
}

void json_int(struct json *j, int64_t value)
{
    if (value == NONE)
        return json_null(j);
    separate(j);
    buf_int(j->out, value);
}

void json_str(struct json *j, struct str value)
{
    if (!value.at)
        return json_null(j);
    separate(j);
    quoted(j->out, value);
}

void json_text(struct json *j, const char *value)
{
    json_str(j, str_of(value));
}

void json_flag(struct json *j, bool value)
{
    separate(j);
    buf_text(j->out, value ? "true" : "false");
}

void json_uuid(struct json *j, struct uuid value)
{
    char text[37];

    if (uuid_is_nil(value))
        return json_null(j);
    uuid_print(value, text);
    json_text(j, text);
}

void json_null(struct json *j)
{
    separate(j);
    buf_text(j->out, "null");
}

void json_raw(struct json *j, struct str json_text)
{
    separate(j);
    buf_str(j->out, json_text);
}

void json_member(struct json *j, const struct member *m)
{
    json_key(j, m->name);
    switch (m->type) {
    case MEMBER_IS_INT:
        return json_int(j, m->number);
    case MEMBER_IS_TEXT:
        return json_str(j, m->text);
    case MEMBER_IS_FLAG:
        return json_flag(j, m->number);
    case MEMBER_IS_UUID:
        return json_uuid(j, m->uuid);
    case MEMBER_IS_JSON:
        return json_raw(j, m->text);
    case MEMBER_IS_NULL:
        return json_null(j);
    }
}
