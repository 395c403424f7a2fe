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
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vips/vips.h>

#include <vips/vector.h>

#include "ops/media/confine.h"

enum { PIXELS_MOST = 50 * 1000 * 1000, SIDE_MOST = 12000 };

static const struct {
    const char *name;
    int side, quality;
} renditions[] = {{"web", 2048, 82}, {"thumb", 320, 78}};

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
    confine_limits();
    load_decoders(argv[0]);
    if (fstat(0, &about) != 0 || about.st_size == 0)
        leave(1, "no input");
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, 0, 0);
    if (bytes == MAP_FAILED)
        leave(1, "the input cannot be mapped");
    confine_calls();
    render(bytes, (size_t)about.st_size, renditions[which].side, renditions[which].quality, &jpeg,
        &jpeg_len);
    write_out(jpeg, jpeg_len);
    _exit(0);
}
