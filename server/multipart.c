#include <string.h>

#include "server/body.h"

enum { BOUNDARY_MOST = 70, PART_HEAD_MOST = 4096, TYPE_MOST = 120 };

/* A quoted value; *rest moves behind its closing quote. Only quotes and backslashes are escaped:
 * some old browsers send whole paths with single backslashes. NO_STR without a closing quote. */
static struct str quoted_value(struct call *c, struct str *rest)
{
    char *text = call_alloc(c, rest->len);
    size_t len = 0, i = 1;

    for (; i < rest->len && rest->at[i] != '"'; i++) {
        if (rest->at[i] == '\\' && i + 1 < rest->len &&
            (rest->at[i + 1] == '"' || rest->at[i + 1] == '\\'))
            i++;
        text[len++] = rest->at[i];
    }
    if (i >= rest->len)
        return NO_STR;
    *rest = (struct str){rest->at + i + 1, rest->len - i - 1};
    str_cut(rest, ';');
    return (struct str){text, len};
}

/* Value of a parameter (`; name=value` or `; name="value"`) of a header, NO_STR without. */
static struct str parameter(struct call *c, struct str header, const char *name)
{
    struct str rest = header;

    str_cut(&rest, ';');
    while (rest.at) {
        struct str key = str_trim(str_cut(&rest, '='));
        if (!rest.at)
            break;
        while (rest.len && rest.at[0] == ' ')
            rest = (struct str){rest.at + 1, rest.len - 1};
        bool quoted = rest.len && rest.at[0] == '"';
        struct str value = quoted ? quoted_value(c, &rest) : str_trim(str_cut(&rest, ';'));
        if (!value.at)
            return NO_STR;
        if (str_equal_ignoring_case(key, str_of(name)))
            return value;
    }
    return NO_STR;
}

/* Browsers write these three in the names they send as percent escapes, and no others. */
static bool browser_escape(struct str s, size_t i, char *meant)
{
    if (i + 2 >= s.len || s.at[i] != '%' || s.at[i + 2] == '\0')
        return false;
    char high = s.at[i + 1], low = s.at[i + 2];
    if (high == '2' && low == '2')
        *meant = '"';
    else if (high == '0' && strchr("aA"
                                   "dD",
                                low))
        *meant = '\n';
    else
        return false;
    return true;
}

static struct str last_part(struct str path)
{
    size_t from = path.len;

    while (from && path.at[from - 1] != '/' && path.at[from - 1] != '\\')
        from--;
    return (struct str){path.at + from, path.len - from};
}

/* What remains of a file name is for display: the last part of a path, without control bytes. */
static struct str clean_name(struct call *c, struct str sent)
{
    struct str name = last_part(sent);
    char *text = call_alloc(c, name.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < name.len; i++) {
        char letter = name.at[i];
        if (browser_escape(name, i, &letter))
            i += 2;
        if ((unsigned char)letter >= 32 && letter != 127)
            text[len++] = letter;
    }
    struct str cleaned = {text, len};
    if (!str_is_utf8(cleaned))
        return STR("file");
    while (cleaned.len > FILE_NAME_MOST || !str_is_utf8(cleaned))
        cleaned.len--;
    cleaned = str_trim(cleaned);
    bool only_dots = str_is(cleaned, ".") || str_is(cleaned, "..");
    return cleaned.len && !only_dots ? cleaned : STR("file");
}

/* A header of a part; NO_STR without. Twice is as bad as none: readers would differ. */
static struct str part_header(struct str head, const char *name)
{
    struct str rest = head, found = NO_STR;

    while (rest.at) {
        struct str value = str_cut(&rest, '\n');
        struct str key = str_cut(&value, ':');
        if (!value.at || !str_equal_ignoring_case(key, str_of(name)))
            continue;
        if (found.at)
            return NO_STR;
        found = str_trim(value);
    }
    return found;
}

/* The claimed type, if it is one. */
static struct str part_type(struct str head)
{
    struct str type = part_header(head, "content-type");
    bool usable = type.len > 0 && type.len <= TYPE_MOST;

    for (size_t i = 0; usable && i < type.len; i++)
        usable = type.at[i] >= 32 && type.at[i] < 127;
    return usable ? type : STR("application/octet-stream");
}

/* Bytes in other encodings went out of use with mail; they would be stored as they are. */
static bool is_plain_encoding(struct str head)
{
    struct str encoding = part_header(head, "content-transfer-encoding");

    return encoding.len == 0 || str_equal_ignoring_case(encoding, STR("binary")) ||
           str_equal_ignoring_case(encoding, STR("8bit")) ||
           str_equal_ignoring_case(encoding, STR("7bit"));
}

static void add_file(struct call *c, struct pairs *p, struct str head, struct str name,
    struct str file, struct str bytes)
{
    if (file.len == 0 && bytes.len == 0)
        return; /* a file field of a page where nothing was chosen */
    if (++p->files > FILES_MOST)
        return pairs_refuse(c, p, "too many files");
    struct upload *u = call_alloc(c, sizeof *u);
    *u = (struct upload){clean_name(c, file), part_type(head), bytes};
    pairs_add(c, p, name, NO_STR, u);
}

static void add_part(struct call *c, struct pairs *p, struct str head, struct str bytes)
{
    struct str disposition = part_header(head, "content-disposition"), rest = disposition;
    struct str kind = str_trim(str_cut(&rest, ';'));
    struct str name = parameter(c, disposition, "name");
    struct str file = parameter(c, disposition, "filename");

    if (!str_equal_ignoring_case(kind, STR("form-data")) || name.len == 0 || !str_is_utf8(name))
        return pairs_refuse(c, p, "a part without a name");
    if (!is_plain_encoding(head))
        return pairs_refuse(c, p, "a part in a transfer encoding");
    if (file.at)
        return add_file(c, p, head, name, file, bytes);
    if (bytes.len > VALUE_MOST || !str_is_utf8(bytes))
        return pairs_refuse(c, p, "a field that is too long or not UTF-8");
    pairs_add(c, p, name, bytes, NULL);
}

/* What stands before the next `mark`; moves *rest behind it. */
static bool up_to(struct str *rest, struct str mark, struct str *before)
{
    const char *found = rest->len ? memmem(rest->at, rest->len, mark.at, mark.len) : NULL;

    if (!found)
        return false;
    size_t head = (size_t)(found - rest->at);
    *before = (struct str){rest->at, head};
    *rest = (struct str){found + mark.len, rest->len - head - mark.len};
    return true;
}

/* A part's head with the empty line behind it; an endless one is not searched to its end. */
static bool head_of_part(struct str *rest, struct str *head)
{
    struct str near = {rest->at, rest->len < PART_HEAD_MOST ? rest->len : PART_HEAD_MOST};

    if (str_starts(near, "\r\n") || !up_to(&near, STR("\r\n\r\n"), head))
        return false;
    *rest = (struct str){near.at, (size_t)(rest->at + rest->len - near.at)};
    return true;
}

/* Behind a boundary: blanks, then the end of its line. */
static bool end_of_line(struct str *rest)
{
    while (rest->len && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = (struct str){rest->at + 1, rest->len - 1};
    if (!str_starts(*rest, "\r\n"))
        return false;
    *rest = (struct str){rest->at + 2, rest->len - 2};
    return true;
}

static bool is_boundary(struct str s)
{
    static const char allowed[] = "'()+_,-./:=? ";

    if (s.len == 0 || s.len > BOUNDARY_MOST || s.at[s.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char low = (char)(s.at[i] | 32);
        bool plain = (s.at[i] >= '0' && s.at[i] <= '9') || (low >= 'a' && low <= 'z');
        if (s.at[i] == '\0' || (!plain && !strchr(allowed, s.at[i])))
            return false;
    }
    return true;
}

/* Moves behind the first boundary, which begins the body or a line of it. */
static bool skip_preamble(struct str *rest, struct str delimiter)
{
    struct str ignored, first = {delimiter.at + 2, delimiter.len - 2};

    if (rest->len >= first.len && memcmp(rest->at, first.at, first.len) == 0) {
        *rest = (struct str){rest->at + first.len, rest->len - first.len};
        return true;
    }
    return up_to(rest, delimiter, &ignored);
}

void multipart_parse(struct call *c, struct str content_type, struct str text, struct pairs *p)
{
    struct str boundary = parameter(c, content_type, "boundary"), rest = text, head, bytes;

    if (!is_boundary(boundary))
        return pairs_refuse(c, p, "multipart without a usable boundary");
    struct str delimiter = call_print(c, "\r\n--%.*s", (int)boundary.len, boundary.at);
    if (!skip_preamble(&rest, delimiter))
        return pairs_refuse(c, p, "the first boundary is missing");
    for (unsigned parts = 0; !str_starts(rest, "--"); parts++) {
        if (parts == PARTS_MOST)
            return pairs_refuse(c, p, "too many parts");
        if (!end_of_line(&rest) || !head_of_part(&rest, &head) || !up_to(&rest, delimiter, &bytes))
            return pairs_refuse(c, p, "a multipart body that is broken or cut short");
        add_part(c, p, head, bytes);
        if (call_faulted(c))
            return;
    }
}
