#include <sodium.h>

#include "server/body.h"

/* A walk over the brackets, so that nothing too deep or too large comes before the parser: it
 * recurses, and each of its values costs many times the bytes that named it. */
struct scan {
    unsigned depth, values;
    unsigned items[JSON_DEPTH_MOST + 1]; /* commas seen in each open bracket */
};

static const char *open_bracket(struct scan *s)
{
    if (s->depth == JSON_DEPTH_MOST)
        return "JSON nested too deep";
    s->items[++s->depth] = 0;
    return ++s->values > JSON_VALUES_MOST ? "too many JSON values" : NULL;
}

static const char *comma(struct scan *s)
{
    if (++s->items[s->depth] >= JSON_ITEMS_MOST)
        return "too many JSON members or items in one place";
    return ++s->values > JSON_VALUES_MOST ? "too many JSON values" : NULL;
}

/* Where the text that begins behind `from` ends: at its closing quote, or at the end of it all. */
static size_t end_of_text(struct str text, size_t from)
{
    for (size_t i = from; i < text.len; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            return i;
    }
    return text.len;
}

static const char *step(struct scan *s, char c)
{
    switch (c) {
    case '{':
    case '[':
        return open_bracket(s);
    case '}':
    case ']':
        if (s->depth == 0)
            return "a JSON bracket closes what was never opened";
        s->depth--;
        return NULL;
    case ',':
        return comma(s);
    default:
        return NULL;
    }
}

/* Why the parser should not see this; NULL when it may. */
static const char *out_of_bounds(struct str text)
{
    struct scan s = {0};

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"') {
            size_t end = end_of_text(text, i + 1);
            if (end - i > VALUE_MOST)
                return "a JSON text is too long";
            i = end;
            continue;
        }
        const char *why = step(&s, text.at[i]);
        if (why)
            return why;
    }
    return NULL;
}

/* Some programs put a byte order mark before UTF-8; RFC 8259 lets a reader ignore it. */
static struct str without_mark(struct str text)
{
    if (str_starts(text, "\xEF\xBB\xBF"))
        return (struct str){text.at + 3, text.len - 3};
    return text;
}

json_t *json_body_parse(struct call *c, struct str text)
{
    struct str plain = without_mark(text);
    json_error_t error;
    const char *why = out_of_bounds(plain);

    if (why) {
        fail_with(c, BODY_MALFORMED, "%s", why);
        return NULL;
    }
    json_t *json = json_loadb(plain.at, plain.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(json))
        return json;
    if (json)
        fail_with(c, BODY_MALFORMED, "the JSON body is no object");
    else
        fail_with(c, BODY_MALFORMED, "JSON that is not valid at byte %d", error.position);
    json_decref(json);
    return NULL;
}

void json_body_wipe(json_t *json)
{
    const char *name;
    json_t *item;
    size_t i;

    if (json_is_string(json))
        sodium_memzero((char *)json_string_value(json), json_string_length(json));
    json_array_foreach(json, i, item) json_body_wipe(item);
    json_object_foreach(json, name, item) json_body_wipe(item);
}
