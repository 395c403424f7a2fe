#include "server/body.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void pairs_refuse(struct call *c, const struct pairs *p, const char *why)
{
    fail_with(c, p->fault ? p->fault : BODY_MALFORMED, "%s", why);
}

void pairs_add(
    struct call *c, struct pairs *p, struct str name, struct str value, struct upload *upload)
{
    if (p->count == PAIRS_MOST)
        return pairs_refuse(c, p, "too many fields");
    if (name.len > NAME_MOST)
        return pairs_refuse(c, p, "the name of a field is too long");
    if (value.len > VALUE_MOST)
        return pairs_refuse(c, p, "the value of a field is too long");
    if (!p->end)
        p->end = &p->first;
    struct pair *pair = call_alloc(c, sizeof *pair);
    *pair = (struct pair){name, value, upload, NULL};
    *p->end = pair;
    p->end = &pair->next;
    p->count++;
}

static struct str decode(struct call *c, const struct pairs *p, struct str s)
{
    char *text = call_alloc(c, s.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] != '%') {
            text[len++] = s.at[i] == '+' ? ' ' : s.at[i];
            continue;
        }
        bool whole = i + 2 < s.len;
        int high = whole ? hex(s.at[i + 1]) : -1, low = whole ? hex(s.at[i + 2]) : -1;
        if (high < 0 || low < 0) {
            pairs_refuse(c, p, "a broken percent escape");
            return STR("");
        }
        text[len++] = (char)(high << 4 | low);
        i += 2;
    }
    struct str decoded = {text, len};
    if (!str_is_utf8(decoded)) {
        pairs_refuse(c, p, "text that is not UTF-8, or NUL in it");
        return STR("");
    }
    return decoded;
}

void form_parse(struct call *c, struct str text, struct pairs *p)
{
    struct str rest = text;

    while (rest.at && !call_faulted(c)) {
        struct str value = str_cut(&rest, '&');
        if (value.len == 0)
            continue;
        if (value.len > 3 * (size_t)(NAME_MOST + VALUE_MOST))
            return pairs_refuse(c, p, "the value of a field is too long");
        struct str name = decode(c, p, str_cut(&value, '='));
        struct str decoded = value.at ? decode(c, p, value) : STR("");
        if (!call_faulted(c))
            pairs_add(c, p, name, decoded, NULL);
    }
}
