/* Statement text here creates what named statements later work on; the migrations themselves are
 * files. */
#include "tenancy/migrate.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"
#include "server/log.h"
#include "tenancy/admin.h"
#include "tenancy/keys.h"
#include "tenancy/verbs.h"

enum { FILES_MOST = 400, FILE_MOST = 1024 * 1024 };

struct file {
    char *name, *text;
    char checksum[65];
};

static struct file files[FILES_MOST];
static size_t files_count;
static char digest[65];

void (*provision_seed)(struct call *c);
void (*provision_digest)(char digest[static 65]);

/* PROPOPS_MIGRATIONS, else beside the binary's folder, else below the working folder. */
static const char *folder(void)
{
    static char path[4096];
    const char *set = getenv("PROPOPS_MIGRATIONS");

    if (set && *set)
        return set;
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 40);
    if (len > 0) {
        path[len] = '\0';
        char *slash = strrchr(path, '/');
        snprintf(slash, 40, "/../migrations");
        if (access(path, R_OK) == 0)
            return path;
    }
    return "migrations";
}

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = calloc(1, FILE_MOST + 1);

    if (!f || !text)
        die("cannot read %s: %m", path);
    size_t len = fread(text, 1, FILE_MOST, f);
    if (len == FILE_MOST)
        die("%s is larger than %d bytes", path, FILE_MOST);
    fclose(f);
    return text;
}

static void hash_hex(const char *text, size_t len, char hex[65])
{
    uint8_t hash[32];

    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, len, NULL, 0);
    sodium_bin2hex(hex, 65, hash, sizeof hash);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static size_t load_folder(const char *which, struct file *into)
{
    char path[5000];
    size_t count = 0;

    snprintf(path, sizeof path, "%s/%s", folder(), which);
    DIR *dir = opendir(path);
    if (!dir)
        die("no migrations in %s: set PROPOPS_MIGRATIONS to the folder that holds platform/ and "
            "org/",
            path);
    for (struct dirent *e; (e = readdir(dir)) && count < FILES_MOST;) {
        size_t len = strlen(e->d_name);
        if (len < 5 || strcmp(e->d_name + len - 4, ".sql") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s/%s", folder(), which, e->d_name);
        into[count].name = strdup(e->d_name);
        into[count].text = read_whole(path);
        hash_hex(into[count].text, strlen(into[count].text), into[count].checksum);
        count++;
    }
    closedir(dir);
    qsort(into, count, sizeof *into, by_name);
    return count;
}

void migrations_load(void)
{
    struct buf all = {0};

    files_count = load_folder("org", files);
    for (size_t i = 0; i < files_count; i++)
        buf_print(&all, "%s %s\n", files[i].name, files[i].checksum);
    hash_hex(all.at ? all.at : "", all.len, digest);
    buf_release(&all);
}

const char *migrations_digest(void)
{
    return digest;
}

static bool complain(const char *of, const char *what)
{
    fprintf(stderr, "propops: %s: %s: %s\n", of, what, admin_error());
    return false;
}

static const char roles_sql[] =
    "DO $$ BEGIN"
    " IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'propops_owner') THEN CREATE ROLE "
    "propops_owner NOLOGIN; END IF;"
    " IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'propops_app') THEN CREATE ROLE "
    "propops_app LOGIN NOINHERIT; END IF;"
    " END $$;"
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    "REVOKE USAGE ON SCHEMA public FROM PUBLIC;"
    "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());"
    " EXECUTE format('GRANT propops_owner TO %I', current_user); END $$;"
    "CREATE SCHEMA IF NOT EXISTS platform AUTHORIZATION propops_owner;"
    "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA pg_catalog;"
    "CREATE TABLE IF NOT EXISTS platform.platform_migrations (name text PRIMARY KEY, checksum text "
    "NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";

/* The login role's password follows the master key, so that there is no second secret to keep. It
 * is set only when it does not work already: a change of any role costs every connection its
 * knowledge of roles. The server gets its verifier, not the password. */
static bool set_password(PGconn *pg)
{
    char password[65];
    struct buf sql = {0};
    PGconn *login = admin_connect(true);

    if (login) {
        PQfinish(login);
        return true;
    }
    master_derive_hex("login role", password);
    char *verifier = PQencryptPasswordConn(pg, password, "propops_app", "scram-sha-256");
    explicit_bzero(password, sizeof password);
    if (!verifier)
        return false;
    buf_print(&sql, "ALTER ROLE propops_app PASSWORD '%s'", verifier);
    buf_char(&sql, '\0');
    bool done = admin_script(pg, sql.at);
    PQfreemem(verifier);
    buf_release(&sql);
    return done;
}

bool migrate_platform(PGconn *pg)
{
    static struct file platform[FILES_MOST];
    size_t count = load_folder("platform", platform);

    if (!admin_script(pg, "SET lock_timeout = '30s'; SELECT pg_advisory_lock(7071966)"))
        return complain("platform", "another migration is running; wait for it and run this again");
    admin_script(pg, "RESET lock_timeout");
    if (!admin_script(pg, roles_sql) || !set_password(pg))
        return complain("platform", "roles and schema");
    for (size_t i = 0; i < count; i++) {
        const char *values[] = {platform[i].name, platform[i].checksum};
        PGresult *r = admin_query(pg,
            "SELECT checksum = $2 FROM platform.platform_migrations WHERE name = $1", 2, values);
        if (!r)
            return complain("platform", platform[i].name);
        int known = PQntuples(r);
        bool same = known && admin_cell(r, 0, 0)[0] == 't';
        PQclear(r);
        if (known && !same) {
            fprintf(stderr, "propops: platform: %s was changed after it was applied\n",
                platform[i].name);
            return false;
        }
        if (known)
            continue;
        if (!admin_script(
                pg, "BEGIN; SET LOCAL search_path = platform; SET LOCAL role = propops_owner") ||
            !admin_script(pg, platform[i].text) || !admin_script(pg, "RESET role"))
            return complain("platform", platform[i].name);
        r = admin_query(pg,
            "INSERT INTO platform.platform_migrations (name, checksum) VALUES ($1, $2)", 2, values);
        PQclear(r);
        if (!r || !admin_script(pg, "COMMIT"))
            return complain("platform", platform[i].name);
        printf("platform\t%s\n", platform[i].name);
    }
    return true;
}

/* The file's text for one org: :role and :schema stand for its own names, which hold no quotes. */
static void substitute(struct buf *out, const char *text, const char *schema, const char *role)
{
    for (const char *at = text; *at; at++) {
        bool cast = at > text && at[-1] == ':';
        if (!cast && strncmp(at, ":role", 5) == 0) {
            buf_print(out, "\"%s\"", role);
            at += 4;
        } else if (!cast && strncmp(at, ":schema", 7) == 0) {
            buf_print(out, "\"%s\"", schema);
            at += 6;
        } else {
            buf_char(out, *at);
        }
    }
    buf_char(out, '\0');
}

/* Whether the file stands among what was applied: 1 yes, 0 no, -1 after a message. */
static int is_applied(const PGresult *applied, const char *slug, const struct file *f)
{
    for (int i = 0; i < PQntuples(applied); i++) {
        if (strcmp(admin_cell(applied, i, 0), f->name) != 0)
            continue;
        if (strcmp(admin_cell(applied, i, 1), f->checksum) == 0)
            return 1;
        fprintf(stderr, "propops: %s: %s was changed after it was applied\n", slug, f->name);
        return -1;
    }
    return 0;
}

static bool apply(
    PGconn *pg, const char *id, const char *schema, const char *role, const struct file *f)
{
    const char *values[] = {id, f->name, f->checksum};
    struct buf sql = {0};

    buf_print(&sql, "SET LOCAL role = propops_owner; SET LOCAL search_path = \"%s\"; ", schema);
    substitute(&sql, f->text, schema, role);
    bool done = admin_script(pg, sql.at) &&
                admin_script(pg, "SET LOCAL role = NONE; SET LOCAL search_path = pg_catalog");
    buf_release(&sql);
    if (!done)
        return false;
    PGresult *r = admin_query(pg,
        "INSERT INTO platform.org_migrations (org_id, name, checksum) VALUES ($1, $2, $3)", 3,
        values);
    PQclear(r);
    return r != NULL;
}

/* All files that the org lacks, in their order. */
static bool apply_missing(PGconn *pg, const PGresult *applied, const char *id, const char *slug,
    const char *schema, const char *role)
{
    for (size_t i = 0; i < files_count; i++) {
        int known = is_applied(applied, slug, &files[i]);
        if (known < 0)
            return false;
        if (!known && !apply(pg, id, schema, role, &files[i]))
            return complain(slug, files[i].name);
        if (!known)
            printf("%s\t%s\n", slug, files[i].name);
    }
    return true;
}

static bool apply_all(
    PGconn *pg, const char *id, const char *slug, const char *schema, const char *role)
{
    const char *values[] = {id, digest};
    PGresult *applied = admin_query(
        pg, "SELECT name, checksum FROM platform.org_migrations WHERE org_id = $1", 1, values);
    bool done = applied ? apply_missing(pg, applied, id, slug, schema, role)
                        : complain(slug, "directory");

    PQclear(applied);
    if (!done)
        return false;
    PGresult *r = admin_query(
        pg, "UPDATE platform.orgs SET migrations_digest = $2 WHERE id = $1", 2, values);
    PQclear(r);
    return r != NULL || complain(slug, "directory");
}

bool migrate_org(PGconn *pg, const char *id, const char *slug, const char *schema, const char *role)
{
    if (!admin_script(pg, "BEGIN; SET LOCAL lock_timeout = '2s'"))
        return complain(slug, "begin");
    if (apply_all(pg, id, slug, schema, role) && admin_script(pg, "COMMIT"))
        return true;
    admin_script(pg, "ROLLBACK");
    return false;
}
