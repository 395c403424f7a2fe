/*
 * file_disk: names and places of the store on the local disk, and single operations there. Only for
 * the files*.c.
 *
 * Every path is opened below the store's own folder and follows no link. Results are what the
 * system call gives, or -errno.
 */
#ifndef SERVER_FILE_DISK_H
#define SERVER_FILE_DISK_H

#include "server/file_backend.h"
#include "server/files.h"

/* Where a file lies: <owner>/<folder>/<name>. Ids begin with the time, so that their last byte
 * spreads files over folders. */
struct spot {
    char owner[37], folder[3], name[64];
};

struct spot disk_spot(struct uuid owner, struct uuid file, const char *kind);
const char *disk_kind(
    const char *kind); /* the same text, as a constant; dies for a kind that nobody knows */
const char *disk_kind_at(size_t i); /* NULL behind the last */

/* By this thread's backend, again when the kernel asks for it; parks the fiber. */
int64_t disk_run(struct file_op *op);

int64_t disk_open(int folder, const char *path, uint64_t flags); /* new files get mode 0600 */
int64_t disk_sync(int fd, enum file_act how);
int64_t disk_names(enum file_act how, int folder, const char *path, const char *to);
void disk_close(int *fd); /* leaves -1 */

int disk_root(void); /* the store's folder */
int64_t disk_open_folder(const struct spot *s);
int64_t disk_make_folder(const struct spot *s); /* opens it, making it where it is not there yet */

#endif
