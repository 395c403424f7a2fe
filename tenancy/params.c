#include "tenancy/params.h"

#include <assert.h>
#include <string.h>

/* NULL when the row's table has no such field. */
static const struct field *field_of(const struct call *c, const char *name)
{
    const struct input_table *t = &c->endpoint->input;

    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->fields[i].name, name) == 0)
            return &t->fields[i];
    return NULL;
}

static struct arg of_call(struct call *c, const char *name)
{
    if (strcmp(name, "_account_id") == 0)
        return arg_int(c, c->account->id);
    if (strcmp(name, "_account_uuid") == 0)
        return arg_uuid(c, c->account->uuid);
    if (strcmp(name, "_account_type") == 0)
        return arg_int(c, c->account->type_id);
    if (strcmp(name, "_branch_ids") == 0)
        return arg_ints(c, c->account->branch_ids);
    assert(strcmp(name, "_new_uuid") == 0);
    return arg_uuid(c, uuid_new());
}

struct arg param_of(struct call *c, const char *name)
{
    if (name[0] == '_')
        return of_call(c, name);
    const struct field *f = field_of(c, name);
    assert(f && "the statement wants a parameter that the row's table does not have");
    const char *at = (const char *)c->input + f->offset;
    switch (f->type) {
    case FIELD_INTEGER:
        return arg_int(c, *(const int64_t *)at);
    case FIELD_DECIMAL:
        return arg_decimal(c, *(const struct decimal *)at);
    case FIELD_UUID:
        return arg_uuid(c, *(const struct uuid *)at);
    case FIELD_DATE:
        return arg_date(c, *(const struct date *)at);
    case FIELD_BOOLEAN:
        return arg_flag(c, *(const enum flag *)at);
    case FIELD_INTEGERS:
        return arg_ints(c, *(const struct ints *)at);
    case FIELD_TEXTS:
        return arg_texts(c, *(const struct texts *)at);
    case FIELD_FILE:
    case FIELD_OBJECT:
    case FIELD_OBJECTS:
        assert(!"files and objects are no parameters");
        return (struct arg){0};
    default:
        return arg_str(c, *(const struct str *)at);
    }
}

/* A listing may serve rows that do not offer all of its filters. */
bool param_given(struct call *c, const char *name)
{
    const struct field *f = name[0] == '_' ? NULL : field_of(c, name);

    if (name[0] != '_' && !f)
        return false;
    if (f && (f->type == FIELD_INTEGERS || f->type == FIELD_TEXTS))
        return !str_is((struct str){param_of(c, name).value, 2}, "{}");
    struct arg a = param_of(c, name);
    return a.value && (a.length > 0 || a.binary);
}

const struct arg *params_of(struct call *c, const struct statement *s)
{
    struct arg *args = call_alloc(c, (s->params_count + 1) * sizeof *args);

    for (size_t i = 0; i < s->params_count; i++)
        args[i] = param_of(c, s->params[i].name);
    return args;
}
