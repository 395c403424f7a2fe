#include "server/body.h"

#include <string.h>

/* Deep nesting is refused before the parser sees it: the parser recurses, and this may be a fiber's stack. */
static bool too_deep(struct str text)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MOST)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

static void release(struct call *c, void *json)
{
    (void)c;
    json_decref(json);
}

json_t *json_body_parse(struct call *c, struct str text)
{
    json_error_t error;

    if (too_deep(text)) {
        fail_with(c, BODY_MALFORMED, "JSON over %d levels deep", JSON_DEPTH_MOST);
        return NULL;
    }
    json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json)
        call_at_end(c, release, json);
    if (json && json_is_object(json))
        return json;
    fail_with(c, BODY_MALFORMED, "%s", json ? "the JSON body is no object" : error.text);
    return NULL;
}
