/*
 * accounts: who may log in, their sessions, and their own profile.
 *
 * Owns accounts, account_branches, sessions, login_failures. Asks access for rights; tells audit of
 * logins. Start reading at accounts_find (the gate's step) in session.c, then at the rows in
 * accounts_api.c.
 */
#ifndef DOMAIN_ACCOUNTS_H
#define DOMAIN_ACCOUNTS_H

#include "server/endpoint.h"
#include "tenancy/rotate.h"
#include "tenancy/tasks.h"

/* Gate steps: the account of the request's cookie or token; whether a CSRF token belongs to the
 * session. */
void accounts_find(struct call *c);
bool accounts_csrf_holds(struct call *c, struct str token);

struct new_account {
    int type_id;      /* 1 to 5 */
    const char *role; /* a role's name, NULL for others than staff */
    const char *first_name, *last_name, *email, *phone;
    const char *password_hash; /* NULL: cannot log in yet */
    int64_t branch_id;         /* NONE without */
};

/* Makes an account and gives its id; `uuid` receives its public id. CONFLICT_EXISTS when the
 * address is taken. */
int64_t accounts_create(struct call *c, const struct new_account *a, struct uuid *uuid);

/* Argon2id text of a password. Runs on the workers for it; BUSY when their
 * queue is full. */
struct str accounts_hash_password(struct call *c, struct str password);

extern const struct module accounts_module;
extern const struct sealed_column accounts_sealed_columns[];
/* Sweeps away sessions and failed tries that are of no use any more. */
extern const struct task_kind accounts_sweep_task;

int verb_account(int argc, char **argv);

#endif
