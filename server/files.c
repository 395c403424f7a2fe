#include "server/files.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"
#include "server/fiber.h"
#include "server/file_backend.h"
#include "server/file_range.h"
#include "server/file_seal.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/reply.h"

enum {
    PIECE_CHUNKS = 16, /* sealed and written at a time: 1 MiB */
    SEND_CHUNKS = 4,   /* read and opened at a time: 256 KiB */
    TRIES_MOST = 100,  /* of an operation that the kernel asks to repeat */
    LIST_MOST = 10000,
};

static const char *const kinds[] = {FILE_ORIGINAL, FILE_WEB, FILE_THUMB};

static int root = -1;                                 /* <home>/files */
static bool try_uring, need_uring;                    /* what files_start decided */
static _Thread_local const struct file_backend *here; /* NULL: threads, or at once off a fiber */

/* Where a file lies: <owner>/<folder>/<name>. Ids begin with the time, so that their last byte
 * spreads files over folders. */
struct spot {
    char owner[37], folder[3], name[64];
};

static struct spot spot_of(struct uuid owner, struct uuid file, const char *kind)
{
    struct spot s;
    char text[37];

    uuid_print(owner, s.owner);
    uuid_print(file, text);
    snprintf(s.folder, sizeof s.folder, "%s", text + 34);
    snprintf(s.name, sizeof s.name, "%s.%s", text, kind);
    return s;
}

static const char *known_kind(const char *kind)
{
    for (size_t i = 0; i < countof(kinds); i++)
        if (strcmp(kinds[i], kind) == 0)
            return kinds[i];
    assert(!"files: a kind that files_remove_now does not know");
    return NULL;
}

static int64_t act(struct file_op *op)
{
    const struct file_backend *backend = here && fiber_self() ? here : &file_threads;

    for (int tries = 0; tries < TRIES_MOST; tries++) {
        backend->run(op);
        if (op->result != -EINTR && op->result != -EAGAIN)
            break;
        if (fiber_self())
            fiber_sleep(1);
    }
    return op->result;
}

static int64_t open_below(int folder, const char *path, uint64_t flags)
{
    bool creates = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
    struct file_op op = {.act = FILE_OPEN, .fd = folder, .path = path};

    op.how = (struct open_how){.flags = flags | O_CLOEXEC,
        .mode = creates ? 0600 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return act(&op);
}

static int64_t sync_file(int fd, enum file_act how)
{
    struct file_op op = {.act = how, .fd = fd};

    return act(&op);
}

static int64_t on_names(enum file_act how, int folder, const char *path, const char *to)
{
    struct file_op op = {.act = how, .fd = folder, .path = path, .to = to};

    return act(&op);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int64_t open_folder(const struct spot *s)
{
    char path[sizeof s->owner + sizeof s->folder];

    snprintf(path, sizeof path, "%s/%s", s->owner, s->folder);
    return open_below(root, path, O_RDONLY | O_DIRECTORY);
}

/* Makes one folder, and makes sure that it is still there after a crash. */
static int64_t make_folder(int parent, const char *name)
{
    int64_t result = on_names(FILE_MAKE_FOLDER, parent, name, NULL);

    if (result < 0 && result != -EEXIST)
        return result;
    return sync_file(parent, FILE_SYNC);
}

static int64_t open_or_make_folder(const struct spot *s)
{
    int64_t folder = open_folder(s);

    if (folder != -ENOENT)
        return folder;
    int64_t result = make_folder(root, s->owner);
    if (result < 0)
        return result;
    int64_t owner = open_below(root, s->owner, O_RDONLY | O_DIRECTORY);
    if (owner < 0)
        return owner;
    result = make_folder((int)owner, s->folder);
    close((int)owner);
    return result < 0 ? result : open_folder(s);
}

static bool not_stored(struct call *c, const char *what, int64_t result)
{
    fail_with(c, result == -EBUSY ? BUSY : FILE_NOT_STORED, "%s: %s", what,
        strerrordesc_np((int)-result));
    return false;
}

/* What a call has stored, and what it wants removed; settled when it is over. */
struct change {
    struct uuid owner, file;
    const char *kind; /* of what was stored; NULL: a removal of all kinds */
    int attempt;      /* the handler's run */
    struct change *next;
};

static void remove_one(const struct spot *s)
{
    int64_t folder = open_folder(s);

    if (folder < 0)
        return;
    on_names(FILE_UNLINK, (int)folder, s->name, NULL);
    close((int)folder);
}

/* A call whose commit was sent but not confirmed may have succeeded: its files stay, and those that
 * no record names are found by the daily search. */
static void settle(struct call *c, void *list)
{
    bool done = !call_faulted(c);

    if (c->fault.id == OUTCOME_UNKNOWN)
        return;
    for (struct change *change = *(struct change **)list; change; change = change->next) {
        bool counts = done && change->attempt == c->attempt;
        if (change->kind && !counts) {
            struct spot s = spot_of(change->owner, change->file, change->kind);
            remove_one(&s);
        } else if (!change->kind && counts) {
            files_remove_now(change->owner, change->file);
        }
    }
}

static struct change **changes_of(struct call *c)
{
    for (int i = 0; i < c->at_ends; i++)
        if (c->at_end[i] == settle)
            return c->at_end_arg[i];
    struct change **list = call_alloc(c, sizeof *list);
    call_at_end(c, settle, list);
    return list;
}

static void note_change(struct call *c, struct uuid owner, struct uuid file, const char *kind)
{
    struct change **list = changes_of(c), *change = call_alloc(c, sizeof *change);

    *change = (struct change){owner, file, kind, c->attempt, *list};
    *list = change;
}

/* A file that is being stored. */
struct writing {
    struct call *c;
    struct spot spot;
    int folder, fd;
    char temporary[128]; /* a name to write under, where files cannot be without one; else empty */
    uint8_t key[SEAL_KEY];
    uint8_t *piece;
    EVP_MD_CTX *sha;
    uint64_t offset; /* in the store */
};

/* One piece's work for a worker. */
struct piece_work {
    struct writing *w;
    const char *clear;
    size_t len, sealed;
    uint64_t number; /* of its first chunk */
    bool last;
    struct stored *stored;
    bool failed;
};

static void seal_piece(void *arg)
{
    struct piece_work *p = arg;
    size_t done = 0;

    if (!p->w->sha && (p->w->sha = EVP_MD_CTX_new()))
        p->failed = !EVP_DigestInit_ex(p->w->sha, EVP_sha256(), NULL);
    if (!p->w->sha || p->failed || !EVP_DigestUpdate(p->w->sha, p->clear, p->len)) {
        p->failed = true;
        return;
    }
    do {
        size_t len = p->len - done < SEAL_CHUNK ? p->len - done : SEAL_CHUNK;
        seal_chunk(p->w->piece + p->sealed, p->w->key, p->number++, p->last && done + len == p->len,
            p->clear + done, len);
        done += len;
        p->sealed += len + SEAL_TAG;
    } while (done < p->len);
    if (p->last)
        p->failed = !EVP_DigestFinal_ex(p->w->sha, p->stored->sha256, NULL);
}

static bool write_whole(struct writing *w, void *bytes, size_t len)
{
    while (len > 0) {
        struct file_op op = {
            .act = FILE_WRITE, .fd = w->fd, .bytes = bytes, .len = len, .offset = w->offset};
        int64_t written = act(&op);
        if (written <= 0)
            return not_stored(w->c, "write", written ? written : -EIO);
        bytes = (char *)bytes + written;
        len -= (size_t)written;
        w->offset += (uint64_t)written;
    }
    return true;
}

static bool write_pieces(struct writing *w, struct str bytes, struct stored *stored)
{
    const size_t whole = (size_t)PIECE_CHUNKS * SEAL_CHUNK;
    size_t done = 0;

    do {
        size_t len = bytes.len - done < whole ? bytes.len - done : whole;
        struct piece_work p = {.w = w,
            .clear = bytes.at + done,
            .len = len,
            .number = done / SEAL_CHUNK,
            .last = done + len == bytes.len,
            .stored = stored};
        if (!offload(seal_piece, &p))
            return not_stored(w->c, "seal", -EBUSY);
        if (p.failed)
            return not_stored(w->c, "seal", -ENOMEM);
        if (!write_whole(w, w->piece, p.sealed))
            return false;
        done += len;
    } while (done < bytes.len);
    stored->size = (int64_t)bytes.len;
    return true;
}

/* A file without a name vanishes by itself when anything fails. Where the file system has none, a
 * hidden name has to do. */
static bool open_nameless(struct writing *w)
{
    uint64_t random;
    int64_t fd = open_below(w->folder, ".", O_TMPFILE | O_RDWR);

    if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT) {
        randombytes_buf(&random, sizeof random);
        snprintf(w->temporary, sizeof w->temporary, ".%s.%016llx", w->spot.name,
            (unsigned long long)random);
        fd = open_below(w->folder, w->temporary, O_CREAT | O_EXCL | O_RDWR);
    }
    if (fd < 0) {
        w->temporary[0] = '\0';
        return not_stored(w->c, "open", fd);
    }
    w->fd = (int)fd;
    return true;
}

static int64_t link_as(struct writing *w, const char *name)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/fd/%d", w->fd);
    return on_names(FILE_LINK, w->folder, path, name);
}

/* Only a rename replaces what is there, and only a name can be renamed. */
static int64_t link_beside(struct writing *w)
{
    uint64_t random;

    randombytes_buf(&random, sizeof random);
    snprintf(
        w->temporary, sizeof w->temporary, ".%s.%016llx", w->spot.name, (unsigned long long)random);
    int64_t result = link_as(w, w->temporary);
    if (result < 0)
        w->temporary[0] = '\0';
    return result;
}

static bool give_name(struct writing *w)
{
    int64_t result = 0;

    if (!w->temporary[0])
        result = link_as(w, w->spot.name);
    if (result == -EEXIST)
        result = link_beside(w);
    if (result >= 0 && w->temporary[0])
        result = on_names(FILE_RENAME, w->folder, w->temporary, w->spot.name);
    if (result < 0)
        return not_stored(w->c, "link", result);
    w->temporary[0] = '\0';
    result = sync_file(w->folder, FILE_SYNC);
    if (result >= 0)
        return true;
    on_names(FILE_UNLINK, w->folder, w->spot.name, NULL);
    return not_stored(w->c, "sync of the folder", result);
}

static bool write_file(
    struct writing *w, uint8_t head[static SEAL_HEAD], struct str bytes, struct stored *stored)
{
    int64_t folder = open_or_make_folder(&w->spot);

    if (folder < 0)
        return not_stored(w->c, "folder", folder);
    w->folder = (int)folder;
    if (!open_nameless(w) || !write_whole(w, head, SEAL_HEAD) || !write_pieces(w, bytes, stored))
        return false;
    int64_t result = sync_file(w->fd, FILE_SYNC_DATA);
    if (result < 0)
        return not_stored(w->c, "sync", result);
    return give_name(w);
}

bool files_store(struct call *c, struct uuid owner, struct uuid file, const char *kind,
    const uint8_t key[static 32], struct str bytes, struct stored *stored)
{
    const struct seal_place place = {owner, file, known_kind(kind)};
    uint8_t head[SEAL_HEAD];

    if (call_faulted(c))
        return false;
    struct writing w = {.c = c, .spot = spot_of(owner, file, kind), .folder = -1, .fd = -1};
    seal_head_new(head);
    seal_key(w.key, key, &place, head);
    w.piece = malloc((size_t)PIECE_CHUNKS * SEAL_ROOM);
    bool done = w.piece ? write_file(&w, head, bytes, stored) : not_stored(c, "memory", -ENOMEM);
    if (w.temporary[0])
        on_names(FILE_UNLINK, w.folder, w.temporary, NULL);
    sodium_memzero(w.key, sizeof w.key);
    EVP_MD_CTX_free(w.sha);
    free(w.piece);
    close_fd(&w.fd);
    close_fd(&w.folder);
    if (done)
        note_change(c, owner, file, place.kind);
    return done;
}

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
    close_fd(&r->fd);
    sodium_memzero(r->key, sizeof r->key);
    free(r->sealed);
    r->sealed = NULL;
}

static bool read_whole(struct call *c, int fd, void *bytes, size_t len, uint64_t offset)
{
    while (len > 0) {
        struct file_op op = {
            .act = FILE_READ, .fd = fd, .bytes = bytes, .len = len, .offset = offset};
        int64_t got = act(&op);
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
    int64_t folder = open_folder(s);

    if (folder < 0)
        return folder;
    int64_t fd = open_below((int)folder, s->name, O_RDONLY | O_NOFOLLOW);
    close((int)folder);
    return fd;
}

static bool begin_reading(struct call *c, struct reading *r, const struct seal_place *place,
    const uint8_t key[static 32], int64_t most)
{
    struct spot s = spot_of(place->owner, place->file, place->kind);
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
    const struct seal_place place = {owner, file, known_kind(kind)};
    struct reading r;
    size_t skip, len;

    if (call_faulted(c))
        return STR("");
    bool ok = begin_reading(c, &r, &place, key, PIECE_CHUNKS);
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
    const struct seal_place place = {owner, file, known_kind(kind)};

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

void files_remove_later(struct call *c, struct uuid owner, struct uuid file)
{
    if (!call_faulted(c))
        note_change(c, owner, file, NULL);
}

void files_remove_now(struct uuid owner, struct uuid file)
{
    for (size_t i = 0; i < countof(kinds); i++) {
        struct spot s = spot_of(owner, file, kinds[i]);
        remove_one(&s);
    }
}

/* One folder to look through, for a worker. */
struct listing {
    int fd;
    time_t before;
    struct uuid *found;
    size_t count;
};

static void list_folder(void *arg)
{
    struct listing *l = arg;
    DIR *folder = fdopendir(l->fd);
    struct stat about;

    if (!folder) {
        close(l->fd);
        return;
    }
    for (struct dirent *e; l->count < LIST_MOST && (e = readdir(folder));) {
        struct uuid *u = &l->found[l->count];
        struct str name = {e->d_name, strnlen(e->d_name, 36)};
        bool is_left = e->d_name[0] == '.' && strlen(e->d_name) > 40;
        if (fstatat(l->fd, e->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(about.st_mode) || about.st_mtime > l->before)
            continue;
        if (is_left) /* of a process that died while writing where files need names */
            unlinkat(l->fd, e->d_name, 0);
        else if (uuid_parse(name, u) && (l->count == 0 || !uuid_equal(*u, u[-1])))
            l->count++;
    }
    closedir(folder);
}

size_t files_list(struct call *c, struct uuid owner, unsigned folder, int64_t older_than,
    const struct uuid **files)
{
    struct spot s = {.name = ""};
    struct listing l = {.before = (time_t)(now_unix() - older_than)};

    if (call_faulted(c))
        return 0;
    uuid_print(owner, s.owner);
    snprintf(s.folder, sizeof s.folder, "%02x", folder & 255);
    l.found = call_alloc(c, LIST_MOST * sizeof *l.found);
    *files = l.found;
    l.fd = (int)open_folder(&s);
    if (l.fd < 0)
        return 0;
    if (!offload(list_folder, &l)) {
        close(l.fd);
        fail_with(c, BUSY, "no worker to list files");
    }
    return l.count;
}

struct lookup {
    struct uuid owner;
    const struct uuid *files;
    size_t count;
    bool *missing;
};

static void look_for(void *arg)
{
    struct lookup *l = arg;
    char path[sizeof(struct spot) + 2];

    for (size_t i = 0; i < l->count; i++) {
        struct spot s = spot_of(l->owner, l->files[i], FILE_ORIGINAL);
        snprintf(path, sizeof path, "%s/%s/%s", s.owner, s.folder, s.name);
        l->missing[i] = faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
    }
}

void files_missing(
    struct call *c, struct uuid owner, const struct uuid *files, size_t count, bool *missing)
{
    struct lookup l = {owner, files, count, missing};

    if (!call_faulted(c) && !offload(look_for, &l))
        fail_with(c, BUSY, "no worker to look for files");
}

void files_start(const char *home)
{
    struct file_op open_root = {.act = FILE_OPEN, .fd = AT_FDCWD};
    char path[4096];

    snprintf(path, sizeof path, "%s/files", home);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        die("cannot make %s: %s", path, strerror(errno));
    open_root.path = path;
    open_root.how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    file_op_perform(&open_root);
    if (open_root.result == -ENOSYS)
        die("the file store needs openat2, which Linux 5.6 has");
    if (open_root.result < 0)
        die("cannot open %s: %s", path, strerrordesc_np((int)-open_root.result));
    root = (int)open_root.result;
    const char *how = config.file_io ? config.file_io : "auto";
    try_uring = strcmp(how, "threads") != 0;
    need_uring = strcmp(how, "uring") == 0;
    if (!try_uring)
        log_event("file_io", "how", "threads", "why", "PROPOPS_FILE_IO", NULL);
}

void files_loop_start(void)
{
    const char *why = NULL;

    here = &file_threads;
    if (!try_uring)
        return;
    if (file_uring.loop_start(&why)) {
        here = &file_uring;
        log_event("file_io", "how", here->name, NULL);
    } else if (need_uring) {
        die("PROPOPS_FILE_IO is uring, but there is none: %s; set it to auto or threads", why);
    } else {
        log_event("file_io", "how", here->name, "why", why, NULL);
    }
}

void files_loop_stop(void)
{
    if (here)
        here->loop_stop();
    here = NULL;
}

void files_stop(void)
{
    close_fd(&root);
}
