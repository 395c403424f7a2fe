#include "ops/media/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MEMORY_MB = 512, CPU_SECONDS = 10, OUTPUT_MB = 32, FILES_MOST = 32 };

void leave(int status, const char *why)
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

void confine_limits(void)
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

static void let_read(int rules, const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.parent_fd = fd,
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR};

    if (fd < 0)
        return;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        leave(2, "a Landlock rule was refused");
    close(fd);
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

void confine_calls(void)
{
    shut_calls_out(shut_files_out());
}
