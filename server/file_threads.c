#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/fiber.h"
#include "server/file_backend.h"

static int64_t perform(const struct file_op *op)
{
    switch (op->act) {
    case FILE_OPEN:
        return syscall(SYS_openat2, op->fd, op->path, &op->how, sizeof op->how);
    case FILE_MAKE_FOLDER:
        return mkdirat(op->fd, op->path, 0700);
    case FILE_READ:
        return pread(op->fd, op->bytes, op->len, (off_t)op->offset);
    case FILE_WRITE:
        return pwrite(op->fd, op->bytes, op->len, (off_t)op->offset);
    case FILE_SYNC_DATA:
        return fdatasync(op->fd);
    case FILE_SYNC:
        return fsync(op->fd);
    case FILE_LINK:
        return linkat(AT_FDCWD, op->path, op->fd, op->to, AT_SYMLINK_FOLLOW);
    case FILE_RENAME:
        return renameat(op->fd, op->path, op->fd, op->to);
    case FILE_UNLINK:
        return unlinkat(op->fd, op->path, 0);
    }
    errno = EINVAL;
    return -1;
}

void file_op_perform(void *arg)
{
    struct file_op *op = arg;

    op->result = perform(op);
    if (op->result < 0)
        op->result = -errno;
}

static bool loop_start(const char **why)
{
    (void)why;
    return true;
}

static void loop_stop(void) {}

/* A full queue is as good a reason to refuse as a full disk, and more easily mended. */
static void run(struct file_op *op)
{
    if (!offload(file_op_perform, op))
        op->result = -EBUSY;
}

const struct file_backend file_threads = {"threads", loop_start, loop_stop, run};
