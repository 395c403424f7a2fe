/* Pictures and pages are drawn here, so that the demo needs no files beside the binary. Whole
 * numbers only: the same on every machine. */
#include <assert.h>
#include <string.h>
#include <zlib.h>

#include "domain/demo/demo.h"

enum { WIDTH = 960, HEIGHT = 720, FLOOR = 600, LINES_MOST = 40 };

struct colour {
    int red, green, blue;
};

struct scene {
    struct colour wall, joint, pipe;
    int pattern; /* 0 plaster, 1 tiles, 2 bricks */
    int stain_x, stain_y, stain_radius, pipe_x;
    uint64_t seed;
    bool repaired;
};

static uint32_t mixed(uint64_t seed, int x, int y)
{
    uint64_t z = seed + (uint64_t)x * 0x9E3779B97F4A7C15ull + (uint64_t)y * 0xBF58476D1CE4E5B9ull;

    z = (z ^ z >> 30) * 0x94D049BB133111EBull;
    return (uint32_t)(z >> 32);
}

static struct scene scene_of(uint64_t seed, bool repaired)
{
    static const struct colour walls[] = {
        {226, 219, 205}, {205, 216, 220}, {233, 228, 214}, {214, 205, 190}, {222, 226, 216}};
    uint32_t r = mixed(seed, 1, 2);
    struct scene s = {.wall = walls[r % 5],
        .joint = {176, 172, 164},
        .pipe = {190, 120, 74},
        .pattern = (int)(r / 5 % 3),
        .stain_x = 250 + (int)(r / 16 % 460),
        .stain_y = 170 + (int)(r / 8192 % 260),
        .stain_radius = 90 + (int)(r >> 20) % 90,
        .seed = seed,
        .repaired = repaired};

    if (s.pattern == 2)
        s.wall = (struct colour){172, 104, 82};
    s.pipe_x = s.stain_x + s.stain_radius / 2 - 20;
    return s;
}

static bool on_joint(const struct scene *s, int x, int y)
{
    if (s->pattern == 1)
        return x % 120 < 4 || y % 120 < 4;
    if (s->pattern == 2)
        return y % 48 < 5 || (x + (y / 48 % 2) * 60) % 120 < 5;
    return false;
}

static struct colour shade(struct colour c, int percent)
{
    return (struct colour){c.red * percent / 100, c.green * percent / 100, c.blue * percent / 100};
}

/* Noise of 0 to 99 that changes slowly: between the corners of a grid. */
static int drift(const struct scene *s, int x, int y)
{
    enum { CELL = 56 };
    int column = x / CELL, row = y / CELL, right = x % CELL, down = y % CELL;
    int top = (int)(mixed(s->seed, column, row) % 100) * (CELL - right) +
              (int)(mixed(s->seed, column + 1, row) % 100) * right;
    int bottom = (int)(mixed(s->seed, column, row + 1) % 100) * (CELL - right) +
                 (int)(mixed(s->seed, column + 1, row + 1) % 100) * right;

    return (top * (CELL - down) + bottom * down) / (CELL * CELL);
}

/* How wet the wall is here, 0 to 100: an uneven patch that runs down. */
static int wetness(const struct scene *s, int x, int y)
{
    int64_t dx = x - s->stain_x, dy = y - s->stain_y, wide = s->stain_radius;

    if (dy > 0)
        dy = dy / 2;
    int64_t distance = (dx * dx + dy * dy) * 100 / (wide * wide) + drift(s, x, y) - 50;
    return distance >= 100 ? 0 : distance < 0 ? 100 : (int)(100 - distance);
}

static struct colour pixel(const struct scene *s, int x, int y)
{
    struct colour c = on_joint(s, x, y) ? s->joint : s->wall;
    int light = 104 - x / 40 - y / 60 + (int)(mixed(s->seed, x / 3, y / 3) % 3);

    if (y >= FLOOR)
        c = (x + (y - FLOOR) / 3) % 160 < 3 ? (struct colour){92, 66, 44}
                                            : (struct colour){150, 112, 78};
    else if (!s->repaired)
        c = shade(c, 100 - wetness(s, x, y) * 45 / 100);
    if (x >= s->pipe_x && x < s->pipe_x + 34 && y < FLOOR) {
        int across = x - s->pipe_x;
        c = s->repaired ? s->pipe : (struct colour){140, 128, 96};
        light = 60 + (across < 17 ? across : 34 - across) * 4;
    }
    return shade(c, light);
}

static void add_number(struct buf *out, uint32_t n)
{
    for (int i = 24; i >= 0; i -= 8)
        buf_char(out, (char)(n >> i));
}

static void add_chunk(struct buf *out, const char *kind, const void *bytes, size_t len)
{
    uLong sum = crc32(crc32(0, NULL, 0), (const Bytef *)kind, 4);

    add_number(out, (uint32_t)len);
    buf_add(out, kind, 4);
    buf_add(out, bytes, len);
    add_number(out, (uint32_t)(len ? crc32(sum, bytes, (uInt)len) : sum));
}

/* Each row begins with its filter: 1, differences to the pixel on the left. */
static void draw(const struct scene *s, uint8_t *at)
{
    for (int y = 0; y < HEIGHT; y++) {
        struct colour left = {0, 0, 0};
        *at++ = 1;
        for (int x = 0; x < WIDTH; x++) {
            struct colour p = pixel(s, x, y);
            *at++ = (uint8_t)(p.red - left.red);
            *at++ = (uint8_t)(p.green - left.green);
            *at++ = (uint8_t)(p.blue - left.blue);
            left = p;
        }
    }
}

struct str demo_picture(struct call *c, uint64_t seed, bool repaired)
{
    static const uint8_t head[13] = {
        0, 0, WIDTH >> 8, WIDTH & 255, 0, 0, HEIGHT >> 8, HEIGHT & 255, 8, 2, 0, 0, 0};
    const struct scene s = scene_of(seed, repaired);
    const size_t size = HEIGHT * (1 + 3 * (size_t)WIDTH);
    uLongf packed_len = compressBound(size);
    struct buf raw = {0}, packed = {0}, *out = call_buf(c);

    /* Of the heap, since many are drawn in one call. */
    buf_reserve(&raw, size);
    buf_reserve(&packed, packed_len);
    draw(&s, (uint8_t *)raw.at);
    if (compress2((Bytef *)packed.at, &packed_len, (const Bytef *)raw.at, size, 6) != Z_OK)
        fail_with(c, INTERNAL, "a picture could not be packed");
    buf_add(out, "\x89PNG\r\n\x1a\n", 8);
    add_chunk(out, "IHDR", head, sizeof head);
    assert(packed.at);
    add_chunk(out, "IDAT", packed.at, packed_len);
    add_chunk(out, "IEND", "", 0);
    buf_release(&raw);
    buf_release(&packed);
    return buf_view(out);
}

static void add_pdf_text(struct buf *out, struct str line)
{
    buf_char(out, '(');
    for (size_t i = 0; i < line.len; i++) {
        if (strchr("()\\", line.at[i]))
            buf_char(out, '\\');
        buf_char(out, line.at[i] >= ' ' && line.at[i] < 127 ? line.at[i] : ' ');
    }
    buf_text(out, ") Tj\n");
}

struct str demo_page(struct call *c, const struct str *lines, size_t count)
{
    struct buf *text = call_buf(c), *out = call_buf(c);
    size_t offsets[5];

    buf_text(text, "BT /F1 20 Tf 72 760 Td 26 TL\n");
    for (size_t i = 0; i < count && i < LINES_MOST; i++) {
        if (i == 1)
            buf_text(text, "/F1 11 Tf 16 TL\n");
        add_pdf_text(text, lines[i]);
        buf_text(text, "T*\n");
    }
    buf_text(text, "ET\n0.4 w 72 748 m 523 748 l S\n");
    buf_text(out, "%PDF-1.4\n");
    offsets[0] = out->len;
    buf_text(out, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    offsets[1] = out->len;
    buf_text(out, "2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n");
    offsets[2] = out->len;
    buf_text(out, "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R\n"
                  "   /Resources << /Font << /F1 5 0 R >> >> >>\nendobj\n");
    offsets[3] = out->len;
    buf_print(out, "4 0 obj\n<< /Length %zu >>\nstream\n", text->len);
    buf_str(out, buf_view(text));
    buf_text(out, "endstream\nendobj\n");
    offsets[4] = out->len;
    buf_text(out, "5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n");
    size_t table = out->len;
    buf_text(out, "xref\n0 6\n0000000000 65535 f \n");
    for (size_t i = 0; i < 5; i++)
        buf_print(out, "%010zu 00000 n \n", offsets[i]);
    buf_print(out, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", table);
    return buf_view(out);
}
