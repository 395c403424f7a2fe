#include <zlib.h>

#include "server/file_type.h"

/* Where other programs would look for a file of another kind in this one. */
static bool is_polyglot(struct str s)
{
    return bytes_hold(bytes_from(s, 0, 1024), STR("%PDF-")) ||
           bytes_hold(bytes_from(s, 0, 1024), STR("<script")) ||
           bytes_hold(bytes_from(s, 0, 1024), STR("<html"));
}

/* Phones append more pictures, or a short film, behind the first; others fill up with zeros. */
static struct file_fault jpeg_rest_fault(struct str rest)
{
    return holds_other_file(rest) ? REFUSED("another file behind the picture") : FILE_FINE;
}

static bool is_frame_header(uint8_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/* The end of entropy-coded data: the next marker that is neither stuffing nor a restart. */
static size_t jpeg_next_marker(struct str s, size_t at)
{
    while (at + 1 < s.len) {
        uint8_t marker = byte_at(s, at + 1);
        if (byte_at(s, at) == 0xFF && marker != 0x00 && marker != 0xFF &&
            !(marker >= 0xD0 && marker <= 0xD7))
            return at;
        at++;
    }
    return s.len;
}

struct file_fault jpeg_fault(struct str s)
{
    bool has_frame = false, has_scan = false;
    size_t at = 2;

    if (is_polyglot(s))
        return REFUSED("a second kind of file in its head");
    while (at + 1 < s.len) {
        uint8_t marker = byte_at(s, at + 1);
        if (byte_at(s, at) != 0xFF)
            return BROKEN("no marker where one must stand");
        if (marker == 0xFF) { /* fill */
            at++;
            continue;
        }
        if (marker == 0xD9)
            return !has_scan ? BROKEN("it ends before a picture")
                             : jpeg_rest_fault(bytes_from(s, at + 2, s.len));
        if (marker == 0x01 || marker == 0xD8 || (marker >= 0xD0 && marker <= 0xD7)) {
            at += 2;
            continue;
        }
        size_t len = big16(s, at + 2);
        if (len < 2 || at + 2 + len > s.len)
            return BROKEN("a segment is cut off");
        if (is_frame_header(marker)) {
            struct file_fault fault = size_fault(big16(s, at + 7), big16(s, at + 5));
            if (fault.id != NO_ERROR)
                return fault;
            has_frame = true;
        }
        at += 2 + len;
        if (marker != 0xDA)
            continue;
        if (!has_frame)
            return BROKEN("a scan without a frame");
        has_scan = true;
        at = jpeg_next_marker(s, at);
    }
    return BROKEN("no end of image");
}

/* How much is unpacked, not how much is shown: the frames of an animation count. */
static struct file_fault png_chunk_fault(struct str s, size_t at)
{
    if (bytes_are(s, at + 4, STR("IHDR")))
        return size_fault(big32(s, at + 8), big32(s, at + 12));
    if (bytes_are(s, at + 4, STR("acTL")) && big32(s, at + 8) > FRAMES_MOST)
        return LARGE("too many frames");
    return FILE_FINE;
}

struct file_fault png_fault(struct str s)
{
    bool has_data = false;
    size_t at = 8;

    if (is_polyglot(s))
        return REFUSED("a second kind of file in its head");
    if (big32(s, 8) != 13 || !bytes_are(s, 12, STR("IHDR")))
        return BROKEN("no header");
    while (at + 12 <= s.len) {
        size_t len = big32(s, at);
        if (len > s.len - at - 12)
            return BROKEN("a chunk is cut off");
        uLong crc = crc32_z(0, (const Bytef *)s.at + at + 4, len + 4);
        if (crc != big32(s, at + 8 + len))
            return BROKEN("a chunk's checksum is wrong");
        struct file_fault fault = png_chunk_fault(s, at);
        if (fault.id != NO_ERROR)
            return fault;
        has_data |= bytes_are(s, at + 4, STR("IDAT"));
        bool is_end = bytes_are(s, at + 4, STR("IEND"));
        at += 12 + len;
        if (is_end && at < s.len)
            return REFUSED("something behind the end");
        if (is_end)
            return has_data ? FILE_FINE : BROKEN("no picture");
    }
    return BROKEN("no end");
}

/* Behind a chain of sub-blocks; s.len when it is cut off. */
static size_t gif_skip_blocks(struct str s, size_t at)
{
    while (at < s.len && byte_at(s, at) != 0)
        at += 1 + byte_at(s, at);
    return at < s.len ? at + 1 : s.len;
}

static size_t gif_colours(uint8_t flags)
{
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

struct file_fault gif_fault(struct str s)
{
    struct file_fault fault = size_fault(little16(s, 6), little16(s, 8));
    size_t at = 13 + gif_colours(byte_at(s, 10));
    unsigned frames = 0;

    if (is_polyglot(s))
        return REFUSED("a second kind of file in its head");
    while (fault.id == NO_ERROR && at < s.len) {
        switch (byte_at(s, at)) {
        case 0x21:
            at = gif_skip_blocks(s, at + 2);
            break;
        case 0x2C:
            if (++frames > FRAMES_MOST)
                return LARGE("too many frames");
            fault = size_fault(little16(s, at + 5), little16(s, at + 7));
            at = gif_skip_blocks(s, at + 10 + gif_colours(byte_at(s, at + 9)) + 1);
            break;
        case 0x3B:
            if (holds_other_file(bytes_from(s, at + 1, s.len)))
                return REFUSED("another file behind the picture");
            return frames ? FILE_FINE : BROKEN("no picture");
        default:
            return BROKEN("no block where one must stand");
        }
    }
    return fault.id != NO_ERROR ? fault : BROKEN("no trailer");
}

static struct file_fault webp_chunk_fault(struct str s, size_t at, unsigned *frames)
{
    if (bytes_are(s, at, STR("VP8X")))
        return size_fault(little24(s, at + 12) + 1, little24(s, at + 15) + 1);
    if (bytes_are(s, at, STR("VP8 ")))
        return bytes_are(s, at + 11, STR("\x9d\x01\x2a"))
                   ? size_fault(little16(s, at + 14) & 0x3FFF, little16(s, at + 16) & 0x3FFF)
                   : BROKEN("no key frame");
    if (bytes_are(s, at, STR("VP8L")))
        return size_fault(
            (little32(s, at + 9) & 0x3FFF) + 1, (little32(s, at + 9) >> 14 & 0x3FFF) + 1);
    if (bytes_are(s, at, STR("ANMF")) && ++*frames > FRAMES_MOST)
        return LARGE("too many frames");
    return FILE_FINE;
}

static bool is_webp_picture(struct str s, size_t at)
{
    return bytes_are(s, at, STR("VP8 ")) || bytes_are(s, at, STR("VP8L")) ||
           bytes_are(s, at, STR("ANMF"));
}

struct file_fault webp_fault(struct str s)
{
    uint64_t promised = (uint64_t)little32(s, 4) + 8;
    bool has_picture = false;
    unsigned frames = 0;
    size_t at = 12;

    if (is_polyglot(s))
        return REFUSED("a second kind of file in its head");
    if (promised > s.len)
        return BROKEN("it is cut off");
    if (promised + 1 < s.len)
        return REFUSED("something behind the end");
    while (at + 8 <= promised) {
        size_t len = little32(s, at + 4);
        if (len > promised - at - 8)
            return BROKEN("a chunk is cut off");
        struct file_fault fault = webp_chunk_fault(s, at, &frames);
        if (fault.id != NO_ERROR)
            return fault;
        has_picture |= is_webp_picture(s, at);
        at += 8 + len + (len & 1);
    }
    return has_picture ? FILE_FINE : BROKEN("no picture");
}

bool is_heic(struct str s)
{
    size_t len = big32(s, 0);

    if (!bytes_are(s, 4, STR("ftyp")) || len < 16 || len > 256 || len > s.len)
        return false;
    for (size_t at = 8; at + 4 <= len; at += at == 8 ? 8 : 4)
        if (bytes_are(s, at, STR("heic")) || bytes_are(s, at, STR("heix")) ||
            bytes_are(s, at, STR("heim")) || bytes_are(s, at, STR("heis")))
            return true;
    return false;
}

/* One box of the container: where its contents begin and where it ends; false when it is cut off.
 */
struct box {
    size_t at, body, end;
};

static bool box_read(struct str s, size_t at, size_t limit, struct box *b)
{
    uint64_t len = big32(s, at), head = 8;

    if (limit - at < 8)
        return false;
    if (len == 1) {
        len = (uint64_t)big32(s, at + 8) << 32 | big32(s, at + 12);
        head = 16;
    } else if (len == 0) {
        len = limit - at;
    }
    if (len < head || len > limit - at)
        return false;
    *b = (struct box){at, at + head, at + len};
    return true;
}

/* The first box of a kind between two places. */
static bool box_find(struct str s, size_t at, size_t limit, struct str kind, struct box *b)
{
    while (at < limit && box_read(s, at, limit, b)) {
        if (bytes_are(s, b->at + 4, kind))
            return true;
        at = b->end;
    }
    return false;
}

static struct file_fault heic_sizes_fault(struct str s, const struct box *properties)
{
    bool has_size = false;
    struct box b;

    for (size_t at = properties->body; at < properties->end; at = b.end) {
        if (!box_read(s, at, properties->end, &b))
            return BROKEN("a property is cut off");
        if (!bytes_are(s, b.at + 4, STR("ispe")))
            continue;
        struct file_fault fault = size_fault(big32(s, b.body + 4), big32(s, b.body + 8));
        if (fault.id != NO_ERROR)
            return fault;
        has_size = true;
    }
    return has_size ? FILE_FINE : BROKEN("a picture without size");
}

struct file_fault heic_fault(struct str s)
{
    struct box b, meta = {0}, properties, list;
    bool has_data = false;

    if (is_polyglot(s))
        return REFUSED("a second kind of file in its head");
    for (size_t at = 0; at < s.len; at = b.end) {
        if (!box_read(s, at, s.len, &b))
            return BROKEN("a box is cut off");
        if (bytes_are(s, b.at + 4, STR("meta")) && !meta.end)
            meta = b;
        has_data |= bytes_are(s, b.at + 4, STR("mdat"));
    }
    if (!meta.end || !has_data)
        return BROKEN("no picture");
    if (!box_find(s, meta.body + 4, meta.end, STR("iprp"), &properties) ||
        !box_find(s, properties.body, properties.end, STR("ipco"), &list))
        return BROKEN("no properties");
    return heic_sizes_fault(s, &list);
}
