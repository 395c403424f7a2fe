#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/fiber.h"
#include "server/file_disk.h"
#include "server/file_range.h"
#include "server/file_seal.h"
#include "server/reply.h"

enum {
    READ_CHUNKS = 16, /* read and opened at a time: 1 MiB */
    SEND_CHUNKS = 4,  /* of a stream: 256 KiB */
};

/* A file that is being read: part of it, or all. */
struct reading {
    int fd;
    int64_t size; /* clear */
    uint8_t key[SEAL_KEY];
    uint8_t *sealed; /* room for `most` chunks */
    int64_t most;
    int64_t at, end; /* of what is wanted */
};

static void reading_end(struct reading *r)
{
    disk_close(&r->fd);
    sodium_memzero(r->key, sizeof r->key);
    free(r->sealed);
    r->sealed = NULL;
}

static bool read_whole(struct call *c, int fd, void *bytes, size_t len, uint64_t offset)
{
    while (len > 0) {
        struct file_op op = {
            .act = FILE_READ, .fd = fd, .bytes = bytes, .len = len, .offset = offset};
        int64_t got = disk_run(&op);
        if (got <= 0) {
            fail_with(c, got == -EBUSY ? BUSY : INTERNAL, "read of a stored file: %s",
                got ? strerrordesc_np((int)-got) : "it ends too soon");
            return false;
        }
        bytes = (char *)bytes + got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

static int64_t open_stored(const struct spot *s)
{
    int64_t folder = disk_open_folder(s);

    if (folder < 0)
        return folder;
    int64_t fd = disk_open((int)folder, s->name, O_RDONLY | O_NOFOLLOW);
    close((int)folder);
    return fd;
}

static bool begin_reading(struct call *c, struct reading *r, const struct seal_place *place,
    const uint8_t key[static 32], int64_t most)
{
    struct spot s = disk_spot(place->owner, place->file, place->kind);
    uint8_t head[SEAL_HEAD];
    struct stat about;
    int64_t fd = open_stored(&s);

    *r = (struct reading){.fd = (int)fd, .most = most};
    if (fd < 0) {
        r->fd = -1;
        fail_with(c,
            fd == -ENOENT  ? FILE_MISSING
            : fd == -EBUSY ? BUSY
                           : INTERNAL,
            "%s/%s/%s: %s", s.owner, s.folder, s.name, strerrordesc_np((int)-fd));
        return false;
    }
    if (fstat(r->fd, &about) == 0 && S_ISREG(about.st_mode))
        r->size = seal_clear_size(about.st_size);
    else
        r->size = NONE;
    if (r->size == NONE || !read_whole(c, r->fd, head, sizeof head, 0) ||
        !seal_key(r->key, key, place, head)) {
        fail_with(c, INTERNAL, "%s/%s/%s is no stored file", s.owner, s.folder, s.name);
        return false;
    }
    r->end = r->size;
    r->sealed = malloc((size_t)most * SEAL_ROOM);
    if (!r->sealed)
        fail_with(c, BUSY, "no memory to read a file");
    return r->sealed != NULL;
}

/* Chunks `first` to `last` of a file for a worker to open, one behind the other. */
struct opening {
    const struct reading *r;
    int64_t first, count;
    uint8_t *clear;
    bool failed;
};

static void open_chunks(void *arg)
{
    struct opening *o = arg;
    int64_t chunks = seal_chunks(o->r->size);
    const uint8_t *sealed = o->r->sealed;
    uint8_t *clear = o->clear;

    for (int64_t i = o->first; i < o->first + o->count && !o->failed; i++) {
        bool last = i == chunks - 1;
        size_t len = last ? (size_t)(o->r->size - i * SEAL_CHUNK) : SEAL_CHUNK;
        o->failed = !seal_open_chunk(clear, o->r->key, (uint64_t)i, last, sealed, len + SEAL_TAG);
        sealed += len + SEAL_TAG;
        clear += len;
    }
}

/* Reads and opens the chunks that hold r->at and as many behind it as there is room for; `clear`
 * has room for them. Says where in them r->at stands and how many wanted bytes follow. */
static bool read_chunks(
    struct call *c, struct reading *r, uint8_t *clear, size_t *skip, size_t *len)
{
    int64_t chunks = seal_chunks(r->size), first = r->at / SEAL_CHUNK;
    int64_t end = r->end > r->at ? (r->end + SEAL_CHUNK - 1) / SEAL_CHUNK : first + 1;
    struct opening o = {.r = r, .first = first, .clear = clear};

    o.count = end - first < r->most ? end - first : r->most;
    int64_t clear_end = (first + o.count) * SEAL_CHUNK;
    if (clear_end > r->size)
        clear_end = r->size;
    size_t sealed = (size_t)(clear_end - first * SEAL_CHUNK + o.count * SEAL_TAG);
    assert(first + o.count <= chunks);
    if (!read_whole(c, r->fd, r->sealed, sealed, SEAL_HEAD + (uint64_t)first * SEAL_ROOM))
        return false;
    if (!offload(open_chunks, &o)) {
        fail_with(c, BUSY, "no worker to open a file");
        return false;
    }
    if (o.failed) {
        fail_with(c, INTERNAL, "a stored file was changed");
        return false;
    }
    *skip = (size_t)(r->at - first * SEAL_CHUNK);
    *len = (size_t)((clear_end < r->end ? clear_end : r->end) - r->at);
    return true;
}

struct str files_read(struct call *c, struct uuid owner, struct uuid file, const char *kind,
    const uint8_t key[static 32])
{
    const struct seal_place place = {owner, file, disk_kind(kind)};
    struct reading r;
    size_t skip, len;

    if (call_faulted(c))
        return STR("");
    bool ok = begin_reading(c, &r, &place, key, READ_CHUNKS);
    uint8_t *clear = ok ? call_alloc(c, (size_t)r.size + 1) : NULL;
    ok = ok && !call_faulted(c);
    /* An empty file has a chunk too, and it may have been changed. */
    do {
        ok = ok && read_chunks(c, &r, clear + r.at, &skip, &len);
        if (ok)
            r.at += (int64_t)len;
    } while (ok && r.at < r.size);
    struct str bytes = ok ? (struct str){(char *)clear, (size_t)r.size} : STR("");
    reading_end(&r);
    return bytes;
}

static void on_sending_over(struct call *c, void *arg)
{
    (void)c;
    reading_end(arg);
}

static bool send_next(struct call *c, struct buf *out, void *state)
{
    struct reading *r = state;
    size_t skip, len;

    buf_reserve(out, (size_t)SEND_CHUNKS * SEAL_CHUNK);
    uint8_t *clear = (uint8_t *)out->at + out->len;
    if (!read_chunks(c, r, clear, &skip, &len))
        return false;
    if (skip)
        memmove(clear, clear + skip, len);
    out->len += len;
    r->at += (int64_t)len;
    return r->at < r->end;
}

/* A condition on the tag is not weighed: the whole file is always a right answer. */
static void choose_range(struct call *c, struct reading *r)
{
    struct str header = call_header(c, "range");

    if (c->request.method != GET || c->request.is_head || call_header(c, "if-range").at)
        return;
    switch (file_range(header, r->size, &r->at, &r->end)) {
    case RANGE_WHOLE:
        return;
    case RANGE_IMPOSSIBLE:
        reply_header(c, "content-range", call_print(c, "bytes */%lld", (long long)r->size));
        return fail(c, RANGE_INVALID);
    case RANGE_PART:
        reply_status(c, 206);
        reply_header(c, "content-range",
            call_print(c, "bytes %lld-%lld/%lld", (long long)r->at, (long long)r->end - 1,
                (long long)r->size));
    }
}

void files_send(struct call *c, struct uuid owner, struct uuid file, const char *kind,
    const uint8_t key[static 32], int64_t size, const char *content_type)
{
    const struct seal_place place = {owner, file, disk_kind(kind)};

    if (call_faulted(c))
        return;
    struct reading *r = call_alloc(c, sizeof *r);
    bool ok = begin_reading(c, r, &place, key, SEND_CHUNKS);
    call_at_end(c, on_sending_over, r);
    if (!ok)
        return;
    if (r->size != size)
        return fail_with(c, INTERNAL, "a stored file has %lld bytes instead of %lld",
            (long long)r->size, (long long)size);
    reply_header(c, "accept-ranges", STR("bytes"));
    choose_range(c, r);
    reply_stream(c, content_type, r->end - r->at, send_next, r);
}
