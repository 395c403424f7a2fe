#include "tenancy/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tenancy/keys.h"

size_t rows_count(const struct rows *r)
{
    return r->count;
}

static int column_of(const struct rows *r, const char *name)
{
    for (size_t i = 0; i < r->of->columns_count; i++)
        if (strcmp(r->of->columns[i].name, name) == 0)
            return (int)i;
    assert(!"the statement declares no such column");
    return -1;
}

static struct str cell(const struct rows *r, size_t row, int column)
{
    if (row >= r->count)
        return NO_STR;
    /* Absence is asked for only where nothing stands: this is the innermost of every list. */
    int len = PQgetlength(r->result, (int)row, column);
    if (len == 0 && PQgetisnull(r->result, (int)row, column))
        return NO_STR;
    return (struct str){PQgetvalue(r->result, (int)row, column), (size_t)len};
}

struct str row_extra(const struct rows *r, size_t row, unsigned i)
{
    return cell(r, row, (int)(r->of->columns_count + i));
}

struct str row_str(const struct rows *r, size_t row, const char *column)
{
    return cell(r, row, column_of(r, column));
}

bool row_null(const struct rows *r, size_t row, const char *column)
{
    return !row_str(r, row, column).at;
}

int64_t row_int(const struct rows *r, size_t row, const char *column)
{
    int64_t value;

    return str_to_int(row_str(r, row, column), &value) ? value : NONE;
}

bool row_bool(const struct rows *r, size_t row, const char *column)
{
    return str_is(row_str(r, row, column), "t");
}

struct uuid row_uuid(const struct rows *r, size_t row, const char *column)
{
    struct uuid u = {{0}};

    uuid_parse(row_str(r, row, column), &u);
    return u;
}

static int hex(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* bytea arrives as \x and hexadecimal digits. */
static struct str bytes_of(struct call *c, struct str text)
{
    if (!text.at || !str_starts(text, "\\x"))
        return NO_STR;
    size_t len = (text.len - 2) / 2;
    char *bytes = call_alloc(c, len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(hex(text.at[2 + 2 * i]) << 4 | hex(text.at[3 + 2 * i]));
    return (struct str){bytes, len};
}

struct str row_bytes(struct call *c, const struct rows *r, size_t row, const char *column)
{
    return bytes_of(c, row_str(r, row, column));
}

/* Items of a one-dimensional array's text; quoted items lose their quotes and escapes, NULL is no
 * text. */
static struct texts items_of(struct call *c, struct str text)
{
    size_t room = 1, count = 0, i = 1;

    if (text.len < 2)
        return (struct texts){NULL, 0};
    for (size_t k = 0; k < text.len; k++)
        room += text.at[k] == ',';
    struct str *items = call_alloc(c, room * sizeof *items);
    char *to = call_alloc(c, text.len);
    while (i < text.len - 1) {
        struct str item = {to, 0};
        bool quoted = text.at[i] == '"';
        i += quoted;
        while (i < text.len - 1 && (quoted ? text.at[i] != '"' : text.at[i] != ',')) {
            i += text.at[i] == '\\';
            *to++ = text.at[i++];
        }
        item.len = (size_t)(to - item.at);
        i += quoted;
        i++; /* the comma */
        items[count++] = !quoted && str_is(item, "NULL") ? NO_STR : item;
    }
    return (struct texts){items, count};
}

struct texts row_texts(struct call *c, const struct rows *r, size_t row, const char *column)
{
    return items_of(c, row_str(r, row, column));
}

struct ints row_ints(struct call *c, const struct rows *r, size_t row, const char *column)
{
    struct str text = row_str(r, row, column);
    int64_t *values = call_alloc(c, (text.len + 1) * sizeof *values);
    size_t count = 0;

    if (text.len < 2)
        return (struct ints){values, 0};
    struct str rest = {text.at + 1, text.len - 2};
    while (rest.at && rest.len)
        count += str_to_int(str_cut(&rest, ','), &values[count]);
    return (struct ints){values, count};
}

static struct str open_cell(struct call *c, const struct rows *r, size_t row, int column)
{
    const struct column *d = &r->of->columns[column];
    struct str sealed = bytes_of(c, cell(r, row, column));

    return sealed.at ? unseal(c, d->place, row_uuid(r, row, d->by), sealed) : NO_STR;
}

struct str row_sealed(struct call *c, const struct rows *r, size_t row, const char *column)
{
    return open_cell(c, r, row, column_of(r, column));
}

/* "2026-11-27 13:05:00.123456+00" as 2026-11-27T13:05:00Z: the session's time zone is UTC. */
static void write_instant(struct json *j, struct str text)
{
    char iso[21] = "0000-00-00T00:00:00Z";

    if (text.len < 19)
        return json_null(j);
    memcpy(iso, text.at, 19);
    iso[10] = 'T';
    json_text(j, iso);
}

static void write_list(struct call *c, struct json *j, struct str text, bool quoted)
{
    struct texts items = items_of(c, text);

    json_array(j);
    for (size_t i = 0; i < items.count; i++)
        if (quoted || !items.at[i].at)
            json_str(j, items.at[i]);
        else
            json_raw(j, items.at[i]);
    json_array_end(j);
}

static void write_cell(struct call *c, struct json *j, const struct rows *r, size_t row, int column)
{
    struct str text = cell(r, row, column);

    if (!text.at)
        return json_null(j);
    switch (r->of->columns[column].type) {
    case COLUMN_NUMERIC: /* NaN and Infinity are no JSON */
        return strchr("-0123456789", text.at[0]) && text.at[text.len - 1] != 'y' ? json_raw(j, text)
                                                                                 : json_null(j);
    case COLUMN_BIGINT:
    case COLUMN_JSON:
        return json_raw(j, text);
    case COLUMN_BOOLEAN:
        return json_flag(j, text.at[0] == 't');
    case COLUMN_INSTANT:
        return write_instant(j, text);
    case COLUMN_SEALED:
        return json_str(j, open_cell(c, r, row, column));
    case COLUMN_BIGINTS:
        return write_list(c, j, text, false);
    case COLUMN_TEXTS:
    case COLUMN_UUIDS:
        return write_list(c, j, text, true);
    default:
        return json_str(j, text);
    }
}

static void write_columns(struct call *c, struct json *j, const struct rows *r, size_t row)
{
    for (size_t i = 0; i < r->of->columns_count; i++) {
        const struct column *d = &r->of->columns[i];
        if (d->name[0] == '_' || d->type == COLUMN_BYTES)
            continue;
        json_key_made(j, d->key, d->key_len);
        write_cell(c, j, r, row, (int)i);
    }
}

void json_row(struct call *c, struct json *j, const struct rows *r, size_t row)
{
    json_object(j);
    if (row < r->count)
        write_columns(c, j, r, row);
    json_object_end(j);
}

void json_rows(struct call *c, struct json *j, const struct rows *r)
{
    json_array(j);
    for (size_t i = 0; i < r->count; i++)
        json_row(c, j, r, i);
    json_array_end(j);
}

void json_row_members(struct call *c, struct json *j, const struct rows *r, size_t row)
{
    if (row < r->count)
        write_columns(c, j, r, row);
}

void reply_row(struct call *c, const struct rows *r)
{
    struct json j;

    if (r->count == 0)
        fail(c, NOT_FOUND);
    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_key(&j, "data");
    json_row(c, &j, r, 0);
    json_object_end(&j);
}

void reply_rows(struct call *c, const struct rows *r)
{
    struct json j;

    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    json_key(&j, "data");
    json_rows(c, &j, r);
    json_key(&j, "count");
    json_int(&j, (int64_t)r->count);
    json_object_end(&j);
}

struct arg arg_int(struct call *c, int64_t v)
{
    return v == NONE ? (struct arg){0} : arg_str(c, call_print(c, "%lld", (long long)v));
}

struct arg arg_str(struct call *c, struct str v)
{
    if (!v.at)
        return (struct arg){0};
    /* PostgreSQL's text has no NUL; what stands behind one would be lost without a word. */
    if (v.len && memchr(v.at, '\0', v.len))
        fail_with(c, VALUE_REFUSED, "a NUL byte in a text");
    struct str copy = call_copy(c, v);
    return (struct arg){copy.at, (int)copy.len, 0};
}

struct arg arg_text(struct call *c, const char *v)
{
    return arg_str(c, str_of(v));
}

struct arg arg_uuid(struct call *c, struct uuid v)
{
    char text[37];

    if (uuid_is_nil(v))
        return (struct arg){0};
    uuid_print(v, text);
    return arg_text(c, text);
}

struct arg arg_decimal(struct call *c, struct decimal v)
{
    char text[24];

    if (v.hundredths == NONE)
        return (struct arg){0};
    decimal_print(v, text);
    return arg_text(c, text);
}

struct arg arg_date(struct call *c, struct date v)
{
    if (date_is_absent(v))
        return (struct arg){0};
    return arg_str(c, call_print(c, "%04d-%02u-%02u", v.year, v.month, v.day));
}

struct arg arg_flag(struct call *c, enum flag v)
{
    return v == FLAG_ABSENT ? (struct arg){0} : arg_bool(c, v == FLAG_YES);
}

struct arg arg_bool(struct call *c, bool v)
{
    return arg_text(c, v ? "t" : "f");
}

struct arg arg_ints(struct call *c, struct ints v)
{
    struct buf *b = call_buf(c);

    buf_char(b, '{');
    for (size_t i = 0; i < v.count; i++) {
        if (i)
            buf_char(b, ',');
        buf_int(b, v.at[i]);
    }
    buf_char(b, '}');
    return arg_str(c, buf_view(b));
}

struct arg arg_texts(struct call *c, struct texts v)
{
    struct buf *b = call_buf(c);

    buf_char(b, '{');
    for (size_t i = 0; i < v.count; i++) {
        buf_text(b, i ? ",\"" : "\"");
        for (size_t k = 0; k < v.at[i].len; k++) {
            if (v.at[i].at[k] == '"' || v.at[i].at[k] == '\\')
                buf_char(b, '\\');
            buf_char(b, v.at[i].at[k]);
        }
        buf_char(b, '"');
    }
    buf_char(b, '}');
    return arg_str(c, buf_view(b));
}

struct arg arg_bytes(struct call *c, struct str v)
{
    (void)c;
    return v.at ? (struct arg){v.at, (int)v.len, 1} : (struct arg){0};
}
