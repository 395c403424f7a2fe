#include "server/input.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/body.h"

enum { TEXT_MOST = 10000, ITEMS_MOST = 200, NAME_ROOM = 160 };

/* A field's value as it came. */
struct raw {
    enum { RAW_ABSENT, RAW_NULL, RAW_TEXT, RAW_JSON, RAW_FILE } kind;
    struct str text;
    json_t *json;
    struct upload *upload;
};

static bool reads(const struct call *c)
{
    return c->request.method == GET;
}

static void parse_body(struct call *c, struct body *b)
{
    struct str type = call_header(c, "content-type"), rest = type;
    struct str kind = str_trim(str_cut(&rest, ';'));

    if (reads(c) || c->request.body.len == 0)
        return;
    if (str_equal_ignoring_case(kind, STR("application/json")))
        b->json = json_body_parse(c, c->request.body);
    else if (str_equal_ignoring_case(kind, STR("application/x-www-form-urlencoded")))
        form_parse(c, c->request.body, &b->form);
    else if (str_equal_ignoring_case(kind, STR("multipart/form-data")))
        multipart_parse(c, type, c->request.body, &b->form);
    else
        fail_with(c, TYPE_NOT_SUPPORTED, "%.*s", (int)(kind.len > 60 ? 60 : kind.len), kind.at ? kind.at : "");
}

static const struct body *body_of(struct call *c)
{
    if (!c->body) {
        c->body = call_alloc(c, sizeof *c->body);
        form_parse(c, c->request.query, &c->body->query);
        if (!call_faulted(c))
            parse_body(c, c->body);
    }
    return c->body;
}

static struct raw of_pair(const struct pair *p)
{
    return p->upload ? (struct raw){.kind = RAW_FILE, .upload = p->upload}
                     : (struct raw){.kind = RAW_TEXT, .text = p->value};
}

static struct raw of_json(json_t *json)
{
    if (!json)
        return (struct raw){.kind = RAW_ABSENT};
    if (json_is_null(json))
        return (struct raw){.kind = RAW_NULL};
    if (json_is_string(json))
        return (struct raw){.kind = RAW_TEXT, .text = {json_string_value(json), json_string_length(json)}, .json = json};
    return (struct raw){.kind = RAW_JSON, .json = json};
}

static const struct pair *find_pair(const struct pairs *p, const char *name)
{
    for (const struct pair *at = p->first; at; at = at->next)
        if (str_is(at->name, name))
            return at;
    return NULL;
}

static struct raw find(struct call *c, const char *name)
{
    const struct body *b = body_of(c);
    const struct pair *p;
    struct raw r = of_json(b->json ? json_object_get(b->json, name) : NULL);

    if (r.kind != RAW_ABSENT)
        return r;
    if ((p = find_pair(&b->form, name)) || (p = find_pair(&b->query, name)))
        return of_pair(p);
    return r;
}

/* A number or truth value of JSON as the text that a form would have sent. */
static bool scalar_text(struct call *c, const struct raw *r, struct str *text)
{
    char printed[40];

    if (r->kind == RAW_TEXT) {
        *text = r->text;
        return true;
    }
    if (r->kind != RAW_JSON)
        return false;
    if (json_is_boolean(r->json))
        *text = json_is_true(r->json) ? STR("1") : STR("0");
    else if (json_is_integer(r->json))
        *text = call_print(c, "%lld", (long long)json_integer_value(r->json));
    else if (json_is_real(r->json)) {
        /* Shortest form that reads back the same: 0.1 stays 0.1, and 1.005 shows its third place. */
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(printed, sizeof printed, "%.*g", digits, json_real_value(r->json));
            double back;
            if (sscanf(printed, "%lf", &back) == 1 && back == json_real_value(r->json))
                break;
        }
        if (strpbrk(printed, "eE"))
            snprintf(printed, sizeof printed, "%.2f", json_real_value(r->json));
        *text = call_copy(c, str_of(printed));
    } else
        return false;
    return true;
}

struct str input_peek(struct call *c, const char *name)
{
    struct raw r = find(c, name);
    struct str text = NO_STR;

    if (call_faulted(c) || !scalar_text(c, &r, &text))
        return NO_STR;
    return str_trim(text);
}

/* One struct that is being filled: the input itself or a nested object. */
struct filling {
    struct call *c;
    const char *prefix; /* "widgets[2]." */
    char *into;
    json_t *object;     /* nested only */
};

static const char *named(const struct filling *f, const struct field *d)
{
    return *f->prefix ? call_print(f->c, "%s%s", f->prefix, d->name).at : d->name;
}

static void problem(const struct filling *f, const struct field *d, const char *text)
{
    fail_field(f->c, named(f, d), "%s", text);
}

static void read_integer(const struct filling *f, const struct field *d, struct str text)
{
    int64_t value, *to = (int64_t *)(f->into + d->offset);

    if (!str_to_int(text, &value))
        return problem(f, d, "must be a whole number");
    if ((d->min || d->max) && (value < d->min || value > d->max)) {
        if (d->max == INT64_MAX)
            return fail_field(f->c, named(f, d), "must be at least %lld", (long long)d->min);
        return fail_field(f->c, named(f, d), "must be from %lld to %lld", (long long)d->min, (long long)d->max);
    }
    *to = value;
}

static void read_decimal(const struct filling *f, const struct field *d, struct str text)
{
    struct decimal value;

    if (!decimal_parse(text, &value))
        return problem(f, d, "must be a number with at most two decimal places");
    if ((d->min || d->max) && (value.hundredths < d->min * 100 || value.hundredths > d->max * 100))
        return fail_field(f->c, named(f, d), "must be from %lld to %lld", (long long)d->min, (long long)d->max);
    *(struct decimal *)(f->into + d->offset) = value;
}

static bool plain_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char b = (unsigned char)text.at[i];
        if ((b < 32 && b != '\n' && b != '\r' && b != '\t') || b == 127)
            return false;
    }
    return str_is_utf8(text);
}

static bool check_text(const struct filling *f, const struct field *d, struct str text)
{
    size_t letters = str_letters(text);
    int64_t most = d->max ? d->max : TEXT_MOST;

    if (!plain_text(text))
        problem(f, d, "holds characters that are not allowed");
    else if ((int64_t)letters > most)
        fail_field(f->c, named(f, d), "must be at most %lld characters", (long long)most);
    else if ((int64_t)letters < d->min)
        fail_field(f->c, named(f, d), "must be at least %lld characters", (long long)d->min);
    else
        return true;
    return false;
}

/* One @ with something before it and a dotted name behind it; what is really deliverable only the mail can tell. */
static bool looks_like_email(struct str text)
{
    struct str host = text;
    struct str user = str_cut(&host, '@');

    if (!user.len || !host.len || user.len > 64 || host.len > 253 || memchr(host.at, '@', host.len))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] <= ' ')
            return false;
    return memchr(host.at, '.', host.len) && host.at[0] != '.' && host.at[host.len - 1] != '.';
}

static void read_choice(const struct filling *f, const struct field *d, struct str text)
{
    struct buf *all = call_buf(f->c);

    for (size_t i = 0; d->choices[i]; i++) {
        if (str_is(text, d->choices[i])) {
            *(struct str *)(f->into + d->offset) = text;
            return;
        }
        buf_print(all, "%s%s", i ? ", " : "", d->choices[i]);
    }
    fail_field(f->c, named(f, d), "must be one of: %.*s", (int)all->len, all->at ? all->at : "");
}

static void read_boolean(const struct filling *f, const struct field *d, struct str text)
{
    enum flag *to = (enum flag *)(f->into + d->offset);

    if (str_is(text, "1") || str_is(text, "true") || str_is(text, "on") || str_is(text, "yes"))
        *to = FLAG_YES;
    else if (str_is(text, "0") || str_is(text, "false") || str_is(text, "off") || str_is(text, "no"))
        *to = FLAG_NO;
    else
        problem(f, d, "must be true or false");
}

static void read_scalar(const struct filling *f, const struct field *d, struct str text)
{
    switch (d->type) {
    case FIELD_INTEGER:
        return read_integer(f, d, text);
    case FIELD_DECIMAL:
        return read_decimal(f, d, text);
    case FIELD_BOOLEAN:
        return read_boolean(f, d, text);
    case FIELD_CHOICE:
        return read_choice(f, d, text);
    case FIELD_UUID:
        if (!uuid_parse(text, (struct uuid *)(f->into + d->offset)))
            problem(f, d, "must be a UUID");
        return;
    case FIELD_DATE:
        if (!date_parse(text, (struct date *)(f->into + d->offset)))
            problem(f, d, "must be a date as YYYY-MM-DD");
        return;
    case FIELD_EMAIL:
        if (check_text(f, d, text) && !looks_like_email(text))
            return problem(f, d, "must be an e-mail address");
        break;
    default:
        if (!check_text(f, d, text))
            return;
    }
    *(struct str *)(f->into + d->offset) = text;
}

/* The items of a list, whichever way they came: a JSON array, repeated or name[] fields, or text with commas. */
static size_t gather(const struct filling *f, const struct field *d, const struct raw *r, struct str *items, size_t most)
{
    struct call *c = f->c;
    size_t count = 0;

    if (r->kind == RAW_JSON && json_is_array(r->json)) {
        for (size_t i = 0; i < json_array_size(r->json) && count <= most; i++) {
            struct raw item = of_json(json_array_get(r->json, i));
            if (!scalar_text(c, &item, &items[count]))
                problem(f, d, "must be a list of plain values");
            count++;
        }
        return count;
    }
    const struct pairs *sources[] = {&c->body->form, &c->body->query};
    const char *listed = call_print(c, "%s[]", d->name).at;
    unsigned named_so = 0;
    for (size_t s = 0; s < countof(sources); s++)
        for (const struct pair *p = sources[s]->first; p && count <= most; p = p->next)
            if (!p->upload && (str_is(p->name, d->name) || str_is(p->name, listed))) {
                items[count++] = p->value;
                named_so++;
            }
    struct str rest = r->text;
    if (named_so <= 1 && r->kind == RAW_TEXT)
        for (count = 0; rest.at && count <= most;) {
            struct str item = str_trim(str_cut(&rest, ','));
            if (item.len)
                items[count++] = item;
        }
    return count;
}

static void read_list(const struct filling *f, const struct field *d, const struct raw *r)
{
    size_t most = d->max ? (size_t)d->max : ITEMS_MOST;
    struct str *items = call_alloc(f->c, (most + 1) * sizeof *items);
    size_t count = gather(f, d, r, items, most);

    if (count > most)
        return fail_field(f->c, named(f, d), "must have at most %zu items", most);
    if ((int64_t)count < d->min)
        return fail_field(f->c, named(f, d), "must have at least %lld items", (long long)d->min);
    if (d->type == FIELD_TEXTS) {
        for (size_t i = 0; i < count; i++)
            if (!plain_text(items[i]) || str_letters(items[i]) > TEXT_MOST)
                return problem(f, d, "holds an item that is no plain text");
        *(struct texts *)(f->into + d->offset) = (struct texts){items, count};
        return;
    }
    int64_t *numbers = call_alloc(f->c, (count + 1) * sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        if (!str_to_int(items[i], &numbers[i]))
            return problem(f, d, "must be a list of whole numbers");
    *(struct ints *)(f->into + d->offset) = (struct ints){numbers, count};
}

static void read_fields(struct filling *f, const struct field *fields, size_t count, bool top);
static void clear(char *into, const struct field *fields, size_t count);

static void read_object(const struct filling *f, const struct field *d, json_t *json, const char *prefix, char *into)
{
    struct filling inner = {f->c, prefix, into, json};

    if (!json_is_object(json))
        return fail_field(f->c, named(f, d), "must be an object");
    clear(into, d->fields, d->fields_count);
    read_fields(&inner, d->fields, d->fields_count, false);
}

static void read_objects(const struct filling *f, const struct field *d, json_t *json)
{
    size_t most = d->max ? (size_t)d->max : ITEMS_MOST, count = json_array_size(json);
    struct objects *to = (struct objects *)(f->into + d->offset);

    if (!json_is_array(json))
        return problem(f, d, "must be a list of objects");
    if (count > most)
        return fail_field(f->c, named(f, d), "must have at most %zu items", most);
    char *all = call_alloc(f->c, (count + 1) * d->size);
    for (size_t i = 0; i < count; i++) {
        const char *prefix = call_print(f->c, "%s%s[%zu].", f->prefix, d->name, i).at;
        read_object(f, d, json_array_get(json, i), prefix, all + i * d->size);
    }
    *to = (struct objects){all, count};
}

static void read_value(const struct filling *f, const struct field *d, const struct raw *r)
{
    struct str text;

    if (d->type == FIELD_FILE) {
        if (r->kind != RAW_FILE)
            return problem(f, d, "must be a file");
        *(struct upload **)(f->into + d->offset) = r->upload;
    } else if (r->kind == RAW_FILE) {
        problem(f, d, "must not be a file");
    } else if (d->type == FIELD_INTEGERS || d->type == FIELD_TEXTS) {
        read_list(f, d, r);
    } else if (d->type == FIELD_OBJECT) {
        read_object(f, d, r->json, call_print(f->c, "%s%s.", f->prefix, d->name).at, f->into + d->offset);
    } else if (d->type == FIELD_OBJECTS) {
        read_objects(f, d, r->json);
    } else if (!scalar_text(f->c, r, &text)) {
        problem(f, d, "must be a plain value");
    } else {
        read_scalar(f, d, d->type == FIELD_SECRET ? text : str_trim(text));
    }
}

static bool is_texty(const struct field *d)
{
    return d->type == FIELD_TEXT || d->type == FIELD_SECRET || d->type == FIELD_EMAIL || d->type == FIELD_CHOICE;
}

/* Empty text from a form means "nothing chosen" for everything but texts, which it empties. */
static bool is_empty(const struct field *d, const struct raw *r)
{
    return r->kind == RAW_TEXT && str_trim(r->text).len == 0 && d->type != FIELD_SECRET &&
           (!is_texty(d) || d->type == FIELD_CHOICE || d->type == FIELD_EMAIL);
}

static struct raw raw_of(const struct filling *f, const struct field *d, size_t path_index)
{
    struct raw r;

    if (d->in_path)
        return (struct raw){.kind = RAW_TEXT, .text = f->c->path_values[path_index]};
    if (f->object) {
        r = of_json(json_object_get(f->object, d->name));
        return r.kind == RAW_ABSENT && d->also ? of_json(json_object_get(f->object, d->also)) : r;
    }
    r = find(f->c, d->name);
    if (r.kind == RAW_ABSENT && (d->type == FIELD_INTEGERS || d->type == FIELD_TEXTS))
        r = find(f->c, call_print(f->c, "%s[]", d->name).at);
    return r.kind == RAW_ABSENT && d->also ? find(f->c, d->also) : r;
}

static void refuse_repeats(const struct filling *f, const struct field *d)
{
    const struct pairs *sources[] = {&f->c->body->form, &f->c->body->query};

    if (d->type == FIELD_INTEGERS || d->type == FIELD_TEXTS || d->in_path)
        return;
    for (size_t s = 0; s < countof(sources); s++) {
        unsigned times = 0;
        for (const struct pair *p = sources[s]->first; p; p = p->next)
            times += str_is(p->name, d->name);
        if (times > 1)
            problem(f, d, "was sent more than once");
    }
}

static void read_fields(struct filling *f, const struct field *fields, size_t count, bool top)
{
    size_t path_index = 0;

    for (size_t i = 0; i < count; i++) {
        const struct field *d = &fields[i];
        struct raw r = raw_of(f, d, path_index);
        path_index += d->in_path;
        if (call_faulted(f->c) && f->c->fault.id != INPUT_INVALID)
            return;
        if (is_empty(d, &r))
            r.kind = RAW_NULL;
        if (top && r.kind != RAW_ABSENT) {
            f->c->given |= (uint64_t)1 << i;
            f->c->given_null |= r.kind == RAW_NULL ? (uint64_t)1 << i : 0;
            refuse_repeats(f, d);
        }
        bool missing = r.kind == RAW_ABSENT || r.kind == RAW_NULL ||
                       (is_texty(d) && r.kind == RAW_TEXT && str_trim(r.text).len == 0);
        if (d->required && missing)
            problem(f, d, "is required");
        else if (r.kind == RAW_ABSENT && d->by_default)
            read_scalar(f, d, str_of(d->by_default));
        else if (r.kind != RAW_ABSENT && r.kind != RAW_NULL)
            read_value(f, d, &r);
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

    body_of(c);
    if (call_faulted(c) || t->count == 0)
        return NULL;
    assert(t->count <= 64);
    struct filling f = {c, "", call_alloc(c, t->size), NULL};
    clear(f.into, t->fields, t->count);
    read_fields(&f, t->fields, t->count, true);
    return f.into;
}
