#include <string.h>

#include "server/body.h"

enum { BOUNDARY_MOST = 70, PART_HEAD_MOST = 4096, NAME_MOST = 255 };

static bool refuse(struct call *c, const char *why)
{
    fail_with(c, BODY_MALFORMED, "multipart: %s", why);
    return false;
}

/* Value of a parameter (`; name=value` or `; name="value"`) of a header, NO_STR without. */
static struct str parameter(struct call *c, struct str header, const char *name)
{
    struct str rest = header;

    str_cut(&rest, ';');
    while (rest.at) {
        rest = str_trim(rest);
        struct str key = str_cut(&rest, '=');
        if (!rest.at)
            break;
        struct str value;
        if (rest.len && rest.at[0] == '"') {
            char *text = call_alloc(c, rest.len);
            size_t len = 0, i = 1;
            for (; i < rest.len && rest.at[i] != '"'; i++) {
                if (rest.at[i] == '\\' && i + 1 < rest.len && (rest.at[i + 1] == '"' || rest.at[i + 1] == '\\'))
                    i++;
                text[len++] = rest.at[i];
            }
            value = (struct str){text, len};
            rest = i < rest.len ? (struct str){rest.at + i + 1, rest.len - i - 1} : NO_STR;
            if (rest.at)
                str_cut(&rest, ';');
        } else {
            value = str_trim(str_cut(&rest, ';'));
        }
        if (str_equal_ignoring_case(str_trim(key), str_of(name)))
            return value;
    }
    return NO_STR;
}

/* What remains of a file name is for display: the last part of a path, without control bytes. */
static struct str clean_name(struct call *c, struct str name)
{
    char *text = call_alloc(c, name.len + 1);
    size_t len = 0;

    size_t from = name.len;
    while (from && name.at[from - 1] != '/' && name.at[from - 1] != '\\')
        from--;
    for (size_t i = from; i < name.len && len < NAME_MOST; i++)
        if ((unsigned char)name.at[i] >= 32 && name.at[i] != 127)
            text[len++] = name.at[i];
    struct str cleaned = str_trim((struct str){text, len});
    while (cleaned.len && ((unsigned char)cleaned.at[cleaned.len - 1] & 0xC0) == 0x80 && !str_is_utf8(cleaned))
        cleaned.len--;
    return cleaned.len && str_is_utf8(cleaned) ? cleaned : STR("file");
}

static struct str part_header(struct str head, const char *name)
{
    struct str rest = head;

    while (rest.at) {
        struct str line = str_cut(&rest, '\n');
        struct str value = line;
        struct str key = str_cut(&value, ':');
        if (value.at && str_equal_ignoring_case(str_trim(key), str_of(name)))
            return str_trim(value);
    }
    return NO_STR;
}

static bool add_part(struct call *c, struct pairs *p, struct str head, struct str bytes)
{
    struct str disposition = part_header(head, "content-disposition");
    struct str name = parameter(c, disposition, "name"), file = parameter(c, disposition, "filename");

    if (!str_starts(disposition, "form-data") || !name.at || !str_is_utf8(name))
        return refuse(c, "a part without a name");
    if (!file.at) {
        if (!str_is_utf8(bytes))
            return refuse(c, "a field that is not UTF-8");
        pairs_add(c, p, name, bytes, NULL);
        return !call_faulted(c);
    }
    if (++p->files > FILES_MOST)
        return refuse(c, "too many files");
    struct upload *u = call_alloc(c, sizeof *u);
    struct str type = part_header(head, "content-type");
    *u = (struct upload){clean_name(c, file), type.at ? type : STR("application/octet-stream"), bytes};
    pairs_add(c, p, name, NO_STR, u);
    return !call_faulted(c);
}

/* What stands before the next delimiter; moves *rest behind it. */
static bool up_to(struct str *rest, struct str delimiter, struct str *before)
{
    const char *found = rest->len ? memmem(rest->at, rest->len, delimiter.at, delimiter.len) : NULL;

    if (!found)
        return false;
    size_t head = (size_t)(found - rest->at);
    *before = (struct str){rest->at, head};
    *rest = (struct str){found + delimiter.len, rest->len - head - delimiter.len};
    return true;
}

void multipart_parse(struct call *c, struct str content_type, struct str text, struct pairs *p)
{
    struct str boundary = parameter(c, content_type, "boundary"), ignored, head, bytes, rest = text;

    if (boundary.len == 0 || boundary.len > BOUNDARY_MOST) {
        refuse(c, "no usable boundary");
        return;
    }
    struct str first = call_print(c, "--%.*s", (int)boundary.len, boundary.at);
    struct str delimiter = call_print(c, "\r\n--%.*s", (int)boundary.len, boundary.at);
    if (!up_to(&rest, first, &ignored)) {
        refuse(c, "the first boundary is missing");
        return;
    }
    for (unsigned parts = 0;; parts++) {
        if (str_starts(rest, "--"))
            return;
        if (!str_starts(rest, "\r\n") || parts == PARTS_MOST) {
            refuse(c, parts == PARTS_MOST ? "too many parts" : "a broken boundary");
            return;
        }
        rest = (struct str){rest.at + 2, rest.len - 2};
        if (!up_to(&rest, STR("\r\n\r\n"), &head) || head.len > PART_HEAD_MOST || !up_to(&rest, delimiter, &bytes)) {
            refuse(c, "the body is cut short");
            return;
        }
        if (!add_part(c, p, head, bytes))
            return;
    }
}
