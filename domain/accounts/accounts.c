#include "domain/accounts/accounts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "domain/access/access.h"
#include "domain/accounts/accounts.sql.h"
#include "server/fiber.h"
#include "server/log.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/verbs.h"

const struct sealed_column accounts_sealed_columns[] = {
    {"accounts", "email_sealed", "accounts.email", "uuid"},
    {"accounts", "phone_sealed", "accounts.phone", "uuid"},
    {0},
};

struct hashing {
    struct str password;
    char text[crypto_pwhash_STRBYTES];
    bool done;
};

static void hash_blocking(void *arg)
{
    struct hashing *h = arg;

    h->done = crypto_pwhash_str(h->text, h->password.at, h->password.len,
                  crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

struct str accounts_hash_password(struct call *c, struct str password)
{
    struct hashing h = {.password = password};

    if (call_faulted(c))
        return NO_STR;
    if (!offload_heavy(hash_blocking, &h) || !h.done) {
        fail_with(c, BUSY, "no room to hash a password");
        return NO_STR;
    }
    return call_copy(c, str_of(h.text));
}

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

struct creation {
    struct new_account account;
    char password[130];
};

static void create(struct call *c, void *arg)
{
    struct creation *n = arg;
    struct uuid uuid;

    n->account.password_hash = accounts_hash_password(c, str_of(n->password)).at;
    accounts_create(c, &n->account, &uuid);
}

static int account_usage(FILE *to)
{
    fputs("usage: propops account create --org SLUG --email ADDRESS --type "
          "staff|agent|landlord|tenant|contractor\n"
          "                              --first NAME --last NAME [--role NAME] [--phone NUMBER]\n"
          "The password is read from standard input when that is no terminal; otherwise one is "
          "made and printed once.\n",
        to);
    return to == stdout ? 0 : 2;
}

static int type_of(const char *name)
{
    static const char *const names[] = {"staff", "agent", "landlord", "tenant", "contractor"};

    for (int i = 0; name && i < 5; i++)
        if (strcmp(names[i], name) == 0)
            return i + 1;
    return 0;
}

/* From standard input; a made-up one of 20 letters is printed, once. */
static bool take_password(char password[130])
{
    if (!isatty(0) && fgets(password, 130, stdin)) {
        password[strcspn(password, "\r\n")] = '\0';
        if (strlen(password) >= 12)
            return true;
        fputs("propops: a password has at least 12 characters\n", stderr);
        return false;
    }
    for (int i = 0; i < 20; i++)
        password[i] =
            "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[randombytes_uniform(56)];
    password[20] = '\0';
    printf("password: %s\n", password);
    return true;
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
                             .branch_id = NONE}};

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return account_usage(stdout);
    bool complete = org && n.account.type_id && n.account.first_name && n.account.last_name &&
                    n.account.email;
    if (argc < 2 || strcmp(argv[1], "create") != 0 || !complete)
        return account_usage(stderr);
    if (n.account.type_id == 1 && !n.account.role) {
        fputs("propops: staff need a --role, for example \"Maintenance Coordinator\"\n", stderr);
        return 2;
    }
    if (!take_password(n.password))
        return 2;
    int status = verb_as_call(org, create, &n);
    sodium_memzero(n.password, sizeof n.password);
    return status;
}
