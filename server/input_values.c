#include "server/input_values.h"

#include <stdio.h>
#include <string.h>

#include "server/input.h"

void problem_of(const struct filling *f, const struct field *d, int item, const char *text, ...)
{
    const char *name = d->name;
    char what[200];
    va_list args;

    if ((*f->problems)++ >= PROBLEMS_MOST)
        return;
    if (item >= 0)
        name = call_print(f->c, "%s%s[%d]", f->prefix, d->name, item).at;
    else if (*f->prefix)
        name = call_print(f->c, "%s%s", f->prefix, d->name).at;
    va_start(args, text);
    vsnprintf(what, sizeof what, text, args);
    va_end(args);
    fail_field(f->c, name, "%s", what);
}

static bool is_bounded(const struct field *d)
{
    return d->min || d->max;
}

static void tell_bounds(const struct filling *f, const struct field *d)
{
    if (d->max == INT64_MAX)
        problem(f, d, "must be at least %lld", (long long)d->min);
    else
        problem(f, d, "must be from %lld to %lld", (long long)d->min, (long long)d->max);
}

static void read_integer(const struct filling *f, const struct field *d, struct str text)
{
    int64_t value;

    if (!str_to_int(text, &value) || value == NONE)
        return problem(f, d, "must be a whole number");
    if (is_bounded(d) && (value < d->min || value > d->max))
        return tell_bounds(f, d);
    *(int64_t *)(f->into + d->offset) = value;
}

static void read_decimal(const struct filling *f, const struct field *d, struct str text)
{
    struct decimal value;

    if (!decimal_parse(text, &value))
        return problem(f, d, "must be a number with at most two decimal places");
    /* Wider than the bounds, so that these may be any whole numbers. */
    __int128 hundredths = value.hundredths;
    if (is_bounded(d) &&
        (hundredths < (__int128)d->min * 100 || hundredths > (__int128)d->max * 100))
        return tell_bounds(f, d);
    *(struct decimal *)(f->into + d->offset) = value;
}

bool value_is_plain(struct str text)
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
    int64_t letters = (int64_t)str_letters(text), most = d->max ? d->max : TEXT_MOST;
    bool plain = d->type == FIELD_SECRET ? str_is_utf8(text) : value_is_plain(text);

    if (!plain)
        problem(f, d, "holds characters that are not allowed");
    else if (letters > most)
        problem(f, d, "must be at most %lld character%s", (long long)most, most == 1 ? "" : "s");
    else if (letters == 0 && d->min > 0)
        problem(f, d, "must not be empty");
    else if (letters < d->min)
        problem(f, d, "must be at least %lld characters", (long long)d->min);
    else
        return true;
    return false;
}

static void read_text(const struct filling *f, const struct field *d, struct str text)
{
    if (check_text(f, d, text))
        *(struct str *)(f->into + d->offset) = text;
}

/* One @ with something before it and a dotted name behind it; what is really deliverable only the
 * mail can tell. */
bool input_looks_like_email(struct str text)
{
    struct str host = text;
    struct str user = str_cut(&host, '@');

    if (!user.len || !host.len || user.len > 64 || host.len > 253 || memchr(host.at, '@', host.len))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (strchr(" \t\r\n,;<>()\"\\", text.at[i]))
            return false;
    return memchr(host.at, '.', host.len) && host.at[0] != '.' && host.at[host.len - 1] != '.';
}

static void read_email(const struct filling *f, const struct field *d, struct str text)
{
    if (!check_text(f, d, text))
        return;
    if (!input_looks_like_email(text))
        return problem(f, d, "must be an e-mail address");
    *(struct str *)(f->into + d->offset) = text;
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
    problem(f, d, "must be one of: %.*s", (int)all->len, all->at ? all->at : "");
}

static bool is_any(struct str text, const char *const words[4])
{
    for (size_t i = 0; i < 4; i++)
        if (str_equal_ignoring_case(text, str_of(words[i])))
            return true;
    return false;
}

static void read_boolean(const struct filling *f, const struct field *d, struct str text)
{
    static const char *const yes[4] = {"1", "true", "on", "yes"};
    static const char *const no[4] = {"0", "false", "off", "no"};
    enum flag *to = (enum flag *)(f->into + d->offset);

    if (is_any(text, yes))
        *to = FLAG_YES;
    else if (is_any(text, no))
        *to = FLAG_NO;
    else
        problem(f, d, "must be true or false");
}

/* The uuid of all zeros means "none" inside, and is nobody's. */
static void read_uuid(const struct filling *f, const struct field *d, struct str text)
{
    struct uuid value;

    if (!uuid_parse(text, &value) || uuid_is_nil(value))
        return problem(f, d, "must be a UUID");
    *(struct uuid *)(f->into + d->offset) = value;
}

static void read_date(const struct filling *f, const struct field *d, struct str text)
{
    struct date value;

    if (!date_parse(text, &value))
        return problem(f, d, "must be a date as YYYY-MM-DD");
    *(struct date *)(f->into + d->offset) = value;
}

void value_read(const struct filling *f, const struct field *d, struct str text)
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
        return read_uuid(f, d, text);
    case FIELD_DATE:
        return read_date(f, d, text);
    case FIELD_EMAIL:
        return read_email(f, d, text);
    default:
        return read_text(f, d, text);
    }
}
