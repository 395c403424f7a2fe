#include "server/input.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "server/body.h"
#include "server/fiber.h"
#include "server/input_values.h"

enum { PARSED_HERE_MOST = 16 * 1024 }; /* bytes of body; larger ones would hold up the loop */

/* A field's value as it came. */
struct raw {
    enum { RAW_ABSENT, RAW_NULL, RAW_TEXT, RAW_JSON, RAW_FILE } kind;
    struct str text;
    json_t *json;
    struct upload *upload;
    const struct pairs *among; /* the query or form it stands in; NULL for JSON, paths, defaults */
};

static bool reads(const struct call *c)
{
    return c->request.method == GET;
}

static bool has_secret(const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].type == FIELD_SECRET || has_secret(fields[i].fields, fields[i].fields_count))
            return true;
    return false;
}

static void wipe_pairs(const struct pairs *p)
{
    for (const struct pair *at = p->first; at; at = at->next)
        sodium_memzero((char *)at->value.at, at->value.len);
}

/* When the call is over. Passwords leave nothing of themselves in freed memory. */
static void forget(struct call *c, void *arg)
{
    struct body *b = arg;

    if (c->endpoint && has_secret(c->endpoint->input.fields, c->endpoint->input.count)) {
        wipe_pairs(&b->form);
        if (b->json)
            json_body_wipe(b->json);
        sodium_memzero((char *)c->request.body.at, c->request.body.len);
    }
    json_decref(b->json);
}

static void parse_body(void *arg)
{
    struct call *c = arg;
    struct str type = call_header(c, "content-type"), rest = type;
    struct str kind = str_trim(str_cut(&rest, ';'));

    if (str_equal_ignoring_case(kind, STR("application/json")))
        c->body->json = json_body_parse(c, c->request.body);
    else if (str_equal_ignoring_case(kind, STR("application/x-www-form-urlencoded")))
        form_parse(c, c->request.body, &c->body->form);
    else if (str_equal_ignoring_case(kind, STR("multipart/form-data")))
        multipart_parse(c, type, c->request.body, &c->body->form);
    else
        fail_with(c, TYPE_NOT_SUPPORTED, "%.*s", (int)(kind.len > 60 ? 60 : kind.len),
            kind.at ? kind.at : "");
}

static struct body *body_of(struct call *c)
{
    if (c->body)
        return c->body;
    c->body = call_alloc(c, sizeof *c->body);
    c->body->query.fault = REQUEST_MALFORMED;
    call_at_end(c, forget, c->body);
    form_parse(c, c->request.query, &c->body->query);
    if (call_faulted(c) || reads(c) || c->request.body.len == 0)
        return c->body;
    if (c->request.body.len <= PARSED_HERE_MOST)
        parse_body(c);
    else if (!offload(parse_body, c))
        fail_with(c, BUSY, "no worker for a large body");
    return c->body;
}

static struct raw of_pair(const struct pairs *among, const struct pair *p)
{
    if (p->upload)
        return (struct raw){.kind = RAW_FILE, .upload = p->upload, .among = among};
    return (struct raw){.kind = RAW_TEXT, .text = p->value, .among = among};
}

static struct raw of_json(json_t *json)
{
    if (!json)
        return (struct raw){.kind = RAW_ABSENT};
    if (json_is_null(json))
        return (struct raw){.kind = RAW_NULL};
    if (json_is_string(json))
        return (struct raw){
            .kind = RAW_TEXT, .text = {json_string_value(json), json_string_length(json)}};
    return (struct raw){.kind = RAW_JSON, .json = json};
}

/* `name`, or also `name[]` when it may be a list. */
static bool is_named(const struct pair *p, const char *name, bool list)
{
    size_t len = strlen(name);

    return str_is(p->name, name) || (list && p->name.len == len + 2 && str_starts(p->name, name) &&
                                        memcmp(p->name.at + len, "[]", 2) == 0);
}

static struct raw find(struct call *c, const char *name, bool list)
{
    struct body *b = body_of(c);
    const struct pairs *sources[] = {&b->form, &b->query};
    struct raw r = of_json(b->json ? json_object_get(b->json, name) : NULL);

    if (r.kind != RAW_ABSENT)
        return r;
    for (size_t s = 0; s < countof(sources); s++)
        for (const struct pair *p = sources[s]->first; p; p = p->next)
            if (is_named(p, name, list))
                return of_pair(sources[s], p);
    return r;
}

static unsigned times(const struct pairs *among, const char *name)
{
    unsigned count = 0;

    for (const struct pair *p = among ? among->first : NULL; p; p = p->next)
        count += str_is(p->name, name);
    return count;
}

/* The shortest text that reads back as the same number: 0.1 stays 0.1, and 1.005 shows its third
 * place. Very small ones keep their exponent, which no field takes. */
static struct str real_text(struct call *c, double value)
{
    char text[40];

    for (int digits = 1; digits <= 17; digits++) {
        double back = 0;
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (sscanf(text, "%lf", &back) == 1 && back == value)
            break;
    }
    bool whole = value > -1e15 && value < 1e15 && (double)(int64_t)value == value;
    if (whole)
        snprintf(text, sizeof text, "%lld", (long long)value);
    return call_copy(c, str_of(text));
}

/* A number or truth value of JSON as the text that a form would have sent. */
static bool scalar_text(struct call *c, const struct raw *r, struct str *text)
{
    if (r->kind == RAW_TEXT)
        *text = r->text;
    else if (r->kind != RAW_JSON)
        return false;
    else if (json_is_boolean(r->json))
        *text = json_is_true(r->json) ? STR("true") : STR("false");
    else if (json_is_integer(r->json))
        *text = call_print(c, "%lld", (long long)json_integer_value(r->json));
    else if (json_is_real(r->json))
        *text = real_text(c, json_real_value(r->json));
    else
        return false;
    return true;
}

struct str input_peek(struct call *c, const char *name)
{
    struct raw r = find(c, name, false);
    struct str text = NO_STR;

    if (call_faulted(c) || !scalar_text(c, &r, &text))
        return NO_STR;
    if (times(r.among, name) > 1) {
        fail_field(c, name, "was sent more than once");
        return NO_STR;
    }
    return str_trim(text);
}

static bool is_list(const struct field *d)
{
    return d->type == FIELD_INTEGERS || d->type == FIELD_TEXTS;
}

/* A list under construction. One item more than allowed fits, to see that there are too many. */
struct items {
    struct str *at;
    size_t count, most;
};

static void add_item(struct items *all, struct str text)
{
    if (all->count <= all->most)
        all->at[all->count++] = text;
}

static void split_items(struct items *all, struct str text)
{
    struct str rest = text;

    while (rest.at && all->count <= all->most) {
        struct str item = str_trim(str_cut(&rest, ','));
        if (item.len)
            add_item(all, item);
    }
}

static void gather_json(
    const struct filling *f, const struct field *d, json_t *array, struct items *all)
{
    for (size_t i = 0; i < json_array_size(array) && all->count <= all->most; i++) {
        struct raw item = of_json(json_array_get(array, i));
        struct str text = STR("");
        if (!scalar_text(f->c, &item, &text))
            problem_of(f, d, (int)i, "must be a plain value");
        add_item(all, text);
    }
}

/* Texts may hold commas of their own: only a single one under the plain name is cut at them. */
static void gather_pairs(
    const struct pairs *among, const struct field *d, const char *name, struct items *all)
{
    unsigned plain = times(among, name), both = 0;

    for (const struct pair *p = among->first; p; p = p->next)
        both += is_named(p, name, true);
    bool cut = d->type == FIELD_INTEGERS || (plain == 1 && both == 1);
    for (const struct pair *p = among->first; p && all->count <= all->most; p = p->next) {
        if (p->upload || !is_named(p, name, true))
            continue;
        if (cut)
            split_items(all, p->value);
        else if (str_trim(p->value).len)
            add_item(all, str_trim(p->value));
    }
}

/* The items of a list, whichever way they came: a JSON array, repeated or name[] fields, or text
 * with commas. */
static bool gather(
    const struct filling *f, const struct field *d, const struct raw *r, struct items *all)
{
    struct str one;

    if (r->among) {
        bool by_name = times(r->among, d->name) > 0 || !d->also;
        for (const struct pair *p = r->among->first; p && !by_name; p = p->next)
            by_name = is_named(p, d->name, true);
        gather_pairs(r->among, d, by_name ? d->name : d->also, all);
    } else if (r->kind == RAW_JSON && json_is_array(r->json)) {
        gather_json(f, d, r->json, all);
    } else if (scalar_text(f->c, r, &one)) {
        split_items(all, one);
    } else {
        problem(f, d, "must be a list");
        return false;
    }
    return true;
}

static void store_texts(const struct filling *f, const struct field *d, const struct items *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (!value_is_plain(all->at[i]) || str_letters(all->at[i]) > TEXT_MOST)
            return problem_of(f, d, (int)i, "holds characters that are not allowed");
    *(struct texts *)(f->into + d->offset) = (struct texts){all->at, all->count};
}

static void store_integers(const struct filling *f, const struct field *d, const struct items *all)
{
    int64_t *numbers = call_alloc(f->c, (all->count + 1) * sizeof *numbers);

    for (size_t i = 0; i < all->count; i++)
        if (!str_to_int(all->at[i], &numbers[i]) || numbers[i] == NONE)
            return problem_of(f, d, (int)i, "must be a whole number");
    *(struct ints *)(f->into + d->offset) = (struct ints){numbers, all->count};
}

static bool count_is_allowed(const struct filling *f, const struct field *d, size_t count)
{
    size_t most = d->max ? (size_t)d->max : ITEMS_MOST;

    if (count > most)
        problem(f, d, "must have at most %zu items", most);
    else if ((int64_t)count < d->min)
        problem(f, d, "must have at least %lld item%s", (long long)d->min, d->min == 1 ? "" : "s");
    else
        return true;
    return false;
}

static void read_list(const struct filling *f, const struct field *d, const struct raw *r)
{
    struct items all = {.most = d->max ? (size_t)d->max : ITEMS_MOST};
    unsigned before = *f->problems;

    all.at = call_alloc(f->c, (all.most + 1) * sizeof *all.at);
    if (!gather(f, d, r, &all) || !count_is_allowed(f, d, all.count) || *f->problems != before)
        return;
    if (d->type == FIELD_TEXTS)
        store_texts(f, d, &all);
    else
        store_integers(f, d, &all);
}

static void read_fields(struct filling *f, const struct field *fields, size_t count);
static void clear(char *into, const struct field *fields, size_t count);

static void read_object(const struct filling *f, const struct field *d, json_t *json)
{
    const char *prefix = call_print(f->c, "%s%s.", f->prefix, d->name).at;
    struct filling inner = {f->c, prefix, f->into + d->offset, json, f->problems};

    if (!json_is_object(json))
        return problem(f, d, "must be an object");
    read_fields(&inner, d->fields, d->fields_count);
}

static void read_objects(const struct filling *f, const struct field *d, json_t *json)
{
    size_t count = json_array_size(json);

    if (!json_is_array(json))
        return problem(f, d, "must be a list of objects");
    if (!count_is_allowed(f, d, count))
        return;
    char *all = call_alloc(f->c, (count + 1) * d->size);
    for (size_t i = 0; i < count && *f->problems < PROBLEMS_MOST; i++) {
        const char *prefix = call_print(f->c, "%s%s[%zu].", f->prefix, d->name, i).at;
        json_t *item = json_array_get(json, i);
        struct filling inner = {f->c, prefix, all + i * d->size, item, f->problems};
        clear(inner.into, d->fields, d->fields_count);
        if (json_is_object(item))
            read_fields(&inner, d->fields, d->fields_count);
        else
            problem_of(f, d, (int)i, "must be an object");
    }
    *(struct objects *)(f->into + d->offset) = (struct objects){all, count};
}

static void read_value(const struct filling *f, const struct field *d, const struct raw *r)
{
    struct str text;

    if (d->type == FIELD_FILE) {
        if (r->kind != RAW_FILE)
            return problem(f, d, "must be a file, sent as multipart/form-data");
        *(struct upload **)(f->into + d->offset) = r->upload;
    } else if (r->kind == RAW_FILE) {
        problem(f, d, "must not be a file");
    } else if (is_list(d)) {
        read_list(f, d, r);
    } else if (d->type == FIELD_OBJECT) {
        read_object(f, d, r->json);
    } else if (d->type == FIELD_OBJECTS) {
        read_objects(f, d, r->json);
    } else if (!scalar_text(f->c, r, &text)) {
        problem(f, d, "must be a plain value");
    } else {
        value_read(f, d, d->type == FIELD_SECRET ? text : str_trim(text));
    }
}

/* Empty text means "nothing chosen" to everything but texts, which it empties. */
static bool is_nothing(const struct field *d, const struct raw *r)
{
    bool text = d->type == FIELD_TEXT || d->type == FIELD_SECRET;

    return r->kind == RAW_TEXT && !text && str_trim(r->text).len == 0;
}

static struct str path_value(const struct call *c, const char *name)
{
    size_t len = strlen(name), index = 0;

    for (const char *at = strchr(c->endpoint->path, '{'); at; at = strchr(at + 1, '{'), index++)
        if (strncmp(at + 1, name, len) == 0 && at[1 + len] == '}')
            return c->path_values[index];
    return NO_STR;
}

static struct raw raw_of(const struct filling *f, const struct field *d)
{
    struct raw r;

    if (d->in_path)
        return (struct raw){.kind = RAW_TEXT, .text = path_value(f->c, d->name)};
    if (f->object) {
        r = of_json(json_object_get(f->object, d->name));
        return r.kind == RAW_ABSENT && d->also ? of_json(json_object_get(f->object, d->also)) : r;
    }
    r = find(f->c, d->name, is_list(d));
    return r.kind == RAW_ABSENT && d->also ? find(f->c, d->also, is_list(d)) : r;
}

static bool is_missing(const struct field *d, const struct raw *r)
{
    if (r->kind == RAW_ABSENT || r->kind == RAW_NULL)
        return true;
    return d->type != FIELD_SECRET ? r->kind == RAW_TEXT && str_trim(r->text).len == 0
                                   : r->kind == RAW_TEXT && r->text.len == 0;
}

static void read_field(struct filling *f, const struct field *d, struct raw r)
{
    if (!is_list(d) && (times(r.among, d->name) > 1 || (d->also && times(r.among, d->also) > 1)))
        problem(f, d, "was sent more than once");
    else if (d->required && is_missing(d, &r))
        problem(f, d, "is required");
    else if (r.kind == RAW_ABSENT && d->by_default)
        read_value(f, d, &(struct raw){.kind = RAW_TEXT, .text = str_of(d->by_default)});
    else if (r.kind != RAW_ABSENT && r.kind != RAW_NULL)
        read_value(f, d, &r);
}

static void read_fields(struct filling *f, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct raw r = raw_of(f, &fields[i]);
        if (call_faulted(f->c) && f->c->fault.id != INPUT_INVALID)
            return;
        if (is_nothing(&fields[i], &r))
            r.kind = RAW_NULL;
        if (!f->object) {
            f->c->given |= (uint64_t)(r.kind != RAW_ABSENT) << i;
            f->c->given_null |= (uint64_t)(r.kind == RAW_NULL) << i;
        }
        read_field(f, &fields[i], r);
    }
}

/* Absent values of the types that zero bytes do not make absent. */
static void clear(char *into, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *d = &fields[i];
        if (d->type == FIELD_INTEGER)
            *(int64_t *)(into + d->offset) = NONE;
        else if (d->type == FIELD_DECIMAL)
            ((struct decimal *)(into + d->offset))->hundredths = NONE;
        else if (d->type == FIELD_BOOLEAN)
            *(enum flag *)(into + d->offset) = FLAG_ABSENT;
        else if (d->type == FIELD_OBJECT)
            clear(into + d->offset, d->fields, d->fields_count);
    }
}

const void *input_read(struct call *c)
{
    const struct input_table *t = &c->endpoint->input;
    struct body *b = body_of(c);

    if (call_faulted(c) || t->count == 0)
        return NULL;
    assert(t->count <= 64);
    struct filling f = {c, "", call_alloc(c, t->size), NULL, &b->problems};
    clear(f.into, t->fields, t->count);
    c->given = c->given_null = 0;
    read_fields(&f, t->fields, t->count);
    return f.into;
}

static void read_defaults(struct filling *f, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *d = &fields[i];
        if (d->by_default)
            read_value(f, d, &(struct raw){.kind = RAW_TEXT, .text = str_of(d->by_default)});
        struct filling inner = {
            f->c, "", call_alloc(f->c, d->size + sizeof(int64_t)), NULL, f->problems};
        if (d->type == FIELD_OBJECTS)
            read_defaults(&inner, d->fields, d->fields_count);
        inner.into = f->into + d->offset;
        if (d->type == FIELD_OBJECT)
            read_defaults(&inner, d->fields, d->fields_count);
    }
}

bool input_defaults_hold(const struct input_table *table)
{
    struct call c;
    unsigned problems = 0;

    call_init(&c);
    struct filling f = {&c, "", call_alloc(&c, table->size + 1), NULL, &problems};
    read_defaults(&f, table->fields, table->count);
    call_release(&c);
    return problems == 0;
}
