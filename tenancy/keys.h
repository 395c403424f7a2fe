/*
 * keys: master key → per-org data keys (versioned, stored wrapped) → purpose keys; and what is made
 * with them: sealed fields, keyed look-ups, blind index tokens.
 *
 * A sealed value is version byte | key version (u32) | nonce | crypto_secretbox, under a key
 * derived from the purpose key and the value's place (record kind . field, record uuid): moved to
 * another record, field or org it cannot be opened.
 */
#ifndef TENANCY_KEYS_H
#define TENANCY_KEYS_H

#include "server/call.h"

enum purpose { PURPOSE_FIELDS, PURPOSE_SEARCH, PURPOSE_TOKENS, PURPOSE_FILES, PURPOSE_WEBHOOKS };

struct keyring; /* an org's unwrapped data keys, in locked memory */

/* A new key is not sealed with until every server has had time to learn of it, so that none meets a
 * value it cannot open. */
enum { KEY_VERSIONS_MOST = 64, KEY_SETTLE_SECONDS = 15 };

/* The version to seal with: the newest but for one made seconds ago, which other servers may not
 * know yet. 0: there is none. */
uint32_t keyring_current(const struct keyring *k);
/* 32-byte purpose key of a version (0: current); false when there is no such version. Wipe it after
 * use. */
bool keyring_key(
    const struct keyring *k, uint32_t version, enum purpose purpose, uint8_t key[static 32]);

/* Seals text for its place ("tenants.tenant_name"); NO_STR stays NO_STR. Result in the call's
 * memory, for ARG_BYTES. */
struct str seal(struct call *c, const char *place, struct uuid record, struct str text);
/* Opens; INTERNAL when it was moved or changed. NO_STR stays NO_STR. */
struct str unseal(struct call *c, const char *place, struct uuid record, struct str sealed);

/* Keyed look-up value (32 bytes) of an e-mail address or the like: equal for equal normalised
 * values of one org and kind. */
struct str lookup_key(struct call *c, const char *kind, struct str value);

/* Blind index tokens of a text: its trigrams, keyed by org and kind; as bigint values for an array
 * argument. Trigrams serve prefixes and infixes alike, so there is one index. */
struct ints search_tokens(struct call *c, const char *kind, struct str text);
/* Tokens that every text containing `part` has; count 0 when part is under three letters (decrypt
 * and filter then). */
struct ints search_query(struct call *c, const char *kind, struct str part);
/* What search compares: case-folded, accents removed, blanks collapsed. */
struct str search_normal(struct call *c, struct str text);
/* Whether a clear text has `normal_part` in its normal form: what callers verify candidates with.
 * False for NO_STR. */
bool search_holds(struct call *c, struct str text, struct str normal_part);

/* Loading and making: used by the directory and by `propops org create`, `propops key rotate`. */
void master_key_load(
    const char *path); /* 32 bytes, mode 0400; dies with a message saying what to do */
void master_key_make(const char *path); /* fails if it exists */
void data_key_wrap(
    const struct uuid *org, uint32_t version, const uint8_t key[static 32], struct buf *wrapped);
bool data_key_unwrap(
    const struct uuid *org, uint32_t version, struct str wrapped, uint8_t key[static 32]);
struct keyring *keyring_new(const struct uuid *org);
void keyring_free(struct keyring *k); /* wipes; accepts NULL */
bool keyring_add(struct keyring *k, uint32_t version, int64_t made_at,
    const uint8_t key[static 32]); /* made_at: Unix time */
/* Text derived from the master key for a platform purpose, 64 hex characters (the login role's
 * password). */
void master_derive_hex(const char *purpose, char hex[static 65]);

#endif
