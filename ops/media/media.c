/*
 * propops-media: decodes one picture or document page that a stranger sent, in a process that can
 * do nothing else.
 *
 * Reads descriptor 0 (a file of its own, mapped), writes an upright JPEG without metadata to
 * descriptor 1, and a reason for failing to descriptor 2. The libraries are loaded first; then the
 * process shuts itself in (limits, Landlock, seccomp), and only then looks at the input. Exit
 * status: 0 done, 1 not to be decoded, 2 could not shut itself in.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vips/vips.h>

#include <vips/vector.h>

enum {
    MEMORY_MB = 512,
    CPU_SECONDS = 10,
    OUTPUT_MB = 32,
    FILES_MOST = 32,
    PIXELS_MOST = 50 * 1000 * 1000,
    SIDE_MOST = 12000,
};

static const struct {
    const char *name;
    int side, quality;
} renditions[] = {{"web", 2048, 82}, {"thumb", 320, 78}};

static void leave(int status, const char *why) __attribute__((noreturn));

static void leave(int status, const char *why)
{
    dprintf(2, "%s\n", why);
    _exit(status);
}

static void limit(__rlimit_resource_t what, rlim_t most)
{
    const struct rlimit l = {most, most};

    if (setrlimit(what, &l) != 0)
        leave(2, "a limit could not be set");
}

static void set_limits(void)
{
    limit(RLIMIT_AS, (rlim_t)MEMORY_MB << 20);
    limit(RLIMIT_CPU, CPU_SECONDS);
    limit(RLIMIT_FSIZE, (rlim_t)OUTPUT_MB << 20);
    limit(RLIMIT_NOFILE, FILES_MOST);
    limit(RLIMIT_CORE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        leave(2, "privileges could not be given up");
    mallopt(M_ARENA_MAX, 1); /* each thread's own would reserve 64 MB of the address space */
}

/* One reason is enough; warnings come by the hundred. */
static void hush(const char *domain, GLogLevelFlags level, const char *text, void *unused)
{
    (void)domain;
    (void)level;
    (void)text;
    (void)unused;
}

/* Other kinds of pictures have decoders in these libraries too; nobody may reach them by a file of
 * that kind. */
static void load_decoders(const char *name)
{
    static const char *const wanted[] = {"VipsForeignLoadJpeg", "VipsForeignLoadPng",
        "VipsForeignLoadWebp", "VipsForeignLoadNsgif", "VipsForeignLoadHeif", "VipsForeignLoadPdf"};

    if (VIPS_INIT(name) != 0)
        leave(2, "libvips could not be started");
    g_log_set_default_handler(hush, NULL);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_vector_set_enabled(FALSE); /* it makes code at run time, which is about to be forbidden */
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        vips_operation_block_set(wanted[i], FALSE);
}

static void let_read(int rules, const char *path)
{
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR};

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        leave(2, "a Landlock rule was refused");
    close(rule.parent_fd);
}

/* Fonts and the like stay readable, the service's own files do not. False where the kernel has no
 * Landlock. */
static bool shut_files_out(void)
{
    static const char *const readable[] = {
        "/usr/share", "/usr/lib", "/lib", "/etc/fonts", "/var/cache/fontconfig"};
    const struct landlock_ruleset_attr handled = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);

    if (rules < 0)
        return false;
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++)
        let_read(rules, readable[i]);
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        leave(2, "Landlock could not be entered");
    close(rules);
    return true;
}

static void must(int result)
{
    if (result != 0)
        leave(2, "a seccomp rule was refused");
}

static void allow_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition)
{
    must(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition));
}

static void allow_plain_calls(scmp_filter_ctx filter)
{
    static const int calls[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
        SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
        SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
        SCMP_SYS(getdents64), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
        SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(fcntl),
        SCMP_SYS(fadvise64), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
        SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(exit),
        SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
        SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
        SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getpid), SCMP_SYS(gettid),
        SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
        SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(sched_yield),
        SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(poll),
        SCMP_SYS(ppoll), SCMP_SYS(eventfd2), SCMP_SYS(pipe2), SCMP_SYS(membarrier)};

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        must(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 0, NULL));
}

/* What is allowed in one form only: no code at run time, no writing by name, threads but no
 * processes. */
static void allow_harmless_forms(scmp_filter_ctx filter, bool files)
{
    const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND |
                                 (O_TMPFILE & ~O_DIRECTORY);

    allow_if(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    allow_if(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    allow_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    allow_if(filter, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    allow_if(filter, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0));
    allow_if(filter, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (!files)
        return;
    allow_if(filter, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
    allow_if(filter, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
}

/* Unforeseen calls fail; those that only an intruder makes end the process. */
static void shut_calls_out(bool files)
{
    static const int deadly[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
        SCMP_SYS(vfork), SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(ptrace),
        SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(io_uring_setup),
        SCMP_SYS(kill)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (!filter)
        leave(2, "seccomp could not be started");
    allow_plain_calls(filter);
    allow_harmless_forms(filter, files);
    /* glibc tries the newer call first, whose flags no filter can see. */
    must(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL));
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        must(seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0, NULL));
    must(seccomp_load(filter));
    seccomp_release(filter);
}

static void give_up(void)
{
    char why[200];

    snprintf(why, sizeof why, "%s", vips_error_buffer());
    why[strcspn(why, "\n")] = '\0';
    leave(1, *why ? why : "it cannot be decoded");
}

/* The head is believed only as far as refusing goes; the limits hold whatever it says. True when
 * the picture brings a colour profile. */
static bool check_head(const void *bytes, size_t len)
{
    VipsImage *head = vips_image_new_from_buffer(bytes, len, "", NULL);

    if (!head)
        give_up();
    int64_t width = vips_image_get_width(head), height = vips_image_get_height(head);
    if (width > SIDE_MOST || height > SIDE_MOST || width * height > PIXELS_MOST)
        leave(1, "too many pixels");
    bool has_profile = vips_image_get_typeof(head, VIPS_META_ICC_NAME) != 0;
    g_object_unref(head);
    return has_profile;
}

static VipsImage *flat(VipsImage *image)
{
    double white[] = {255, 255, 255};
    VipsImage *out;

    if (!vips_image_hasalpha(image))
        return image;
    VipsArrayDouble *background = vips_array_double_new(
        white, vips_image_get_bands(image) > 2 ? 3 : 1);
    if (vips_flatten(image, &out, "background", background, NULL) != 0)
        give_up();
    return out;
}

/* Without a profile nothing is to be converted, and converting all the same would tint what is
 * white. */
static VipsImage *shrunk(const void *bytes, size_t len, int side, bool has_profile)
{
    VipsImage *out;
    int failed;

    if (has_profile)
        failed = vips_thumbnail_buffer((void *)bytes, len, &out, side, "height", side, "size",
            VIPS_SIZE_DOWN, "export_profile", "srgb", NULL);
    else
        failed = vips_thumbnail_buffer(
            (void *)bytes, len, &out, side, "height", side, "size", VIPS_SIZE_DOWN, NULL);
    if (failed)
        give_up();
    return out;
}

/* Upright, in the colours that every screen knows, at most `side` pixels; nothing but the picture
 * is kept. */
static void render(
    const void *bytes, size_t len, int side, int quality, void **jpeg, size_t *jpeg_len)
{
    VipsImage *plain, *small = shrunk(bytes, len, side, check_head(bytes, len));

    if (vips_colourspace(small, &plain, VIPS_INTERPRETATION_sRGB, NULL) != 0)
        give_up();
    if (vips_jpegsave_buffer(flat(plain), jpeg, jpeg_len, "Q", quality, "strip", TRUE,
            "optimize_coding", TRUE, NULL) != 0)
        give_up();
}

static void write_out(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(1, bytes, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            leave(1, "the result could not be written");
        bytes += written;
        len -= (size_t)written;
    }
}

int main(int argc, char **argv)
{
    struct stat about;
    void *jpeg = NULL;
    size_t jpeg_len = 0, which = 0;

    while (argc == 2 && which < 2 && strcmp(argv[1], renditions[which].name) != 0)
        which++;
    if (argc != 2 || which == 2)
        leave(2, "usage: propops-media web|thumb <picture >jpeg");
    close_range(3, ~0u, 0);
    set_limits();
    load_decoders(argv[0]);
    if (fstat(0, &about) != 0 || about.st_size == 0)
        leave(1, "no input");
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, 0, 0);
    if (bytes == MAP_FAILED)
        leave(1, "the input cannot be mapped");
    shut_calls_out(shut_files_out());
    render(bytes, (size_t)about.st_size, renditions[which].side, renditions[which].quality, &jpeg,
        &jpeg_len);
    write_out(jpeg, jpeg_len);
    _exit(0);
}
