/* The store of sealed files, with io_uring and with threads. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours faults a call */

#include "server/config.h"
#include "server/fiber.h"
#include "server/file_range.h"
#include "server/file_seal.h"
#include "server/files.h"

static char home[64];
static const uint8_t key[32] = {7, 1, 1};
static const struct uuid owner = {{1, 2, 3, 4}};

static struct str sample(size_t len, unsigned seed)
{
    char *bytes = malloc(len + 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((i * 131 + (i >> 8) * 17 + seed) & 255);
    return (struct str){bytes, len};
}

static void free_sample(struct str s)
{
    free((char *)s.at);
}

static char *path_of(struct uuid file, const char *kind)
{
    static char path[256];
    char o[37], f[37];

    uuid_print(owner, o);
    uuid_print(file, f);
    snprintf(path, sizeof path, "%s/files/%s/%s/%s.%s", home, o, f + 34, f, kind);
    return path;
}

static bool store(struct uuid file, struct str bytes)
{
    struct call c;
    struct stored stored;

    call_init(&c);
    bool done = files_store(&c, owner, file, FILE_ORIGINAL, key, bytes, &stored);
    assert_int_equal(done, !call_faulted(&c));
    if (done)
        assert_int_equal(stored.size, bytes.len);
    call_release(&c);
    return done;
}

static enum error_id read_back(struct uuid file, struct str expected)
{
    struct call c;

    call_init(&c);
    struct str got = files_read(&c, owner, file, FILE_ORIGINAL, key);
    enum error_id fault = c.fault.id;
    if (fault == NO_ERROR)
        assert_true(str_equal(got, expected));
    call_release(&c);
    return fault;
}

static unsigned files_in_store;

static int count_file(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)path;
    (void)about;
    (void)where;
    files_in_store += type == FTW_F;
    return 0;
}

static unsigned stored_files(void)
{
    char root[80];

    snprintf(root, sizeof root, "%s/files", home);
    files_in_store = 0;
    nftw(root, count_file, 8, FTW_PHYS);
    return files_in_store;
}

static void contents_of_every_size_come_back(void)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 1048575, 1048576, 1048577, 5000000};

    for (size_t i = 0; i < countof(sizes); i++) {
        struct uuid file = uuid_new();
        struct str bytes = sample(sizes[i], (unsigned)i);
        struct stat about;
        assert_true(store(file, bytes));
        assert_int_equal(read_back(file, bytes), NO_ERROR);
        assert_int_equal(stat(path_of(file, "original"), &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
        assert_int_equal(about.st_size, seal_stored_size((int64_t)sizes[i]));
        free_sample(bytes);
    }
}

static void the_hash_is_that_of_the_clear_bytes(void)
{
    struct str bytes = sample(3000000, 9);
    uint8_t expected[crypto_hash_sha256_BYTES];
    struct stored stored;
    struct call c;

    crypto_hash_sha256(expected, (const uint8_t *)bytes.at, bytes.len);
    call_init(&c);
    assert_true(files_store(&c, owner, uuid_new(), FILE_THUMB, key, bytes, &stored));
    assert_memory_equal(stored.sha256, expected, sizeof expected);
    call_release(&c);
    free_sample(bytes);
}

static void patch(const char *path, off_t at, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY);

    assert_true(fd >= 0 && pwrite(fd, bytes, len, at) == (ssize_t)len);
    close(fd);
}

static void what_was_changed_is_not_given_out(void)
{
    struct str bytes = sample(200000, 1);
    struct uuid file = uuid_new(), other = uuid_new();
    static uint8_t first[SEAL_ROOM], second[SEAL_ROOM];
    char from[256];

    assert_true(store(file, bytes) && store(other, bytes));
    patch(path_of(file, "original"), 100000, "x", 1); /* one byte */
    assert_int_equal(read_back(file, bytes), INTERNAL);

    assert_true(store(file, bytes));
    int fd = open(path_of(file, "original"), O_RDWR); /* two chunks change places */
    assert_int_equal(pread(fd, first, SEAL_ROOM, SEAL_HEAD), SEAL_ROOM);
    assert_int_equal(pread(fd, second, SEAL_ROOM, SEAL_HEAD + SEAL_ROOM), SEAL_ROOM);
    assert_int_equal(pwrite(fd, second, SEAL_ROOM, SEAL_HEAD), SEAL_ROOM);
    assert_int_equal(pwrite(fd, first, SEAL_ROOM, SEAL_HEAD + SEAL_ROOM), SEAL_ROOM);
    close(fd);
    assert_int_equal(read_back(file, bytes), INTERNAL);

    assert_true(store(file, bytes)); /* the last chunk is missing, then one byte of it */
    assert_int_equal(truncate(path_of(file, "original"), SEAL_HEAD + 3 * SEAL_ROOM), 0);
    assert_int_equal(read_back(file, bytes), INTERNAL);
    assert_true(store(file, bytes));
    assert_int_equal(truncate(path_of(file, "original"), seal_stored_size(200000) - 1), 0);
    assert_int_equal(read_back(file, bytes), INTERNAL);
    assert_int_equal(truncate(path_of(file, "original"), 10), 0);
    assert_int_equal(read_back(file, bytes), INTERNAL);

    snprintf(from, sizeof from, "%s", path_of(other, "original")); /* another file in its place */
    assert_int_equal(rename(from, path_of(file, "original")), 0);
    assert_int_equal(read_back(file, bytes), INTERNAL);
    assert_int_equal(read_back(other, bytes), FILE_MISSING);
    free_sample(bytes);
}

static void storing_again_replaces_in_one_step(void)
{
    struct uuid file = uuid_new();
    struct str one = sample(70000, 1), two = sample(90000, 2);
    unsigned before = stored_files();

    assert_true(store(file, one) && store(file, two));
    assert_int_equal(read_back(file, two), NO_ERROR);
    assert_int_equal(stored_files(), before + 1);
    free_sample(one);
    free_sample(two);
}

static void a_call_that_fails_or_runs_again_leaves_nothing(void)
{
    struct str bytes = sample(70000, 1);
    struct stored stored;
    struct uuid first = uuid_new(), second = uuid_new();
    unsigned before = stored_files();
    struct call c;

    call_init(&c);
    assert_true(files_store(&c, owner, first, FILE_ORIGINAL, key, bytes, &stored));
    fail(&c, CONFLICT);
    call_release(&c);
    assert_int_equal(stored_files(), before);

    call_init(&c);
    assert_true(files_store(&c, owner, first, FILE_ORIGINAL, key, bytes, &stored));
    c.attempt++;
    assert_true(files_store(&c, owner, second, FILE_ORIGINAL, key, bytes, &stored));
    call_release(&c);
    assert_int_equal(stored_files(), before + 1);
    assert_int_equal(read_back(first, bytes), FILE_MISSING);
    assert_int_equal(read_back(second, bytes), NO_ERROR);

    call_init(&c); /* nobody knows whether it succeeded: a record may name the file */
    assert_true(files_store(&c, owner, first, FILE_ORIGINAL, key, bytes, &stored));
    fail(&c, OUTCOME_UNKNOWN);
    call_release(&c);
    assert_int_equal(read_back(first, bytes), NO_ERROR);
    free_sample(bytes);
}

static void a_removal_happens_only_when_the_call_succeeds(void)
{
    struct str bytes = sample(10, 1);
    struct uuid file = uuid_new();
    struct call c;

    assert_true(store(file, bytes));
    call_init(&c);
    files_remove_later(&c, owner, file);
    fail(&c, CONFLICT);
    call_release(&c);
    assert_int_equal(read_back(file, bytes), NO_ERROR);
    call_init(&c);
    files_remove_later(&c, owner, file);
    call_release(&c);
    assert_int_equal(read_back(file, bytes), FILE_MISSING);
    free_sample(bytes);
}

/* A limit on a file's size makes the kernel write less than asked for, and then nothing. */
static void a_write_that_fails_halfway_leaves_nothing(void)
{
    struct str bytes = sample(5000000, 1);
    struct rlimit before, small;
    struct uuid file = uuid_new();
    unsigned files = stored_files();

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){1500001, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool done = store(file, bytes);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(done);
    assert_int_equal(stored_files(), files);
    assert_int_equal(read_back(file, bytes), FILE_MISSING);
    free_sample(bytes);
}

static void no_link_leads_out_of_the_store(void)
{
    struct str bytes = sample(10, 1);
    struct uuid file = uuid_new();
    char outside[80], path[256];

    assert_true(store(file, bytes));
    snprintf(outside, sizeof outside, "%s/outside", home);
    snprintf(path, sizeof path, "%s", path_of(file, "original"));
    assert_int_equal(rename(path, outside), 0);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_not_equal(read_back(file, bytes), NO_ERROR);
    assert_true(store(file, bytes)); /* the link is replaced, not followed */
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    assert_true(S_ISREG(about.st_mode));
    unlink(outside);

    *strrchr(path, '/') = '\0'; /* a folder that is a link */
    snprintf(outside, sizeof outside, "%s/elsewhere", home);
    assert_int_equal(rename(path, outside), 0);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_not_equal(read_back(file, bytes), NO_ERROR);
    assert_false(store(file, bytes));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(outside, path), 0);
    assert_int_equal(read_back(file, bytes), NO_ERROR);
    free_sample(bytes);
}

static void files_are_listed_by_age(void)
{
    struct str bytes = sample(10, 1);
    struct uuid file = uuid_new();
    const struct uuid *found;
    bool seen = false;
    struct call c;

    assert_true(store(file, bytes));
    call_init(&c);
    size_t count = files_list(&c, owner, file.bytes[15], 0, &found);
    for (size_t i = 0; i < count; i++)
        seen |= uuid_equal(found[i], file);
    assert_true(seen);
    assert_int_equal(files_list(&c, owner, file.bytes[15], 3600, &found), 0);
    assert_int_equal(files_list(&c, uuid_new(), 0, 0, &found), 0);
    assert_false(call_faulted(&c));
    call_release(&c);
    free_sample(bytes);
}

/* Asks for a range as the transport does, and collects what is streamed. */
static int ask(struct uuid file, int64_t size, const char *range, struct buf *out)
{
    struct header headers[] = {{STR("range"), str_of(range)}};
    struct buf piece = {0};
    struct call c;
    bool more = true;

    call_init(&c);
    c.request.method = GET;
    c.request.headers = headers;
    c.request.headers_count = range ? 1 : 0;
    files_send(&c, owner, file, FILE_ORIGINAL, key, size, "image/png");
    int status = call_faulted(&c) ? error_status(c.fault.id) : c.reply.status;
    while (!call_faulted(&c) && more) {
        piece.len = 0;
        more = c.reply.next(&c, &piece, c.reply.state);
        buf_add(out, piece.at ? piece.at : "", piece.len);
    }
    if (status < 300)
        assert_int_equal(out->len, c.reply.stream_length);
    buf_release(&piece);
    call_release(&c);
    return status;
}

static void ranges_are_streamed(void)
{
    enum { SIZE = 700000 };
    static const struct {
        const char *range;
        int status;
        size_t from, len;
    } cases[] = {
        {NULL, 200, 0, SIZE},
        {"bytes=0-0", 206, 0, 1},
        {"bytes=0-", 206, 0, SIZE},
        {"bytes=65535-65536", 206, 65535, 2},
        {"bytes=65536-131071", 206, 65536, 65536},
        {"bytes=100000-650000", 206, 100000, 550001},
        {"bytes=-7", 206, SIZE - 7, 7},
        {"bytes=699999-900000", 206, 699999, 1},
        {"bytes=700000-", 416, 0, 0},
        {"bytes=5-2", 200, 0, SIZE},
    };
    struct str bytes = sample(SIZE, 5);
    struct uuid file = uuid_new();

    assert_true(store(file, bytes));
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf out = {0};
        assert_int_equal(ask(file, SIZE, cases[i].range, &out), cases[i].status);
        assert_int_equal(out.len, cases[i].len);
        if (out.len)
            assert_memory_equal(out.at, bytes.at + cases[i].from, out.len);
        buf_release(&out);
    }
    struct buf out = {0};
    assert_int_equal(ask(file, SIZE - 1, NULL, &out), 500); /* not what the record says */
    assert_int_equal(ask(uuid_new(), 1, NULL, &out), 404);
    buf_release(&out);
    free_sample(bytes);
}

/* More at a time than a ring holds operations and than the workers' queue holds pieces. */
enum { AT_ONCE = 300 };
static unsigned finished, refused;
static struct fiber *waiting;

static void store_one(void *number)
{
    struct str bytes = sample(80000, (unsigned)(uintptr_t)number);
    struct uuid file = uuid_new();

    if (store(file, bytes))
        assert_int_equal(read_back(file, bytes), NO_ERROR);
    else
        refused++;
    free_sample(bytes);
    finished++;
    fiber_wake(waiting);
}

static void many_are_stored_at_once(void)
{
    finished = refused = 0;
    waiting = fiber_self();
    for (uintptr_t i = 0; i < AT_ONCE; i++)
        fiber_start(store_one, (void *)i);
    while (finished < AT_ONCE)
        fiber_park();
    assert_int_equal(refused, 0);
}

static void all_of_it(void *unused)
{
    (void)unused;
    files_loop_start();
    contents_of_every_size_come_back();
    the_hash_is_that_of_the_clear_bytes();
    what_was_changed_is_not_given_out();
    storing_again_replaces_in_one_step();
    a_call_that_fails_or_runs_again_leaves_nothing();
    a_removal_happens_only_when_the_call_succeeds();
    a_write_that_fails_halfway_leaves_nothing();
    no_link_leads_out_of_the_store();
    files_are_listed_by_age();
    ranges_are_streamed();
    many_are_stored_at_once();
    files_loop_stop();
}

static void run_with(const char *how)
{
    config.file_io = how;
    workers_start(2, 1);
    files_start(home);
    fiber_run_alone(all_of_it, NULL);
    files_stop();
    workers_stop();
}

static void the_store_keeps_its_promises_with_io_uring(void **state)
{
    (void)state;
    run_with("uring");
}

static void the_store_keeps_its_promises_with_threads(void **state)
{
    (void)state;
    run_with("threads");
}

/* Verbs have neither loop nor workers when they write demo data off a fiber. */
static void the_store_works_without_a_loop(void **state)
{
    struct str bytes = sample(2000000, 3);
    struct uuid file = uuid_new();

    (void)state;
    config.file_io = "auto";
    files_start(home);
    assert_true(store(file, bytes));
    assert_int_equal(read_back(file, bytes), NO_ERROR);
    files_stop();
    free_sample(bytes);
}

static void ranges_are_read_as_the_standard_says(void **state)
{
    static const struct {
        const char *header;
        int64_t size;
        enum range range;
        int64_t from, end;
    } cases[] = {
        {"bytes=0-9", 100, RANGE_PART, 0, 10},
        {"Bytes = 0-9", 100, RANGE_PART, 0, 10},
        {"bytes=90-", 100, RANGE_PART, 90, 100},
        {"bytes=-1", 100, RANGE_PART, 99, 100},
        {"bytes=-500", 100, RANGE_PART, 0, 100},
        {"bytes=99-99", 100, RANGE_PART, 99, 100},
        {"bytes=0-9223372036854775807", 100, RANGE_PART, 0, 100},
        {"bytes=100-", 100, RANGE_IMPOSSIBLE, 0, 0},
        {"bytes=-0", 100, RANGE_IMPOSSIBLE, 0, 0},
        {"bytes=0-", 0, RANGE_IMPOSSIBLE, 0, 0},
        {"bytes=-5", 0, RANGE_IMPOSSIBLE, 0, 0},
        {"bytes=9-0", 100, RANGE_WHOLE, 0, 0},
        {"bytes=0-1,5-6", 100, RANGE_WHOLE, 0, 0},
        {"bytes=+1-2", 100, RANGE_WHOLE, 0, 0},
        {"bytes=--2", 100, RANGE_WHOLE, 0, 0},
        {"bytes=-", 100, RANGE_WHOLE, 0, 0},
        {"bytes=", 100, RANGE_WHOLE, 0, 0},
        {"bytes=99999999999999999999-", 100, RANGE_WHOLE, 0, 0},
        {"lines=0-9", 100, RANGE_WHOLE, 0, 0},
        {"", 100, RANGE_WHOLE, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        int64_t from = 0, end = 0;
        assert_int_equal(
            file_range(str_of(cases[i].header), cases[i].size, &from, &end), cases[i].range);
        assert_int_equal(from, cases[i].from);
        assert_int_equal(end, cases[i].end);
    }
}

static void sizes_in_the_store_name_one_clear_size(void **state)
{
    (void)state;
    for (int64_t size = 0; size < 400000; size += size < 200000 ? 1 : 997)
        assert_int_equal(seal_clear_size(seal_stored_size(size)), size);
    assert_int_equal(seal_clear_size(0), NONE);
    assert_int_equal(seal_clear_size(SEAL_HEAD), NONE);
    assert_int_equal(seal_clear_size(seal_stored_size(SEAL_CHUNK) + SEAL_TAG), NONE);
}

static void names_are_made_harmless(void **state)
{
    static const struct {
        const char *sent, *kept;
    } cases[] = {
        {"Gas Safety.pdf", "Gas Safety.pdf"},
        {"../../etc/passwd", "passwd"},
        {"C:\\Users\\me\\photo.jpg", "photo.jpg"},
        {"a\"b<c>.pdf", "abc.pdf"},
        {"..", "file"},
        {".htaccess", "htaccess"},
        {"", "file"},
        {"Zertifikat \xc3\xa4.pdf", "Zertifikat \xc3\xa4.pdf"},
        {"evil\xe2\x80\xae"
         "fdp.exe",
            "evilfdp.exe"},
        {"line\r\nbreak.pdf", "linebreak.pdf"},
    };
    char *long_name = malloc(1001);
    struct call c;

    (void)state;
    call_init(&c);
    for (size_t i = 0; i < countof(cases); i++)
        assert_string_equal(
            call_copy(&c, file_name_clean(&c, str_of(cases[i].sent))).at, cases[i].kept);
    memset(long_name, 'x', 996);
    memcpy(long_name + 996, ".pdf", 5);
    struct str kept = file_name_clean(&c, str_of(long_name));
    assert_int_equal(kept.len, 200);
    assert_memory_equal(kept.at + 196, ".pdf", 4);
    assert_string_equal(call_copy(&c, file_disposition(&c, false, STR("\xc3\xa4 1%\".pdf"))).at,
        "attachment; filename=\"_ 1__.pdf\"; filename*=UTF-8''%C3%A4%201%25%22.pdf");
    call_release(&c);
    free(long_name);
}

static int remove_one_path(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_as_the_standard_says),
        cmocka_unit_test(sizes_in_the_store_name_one_clear_size),
        cmocka_unit_test(names_are_made_harmless),
        cmocka_unit_test(the_store_works_without_a_loop),
        cmocka_unit_test(the_store_keeps_its_promises_with_threads),
        cmocka_unit_test(the_store_keeps_its_promises_with_io_uring),
    };

    if (sodium_init() < 0)
        return 1;
    snprintf(home, sizeof home, "/tmp/files-test-XXXXXX");
    if (!mkdtemp(home))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nftw(home, remove_one_path, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}
