#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/fiber.h"
#include "server/file_backend.h"
#include "server/loop.h"
#include "server/str.h"

/* As many operations are under way as the submission queue holds: so neither it nor the completion
 * queue, which is twice as long, can run over. */
enum { IN_FLIGHT_MOST = 128, AGAIN_MS = 5 };

/* One operation under way; on the stack of the fiber that waits for it. */
struct flight {
    struct fiber *fiber;
    int32_t result;
    bool done;
};

/* A fiber that waits for room. */
struct queued {
    struct fiber *fiber;
    struct queued *next;
};

static _Thread_local struct {
    bool up;
    struct io_uring ring;
    int event_fd; /* readable when completions came */
    struct watch *watch;
    struct timer again;
    unsigned in_flight;
    struct queued *queue, **queue_end;
} here;

static void wake_next(void)
{
    if (here.queue && here.in_flight < IN_FLIGHT_MOST)
        fiber_wake(here.queue->fiber);
}

static void take_completions(void)
{
    struct io_uring_cqe *cqe;

    while (io_uring_peek_cqe(&here.ring, &cqe) == 0) {
        struct flight *f = io_uring_cqe_get_data(cqe);
        f->result = cqe->res;
        f->done = true;
        io_uring_cqe_seen(&here.ring, cqe);
        here.in_flight--;
        fiber_wake(f->fiber);
    }
    wake_next();
}

/* What the kernel does not take now stays in the queue and is offered again soon. */
static void submit(void *unused)
{
    int submitted;

    (void)unused;
    do
        submitted = io_uring_submit(&here.ring);
    while (submitted == -EINTR);
    if (submitted < 0 || io_uring_sq_ready(&here.ring) > 0)
        timer_start(&here.again, AGAIN_MS, submit, NULL);
}

/* The event is a hint only: it is cleared first, then the completions are taken to the end. */
static void on_event(void *unused)
{
    uint64_t count;

    (void)unused;
    if (read(here.event_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    take_completions();
}

static void prepare(struct io_uring_sqe *sqe, struct file_op *op)
{
    switch (op->act) {
    case FILE_OPEN:
        return io_uring_prep_openat2(sqe, op->fd, op->path, &op->how);
    case FILE_MAKE_FOLDER:
        return io_uring_prep_mkdirat(sqe, op->fd, op->path, 0700);
    case FILE_READ:
        return io_uring_prep_read(sqe, op->fd, op->bytes, (unsigned)op->len, op->offset);
    case FILE_WRITE:
        return io_uring_prep_write(sqe, op->fd, op->bytes, (unsigned)op->len, op->offset);
    case FILE_SYNC_DATA:
        return io_uring_prep_fsync(sqe, op->fd, IORING_FSYNC_DATASYNC);
    case FILE_SYNC:
        return io_uring_prep_fsync(sqe, op->fd, 0);
    case FILE_LINK:
        return io_uring_prep_linkat(sqe, AT_FDCWD, op->path, op->fd, op->to, AT_SYMLINK_FOLLOW);
    case FILE_RENAME:
        return io_uring_prep_renameat(sqe, op->fd, op->path, op->fd, op->to, 0);
    case FILE_UNLINK:
        return io_uring_prep_unlinkat(sqe, op->fd, op->path, 0);
    }
}

/* In order of arrival. */
static void wait_for_room(void)
{
    struct queued q = {.fiber = fiber_self()};

    if (!here.queue && here.in_flight < IN_FLIGHT_MOST)
        return;
    if (!here.queue)
        here.queue_end = &here.queue;
    *here.queue_end = &q;
    here.queue_end = &q.next;
    while (here.queue != &q || here.in_flight == IN_FLIGHT_MOST)
        fiber_park();
    here.queue = q.next; /* NOLINT(clang-analyzer-core.StackAddressEscape): q has left the queue */
}

static void run(struct file_op *op)
{
    struct flight f = {.fiber = fiber_self()};

    assert(here.up && f.fiber);
    wait_for_room();
    struct io_uring_sqe *sqe = io_uring_get_sqe(&here.ring);
    assert(sqe);
    prepare(sqe, op);
    io_uring_sqe_set_data(sqe, &f);
    here.in_flight++;
    submit(NULL);
    wake_next();
    while (!f.done)
        fiber_park();
    op->result = f.result;
}

/* Old kernels know fewer operations, and containers often refuse the whole of it. */
static const char *missing_of(struct io_uring *ring)
{
    static const int wanted[] = {IORING_OP_OPENAT2, IORING_OP_MKDIRAT, IORING_OP_READ,
        IORING_OP_WRITE, IORING_OP_FSYNC, IORING_OP_LINKAT, IORING_OP_RENAMEAT, IORING_OP_UNLINKAT};
    struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
    const char *missing = probe ? NULL : "the kernel cannot be asked what its io_uring does";

    for (size_t i = 0; probe && i < countof(wanted); i++)
        if (!io_uring_opcode_supported(probe, wanted[i]))
            missing = "the kernel's io_uring lacks operations on names (Linux 5.15 has them)";
    io_uring_free_probe(probe);
    return missing;
}

static bool give_up(const char **why, const char *reason)
{
    *why = reason;
    io_uring_queue_exit(&here.ring);
    if (here.event_fd >= 0)
        close(here.event_fd);
    return false;
}

static bool loop_start(const char **why)
{
    int error = io_uring_queue_init(IN_FLIGHT_MOST, &here.ring, 0);

    if (error < 0) {
        *why = strerrordesc_np(-error);
        return false;
    }
    here.event_fd = -1;
    const char *missing = missing_of(&here.ring);
    if (missing)
        return give_up(why, missing);
    here.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (here.event_fd < 0)
        return give_up(why, "no eventfd");
    if (io_uring_register_eventfd(&here.ring, here.event_fd) < 0)
        return give_up(why, "the ring takes no eventfd");
    here.watch = watch_new(here.event_fd, on_event, NULL);
    here.up = true;
    return true;
}

static void loop_stop(void)
{
    if (!here.up)
        return;
    assert(here.in_flight == 0);
    here.up = false;
    timer_stop(&here.again);
    watch_free(here.watch);
    io_uring_queue_exit(&here.ring);
    close(here.event_fd);
}

const struct file_backend file_uring = {"uring", loop_start, loop_stop, run};
