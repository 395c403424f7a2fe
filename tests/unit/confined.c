/*
 * Does one forbidden thing from within the confinement of propops-media, named by its argument, and
 * reports what came of it: exit status 0 when it succeeded, 1 when it was refused. Anything worse
 * is for who started it to see. Run by confine_test.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/media/confine.h"

static int nothing(void)
{
    return 0;
}

static int open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int run_a_program(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static int make_a_process(void)
{
    return fork();
}

static int look_into_another(void)
{
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int read_accounts(void)
{
    return open("/etc/passwd", O_RDONLY);
}

static int read_library(void)
{
    return open("/usr/share", O_RDONLY | O_DIRECTORY);
}

static int write_a_file(void)
{
    return open("/tmp/propops-confined", O_WRONLY | O_CREAT, 0600);
}

static int remove_a_file(void)
{
    return unlink("/tmp/propops-confined");
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
               0) == MAP_FAILED
               ? -1
               : 0;
}

static int take_memory(void)
{
    return malloc((size_t)600 << 20) ? 0 : -1;
}

static int run_for_ever(void)
{
    /* Never over; the compiler need not know. */
    volatile bool over = false;

    while (!over)
        ;
    return 0;
}

static const struct {
    const char *name;
    int (*act)(void);
} acts[] = {
    {"nothing", nothing},
    {"socket", open_socket},
    {"exec", run_a_program},
    {"fork", make_a_process},
    {"ptrace", look_into_another},
    {"read", read_accounts},
    {"library", read_library},
    {"write", write_a_file},
    {"unlink", remove_a_file},
    {"code", make_code},
    {"memory", take_memory},
    {"cpu", run_for_ever},
};

int main(int argc, char **argv)
{
    confine_limits();
    confine_calls();
    for (size_t i = 0; argc == 2 && i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(acts[i].name, argv[1]) == 0)
            _exit(acts[i].act() < 0 ? 1 : 0);
    leave(3, "usage: confined ACT");
}
