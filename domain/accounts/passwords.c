#include "domain/accounts/passwords.h"

#include <sodium.h>
#include <string.h>

#include "domain/accounts/accounts.h"
#include "server/fiber.h"

/* Hash of nothing that anybody knows: what an unknown name is checked against, so that it takes as
 * long. */
static const char nobodys_hash[crypto_pwhash_STRBYTES] =
    "$argon2id$v=19$m=65536,t=2,p=1$m3Zp2X0vQ0yq0m0h1q6e3w$"
    "4v3Hn8h1y6m0B7l3f5k9s2d4g6h8j0a1c3e5g7i9k1M";

struct hashing {
    struct str password;
    char stored[crypto_pwhash_STRBYTES], made[crypto_pwhash_STRBYTES];
    bool right, done;
};

static bool make_hash(struct hashing *h)
{
    return crypto_pwhash_str(h->made, h->password.at, h->password.len,
               crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

static void hash_blocking(void *arg)
{
    struct hashing *h = arg;

    h->done = make_hash(h);
}

static void check_blocking(void *arg)
{
    struct hashing *h = arg;

    h->right = crypto_pwhash_str_verify(h->stored, h->password.at, h->password.len) == 0;
    h->done = h->right &&
              crypto_pwhash_str_needs_rehash(h->stored, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                  crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0 &&
              make_hash(h);
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
    return call_copy(c, str_of(h.made));
}

enum password_answer password_check(
    struct call *c, struct str password, struct str hash, struct str *fresh)
{
    struct hashing h = {.password = password};
    bool known = hash.at && hash.len < sizeof h.stored;

    *fresh = NO_STR;
    memcpy(h.stored, known ? hash.at : nobodys_hash, known ? hash.len : sizeof nobodys_hash);
    if (call_faulted(c) || !offload_heavy(check_blocking, &h))
        return PASSWORD_NOT_CHECKED;
    if (!h.right || !known)
        return PASSWORD_WRONG;
    if (h.done)
        *fresh = call_copy(c, str_of(h.made));
    return PASSWORD_RIGHT;
}

/* ASCII letters count as equal in either case; words of under four letters are in everything. */
static bool holds_word(struct str text, struct str word)
{
    for (size_t i = 0; word.len >= 4 && i + word.len <= text.len; i++)
        if (str_equal_ignoring_case((struct str){text.at + i, word.len}, word))
            return true;
    return false;
}

const char *password_problem(struct str password, const struct str *words, size_t count)
{
    size_t letters = str_is_utf8(password) ? str_letters(password) : 0;

    if (letters < PASSWORD_LEAST || letters > PASSWORD_MOST)
        return "a password has 12 to 128 letters";
    if (holds_word(password, STR("propops")))
        return "a password does not hold the product's name";
    for (size_t i = 0; i < count; i++)
        if (holds_word(password, words[i]))
            return "a password does not hold a name or a part of the e-mail address";
    return NULL;
}
