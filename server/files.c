#include "server/files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/fiber.h"
#include "server/file_disk.h"
#include "server/file_seal.h"

enum { PIECE_CHUNKS = 16 }; /* sealed and written at a time: 1 MiB */

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
    int64_t folder = disk_open_folder(s);

    if (folder < 0)
        return;
    disk_names(FILE_UNLINK, (int)folder, s->name, NULL);
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
            struct spot s = disk_spot(change->owner, change->file, change->kind);
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
        int64_t written = disk_run(&op);
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
    int64_t fd = disk_open(w->folder, ".", O_TMPFILE | O_RDWR);

    if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT) {
        randombytes_buf(&random, sizeof random);
        snprintf(w->temporary, sizeof w->temporary, ".%s.%016llx", w->spot.name,
            (unsigned long long)random);
        fd = disk_open(w->folder, w->temporary, O_CREAT | O_EXCL | O_RDWR);
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
    return disk_names(FILE_LINK, w->folder, path, name);
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
        result = disk_names(FILE_RENAME, w->folder, w->temporary, w->spot.name);
    if (result < 0)
        return not_stored(w->c, "link", result);
    w->temporary[0] = '\0';
    result = disk_sync(w->folder, FILE_SYNC);
    if (result >= 0)
        return true;
    disk_names(FILE_UNLINK, w->folder, w->spot.name, NULL);
    return not_stored(w->c, "sync of the folder", result);
}

static bool write_file(
    struct writing *w, uint8_t head[static SEAL_HEAD], struct str bytes, struct stored *stored)
{
    int64_t folder = disk_make_folder(&w->spot);

    if (folder < 0)
        return not_stored(w->c, "folder", folder);
    w->folder = (int)folder;
    if (!open_nameless(w) || !write_whole(w, head, SEAL_HEAD) || !write_pieces(w, bytes, stored))
        return false;
    int64_t result = disk_sync(w->fd, FILE_SYNC_DATA);
    if (result < 0)
        return not_stored(w->c, "sync", result);
    return give_name(w);
}

bool files_store(struct call *c, struct uuid owner, struct uuid file, const char *kind,
    const uint8_t key[static 32], struct str bytes, struct stored *stored)
{
    const struct seal_place place = {owner, file, disk_kind(kind)};
    uint8_t head[SEAL_HEAD];

    if (call_faulted(c))
        return false;
    struct writing w = {.c = c, .spot = disk_spot(owner, file, kind), .folder = -1, .fd = -1};
    seal_head_new(head);
    seal_key(w.key, key, &place, head);
    w.piece = malloc((size_t)PIECE_CHUNKS * SEAL_ROOM);
    bool done = w.piece ? write_file(&w, head, bytes, stored) : not_stored(c, "memory", -ENOMEM);
    if (w.temporary[0])
        disk_names(FILE_UNLINK, w.folder, w.temporary, NULL);
    sodium_memzero(w.key, sizeof w.key);
    EVP_MD_CTX_free(w.sha);
    free(w.piece);
    disk_close(&w.fd);
    disk_close(&w.folder);
    if (done)
        note_change(c, owner, file, place.kind);
    return done;
}

void files_remove_later(struct call *c, struct uuid owner, struct uuid file)
{
    if (!call_faulted(c))
        note_change(c, owner, file, NULL);
}

void files_remove_now(struct uuid owner, struct uuid file)
{
    for (size_t i = 0; disk_kind_at(i); i++) {
        struct spot s = disk_spot(owner, file, disk_kind_at(i));
        remove_one(&s);
    }
}
