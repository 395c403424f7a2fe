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

#include "domain/accounts/accounts.sql.h"
#include "domain/people/people.sql.h"

enum { BRANCHES = 3, ADDRESSES = 60, TENANTS = 40, LANDLORDS = 20, CONTRACTORS = 15, AGENTS = 5, JOBS = 400, BATCH = 5000 };

static const char password[] = "Demo-Passw0rd!";

struct agency {
    int64_t branches[BRANCHES], landlords[LANDLORDS], addresses[ADDRESSES];
    struct str password_hash;
    int people; /* how many names were used */
};

static const char *first_name(int i)
{
    return demo_first_names[i * 7 % DEMO_FIRST_NAMES];
}

static const char *last_name(int i)
{
    return demo_last_names[i * 11 % DEMO_LAST_NAMES];
}

static const char *address_of(struct call *c, const char *user)
{
    return call_print(c, "%s@%s.example", user, c->org->slug).at;
}

static int64_t add_account(struct call *c, struct agency *a, int type, const char *role, const char *user, int64_t branch)
{
    struct uuid uuid;
    int n = a->people++;

    return accounts_create(c, &(struct new_account){.type_id = type, .role = role, .first_name = first_name(n), .last_name = last_name(n),
        .email = address_of(c, user), .phone = call_print(c, "020 7946 %04d", 100 + n).at, .password_hash = a->password_hash.at,
        .branch_id = branch}, &uuid);
}

static void add_branches(struct call *c, struct agency *a)
{
    static const char *const names[BRANCHES][4] = {{"Kentish Town", "KT", "214 Kentish Town Road", "London"},
        {"Stockport", "SK", "18 Wellington Road South", "Stockport"}, {"Bristol Harbourside", "BS", "5 Canons Way", "Bristol"}};

    for (int i = 0; i < BRANCHES; i++) {
        const char *email = address_of(c, i == 0 ? "kentishtown" : i == 1 ? "stockport" : "bristol");
        a->branches[i] = row_int(db_query(c, sql_demo_branch, ARG(uuid_new()), ARG(names[i][0]), ARG(names[i][1]), ARG(names[i][2]),
            ARG(names[i][3]), ARG(call_print(c, "0117 496 %04d", 10 + i)), ARG(email)), 0, "id");
    }
}

static void add_staff(struct call *c, struct agency *a)
{
    static const char *const staff[][2] = {{"sysops", "SysOps"}, {"director", "Director"}, {"finance", "Finance"},
        {"coordinator", "Maintenance Coordinator"}, {"minimal", "Minimal Access"}, {"api", "API"}};

    for (size_t i = 0; i < countof(staff); i++)
        add_account(c, a, 1, staff[i][1], staff[i][0], NONE);
}

static void add_agents(struct call *c, struct agency *a)
{
    for (int i = 0; i < AGENTS; i++) {
        int64_t branch = a->branches[i % BRANCHES];
        int64_t id = add_account(c, a, 2, NULL, i ? call_print(c, "agent%d", i + 1).at : "agent", branch);
        db_query(c, sql_account_branch_add, ARG(id), ARG(branch));
    }
}

static void add_landlords(struct call *c, struct agency *a)
{
    for (int i = 0; i < LANDLORDS; i++) {
        struct uuid uuid = uuid_new();
        int64_t account = i == 0 ? add_account(c, a, 3, NULL, "landlord", NONE) : NONE;
        int n = a->people++;
        struct str name = call_print(c, "%s %s", first_name(n), last_name(n));
        a->landlords[i] = row_int(db_query(c, sql_landlord_create, ARG(uuid), ARG(account), ARG_BYTES(seal(c, "landlords.name", uuid, name)),
            ARG_BYTES(seal(c, "landlords.email", uuid, call_print(c, "landlord%d@post.example", i + 1))),
            ARG_BYTES(seal(c, "landlords.phone", uuid, call_print(c, "07700 9001%02d", i)))), 0, "id");
    }
}

static void add_addresses(struct call *c, struct agency *a)
{
    static const char *const cities[BRANCHES] = {"London", "Stockport", "Bristol"};
    static const char *const codes[BRANCHES] = {"NW5", "SK1", "BS1"};

    for (int i = 0; i < ADDRESSES; i++) {
        int branch = i % BRANCHES;
        struct str flat = i % 4 == 0 ? call_print(c, "Flat %d", 1 + i % 9) : NO_STR;
        struct str line = call_print(c, "%d %s", 3 + i * 13 % 140, demo_streets[i * 5 % DEMO_STREETS]);
        struct str code = call_print(c, "%s %d%c%c", codes[branch], 1 + i % 9, "ABDEFGHJLN"[i % 10], "PQRSTUWXYZ"[i * 3 % 10]);
        a->addresses[i] = row_int(db_query(c, sql_demo_address, ARG(uuid_new()), ARG(a->branches[branch]), ARG(a->landlords[i % LANDLORDS]),
            ARG(flat.at ? flat : line), ARG(flat.at ? line : NO_STR), ARG(cities[branch]), ARG(code)), 0, "id");
    }
}

static void add_tenants(struct call *c, struct agency *a)
{
    for (int i = 0; i < TENANTS; i++) {
        struct uuid uuid;
        int64_t account = i == 0 ? add_account(c, a, 4, NULL, "tenant", NONE) : NONE;
        int n = a->people++;
        struct str name = call_print(c, "%s %s", first_name(n), last_name(n));
        people_create_tenant(c, &(struct new_tenant){name, call_print(c, "tenant%d@post.example", i + 1), call_print(c, "07700 9002%02d", i),
            NO_STR, a->addresses[i], account}, &uuid);
    }
}

static void add_contractors(struct call *c, struct agency *a)
{
    static const char *const outward[BRANCHES] = {"NW5", "SK1", "BS1"};

    for (int i = 0; i < CONTRACTORS; i++) {
        int64_t id = add_account(c, a, 5, NULL, i ? call_print(c, "contractor%d", i + 1).at : "contractor", NONE);
        db_query(c, sql_demo_profile, ARG(id), ARG(call_print(c, "%s & Sons", last_name(a->people - 1))), ARG(call_print(c, "GB%09d", 100200300 + i)),
            ARG(10 + i % 4 * 5));
        db_query(c, sql_demo_trade, ARG(id), ARG(i % 9));
        db_query(c, sql_demo_trade, ARG(id), ARG((i + 4) % 9));
        db_query(c, sql_demo_area, ARG(id), ARG(outward[i % BRANCHES]));
        db_query(c, sql_demo_certificate, ARG(uuid_new()), ARG(id), ARG(i % 2 ? "Public liability insurance" : "Gas Safe registration"),
            ARG(i % 2 ? "Harbour Mutual" : "Gas Safe Register"), ARG(i % 5 == 0 ? -20 - i : 40 + 9 * i));
    }
}

static struct texts list_of(struct call *c, const char *const *texts, size_t count)
{
    struct str *all = call_alloc(c, count * sizeof *all);

    for (size_t i = 0; i < count; i++)
        all[i] = str_of(texts[i]);
    return (struct texts){all, count};
}

static void add_jobs(struct call *c, int64_t count, int64_t seed)
{
    struct str titles[DEMO_REPAIRS], descriptions[DEMO_REPAIRS];
    int64_t types[DEMO_REPAIRS];

    for (size_t i = 0; i < DEMO_REPAIRS; i++) {
        titles[i] = str_of(demo_repairs[i].title);
        descriptions[i] = str_of(demo_repairs[i].description);
        types[i] = demo_repairs[i].type_id;
    }
    struct texts all_titles = {titles, DEMO_REPAIRS}, all_descriptions = {descriptions, DEMO_REPAIRS};
    struct ints all_types = {types, DEMO_REPAIRS};
    db_query(c, sql_demo_jobs, ARG(count), ARG(all_titles), ARG(all_descriptions), ARG(all_types), ARG(seed));
}

static void build(struct call *c, void *arg)
{
    struct agency a = {.people = 0};
    bool birch = strcmp(c->org->slug, "birch") == 0;

    (void)arg;
    if (row_int(db_query(c, sql_demo_exists), 0, "accounts") > 0) {
        printf("%s has accounts already: left as it is\n", c->org->slug);
        return;
    }
    a.password_hash = accounts_hash_password(c, str_of(password));
    db_query(c, sql_demo_brand, ARG(c->org->name), ARG(birch ? "#8a4b1f" : "#1f5f8b"));
    add_branches(c, &a);
    add_staff(c, &a);
    add_agents(c, &a);
    add_landlords(c, &a);
    add_addresses(c, &a);
    add_tenants(c, &a);
    add_contractors(c, &a);
    add_jobs(c, JOBS, 1);
    db_query(c, sql_demo_job_tenants);
    db_query(c, sql_demo_notes, ARG(list_of(c, demo_notes, DEMO_NOTES)));
    db_query(c, sql_demo_versions);
}

static void more_jobs(struct call *c, void *arg)
{
    int64_t left = *(const int64_t *)arg;

    for (int64_t seed = 2; left > 0 && !call_faulted(c); left -= BATCH, seed++) {
        add_jobs(c, left < BATCH ? left : BATCH, seed * 7);
        printf("%lld to go\n", (long long)(left > BATCH ? left - BATCH : 0));
    }
}

int verb_demo(int argc, char **argv)
{
    const char *org = option(argc, argv, "--org"), *jobs = option(argc, argv, "--jobs");
    int64_t count = 0;

    if (!org || strcmp(argc > 1 ? argv[1] : "", "--help") == 0) {
        printf("usage: propops demo --org SLUG            an agency of 400 jobs, with logins\n"
               "       propops demo --org SLUG --jobs N   N more jobs (1 to 1,000,000)\n");
        return org ? 0 : 2;
    }
    if (!jobs)
        return verb_as_call(org, build, NULL);
    if (!str_to_int(str_of(jobs), &count) || count < 1 || count > 1000000) {
        fprintf(stderr, "propops: --jobs is a number from 1 to 1,000,000\n");
        return 2;
    }
    return verb_as_call(org, more_jobs, &count);
}
