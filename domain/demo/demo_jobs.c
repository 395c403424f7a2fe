#include <string.h>

#include "domain/demo/demo.h"
#include "domain/demo/demo.sql.h"
#include "domain/demo/texts.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"

enum { DAY = 86400, YEARS_DAYS = 730, STORY_DAYS = 420, NEWEST_SECONDS = 900 };

/* Statuses as they are seeded. */
enum {
    NEW = 1,
    ASSIGNED,
    ACCEPTED,
    IN_PROGRESS,
    ON_HOLD,
    COMPLETED,
    RECALLED,
    CLOSED,
    INVOICED,
    ARCHIVED
};

/* Sebastiano Vigna's splitmix64: the same jobs for the same seed. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ull;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

static int64_t below(uint64_t *state, int64_t most)
{
    return (int64_t)(next(state) % (uint64_t)most);
}

static bool chance(uint64_t *state, int percent)
{
    return below(state, 100) < percent;
}

/* What an agency's jobs are made of: rows of id and, where it matters, to what the id belongs. */
struct stock {
    struct rows *addresses, *agents, *workers, *authors;
};

/* The trades' places in their list, by job type. */
static const int trade_of_type[] = {0, 0, 1, 3, 6, 2, 1, 4, 5, 8};

static int64_t pick(uint64_t *state, const struct rows *r, const char *key, int64_t wanted)
{
    size_t matching = 0, seen = 0;

    for (size_t i = 0; i < rows_count(r); i++)
        matching += row_int(r, i, key) == wanted;
    if (matching == 0)
        return NONE;
    size_t which = (size_t)below(state, (int64_t)matching);
    for (size_t i = 0; i < rows_count(r); i++)
        if (row_int(r, i, key) == wanted && seen++ == which)
            return row_int(r, i, "id");
    return NONE;
}

/* How far a job has come by its age: what is old was mostly finished long ago. */
static int status_of(uint64_t *state, int64_t age)
{
    static const struct {
        int64_t days;
        int percent[ARCHIVED + 1];
    } stages[] = {
        {2, {0, 60, 28, 12}},
        {7, {0, 18, 20, 20, 24, 8, 10}},
        {21, {0, 5, 7, 6, 16, 8, 32, 6, 20}},
        {90, {0, 1, 1, 1, 3, 4, 12, 3, 32, 43}},
        {INT64_MAX / DAY, {0, 0, 0, 0, 0, 1, 1, 1, 22, 38, 37}},
    };
    size_t stage = 0;
    int64_t at = below(state, 100);

    while (age >= stages[stage].days * DAY)
        stage++;
    for (int status = NEW; status <= ARCHIVED; status++)
        if ((at -= stages[stage].percent[status]) < 0)
            return status;
    return ARCHIVED;
}

struct plan {
    struct uuid uuid;
    int64_t age;
    int status;
    const struct demo_repair *repair;
};

static void write_money(struct json *j, const char *key, int64_t pence)
{
    char text[24];

    decimal_print((struct decimal){pence}, text);
    json_key(j, key);
    json_raw(j, str_of(text));
}

static void write_sealed(struct call *c, struct json *j, const char *key, const char *place,
    struct uuid uuid, struct str text)
{
    static const char digits[] = "0123456789abcdef";
    struct str sealed = seal(c, place, uuid, text);
    char *hex = call_alloc(c, sealed.len * 2 + 1);

    for (size_t i = 0; i < sealed.len; i++) {
        hex[2 * i] = digits[(uint8_t)sealed.at[i] >> 4];
        hex[2 * i + 1] = digits[(uint8_t)sealed.at[i] & 15];
    }
    json_key(j, key);
    json_str(j, (struct str){hex, sealed.len * 2});
}

static void write_private(struct call *c, struct json *j, uint64_t *state, struct uuid uuid)
{
    if (chance(state, 60))
        write_sealed(c, j, "access", "jobs.access_details", uuid,
            str_of(demo_access[below(state, DEMO_ACCESS)]));
    if (!chance(state, 10))
        return;
    const char *first = demo_first_names[below(state, DEMO_FIRST_NAMES)],
               *last = demo_last_names[below(state, DEMO_LAST_NAMES)];
    write_sealed(
        c, j, "contact", "jobs.private_contact_name", uuid, call_print(c, "%s %s", first, last));
    write_sealed(c, j, "contact_email", "jobs.private_contact_email", uuid,
        call_print(c, "%s.%s@post.example", first, last));
}

static void write_papers(struct call *c, struct json *j, uint64_t *state, const struct plan *p)
{
    int64_t budget = 4500 + below(state, 1400) * 25 + (p->repair->type == 7 ? 30000 : 0);
    int64_t paper = 10000 + below(state, 80000);
    static const int rates[] = {2000, 2000, 2000, 2000, 2000, 2000, 0, 500};

    write_money(j, "vat", rates[below(state, (int64_t)countof(rates))]);
    if (p->status == NEW && chance(state, 70))
        return;
    write_money(j, "contractor_budget", budget);
    write_money(j, "total_budget", (budget * 115 + 50) / 100);
    json_member(j, &FIELD_STR("works_order", call_print(c, "WO-%lld", (long long)paper)));
    if (chance(state, 30))
        json_member(j, &FIELD_STR("quote", call_print(c, "QT-%lld", (long long)paper + 7)));
    if (p->status == INVOICED || p->status == ARCHIVED)
        json_member(j, &FIELD_STR("invoice", call_print(c, "INV-%lld", (long long)paper + 31)));
}

static void write_dates(struct json *j, uint64_t *state, const struct plan *p)
{
    int64_t starts = p->age - (1 + below(state, 8)) * DAY;

    if (p->status == NEW)
        return;
    json_member(j, &FIELD_INT("starts", starts));
    json_member(j, &FIELD_INT("ends", starts - below(state, 3) * DAY));
    json_member(j, &FIELD_INT("time_range", 1 + below(state, 6)));
    if (p->status != COMPLETED && p->status < CLOSED)
        return;
    int64_t done = starts - below(state, 2) * DAY;
    json_member(j, &FIELD_INT("completed", done < NEWEST_SECONDS ? NEWEST_SECONDS : done));
    json_member(j, &FIELD_STR("done", str_of(p->repair->done)));
}

static void write_job(
    struct call *c, struct json *j, uint64_t *state, const struct stock *s, const struct plan *p)
{
    size_t place = (size_t)below(state, (int64_t)rows_count(s->addresses));
    int64_t branch = row_int(s->addresses, place, "branch_id"),
            agent = pick(state, s->agents, "branch_id", branch);
    int64_t contractor = p->status == NEW
                             ? NONE
                             : pick(state, s->workers, "trade", trade_of_type[p->repair->type]);
    int64_t author = row_int(
        s->authors, (size_t)below(state, (int64_t)rows_count(s->authors)), "id");

    json_object(j);
    json_member(j, &FIELD_ID("uuid", p->uuid));
    json_member(j, &FIELD_INT("address", row_int(s->addresses, place, "id")));
    json_member(j, &FIELD_INT("branch", branch));
    json_member(j, &FIELD_INT("landlord", row_int(s->addresses, place, "landlord")));
    json_member(j, &FIELD_INT("agent", agent));
    json_member(j, &FIELD_INT("contractor", contractor));
    json_member(j, &FIELD_INT("author", chance(state, 30) && agent != NONE ? agent : author));
    json_member(j, &FIELD_STR("title", str_of(p->repair->title)));
    json_member(j, &FIELD_STR("description", call_print(c, "%s %s", p->repair->description,
                                                 demo_details[below(state, DEMO_DETAILS)])));
    json_member(j, &FIELD_INT("type", p->repair->type));
    json_member(j, &FIELD_INT("priority", below(state, 10) < 1 ? 1 : 2 + below(state, 3)));
    json_member(j, &FIELD_INT("status", p->status));
    json_member(j, &FIELD_INT("age", p->age));
    write_private(c, j, state, p->uuid);
    write_papers(c, j, state, p);
    write_dates(j, state, p);
    json_object_end(j);
}

/* The i-th of so many, oldest first: more of them lie in the near past. */
static int64_t age_of(int64_t i, int64_t count, int64_t days)
{
    double share = 1 - ((double)i + 0.5) / (double)count;

    return NEWEST_SECONDS + (int64_t)(share * share * (double)(days * DAY));
}

/* Notes of the people of a job, one after the other. */
static struct str plan_notes(
    struct call *c, uint64_t *state, struct ints ids, const struct plan *plans)
{
    struct json j;

    json_begin(&j, call_buf(c));
    json_array(&j);
    for (size_t i = 0; i < ids.count; i++) {
        int64_t notes = plans[i].status == NEW ? below(state, 2) : 1 + below(state, 4);
        for (int64_t n = 0; n < notes; n++) {
            json_object(&j);
            json_member(&j, &FIELD_INT("job", ids.at[i]));
            json_member(&j, &FIELD_INT("age", plans[i].age - plans[i].age * (n + 1) / (notes + 2)));
            json_member(&j, &FIELD_INT("by", below(state, 3)));
            json_member(&j, &FIELD_STR("text", str_of(demo_notes[below(state, DEMO_NOTES)])));
            json_object_end(&j);
        }
    }
    json_array_end(&j);
    return buf_view(j.out);
}

void demo_add_jobs(struct call *c, int64_t count, uint64_t seed, bool stories)
{
    uint64_t state = seed * 0x9E3779B97F4A7C15ull;
    struct stock stock = {db_query(c, sql_demo_addresses), db_query(c, sql_demo_agents),
        db_query(c, sql_demo_workers), db_query(c, sql_demo_authors)};
    struct plan *plans = call_alloc(c, (size_t)count * sizeof *plans);
    struct json j;

    if (call_faulted(c))
        return;
    if (rows_count(stock.addresses) == 0 || rows_count(stock.authors) == 0)
        return fail_with(c, NOT_FOUND,
            "the org has no addresses or no coordinator: run demo without --jobs first");
    json_begin(&j, call_buf(c));
    json_array(&j);
    for (int64_t i = 0; i < count; i++) {
        int64_t age = age_of(i, count, stories ? STORY_DAYS : YEARS_DAYS);
        plans[i] = (struct plan){
            uuid_new(), age, status_of(&state, age), &demo_repairs[below(&state, DEMO_REPAIRS)]};
        write_job(c, &j, &state, &stock, &plans[i]);
    }
    json_array_end(&j);
    int64_t before = row_int(db_query(c, sql_demo_numbers, ARG(count)), 0, "before");
    struct ints ids = row_ints(
        c, db_query(c, sql_demo_jobs, ARG(buf_view(j.out)), ARG(before)), 0, "ids");
    db_query(c, sql_demo_job_tenants, ARG(ids));
    if (stories) {
        db_query(c, sql_demo_notes, ARG(plan_notes(c, &state, ids, plans)));
        db_query(c, sql_demo_first_versions, ARG(ids));
    }
    db_query(c, sql_demo_versions, ARG(ids));
}
