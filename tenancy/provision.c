/* Creating an org is a row of resumable steps: run again, it takes up where it stopped. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/config.h"
#include "server/log.h"
#include "tenancy/admin.h"
#include "tenancy/keys.h"
#include "tenancy/migrate.h"
#include "tenancy/verbs.h"

static PGconn *connect_or_die(void)
{
    PGconn *pg = admin_connect(false);

    if (!pg)
        die("the database cannot be reached (%s): is PostgreSQL running? PROPOPS_DATABASE_URL "
            "names it",
            admin_error());
    return pg;
}

static void seed_call(struct call *c, void *arg)
{
    (void)arg;
    provision_seed(c);
}

static void note_seeded(PGconn *pg, const char *slug, const char *digest)
{
    const char *values[] = {slug, digest};
    PGresult *r = admin_query(
        pg, "UPDATE platform.orgs SET seed_digest = $2 WHERE slug = $1", 2, values);

    if (!r)
        die("the directory cannot be written: %s", admin_error());
    PQclear(r);
}

/* Gives orgs the defaults of this binary; how many failed. */
static int seed(PGconn *pg, const char *const *slugs, size_t count)
{
    bool *done = calloc(count + 1, sizeof *done);
    char digest[65];
    int failed = 0;

    if (!done)
        die("out of memory");
    if (count && provision_seed)
        verb_each_as_call(slugs, count, seed_call, NULL, done);
    provision_digest(digest);
    for (size_t i = 0; i < count; i++) {
        failed += provision_seed && !done[i];
        if (done[i] || !provision_seed)
            note_seeded(pg, slugs[i], digest);
    }
    free(done);
    return failed;
}

/* The orgs that are behind in their files or their defaults: one query finds them all. */
static int migrate_orgs(PGconn *pg)
{
    char digest[65];
    const char *values[] = {migrations_digest(), digest};
    int failed = 0;
    size_t count = 0;

    provision_digest(digest);
    PGresult *orgs = admin_query(pg,
        "SELECT id, slug, schema_name, role_name, migrations_digest <> $1, seed_digest <> $2 FROM "
        "platform.orgs"
        " WHERE state IN ('active', 'suspended') AND (migrations_digest <> $1 OR seed_digest <> "
        "$2) ORDER BY id",
        2, values);
    if (!orgs)
        die("the directory cannot be read: %s", admin_error());
    const char **slugs = calloc((size_t)PQntuples(orgs) + 1, sizeof *slugs);
    if (!slugs)
        die("out of memory");
    for (int i = 0; i < PQntuples(orgs); i++) {
        const char *slug = admin_cell(orgs, i, 1);
        bool behind = admin_cell(orgs, i, 4)[0] == 't', unseeded = admin_cell(orgs, i, 5)[0] == 't';
        if (behind && !migrate_org(pg, admin_cell(orgs, i, 0), slug, admin_cell(orgs, i, 2),
                          admin_cell(orgs, i, 3)))
            failed++;
        else if (unseeded)
            slugs[count++] = slug;
    }
    failed += seed(pg, slugs, count);
    printf("%d orgs were behind, %d failed\n", PQntuples(orgs), failed);
    free(slugs);
    PQclear(orgs);
    return failed;
}

int verb_migrate(int argc, char **argv)
{
    if (argc > 1) {
        bool asked = strcmp(argv[1], "--help") == 0;
        fputs("usage: propops migrate\nBrings the platform schema and every org's schema up to "
              "date.\n",
            asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    PGconn *pg = connect_or_die();
    master_key_load(config.master_key);
    migrations_load();
    int status = migrate_platform(pg) && migrate_orgs(pg) == 0 ? 0 : 1;
    PQfinish(pg);
    return status;
}

static int org_usage(FILE *to)
{
    fputs("usage: propops org create SLUG --name NAME [--host HOST] [--operator]\n"
          "       propops org list\n"
          "       propops org suspend SLUG\n"
          "       propops org resume SLUG\n"
          "SLUG is a-z, 0-9 and _, beginning with a letter and not ending with _; the org is "
          "served at SLUG.<domain>, with - for _.\n"
          "A create that was cut short is taken up by running it again.\n",
        to);
    return to == stdout ? 0 : 2;
}

static bool slug_is_good(const char *slug)
{
    size_t len = strlen(slug);

    return len >= 1 && len <= 40 && slug[0] >= 'a' && slug[0] <= 'z' &&
           strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789_") == len && slug[len - 1] != '_' &&
           strcmp(slug, "my") != 0;
}

static bool has_flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

static void enter(PGconn *pg, const char *slug, const char *name, bool is_operator)
{
    char uuid[37], object[48];

    uuid_print(uuid_new(), uuid);
    snprintf(object, sizeof object, "org_%s", slug);
    const char *values[] = {uuid, slug, name, object, is_operator ? "t" : "f"};
    PGresult *r = admin_query(pg,
        "INSERT INTO platform.orgs (uuid, slug, name, schema_name, role_name, database_id, "
        "is_operator)"
        " SELECT $1, $2, $3, $4, $4, d.id, $5::boolean FROM platform.databases d WHERE d.name = "
        "'first'"
        " ON CONFLICT (slug) DO NOTHING",
        5, values);
    if (!r)
        die("the org cannot be entered: %s", admin_error());
    PQclear(r);
}

static void make_objects(PGconn *pg, const char *role)
{
    struct buf sql = {0};

    buf_print(&sql,
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '%s') THEN CREATE ROLE "
        "\"%s\" NOLOGIN; END IF; END $$;"
        "GRANT \"%s\" TO propops_app;"
        "CREATE SCHEMA IF NOT EXISTS \"%s\" AUTHORIZATION propops_owner;"
        "GRANT USAGE ON SCHEMA \"%s\" TO \"%s\"",
        role, role, role, role, role, role);
    if (!admin_script(pg, sql.at))
        die("role and schema cannot be made: %s", admin_error());
    buf_release(&sql);
}

static void make_key(PGconn *pg, const char *id, const char *uuid_text)
{
    struct uuid uuid;
    struct buf wrapped = {0};
    uint8_t key[32];
    char hex[300];

    uuid_parse(str_of(uuid_text), &uuid);
    randombytes_buf(key, sizeof key);
    data_key_wrap(&uuid, 1, key, &wrapped);
    sodium_memzero(key, sizeof key);
    sodium_bin2hex(hex, sizeof hex, (const uint8_t *)wrapped.at, wrapped.len);
    buf_release(&wrapped);
    const char *values[] = {id, hex};
    PGresult *r = admin_query(pg,
        "INSERT INTO platform.org_keys (org_id, version, wrapped) VALUES ($1, 1, decode($2, "
        "'hex')) ON CONFLICT DO NOTHING",
        2, values);
    if (!r)
        die("the org's key cannot be kept: %s", admin_error());
    PQclear(r);
}

static void add_host(PGconn *pg, const char *id, const char *host)
{
    const char *values[] = {id, host};
    PGresult *r = admin_query(pg,
        "INSERT INTO platform.org_hosts AS h (org_id, host) VALUES ($1, lower($2))"
        " ON CONFLICT (host) DO UPDATE SET org_id = h.org_id RETURNING org_id = $1",
        2, values);

    if (!r)
        die("the host cannot be entered: %s", admin_error());
    if (admin_cell(r, 0, 0)[0] != 't')
        die("another org has the host '%s' already", host);
    PQclear(r);
}

static bool move_state(PGconn *pg, const char *slug, const char *from, const char *to)
{
    const char *values[] = {slug, from, to};
    PGresult *r = admin_query(pg,
        "UPDATE platform.orgs SET state = $3 WHERE slug = $1 AND state = $2 RETURNING 1", 3,
        values);

    if (!r)
        die("the directory cannot be written: %s", admin_error());
    bool moved = PQntuples(r) == 1;
    PQclear(r);
    return moved;
}

static int set_state(PGconn *pg, const char *slug, const char *from, const char *to)
{
    const char *values[] = {slug};

    if (move_state(pg, slug, from, to)) {
        printf("%s\t%s\n", slug, to);
        return 0;
    }
    PGresult *r = admin_query(pg, "SELECT state FROM platform.orgs WHERE slug = $1", 1, values);
    if (!r || PQntuples(r) == 0)
        die("there is no org '%s'; `propops org list` names them", slug);
    const char *state = admin_cell(r, 0, 0);
    if (strcmp(state, "provisioning") == 0)
        die("org '%s' was not made to the end: run `propops org create %s --name …` again", slug,
            slug);
    if (strcmp(state, to) != 0)
        die("org '%s' is %s", slug, state);
    printf("%s\t%s already\n", slug, to);
    PQclear(r);
    return 0;
}

static int create(PGconn *pg, int argc, char **argv)
{
    const char *slug = argc > 2 ? argv[2] : "", *name = option(argc, argv, "--name"),
               *host = option(argc, argv, "--host");

    if (!slug_is_good(slug) || !name || !*name || strlen(name) > 120)
        return org_usage(stderr);
    master_key_load(config.master_key);
    migrations_load();
    if (!migrate_platform(pg))
        return 1;
    enter(pg, slug, name, has_flag(argc, argv, "--operator"));
    const char *values[] = {slug};
    PGresult *r = admin_query(pg,
        "SELECT id, uuid, schema_name, role_name, state FROM platform.orgs WHERE slug = $1", 1,
        values);
    if (!r || PQntuples(r) != 1)
        die("the directory cannot be read: %s", admin_error());
    if (strcmp(admin_cell(r, 0, 4), "provisioning") != 0)
        die("there is an org '%s' already; it is %s", slug, admin_cell(r, 0, 4));
    make_objects(pg, admin_cell(r, 0, 3));
    make_key(pg, admin_cell(r, 0, 0), admin_cell(r, 0, 1));
    if (host)
        add_host(pg, admin_cell(r, 0, 0), host);
    bool done = migrate_org(
                    pg, admin_cell(r, 0, 0), slug, admin_cell(r, 0, 2), admin_cell(r, 0, 3)) &&
                seed(pg, values, 1) == 0;
    PQclear(r);
    if (!done || !move_state(pg, slug, "provisioning", "active"))
        return 1;
    printf("%s\tactive\n", slug);
    return 0;
}

static int list(PGconn *pg)
{
    PGresult *r = admin_query(pg,
        "SELECT slug, state, name, CASE WHEN is_operator THEN 'operator' ELSE '' END FROM "
        "platform.orgs ORDER BY slug",
        0, NULL);

    if (!r)
        die("the directory cannot be read (%s): run `propops migrate`", admin_error());
    for (int i = 0; i < PQntuples(r); i++)
        printf("%s\t%s\t%s\t%s\n", admin_cell(r, i, 0), admin_cell(r, i, 1), admin_cell(r, i, 2),
            admin_cell(r, i, 3));
    PQclear(r);
    return 0;
}

int verb_org(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bool named = argc > 2;

    if (has_flag(argc, argv, "--help"))
        return org_usage(stdout);
    if (strcmp(what, "list") != 0 && !named)
        return org_usage(stderr);
    PGconn *pg = connect_or_die();
    int status = strcmp(what, "create") == 0    ? create(pg, argc, argv)
                 : strcmp(what, "list") == 0    ? list(pg)
                 : strcmp(what, "suspend") == 0 ? set_state(pg, argv[2], "active", "suspended")
                 : strcmp(what, "resume") == 0  ? set_state(pg, argv[2], "suspended", "active")
                                                : org_usage(stderr);
    PQfinish(pg);
    return status;
}
