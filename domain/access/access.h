/*
 * access: roles and the rights they and the kinds of account hold.
 *
 * Owns roles, role_rights, account_type_rights, account_rights. The keys come from the endpoints'
 * rows; start reading at access_seed.
 */
#ifndef DOMAIN_ACCESS_H
#define DOMAIN_ACCESS_H

#include "server/endpoint.h"

/* Makes the default roles and gives them, and the kinds of account, the keys of rows that they were
 * never given before. What an administrator took away stays away. May be run again at any time. */
void access_seed(struct call *c);

/* Changes when a row's rights do, so that orgs are seeded again. */
void access_digest(char digest[static 65]);

/* The keys that the rows ship to staff of a role of this level (10 is the strongest), and to a kind
 * of account other than staff; each once. */
struct texts access_keys_of_role(struct call *c, int level);
struct texts access_keys_of_kind(struct call *c, enum account_kind kind);

/* Id of a default role by its documented name; NONE when there is none of that name. */
int64_t access_role_id(struct call *c, struct str name);

/* The rights that an account holds now: its role's (staff) or its kind's, plus grants, minus
 * revocations. Counted; unref it. */
struct rights *access_rights_of(struct call *c, int64_t account_id, int type_id, int64_t role_id);

/* A counted set of these keys, which all who ask for the same share while it is in use. */
struct rights *access_share(struct texts keys);

#endif
