/*
 * What a client's HTTP/2 frames add up to, looked at before the library acts on them. It would take
 * any number of them: each costs the client a few bytes and us an answer, a stream or a buffer.
 *
 * Only the frames' heads are read. Everything that is merely wrong is left to the library.
 */
#include <string.h>

#include "server/transport.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, WINDOW_UPDATE = 8, CONTINUATION }; /* RFC 9113, 6 */
enum { END_STREAM = 1, END_HEADERS = 4 };
enum {
    FRAME_HEAD = 9,
    FRAME_MOST = 16384, /* what the library admits */
    PREFACE = 24,
    SMALL_DATA = 128,
    WINDOW_US = 10 * 1000 * 1000, /* the limits below are for so long */
    RESETS_MOST = 200,
    CONTROLS_MOST = 2000, /* frames that carry neither a request nor a body worth the name */
    CREDITS_MOST = 2000,  /* WINDOW_UPDATE, and one more for each so many bytes sent: */
    BYTES_A_CREDIT = 256,
    BLOCK_MOST = 32 * 1024,   /* of one request's header fields, compressed */
    BLOCKS_MOST = 256 * 1024, /* of all requests whose body is still on its way */
};

static struct open_body *find_body(struct frames *f, uint32_t stream)
{
    for (unsigned i = 0; i < f->bodies_count; i++)
        if (f->bodies[i].stream == stream)
            return &f->bodies[i];
    return NULL;
}

/* More than the library admits are refused by it. */
static void open_body(struct frames *f, uint32_t stream, size_t block)
{
    if (f->bodies_count == countof(f->bodies))
        return;
    f->bodies[f->bodies_count++] = (struct open_body){stream, (uint32_t)block};
    f->blocks += block;
}

static void close_body(struct frames *f, uint32_t stream)
{
    struct open_body *body = find_body(f, stream);

    if (!body)
        return;
    f->blocks -= body->block;
    *body = f->bodies[--f->bodies_count];
}

static void on_data(struct frames *f, uint32_t stream, unsigned flags, size_t len)
{
    f->arrived += len;
    if (!find_body(f, stream) || (len < SMALL_DATA && !(flags & END_STREAM)))
        f->controls++;
    if (flags & END_STREAM)
        close_body(f, stream);
}

static void on_headers(struct frames *f, uint32_t stream, unsigned flags, size_t len)
{
    f->block = len;
    f->in_block = !(flags & END_HEADERS);
    if (flags & END_STREAM)
        close_body(f, stream); /* trailers */
    else if (stream > f->last_stream)
        open_body(f, stream, len);
    if (stream > f->last_stream)
        f->last_stream = stream;
}

static void on_continuation(struct frames *f, uint32_t stream, unsigned flags, size_t len)
{
    struct open_body *body = find_body(f, stream);

    f->controls++;
    f->block += len;
    f->in_block = !(flags & END_HEADERS);
    if (!body)
        return;
    body->block += (uint32_t)len;
    f->blocks += len;
}

static void on_frame(struct frames *f, unsigned kind, unsigned flags, uint32_t stream, size_t len)
{
    switch (kind) {
    case DATA:
        return on_data(f, stream, flags, len);
    case HEADERS:
        return on_headers(f, stream, flags, len);
    case RST_STREAM:
        f->resets++;
        return close_body(f, stream);
    case WINDOW_UPDATE:
        f->credits++;
        return;
    case CONTINUATION:
        return on_continuation(f, stream, flags, len);
    default:
        f->controls++;
    }
}

static void begin_window(struct frames *f, uint64_t now_us, size_t written)
{
    if (now_us - f->window_us < WINDOW_US)
        return;
    f->window_us = now_us;
    f->written = written;
    f->controls = f->credits = f->resets = f->cancelled = 0;
}

static bool is_flood(const struct frames *f, size_t written)
{
    return f->controls > CONTROLS_MOST || f->resets > RESETS_MOST ||
           f->credits > CREDITS_MOST + (written - f->written) / BYTES_A_CREDIT ||
           f->block > BLOCK_MOST || f->blocks > BLOCKS_MOST;
}

bool frames_pass(struct frames *f, struct str bytes, size_t written, bool draining)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    size_t left = bytes.len;

    begin_window(f, now_monotonic_us(), written);
    if (!f->greeted) {
        if (left < PREFACE)
            return true;
        f->greeted = true;
        at += PREFACE;
        left -= PREFACE;
    }
    while (left >= FRAME_HEAD) {
        size_t len = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        uint32_t stream = (uint32_t)(at[5] & 0x7F) << 24 | (uint32_t)at[6] << 16 |
                          (uint32_t)at[7] << 8 | at[8];
        if (len > FRAME_MOST || left < FRAME_HEAD + len)
            break;
        /* Once it said that it goes away, the library never gets past one of these. */
        if (at[3] == CONTINUATION && draining)
            return false;
        on_frame(f, at[3], at[4], stream, len);
        if (is_flood(f, written))
            return false;
        at += FRAME_HEAD + len;
        left -= FRAME_HEAD + len;
    }
    return true;
}

bool frames_cancelled(struct frames *f)
{
    return ++f->cancelled <= RESETS_MOST;
}
