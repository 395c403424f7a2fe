#include "server/config.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/str.h"

struct config config;

/* Settings live as long as the process. */
static struct arena kept;
static struct buf problems;

static void problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void problem(const char *format, ...)
{
    char text[600];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_print(&problems, "propops: %s\n", text);
}

/* NULL for unset and for empty. */
static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static int number(const char *name, int by_default, int least, int most)
{
    const char *text = setting(name);
    int64_t value;

    if (!text)
        return by_default;
    if (!str_to_int(str_of(text), &value) || value < least || value > most) {
        problem("%s is '%s'; give a whole number from %d to %d", name, text, least, most);
        return by_default;
    }
    return (int)value;
}

static double factor(const char *name, double by_default)
{
    const char *text = setting(name);
    char *end;

    if (!text)
        return by_default;
    double value = strtod(text, &end);
    if (*end || !isfinite(value) || value < 0.01 || value > 1e6) {
        problem("%s is '%s'; give a number from 0.01 to 1000000", name, text);
        return by_default;
    }
    return value;
}

static bool flag(const char *name)
{
    const char *text = setting(name);

    if (!text || strcmp(text, "0") == 0 || strcmp(text, "no") == 0)
        return false;
    if (strcmp(text, "1") != 0 && strcmp(text, "yes") != 0)
        problem("%s is '%s'; give 1 or 0", name, text);
    return true;
}

static const char *choice(const char *name, const char *const *choices)
{
    const char *text = setting(name);

    if (!text)
        return choices[0];
    for (size_t i = 0; choices[i]; i++)
        if (strcmp(text, choices[i]) == 0)
            return choices[i];
    problem("%s is '%s'; give auto, uring or threads", name, text);
    return choices[0];
}

static const char *below(const char *folder, const char *name)
{
    return arena_print(&kept, "%s/%s", folder, name).at;
}

/* Absolute, since the working folder is nobody's business later. */
static const char *path(const char *name, const char *by_default)
{
    const char *text = setting(name);
    char here[PATH_MAX];

    if (!text)
        text = by_default;
    if (text[0] == '/')
        return arena_copy(&kept, str_of(text)).at;
    if (!getcwd(here, sizeof here)) {
        problem("%s: the present folder is not readable (%s); give an absolute path", name,
            strerror(errno));
        return "/";
    }
    return below(here, text);
}

static bool is_host(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > 200 || text[0] == '.' || text[0] == '-' || text[len - 1] == '.' ||
        strstr(text, ".."))
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

static const char *domain(const char *name, const char *by_default)
{
    const char *text = setting(name);

    if (!text)
        return by_default;
    if (is_host(text))
        return arena_copy(&kept, str_of(text)).at;
    problem("%s is '%s'; give a domain in lower case, such as example.org", name, text);
    return by_default;
}

static const char *console_beside_binary(void)
{
    char binary[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", binary, sizeof binary - 1);

    if (len <= 0)
        return "build/console";
    binary[len] = '\0';
    char *slash = strrchr(binary, '/');
    if (slash)
        *slash = '\0';
    return below(binary, "console");
}

static const char *database_url(void)
{
    const char *text = setting("PROPOPS_DATABASE_URL");

    if (text)
        return arena_copy(&kept, str_of(text)).at;
    return arena_print(&kept, "postgresql:///propops?host=%s/run", config.home).at;
}

static void check_ports(void)
{
    if (config.port == config.http_port)
        problem("PROPOPS_PORT and PROPOPS_HTTP_PORT are both %d; give two", config.port);
    if (config.metrics_port &&
        (config.metrics_port == config.port || config.metrics_port == config.http_port))
        problem("PROPOPS_METRICS_PORT is %d, which another port uses already", config.metrics_port);
}

static int loops_by_default(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long loops = cores / 2;

    return loops < 1 ? 1 : loops > 64 ? 64 : (int)loops;
}

void config_load(void)
{
    static const char *const file_ios[] = {"auto", "uring", "threads", NULL};

    arena_init(&kept, 1024 * 1024);
    config.port = number("PROPOPS_PORT", 8443, 1, 65535);
    config.http_port = number("PROPOPS_HTTP_PORT", 8080, 0, 65535);
    config.metrics_port = number("PROPOPS_METRICS_PORT", 9464, 0, 65535);
    config.loops = number("PROPOPS_LOOPS", loops_by_default(), 1, 64);
    config.home = path("PROPOPS_HOME", "var");
    config.domain = domain("PROPOPS_DOMAIN", "localhost");
    config.database_url = database_url();
    config.master_key = path("PROPOPS_MASTER_KEY_FILE", below(config.home, "master.key"));
    config.certificates = path("PROPOPS_CERTIFICATES", below(config.home, "certificates"));
    config.console = path("PROPOPS_CONSOLE", console_beside_binary());
    config.file_io = choice("PROPOPS_FILE_IO", file_ios);
    config.rate_factor = factor("PROPOPS_RATE_FACTOR", 1);
    config.head_ms = number("PROPOPS_HEAD_MS", 10 * 1000, 100, 600 * 1000);
    config.stall_ms = number("PROPOPS_STALL_MS", 30 * 1000, 100, 600 * 1000);
    config.idle_ms = number("PROPOPS_IDLE_MS", 600 * 1000, 100, 24 * 3600 * 1000);
    config.verbose = flag("PROPOPS_VERBOSE");
    check_ports();
    if (problems.len == 0)
        return;
    fwrite(problems.at, 1, problems.len, stderr);
    exit(2);
}
