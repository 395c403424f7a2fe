#include "server/media.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/fiber.h"
#include "server/log.h"
#include "server/loop.h"

enum {
    AT_A_TIME = 2,       /* children of this process */
    TURN_MS = 30 * 1000, /* longest wait for one's turn */
    WORK_MS = 15 * 1000, /* of a child; it has less processor time than that */
    DEATH_MS = 5 * 1000, /* from its being killed */
    OUTPUT_MOST = 32 * 1024 * 1024,
};

struct child {
    struct str input;
    const char *kind;
    int in, out, messages; /* files in memory that the child has as 0, 1 and 2 */
    int handle;            /* readable once it has ended */
    int error;             /* of starting it */
};

static atomic_uint running;

static bool binary_path(char path[static PATH_MAX])
{
    static const char name[] = "/propops-media";
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof name);

    if (len <= 0)
        return false;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    memcpy(slash, name, sizeof name);
    return true;
}

static bool fill(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.at, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes = (struct str){bytes.at + written, bytes.len - (size_t)written};
    }
    return true;
}

/* Nothing of ours goes along: no descriptor, no signal setting, no environment. */
static int spawn(struct child *child, pid_t *pid)
{
    char path[PATH_MAX], *argv[] = {(char *)"propops-media", (char *)child->kind, NULL};
    char *environment[] = {(char *)"LC_ALL=C", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t settings;
    sigset_t none, ours;

    if (!binary_path(path))
        return ENOENT;
    sigemptyset(&none);
    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, child->in, 0);
    posix_spawn_file_actions_adddup2(&files, child->out, 1);
    posix_spawn_file_actions_adddup2(&files, child->messages, 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_init(&settings);
    posix_spawnattr_setsigmask(&settings, &none);
    posix_spawnattr_setsigdefault(&settings, &ours);
    posix_spawnattr_setflags(&settings, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn(pid, path, &files, &settings, argv, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&settings);
    return error;
}

static void start(void *arg)
{
    struct child *child = arg;
    pid_t pid;

    child->in = memfd_create("media-in", MFD_CLOEXEC);
    child->out = memfd_create("media-out", MFD_CLOEXEC);
    child->messages = memfd_create("media-messages", MFD_CLOEXEC);
    if (child->in < 0 || child->out < 0 || child->messages < 0 || !fill(child->in, child->input)) {
        child->error = errno ? errno : EIO;
        return;
    }
    child->error = spawn(child, &pid);
    if (child->error)
        return;
    child->handle = (int)syscall(SYS_pidfd_open, pid, 0);
    if (child->handle >= 0)
        return;
    child->error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static bool has_ended(const struct child *child)
{
    struct pollfd p = {.fd = child->handle, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void on_ended(void *fiber)
{
    fiber_wake(fiber);
}

static bool await(const struct child *child, int milliseconds)
{
    struct pollfd p = {.fd = child->handle, .events = POLLIN};

    if (!fiber_self())
        return poll(&p, 1, milliseconds) == 1;
    uint64_t until = now_monotonic_us() + (uint64_t)milliseconds * 1000;
    struct watch *watch = watch_new(child->handle, on_ended, fiber_self());
    while (!has_ended(child)) {
        uint64_t now = now_monotonic_us();
        if (now >= until)
            break;
        fiber_park_for((uint32_t)((until - now) / 1000) + 1);
    }
    watch_free(watch);
    return has_ended(child);
}

/* False without a fault when the child could not decode it. */
static bool judge(struct call *c, const struct child *child, bool late)
{
    siginfo_t end = {0};
    char why[200] = "";

    if (waitid(P_PIDFD, (id_t)child->handle, &end, WEXITED | WNOHANG) != 0 || end.si_pid == 0) {
        fail_with(c, MEDIA_NOT_RENDERED, "a child did not die");
        return false;
    }
    bool exited = end.si_code == CLD_EXITED;
    if (exited && end.si_status == 0)
        return true;
    ssize_t len = pread(child->messages, why, sizeof why - 1, 0);
    why[len > 0 ? strcspn(why, "\n") : 0] = '\0';
    if (exited && end.si_status != 1) {
        fail_with(c, MEDIA_NOT_RENDERED, "propops-media: %s", why);
        return false;
    }
    if (!exited)
        snprintf(why, sizeof why, "%s: %s", late ? "out of time" : "ended by a signal",
            sigdescr_np(end.si_status));
    log_event("media_not_decoded", "request_id", c->id, "why", why, NULL);
    return false;
}

static bool take_output(struct call *c, const struct child *child, struct str *output)
{
    struct stat about;

    if (fstat(child->out, &about) != 0 || about.st_size <= 0 || about.st_size > OUTPUT_MOST) {
        fail_with(c, MEDIA_NOT_RENDERED, "propops-media wrote nothing");
        return false;
    }
    char *bytes = call_alloc(c, (size_t)about.st_size + 1);
    if (call_faulted(c))
        return false;
    if (pread(child->out, bytes, (size_t)about.st_size, 0) != about.st_size) {
        fail_with(c, MEDIA_NOT_RENDERED, "a result could not be read");
        return false;
    }
    *output = (struct str){bytes, (size_t)about.st_size};
    return true;
}

static bool run(struct call *c, struct child *child, struct str *output)
{
    if (!offload(start, child)) {
        fail_with(c, BUSY, "no worker to start a child");
        return false;
    }
    if (child->error) {
        fail_with(c, MEDIA_NOT_RENDERED, "propops-media: %s", strerrordesc_np(child->error));
        return false;
    }
    bool late = !await(child, WORK_MS);
    if (late) {
        syscall(SYS_pidfd_send_signal, child->handle, SIGKILL, NULL, 0);
        await(child, DEATH_MS);
    }
    return judge(c, child, late) && take_output(c, child, output);
}

static bool take_turn(struct call *c)
{
    uint64_t until = now_monotonic_us() + TURN_MS * 1000ull;

    while (atomic_fetch_add(&running, 1) >= AT_A_TIME) {
        atomic_fetch_sub(&running, 1);
        if (now_monotonic_us() >= until || call_faulted(c) || !fiber_self()) {
            fail_with(c, BUSY, "too many pictures at a time");
            return false;
        }
        fiber_sleep(50);
    }
    return true;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

bool media_render(struct call *c, struct str input, enum rendition what, struct str *output)
{
    struct child child = {.input = input,
        .kind = what == RENDITION_WEB ? "web" : "thumb",
        .in = -1,
        .out = -1,
        .messages = -1,
        .handle = -1};

    if (call_faulted(c) || !take_turn(c))
        return false;
    bool done = run(c, &child, output);
    atomic_fetch_sub(&running, 1);
    close_fd(child.in);
    close_fd(child.out);
    close_fd(child.messages);
    close_fd(child.handle);
    return done;
}
