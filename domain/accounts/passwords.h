/*
 * passwords: Argon2id hashes, and what may become a password. Only for domain/accounts/.
 *
 * Hashing takes tens of milliseconds of a core: it runs on the workers for it, whose queue is
 * short.
 */
#ifndef DOMAIN_ACCOUNTS_PASSWORDS_H
#define DOMAIN_ACCOUNTS_PASSWORDS_H

#include "server/call.h"

enum { PASSWORD_LEAST = 12, PASSWORD_MOST = 128 }; /* letters, of up to four bytes each */

enum password_answer { PASSWORD_WRONG, PASSWORD_RIGHT, PASSWORD_NOT_CHECKED };

/* Compares a password with its hash; without one (NO_STR) it takes as long and is wrong. `fresh`
 * becomes a hash with today's parameters when it is right and the stored one has others, else
 * NO_STR. Not checked when there is no room in the queue. */
enum password_answer password_check(
    struct call *c, struct str password, struct str hash, struct str *fresh);

/* Why this may not become a password, NULL when it may: its length, and words that anybody would
 * try first (the product's name, and those given: names, parts of the e-mail address). */
const char *password_problem(struct str password, const struct str *words, size_t count);

#endif
