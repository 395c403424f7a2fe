/*
 * file_backend: how one operation on a file is carried out while the loop goes on. Only for files.c
 * and the two backends.
 *
 * files.c fills in an operation; the backend of its thread hands it to the kernel through io_uring
 * (file_uring.c) or to a worker (file_threads.c), and returns when the kernel has answered. The
 * fiber is parked meanwhile, so what the operation points to stays where it is.
 */
#ifndef SERVER_FILE_BACKEND_H
#define SERVER_FILE_BACKEND_H

#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum file_act {
    FILE_OPEN,        /* path below the folder fd, as `how` says */
    FILE_MAKE_FOLDER, /* path below the folder fd, mode 0700 */
    FILE_READ,
    FILE_WRITE,
    FILE_SYNC_DATA,
    FILE_SYNC,
    FILE_LINK,   /* gives the nameless file at path (below /proc) the name `to` in the folder fd */
    FILE_RENAME, /* path to `to`, both in the folder fd */
    FILE_UNLINK, /* path in the folder fd */
};

struct file_op {
    enum file_act act;
    int fd;
    const char *path, *to;
    struct open_how how;
    void *bytes;
    size_t len; /* at most 1 GiB */
    uint64_t offset;
    int64_t result; /* what the system call returns, or -errno; may be short */
};

struct file_backend {
    const char *name;
    bool (*loop_start)(
        const char **why); /* on a loop's thread; false with the reason: not to be had */
    void (*loop_stop)(void);
    void (*run)(struct file_op *op); /* may park; tells its result in the operation */
};

extern const struct file_backend file_uring, file_threads;

/* The plain system call, here and now. */
void file_op_perform(void *op);

#endif
