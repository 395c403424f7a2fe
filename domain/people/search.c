#include "domain/people/search.h"

#include <string.h>

#include "domain/people/people.sql.h"
#include "server/fiber.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"

enum { CANDIDATES_MOST = 10000, DIGITS_LEAST = 3 };
enum kind { NAME = 1, EMAIL, NUMBERS };

static const char *const kinds[] = {
    "", "tenants.tenant_name", "tenants.tenant_email", "tenants.number"};

/* Only the digits; +44 and 0044 as 0 when `national`. */
static struct str digits_of(struct call *c, struct str text, bool national)
{
    char *digits = call_alloc(c, text.len + 1);
    size_t len = 0;

    if (!text.at)
        return NO_STR;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= '0' && text.at[i] <= '9')
            digits[len++] = text.at[i];
    size_t code = str_starts(str_trim(text), "+44")            ? 2
                  : len >= 4 && memcmp(digits, "0044", 4) == 0 ? 4
                                                               : 0;
    if (national && code) {
        digits[code - 1] = '0';
        return (struct str){digits + code - 1, len - code + 1};
    }
    return (struct str){digits, len};
}

static void set_tokens(struct call *c, int64_t tenant_id, enum kind kind, struct str text)
{
    db_query(c, sql_tenants_tokens_set, ARG(tenant_id), ARG((int)kind),
        ARG(search_tokens(c, kinds[kind], text.at ? text : STR(""))));
}

void people_index_name(struct call *c, int64_t tenant_id, struct str name)
{
    set_tokens(c, tenant_id, NAME, name);
}

void people_index_email(struct call *c, int64_t tenant_id, struct str email)
{
    set_tokens(c, tenant_id, EMAIL, email);
}

void people_index_numbers(struct call *c, int64_t tenant_id, struct str primary, struct str work)
{
    struct buf *all = call_buf(c);
    const struct str numbers[] = {primary, work};

    for (size_t i = 0; i < countof(numbers); i++) {
        const struct str forms[] = {
            numbers[i], digits_of(c, numbers[i], false), digits_of(c, numbers[i], true)};
        for (size_t k = 0; k < countof(forms) && numbers[i].at; k++) {
            buf_str(all, forms[k]);
            buf_char(all, ' ');
        }
    }
    set_tokens(c, tenant_id, NUMBERS, buf_view(all));
}

/* One search on its way through the candidates. */
struct search {
    struct call *c;
    struct str normal,
        digits; /* of what is sought; digits empty when they are too few to say anything */
    bool names_only;
    const struct rows *rows;
    int64_t *ids;
    size_t count;
};

static bool number_holds(struct search *s, struct str number)
{
    return search_holds(s->c, number, s->normal) ||
           (s->digits.len && (search_holds(s->c, digits_of(s->c, number, false), s->digits) ||
                                 search_holds(s->c, digits_of(s->c, number, true), s->digits)));
}

static bool holds(struct search *s, size_t row)
{
    struct call *c = s->c;

    if (search_holds(c, row_sealed(c, s->rows, row, "tenant_name"), s->normal))
        return true;
    return !s->names_only &&
           (search_holds(c, row_sealed(c, s->rows, row, "tenant_email"), s->normal) ||
               number_holds(s, row_sealed(c, s->rows, row, "tenant_number_primary")) ||
               number_holds(s, row_sealed(c, s->rows, row, "tenant_number_work")));
}

/* On a worker: thousands of values may have to be opened. The fiber waits, so the call is this
 * thread's meanwhile. */
static void compare(void *arg)
{
    struct search *s = arg;

    for (size_t i = 0; i < rows_count(s->rows) && !call_faulted(s->c); i++)
        if (holds(s, i))
            s->ids[s->count++] = row_int(s->rows, i, "id");
}

static struct rows *candidates(struct call *c, const struct search *s, struct str part)
{
    struct ints names = search_query(c, kinds[NAME], part), none = {NULL, 0}, emails = none,
                numbers = none;

    if (names.count == 0) /* under three letters */
        return db_query(c, sql_tenants_newest_to_compare, ARG((int)CANDIDATES_MOST));
    if (!s->names_only) {
        emails = search_query(c, kinds[EMAIL], part);
        numbers = search_query(c, kinds[NUMBERS], s->digits.len ? s->digits : part);
    }
    struct rows *found = db_query(c, sql_tenants_candidates, ARG(names), ARG(emails), ARG(numbers),
        ARG((int)CANDIDATES_MOST));
    return db_query(c, sql_tenants_to_compare, ARG(row_ints(c, found, 0, "ids")));
}

struct ints people_search(struct call *c, struct str part, bool names_only)
{
    struct search s = {.c = c,
        .normal = search_normal(c, part),
        .digits = digits_of(c, part, true),
        .names_only = names_only};

    if (s.digits.len < DIGITS_LEAST)
        s.digits = NO_STR;
    s.rows = candidates(c, &s, part);
    s.ids = call_alloc(c, (rows_count(s.rows) + 1) * sizeof *s.ids);
    if (!call_faulted(c) && !offload(compare, &s))
        fail_with(c, BUSY, "the workers' queue is full");
    return (struct ints){s.ids, s.count};
}
