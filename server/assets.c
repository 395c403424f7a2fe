#include "server/assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"
#include "server/log.h"
#include "server/reply.h"

enum {
    FILES_MOST = 5000,
    DEPTH_MOST = 8,
    FOLDER_MOST = 128 * 1024 * 1024,
    PATH_LEN_MOST = 512,
    TAG_BYTES = 12
};

enum coding { PLAIN, BROTLI, GZIP, CODINGS };

struct asset {
    struct str path; /* as asked for, with the leading slash */
    const char *type;
    struct {
        struct str bytes;
        char tag[2 * TAG_BYTES + 1];
    } as[CODINGS]; /* a coding without a file has no bytes */
};

static struct {
    struct asset *at;
    size_t count, bytes;
    int root;
} all = {.root = -1};

static char shared_host[256];

/* No inline script or style, nothing from elsewhere, and DOM sinks only through the app's own
 * policy. */
static const char console_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src "
    "'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
    "'none'; "
    "require-trusted-types-for 'script'; trusted-types default";

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".map", "application/json; charset=utf-8"},
    {".webmanifest", "application/manifest+json; charset=utf-8"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".gif", "image/gif"},
    {".ico", "image/x-icon"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml; charset=utf-8"},
    {".pdf", "application/pdf"},
    {".wasm", "application/wasm"},
    {".pmtiles", "application/octet-stream"},
};

static bool ends_with(struct str s, const char *ending)
{
    size_t len = strlen(ending);

    return s.len >= len && memcmp(s.at + s.len - len, ending, len) == 0;
}

static const char *type_of(struct str path)
{
    for (size_t i = 0; i < countof(types); i++)
        if (ends_with(path, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

static void *must(void *memory)
{
    if (!memory)
        die("out of memory");
    return memory;
}

/* The whole file; NO_STR, with a line in the log, when it cannot be read. */
static struct str read_whole(const char *path)
{
    struct stat about;
    int fd = openat(all.root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        log_failure("asset_unreadable", "file", path, NULL);
        if (fd >= 0)
            close(fd);
        return NO_STR;
    }
    size_t size = (size_t)about.st_size, have = 0;
    if (size > FOLDER_MOST - all.bytes)
        die("the console in %s is larger than %d MB", config.console, FOLDER_MOST / 1024 / 1024);
    char *bytes = must(malloc(size + 1));
    for (ssize_t got = 1; have < size && got > 0; have += got > 0 ? (size_t)got : 0)
        got = read(fd, bytes + have, size - have);
    close(fd);
    all.bytes += have;
    return (struct str){bytes, have};
}

static void read_into(struct asset *a, enum coding coding, const char *path)
{
    uint8_t
        hash[TAG_BYTES > crypto_generichash_BYTES_MIN ? TAG_BYTES : crypto_generichash_BYTES_MIN];

    a->as[coding].bytes = read_whole(path);
    crypto_generichash(hash, sizeof hash, (const uint8_t *)a->as[coding].bytes.at,
        a->as[coding].bytes.len, NULL, 0);
    sodium_bin2hex(a->as[coding].tag, sizeof a->as[coding].tag, hash, TAG_BYTES);
}

/* `path` is below the folder, without a leading slash. */
static void add_file(const char *path)
{
    char sibling[PATH_LEN_MOST + 8];

    if (all.count >= FILES_MOST)
        die("the console in %s has more than %d files", config.console, FILES_MOST);
    all.at = must(realloc(all.at, (all.count + 1) * sizeof *all.at));
    struct asset *a = &all.at[all.count++];
    *a = (struct asset){0};
    char *name = must(malloc(strlen(path) + 2));
    memcpy(stpcpy(name, "/"), path, strlen(path) + 1);
    a->path = str_of(name);
    a->type = type_of(a->path);
    read_into(a, PLAIN, path);
    snprintf(sibling, sizeof sibling, "%s.br", path);
    if (faccessat(all.root, sibling, R_OK, 0) == 0)
        read_into(a, BROTLI, sibling);
    snprintf(sibling, sizeof sibling, "%s.gz", path);
    if (faccessat(all.root, sibling, R_OK, 0) == 0)
        read_into(a, GZIP, sibling);
}

static void add_folder(const char *folder, int depth);

static void add_entry(const char *folder, const char *name, int depth)
{
    char path[PATH_LEN_MOST];
    struct stat about;

    /* Hidden files are the build's own business. */
    if (name[0] == '.')
        return;
    int len = snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
    if (len < 0 || (size_t)len >= sizeof path ||
        fstatat(all.root, path, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISDIR(about.st_mode))
        add_folder(path, depth + 1);
    else if (S_ISREG(about.st_mode) && !ends_with(str_of(name), ".br") &&
             !ends_with(str_of(name), ".gz"))
        add_file(path);
}

static void add_folder(const char *folder, int depth)
{
    int fd = depth < DEPTH_MOST
                 ? openat(all.root, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                 : -1;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));)
        add_entry(folder, entry->d_name, depth);
    closedir(dir);
}

static int compare_paths(const void *left, const void *right)
{
    const struct asset *a = left, *b = right;
    size_t shorter = a->path.len < b->path.len ? a->path.len : b->path.len;
    int order = memcmp(a->path.at, b->path.at, shorter);

    return order ? order : a->path.len < b->path.len ? -1 : a->path.len > b->path.len;
}

void assets_start(const char *folder)
{
    char count[24];

    snprintf(shared_host, sizeof shared_host, "my.%s", config.domain);
    all.root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (all.root < 0) {
        log_failure("no_console", "folder", folder, "reason", strerror(errno), NULL);
        return;
    }
    add_folder("", 0);
    close(all.root);
    all.root = -1;
    if (all.count)
        qsort(all.at, all.count, sizeof *all.at, compare_paths);
    snprintf(count, sizeof count, "%zu", all.count);
    log_event("console_loaded", "folder", folder, "files", count, NULL);
}

void assets_stop(void)
{
    for (size_t i = 0; i < all.count; i++) {
        free((char *)all.at[i].path.at);
        for (int coding = 0; coding < CODINGS; coding++)
            free((char *)all.at[i].as[coding].bytes.at);
    }
    free(all.at);
    all.at = NULL;
    all.count = all.bytes = 0;
}

static const struct asset *find(struct str path)
{
    struct asset wanted = {.path = path};

    return all.count ? bsearch(&wanted, all.at, all.count, sizeof *all.at, compare_paths) : NULL;
}

static bool is_page(struct str path)
{
    for (size_t i = path.len; i > 0 && path.at[i - 1] != '/'; i--)
        if (path.at[i - 1] == '.')
            return false;
    return true;
}

static const struct asset *asset_for(const struct call *c)
{
    const struct asset *a = find(c->request.path);

    if (a || !is_page(c->request.path))
        return a;
    return find(
        str_is(c->request.authority, shared_host) ? STR("/playground.html") : STR("/index.html"));
}

static bool refused_by_weight(struct str parameters)
{
    struct str name = str_trim(str_cut(&parameters, '='));

    if (!str_is(name, "q") || !parameters.at)
        return false;
    struct str weight = str_trim(parameters);
    if (!str_starts(weight, "0"))
        return false;
    for (size_t i = 1; i < weight.len; i++)
        if (weight.at[i] != '.' && weight.at[i] != '0')
            return false;
    return true;
}

static bool takes(const struct call *c, const char *coding)
{
    struct str rest = call_header(c, "accept-encoding");

    while (rest.at) {
        struct str item = str_cut(&rest, ',');
        struct str name = str_trim(str_cut(&item, ';'));
        if (str_equal_ignoring_case(name, str_of(coding)))
            return !(item.at && refused_by_weight(item));
    }
    return false;
}

static enum coding choose_coding(const struct call *c, const struct asset *a)
{
    if (a->as[BROTLI].bytes.at && takes(c, "br"))
        return BROTLI;
    if (a->as[GZIP].bytes.at && takes(c, "gzip"))
        return GZIP;
    return PLAIN;
}

void assets_serve(struct call *c)
{
    if (c->request.method != GET)
        return fail(c, METHOD_NOT_ALLOWED);
    const struct asset *a = asset_for(c);
    if (!a || !a->as[PLAIN].bytes.at)
        return fail(c, NOT_FOUND);
    enum coding coding = choose_coding(c, a);
    bool immutable = str_starts(a->path, "/assets/");
    reply_header(c, "cache-control",
        immutable ? STR("public, max-age=31536000, immutable") : STR("no-cache"));
    reply_header(c, "content-security-policy", str_of(console_policy));
    if (a->as[BROTLI].bytes.at || a->as[GZIP].bytes.at)
        reply_header(c, "vary", STR("accept-encoding"));
    if (reply_unchanged(c, str_of(a->as[coding].tag)))
        return;
    if (coding != PLAIN)
        reply_header(c, "content-encoding", coding == BROTLI ? STR("br") : STR("gzip"));
    reply_bytes(c, a->type, a->as[coding].bytes);
}
