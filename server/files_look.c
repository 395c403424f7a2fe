#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/fiber.h"
#include "server/file_disk.h"
#include "server/loop.h"

enum { LIST_MOST = 10000 };

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
    l.fd = (int)disk_open_folder(&s);
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
        struct spot s = disk_spot(l->owner, l->files[i], FILE_ORIGINAL);
        snprintf(path, sizeof path, "%s/%s/%s", s.owner, s.folder, s.name);
        l->missing[i] = faccessat(disk_root(), path, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
                        errno == ENOENT;
    }
}

void files_missing(
    struct call *c, struct uuid owner, const struct uuid *files, size_t count, bool *missing)
{
    struct lookup l = {owner, files, count, missing};

    if (!call_faulted(c) && !offload(look_for, &l))
        fail_with(c, BUSY, "no worker to look for files");
}
