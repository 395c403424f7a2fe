/* Pictures made anew in the child process, over the files of tests/data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef fail /* cmocka's; ours faults a call */

#include "server/fiber.h"
#include "server/file_type.h"
#include "server/media.h"

#define lose(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

static struct str load(struct call *c, const char *name)
{
    char path[512];
    const char *here = __FILE__;

    snprintf(path, sizeof path, "%.*s/../data/%s", (int)(strrchr(here, '/') - here), here, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        lose("%s cannot be read\n", path);
    fseek(f, 0, SEEK_END);
    struct str bytes = {NULL, (size_t)ftell(f)};
    rewind(f);
    char *at = call_alloc(c, bytes.len + 1);
    assert_int_equal(fread(at, 1, bytes.len, f), bytes.len);
    fclose(f);
    bytes.at = at;
    return bytes;
}

/* Width and height from the frame header of a JPEG that we made ourselves. */
static void size_of(struct str jpeg, unsigned *width, unsigned *height)
{
    size_t at = 2;

    while (byte_at(jpeg, at) == 0xFF && byte_at(jpeg, at + 1) != 0xC0 && at < jpeg.len)
        at += 2 + big16(jpeg, at + 2);
    assert_int_equal(byte_at(jpeg, at + 1), 0xC0);
    *height = big16(jpeg, at + 5);
    *width = big16(jpeg, at + 7);
}

static const struct {
    const char *name;
    unsigned web_width, web_height, thumb_width, thumb_height;
} good[] = {
    {"photo-rotated-gps.jpg", 1536, 2048, 240, 320}, /* taken upright, stored lying */
    {"photo-progressive.jpg", 800, 600, 320, 240},
    {"photo-motion.jpg", 640, 480, 320, 240},
    {"photo.png", 400, 300, 320, 240},
    {"photo.webp", 800, 600, 320, 240},
    {"photo-gps.heic", 2016, 1512, 320, 240},
    {"photo.gif", 320, 240, 320, 240},
    {"certificate.pdf", 595, 842, 226, 320},
};

static void check_one(size_t i, enum rendition what, unsigned width, unsigned height)
{
    struct str jpeg = NO_STR;
    unsigned w, h;
    struct call c;

    call_init(&c);
    if (!media_render(&c, load(&c, good[i].name), what, &jpeg))
        lose("%s: %s\n", good[i].name, c.fault.detail);
    assert_int_equal(file_fault_of(jpeg, "image/jpeg").id, NO_ERROR);
    assert_false(bytes_hold(jpeg, STR("Exif")) || bytes_hold(jpeg, STR("GPS")) ||
                 bytes_hold(jpeg, STR("Phone")) || bytes_hold(jpeg, STR("http")));
    size_of(jpeg, &w, &h);
    if (w != width || h != height)
        lose("%s is %u by %u\n", good[i].name, w, h);
    call_release(&c);
}

static void render_all(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < countof(good); i++) {
        check_one(i, RENDITION_WEB, good[i].web_width, good[i].web_height);
        check_one(i, RENDITION_THUMB, good[i].thumb_width, good[i].thumb_height);
    }
}

static void refuse_all(void *unused)
{
    static const char *const bad[] = {"bomb.jpg", "bomb.png", "html.jpg", "script.svg",
        "works-order.docx", "truncated.pdf", "truncated.heic", "junk-before.pdf", "note.txt"};
    struct str jpeg = NO_STR;

    (void)unused;
    for (size_t i = 0; i < countof(bad); i++) {
        struct call c;
        call_init(&c);
        if (media_render(&c, load(&c, bad[i]), RENDITION_THUMB, &jpeg) || call_faulted(&c))
            lose("%s: %s\n", bad[i], c.fault.detail);
        call_release(&c);
    }
}

enum { AT_ONCE = 6 };
static unsigned finished, made;
static struct fiber *waiting;

static void render_one(void *unused)
{
    struct str jpeg;
    struct call c;

    (void)unused;
    call_init(&c);
    made += media_render(&c, load(&c, "photo.webp"), RENDITION_THUMB, &jpeg);
    call_release(&c);
    finished++;
    fiber_wake(waiting);
}

static void many_at_once(void *unused)
{
    (void)unused;
    waiting = fiber_self();
    for (int i = 0; i < AT_ONCE; i++)
        fiber_start(render_one, NULL);
    while (finished < AT_ONCE)
        fiber_park();
}

static void run(void (*fn)(void *))
{
    workers_start(2, 1);
    fiber_run_alone(fn, NULL);
    workers_stop();
}

static void pictures_come_out_upright_small_and_bare(void **state)
{
    (void)state;
    run(render_all);
}

static void what_cannot_be_decoded_is_no_fault(void **state)
{
    (void)state;
    run(refuse_all);
}

static void those_who_come_together_wait_their_turn(void **state)
{
    (void)state;
    run(many_at_once);
    assert_int_equal(made, AT_ONCE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_out_upright_small_and_bare),
        cmocka_unit_test(what_cannot_be_decoded_is_no_fault),
        cmocka_unit_test(those_who_come_together_wait_their_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
