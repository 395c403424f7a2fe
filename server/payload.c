#include "server/payload.h"

#include <jansson.h>

int64_t payload_int(struct str json, const char *name)
{
    json_t *all = json.at ? json_loadb(json.at, json.len, 0, NULL) : NULL;
    json_t *member = json_object_get(all, name);
    int64_t value = json_is_integer(member) ? json_integer_value(member) : NONE;

    json_decref(all);
    return value;
}

struct uuid payload_uuid(struct str json, const char *name)
{
    json_t *all = json.at ? json_loadb(json.at, json.len, 0, NULL) : NULL;
    struct uuid value = {{0}};

    uuid_parse(str_of(json_string_value(json_object_get(all, name))), &value);
    json_decref(all);
    return value;
}
