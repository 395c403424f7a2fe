#include "domain/accounts/accounts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "domain/access/access.h"
#include "domain/accounts/accounts.sql.h"
#include "domain/accounts/passwords.h"
#include "domain/audit/audit.h"
#include "server/input.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/verbs.h"

const struct sealed_column accounts_sealed_columns[] = {
    {"accounts", "email_sealed", "accounts.email", "uuid"},
    {"accounts", "phone_sealed", "accounts.phone", "uuid"},
    {0},
};

int64_t accounts_create(struct call *c, const struct new_account *a, struct uuid *uuid)
{
    int64_t role = a->role ? access_role_id(c, str_of(a->role)) : NONE;

    *uuid = uuid_new();
    if (a->role && role == NONE)
        fail_field(c, "role", "is no role of this org");
    struct rows *r = db_query(c, sql_account_create, ARG(*uuid), ARG(a->type_id), ARG(role),
        ARG(a->branch_id), ARG(a->first_name), ARG(a->last_name),
        ARG_BYTES(seal(c, "accounts.email", *uuid, str_of(a->email))),
        ARG_BYTES(lookup_key(c, "email", str_of(a->email))),
        ARG_BYTES(seal(c, "accounts.phone", *uuid, str_of(a->phone))), ARG(a->password_hash));
    return row_int(r, 0, "id");
}

enum { PASSWORD_ROOM = PASSWORD_MOST * 4 + 3, MADE_LETTERS = 20 };

struct creation {
    struct new_account account;
    const char *branch;
    char password[PASSWORD_ROOM];
};

/* An agent sees what concerns the own branches, so one without any sees nothing. */
static int64_t branch_of(struct call *c, const char *code)
{
    struct rows *r = code ? db_query(c, sql_branch_by_code, ARG(code)) : NULL;

    if (r && rows_count(r) == 0)
        fail_field(c, "--branch", "is the code of no branch of this org");
    return r ? row_int(r, 0, "id") : NONE;
}

static void create(struct call *c, void *arg)
{
    struct creation *n = arg;
    struct uuid uuid;

    n->account.branch_id = branch_of(c, n->branch);
    n->account.password_hash = accounts_hash_password(c, str_of(n->password)).at;
    int64_t id = accounts_create(c, &n->account, &uuid);
    if (n->account.branch_id != NONE)
        db_query(c, sql_account_branch_add, ARG(id), ARG(n->account.branch_id));
    audit_add(c, "account_created", "account", uuid);
}

static int account_usage(FILE *to)
{
    fputs("usage: propops account create --org SLUG --email ADDRESS --type "
          "staff|agent|landlord|tenant|contractor\n"
          "                              --first NAME --last NAME [--role NAME] [--phone NUMBER] "
          "[--branch CODE]\n"
          "Staff need a role; agents see the jobs of their branch.\n"
          "The password is read from standard input when that is no terminal; otherwise one is "
          "made and printed once.\n",
        to);
    return to == stdout ? 0 : 2;
}

static int type_of(const char *name)
{
    static const char *const names[] = {"staff", "agent", "landlord", "tenant", "contractor"};

    for (size_t i = 0; name && i < countof(names); i++)
        if (strcmp(names[i], name) == 0)
            return (int)i + 1;
    return 0;
}

static bool refuse(const char *problem)
{
    fprintf(stderr, "propops: %s\n", problem);
    return false;
}

/* What the rows' field tables check for those who come over HTTP. */
static bool options_are_good(const struct creation *n)
{
    const struct new_account *a = &n->account;

    if (!input_looks_like_email(str_of(a->email)) || strlen(a->email) > 254)
        return refuse("--email is no e-mail address");
    if (!a->first_name[0] || !a->last_name[0] || str_letters(str_of(a->first_name)) > 100 ||
        str_letters(str_of(a->last_name)) > 100)
        return refuse("--first and --last have 1 to 100 letters");
    if (a->type_id == 1 && !a->role)
        return refuse("staff need a --role, for example \"Maintenance Coordinator\"");
    if (a->type_id != 1 && a->role)
        return refuse("only staff have a --role");
    if (a->type_id == 2 && !n->branch)
        return refuse("an agent needs a --branch");
    return true;
}

/* The first line of standard input; whatever does not fit whole is refused, never cut. */
static bool read_password(struct creation *n)
{
    struct str rest = str_of(n->account.email), words[4];

    if (!fgets(n->password, sizeof n->password, stdin))
        return refuse("standard input holds no password");
    n->password[strcspn(n->password, "\r\n")] = '\0';
    words[0] = str_of(n->account.first_name);
    words[1] = str_of(n->account.last_name);
    words[2] = str_cut(&rest, '@');
    words[3] = str_cut(&rest, '.');
    const char *problem = password_problem(str_of(n->password), words, countof(words));
    return !problem || refuse(problem);
}

/* Without letters that look like others. */
static void make_password(struct creation *n)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    for (int i = 0; i < MADE_LETTERS; i++)
        n->password[i] = letters[randombytes_uniform(sizeof letters - 1)];
    n->password[MADE_LETTERS] = '\0';
}

static int create_account(const char *org, struct creation *n)
{
    bool made = isatty(STDIN_FILENO);

    if (!options_are_good(n) || (!made && !read_password(n)))
        return 2;
    if (made)
        make_password(n);
    int status = verb_as_call(org, create, n);
    if (status == 0 && made)
        printf("password: %s\n", n->password);
    return status;
}

int verb_account(int argc, char **argv)
{
    const char *org = option(argc, argv, "--org");
    struct creation n = {.account = {.type_id = type_of(option(argc, argv, "--type")),
                             .role = option(argc, argv, "--role"),
                             .first_name = option(argc, argv, "--first"),
                             .last_name = option(argc, argv, "--last"),
                             .email = option(argc, argv, "--email"),
                             .phone = option(argc, argv, "--phone"),
                             .branch_id = NONE},
        .branch = option(argc, argv, "--branch")};
    bool complete = org && n.account.type_id && n.account.first_name && n.account.last_name &&
                    n.account.email;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return account_usage(stdout);
    if (argc < 2 || strcmp(argv[1], "create") != 0 || !complete)
        return account_usage(stderr);
    int status = create_account(org, &n);
    sodium_memzero(n.password, sizeof n.password);
    return status;
}
