#include "server/file_disk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"
#include "server/fiber.h"
#include "server/log.h"

enum { TRIES_MOST = 100 }; /* of an operation that the kernel asks to repeat */

static const char *const kinds[] = {FILE_ORIGINAL, FILE_WEB, FILE_THUMB};

static int root = -1;                                 /* <home>/files */
static bool try_uring, need_uring;                    /* what files_start decided */
static _Thread_local const struct file_backend *here; /* NULL: threads, or at once off a fiber */

struct spot disk_spot(struct uuid owner, struct uuid file, const char *kind)
{
    struct spot s;
    char text[37];

    uuid_print(owner, s.owner);
    uuid_print(file, text);
    snprintf(s.folder, sizeof s.folder, "%s", text + 34);
    snprintf(s.name, sizeof s.name, "%s.%s", text, kind);
    return s;
}

const char *disk_kind(const char *kind)
{
    for (size_t i = 0; i < countof(kinds); i++)
        if (strcmp(kinds[i], kind) == 0)
            return kinds[i];
    assert(!"files: a kind that files_remove_now does not know");
    return NULL;
}

int64_t disk_run(struct file_op *op)
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

int64_t disk_open(int folder, const char *path, uint64_t flags)
{
    bool creates = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
    struct file_op op = {.act = FILE_OPEN, .fd = folder, .path = path};

    op.how = (struct open_how){.flags = flags | O_CLOEXEC,
        .mode = creates ? 0600 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return disk_run(&op);
}

int64_t disk_sync(int fd, enum file_act how)
{
    struct file_op op = {.act = how, .fd = fd};

    return disk_run(&op);
}

int64_t disk_names(enum file_act how, int folder, const char *path, const char *to)
{
    struct file_op op = {.act = how, .fd = folder, .path = path, .to = to};

    return disk_run(&op);
}

void disk_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int64_t disk_open_folder(const struct spot *s)
{
    char path[sizeof s->owner + sizeof s->folder];

    snprintf(path, sizeof path, "%s/%s", s->owner, s->folder);
    return disk_open(root, path, O_RDONLY | O_DIRECTORY);
}

/* Makes one folder, and makes sure that it is still there after a crash. */
static int64_t make_folder(int parent, const char *name)
{
    int64_t result = disk_names(FILE_MAKE_FOLDER, parent, name, NULL);

    if (result < 0 && result != -EEXIST)
        return result;
    return disk_sync(parent, FILE_SYNC);
}

int64_t disk_make_folder(const struct spot *s)
{
    int64_t folder = disk_open_folder(s);

    if (folder != -ENOENT)
        return folder;
    int64_t result = make_folder(root, s->owner);
    if (result < 0)
        return result;
    int64_t owner = disk_open(root, s->owner, O_RDONLY | O_DIRECTORY);
    if (owner < 0)
        return owner;
    result = make_folder((int)owner, s->folder);
    close((int)owner);
    return result < 0 ? result : disk_open_folder(s);
}

const char *disk_kind_at(size_t i)
{
    return i < countof(kinds) ? kinds[i] : NULL;
}

int disk_root(void)
{
    return root;
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
    disk_close(&root);
}
