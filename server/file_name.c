#include "server/files.h"

#include <string.h>

enum { NAME_MOST = 200 };

/* The length of a character that changes how a name reads without being seen: direction marks,
 * zero-width ones; 0 for others. */
static size_t invisible(struct str s, size_t at)
{
    /* NOLINTBEGIN(misc-misleading-bidirectional): it is these that are looked for */
    static const struct str few[] = {STR("\xe2\x80\x8b"), STR("\xe2\x80\x8c"), STR("\xe2\x80\x8d"),
        STR("\xe2\x80\x8e"), STR("\xe2\x80\x8f"), STR("\xe2\x80\xa8"), STR("\xe2\x80\xa9"),
        STR("\xe2\x80\xaa"), STR("\xe2\x80\xab"), STR("\xe2\x80\xac"), STR("\xe2\x80\xad"),
        STR("\xe2\x80\xae"), STR("\xe2\x81\xa6"), STR("\xe2\x81\xa7"), STR("\xe2\x81\xa8"),
        STR("\xe2\x81\xa9"), STR("\xef\xbb\xbf"), STR("\xd8\x9c")};
    /* NOLINTEND(misc-misleading-bidirectional) */

    for (size_t i = 0; i < countof(few); i++)
        if (s.len - at >= few[i].len && memcmp(s.at + at, few[i].at, few[i].len) == 0)
            return few[i].len;
    return s.at[at] == '\xc2' && s.len - at >= 2 && (uint8_t)s.at[at + 1] < 0xA0 ? 2 : 0;
}

/* Too long: the middle goes, so that the extension stays. Never inside a character. */
static struct str shorten(struct str name)
{
    size_t dot = name.len, keep;

    if (name.len <= NAME_MOST)
        return name;
    while (dot > 0 && name.at[dot - 1] != '.')
        dot--;
    size_t tail = dot > 0 && name.len - dot <= 8 ? name.len - dot + 1 : 0;
    for (keep = NAME_MOST - tail; keep > 0 && ((uint8_t)name.at[keep] & 0xC0) == 0x80; keep--)
        ;
    memmove((char *)name.at + keep, name.at + name.len - tail, tail);
    return (struct str){name.at, keep + tail};
}

struct str file_name_clean(struct call *c, struct str name)
{
    char *clean = call_alloc(c, name.len + 1);
    size_t len = 0;

    if (!name.at || !str_is_utf8(name))
        return STR("file");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = (uint8_t)name.at[i];
        size_t skip = invisible(name, i);
        if (byte == '/' || byte == '\\')
            len = 0;
        else if (skip)
            i += skip - 1;
        else if (byte >= 0x20 && byte != 0x7F && !strchr("\"<>|:*?", byte))
            clean[len++] = (char)byte;
    }
    struct str rest = str_trim((struct str){clean, len});
    while (rest.len && rest.at[0] == '.')
        rest = (struct str){rest.at + 1, rest.len - 1};
    rest = shorten(rest);
    return rest.len ? rest : STR("file");
}

static bool is_token(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || strchr("-._~", byte);
}

struct str file_disposition(struct call *c, bool is_inline, struct str name)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buf *out = call_buf(c);

    buf_text(out, is_inline ? "inline; filename=\"" : "attachment; filename=\"");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = (uint8_t)name.at[i];
        bool follows = (byte & 0xC0) == 0x80; /* one underscore a character is enough */
        if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\' && byte != '%')
            buf_char(out, (char)byte);
        else if (!follows)
            buf_char(out, '_');
    }
    buf_text(out, "\"; filename*=UTF-8''");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = (uint8_t)name.at[i];
        if (byte && is_token(byte)) {
            buf_char(out, (char)byte);
        } else {
            buf_char(out, '%');
            buf_char(out, digits[byte >> 4]);
            buf_char(out, digits[byte & 15]);
        }
    }
    return buf_view(out);
}
