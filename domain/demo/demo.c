#include "domain/demo/demo.h"

#include <stdio.h>
#include <string.h>

#include "domain/accounts/accounts.h"
#include "domain/demo/demo.sql.h"
#include "domain/demo/texts.h"
#include "domain/people/people.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/verbs.h"

enum {
    ADDRESSES = 60,
    TENANTS = 40,
    LANDLORDS = 20,
    CONTRACTORS = 15,
    AGENTS = 6,
    JOBS = 400,
    BATCH = 2500,
    JOBS_MOST = 1000000
};

static const char password[] = "Demo-Passw0rd!";

struct agency {
    int64_t branches[DEMO_BRANCHES], landlords[LANDLORDS], addresses[ADDRESSES];
    struct str password_hash;
    int people; /* how many names were used */
};

/* Both lists are walked in steps that do not divide their lengths, so that a name comes again only
 * after 1,720 people. */
static const char *first_name(int i)
{
    return demo_first_names[i * 7 % DEMO_FIRST_NAMES];
}

static const char *last_name(int i)
{
    return demo_last_names[i * 11 % DEMO_LAST_NAMES];
}

static const char *mail_of(struct call *c, const char *user)
{
    return call_print(c, "%s@%s.example", user, c->org->slug).at;
}

/* "agent", "agent2", "agent3" … */
static const char *numbered(struct call *c, const char *user, int i)
{
    return i ? call_print(c, "%s%d", user, i + 1).at : user;
}

static int64_t add_account(
    struct call *c, struct agency *a, int type, const char *role, const char *user, int64_t branch)
{
    struct uuid uuid;
    int n = a->people++;

    return accounts_create(c,
        &(struct new_account){.type_id = type,
            .role = role,
            .first_name = first_name(n),
            .last_name = last_name(n),
            .email = mail_of(c, user),
            .phone = call_print(c, "07700 900%03d", n % 1000).at,
            .password_hash = a->password_hash.at,
            .branch_id = branch},
        &uuid);
}

static void add_branches(struct call *c, struct agency *a)
{
    for (int i = 0; i < DEMO_BRANCHES; i++) {
        const struct demo_branch *b = &demo_branches[i];
        const char *mail = mail_of(
            c, call_print(c, "office-%c%c", b->code[0] | 32, b->code[1] | 32).at);
        a->branches[i] = row_int(
            db_query(c, sql_demo_branch, ARG(uuid_new()), ARG(b->name), ARG(b->code),
                ARG(b->address), ARG(b->city), ARG(call_print(c, "%s100", b->dialling)), ARG(mail)),
            0, "id");
    }
}

static void add_staff(struct call *c, struct agency *a)
{
    static const char *const staff[][2] = {{"sysops", "SysOps"}, {"director", "Director"},
        {"finance", "Finance"}, {"coordinator", "Maintenance Coordinator"},
        {"coordinator2", "Maintenance Coordinator"}, {"minimal", "Minimal Access"}, {"api", "API"}};

    for (size_t i = 0; i < countof(staff); i++)
        add_account(c, a, 1, staff[i][1], staff[i][0], NONE);
}

static void add_agents(struct call *c, struct agency *a)
{
    for (int i = 0; i < AGENTS; i++) {
        int64_t branch = a->branches[i % DEMO_BRANCHES];
        db_query(c, sql_demo_account_branch,
            ARG(add_account(c, a, 2, NULL, numbered(c, "agent", i), branch)), ARG(branch));
    }
}

static void add_landlords(struct call *c, struct agency *a)
{
    for (int i = 0; i < LANDLORDS; i++) {
        struct uuid uuid = uuid_new();
        int n = a->people;
        int64_t account = i == 0 ? add_account(c, a, 3, NULL, "landlord", NONE) : NONE;
        a->people = n + 1;
        struct str name = call_print(c, "%s %s", first_name(n), last_name(n));
        struct str mail = i == 0 ? str_of(mail_of(c, "landlord"))
                                 : call_print(c, "landlord%d@post.example", i + 1);
        a->landlords[i] = row_int(db_query(c, sql_demo_landlord, ARG(uuid), ARG(account),
                                      ARG_BYTES(seal(c, "landlords.name", uuid, name)),
                                      ARG_BYTES(seal(c, "landlords.email", uuid, mail)),
                                      ARG_BYTES(seal(c, "landlords.phone", uuid,
                                          call_print(c, "07700 900%03d", n % 1000)))),
            0, "id");
    }
}

static void add_addresses(struct call *c, struct agency *a)
{
    for (int i = 0; i < ADDRESSES; i++) {
        const struct demo_branch *b = &demo_branches[i % DEMO_BRANCHES];
        int k = i / DEMO_BRANCHES;
        struct str line = call_print(
            c, "%d %s", 3 + k * 13 % 140, b->streets[k * 5 % DEMO_STREETS]);
        struct str flat = k % 3 == 0 ? call_print(c, "Flat %d", 1 + k % 9) : NO_STR;
        struct str code = call_print(c, "%s %d%c%c", b->outward[k % 3], 1 + k % 9,
            "ABDEFGHJLN"[k % 10], "PQRSTUWXYZ"[k * 3 % 10]);
        a->addresses[i] = row_int(
            db_query(c, sql_demo_address, ARG(uuid_new()), ARG(a->branches[i % DEMO_BRANCHES]),
                ARG(a->landlords[i % LANDLORDS]), ARG(flat.at ? flat : line),
                ARG(flat.at ? line : NO_STR), ARG(b->city), ARG(code)),
            0, "id");
    }
}

static void add_tenants(struct call *c, struct agency *a)
{
    for (int i = 0; i < TENANTS; i++) {
        struct uuid uuid;
        int n = a->people;
        int64_t account = i == 0 ? add_account(c, a, 4, NULL, "tenant", NONE) : NONE;
        a->people = n + 1;
        struct new_tenant t = {.name = call_print(c, "%s %s", first_name(n), last_name(n)),
            .email = i == 0 ? str_of(mail_of(c, "tenant"))
                            : call_print(c, "tenant%d@post.example", i + 1),
            .number_primary = call_print(c, "07700 900%03d", n % 1000),
            .number_work = i % 4 == 1 ? call_print(c, "%s2%02d",
                                            demo_branches[i % DEMO_BRANCHES].dialling, i)
                                      : NO_STR,
            .address_id = a->addresses[i],
            .account_id = account};
        people_create_tenant(c, &t, &uuid);
    }
}

static void add_contractors(struct call *c, struct agency *a)
{
    static const char *const firms[] = {
        "%s & Sons", "%s Property Services", "%s Building & Repairs", "%s Brothers"};

    for (int i = 0; i < CONTRACTORS; i++) {
        const char *name = last_name(a->people);
        int64_t id = add_account(c, a, 5, NULL, numbered(c, "contractor", i), NONE);
        struct buf *firm = call_buf(c);
        for (const char *at = firms[i % (int)countof(firms)]; *at; at++)
            if (at[0] == '%')
                buf_text(firm, name), at++;
            else
                buf_char(firm, *at);
        db_query(c, sql_demo_profile, ARG(id), ARG(buf_view(firm)),
            ARG(call_print(c, "GB%09d", 100200300 + i * 7)), ARG(10 + i % 4 * 5));
        db_query(c, sql_demo_trade, ARG(id), ARG(i % 9));
        db_query(c, sql_demo_trade, ARG(id), ARG((i + 4) % 9));
        for (int k = 0; k < 3; k++)
            db_query(c, sql_demo_area, ARG(id), ARG(demo_branches[i % DEMO_BRANCHES].outward[k]));
        /* Every fifth has let a paper lapse, some are about to. */
        db_query(c, sql_demo_certificate, ARG(uuid_new()), ARG(id),
            ARG("Public liability insurance"), ARG("Harbour Mutual"), ARG(200 - 12 * i));
        if (i % 9 == 2 || i % 9 == 3 || (i + 4) % 9 == 2 || (i + 4) % 9 == 3)
            db_query(c, sql_demo_certificate, ARG(uuid_new()), ARG(id),
                ARG("Gas Safe registration"), ARG("Gas Safe Register"),
                ARG(i % 5 == 3 ? -9 - i : 25 + 21 * i));
        if (i % 9 == 1 || (i + 4) % 9 == 1)
            db_query(c, sql_demo_certificate, ARG(uuid_new()), ARG(id), ARG("NICEIC approval"),
                ARG("NICEIC"), ARG(i % 5 == 1 ? -30 : 90 + i));
    }
}

/* Different for each org, the same each time. */
static uint64_t seed_of(const struct call *c)
{
    uint64_t seed = 14695981039346656037ull;

    for (const char *at = c->org->slug; *at; at++)
        seed = (seed ^ (unsigned char)*at) * 1099511628211ull;
    return seed;
}

static void build(struct call *c, void *arg)
{
    static const char *const colours[] = {"#1f5f8b", "#8a4b1f", "#1f6f5c", "#6b3fa0", "#a02f4b"};
    uint64_t seed = seed_of(c);
    struct agency a = {.people = (int)(seed % 40)};

    (void)arg;
    if (row_str(db_query(c, sql_demo_reached), 0, "step").at)
        return;
    if (row_int(db_query(c, sql_demo_exists), 0, "accounts") > 0) {
        printf("%s has accounts already: left as it is\n", c->org->slug);
        return;
    }
    a.password_hash = accounts_hash_password(c, str_of(password));
    db_query(c, sql_demo_brand, ARG(c->org->name), ARG(colours[(seed >> 33) % countof(colours)]));
    add_branches(c, &a);
    add_staff(c, &a);
    add_agents(c, &a);
    add_landlords(c, &a);
    add_addresses(c, &a);
    add_tenants(c, &a);
    add_contractors(c, &a);
    demo_add_jobs(c, JOBS, seed, true);
    db_query(c, sql_demo_reach, ARG("jobs"));
}

static void show_work(struct call *c, void *arg)
{
    (void)arg;
    if (!str_is(row_str(db_query(c, sql_demo_reached), 0, "step"), "jobs"))
        return;
    demo_add_files(c);
    db_query(c, sql_demo_reach, ARG("files"));
}

/* In two steps, each its own transaction; run again, it takes up where it stopped. */
static int build_agency(const char *org)
{
    return verb_as_call(org, build, NULL) == 0 ? verb_as_call(org, show_work, NULL) : 1;
}

struct more {
    int64_t count;
    uint64_t turn;
};

static void add_more(struct call *c, void *arg)
{
    const struct more *m = arg;

    demo_add_jobs(c, m->count, seed_of(c) + m->turn, false);
}

/* In calls of their own, each with its own memory and transaction. */
static int add_in_batches(const char *org, int64_t count)
{
    int64_t left = count;
    int status = 0;

    for (uint64_t turn = 1; left > 0 && status == 0; turn++) {
        struct more m = {left < BATCH ? left : BATCH, turn};
        status = verb_as_call(org, add_more, &m);
        left -= m.count;
        printf("\r%lld of %lld jobs", (long long)(count - left), (long long)count);
        fflush(stdout);
    }
    putchar('\n');
    return status;
}

int verb_demo(int argc, char **argv)
{
    const char *org = option(argc, argv, "--org"), *jobs = option(argc, argv, "--jobs");
    bool asks_help = argc > 1 && strcmp(argv[1], "--help") == 0;
    int64_t count = 0;

    if (!org || asks_help) {
        fputs("usage: propops demo --org SLUG            a letting agency of 400 jobs, with "
              "logins; nothing if there are accounts\n"
              "       propops demo --org SLUG --jobs N   N more jobs (1 to 1,000,000) among what "
              "is there\n",
            asks_help ? stdout : stderr);
        return asks_help ? 0 : 2;
    }
    if (!jobs)
        return build_agency(org);
    if (!str_to_int(str_of(jobs), &count) || count < 1 || count > JOBS_MOST) {
        fputs("propops: --jobs is a number from 1 to 1,000,000\n", stderr);
        return 2;
    }
    return add_in_batches(org, count);
}
