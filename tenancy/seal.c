#include <sodium.h>
#include <string.h>

#include "tenancy/keys.h"
#include "tenancy/org.h"

enum { FORMAT = 1, HEAD = 1 + 4 + crypto_secretbox_NONCEBYTES, KEY_SIZE = 32 };

/* The key of one value's place: kind and field of the record, and the record itself. */
static bool place_key(const struct org *o, uint32_t version, const char *place, struct uuid record,
    uint8_t key[KEY_SIZE])
{
    uint8_t purpose[KEY_SIZE];
    crypto_generichash_state state;
    uint64_t len = strlen(place);

    if (version == 0 || !keyring_key(o->keys, version, PURPOSE_FIELDS, purpose))
        return false;
    crypto_generichash_init(&state, purpose, sizeof purpose, KEY_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)&len, sizeof len);
    crypto_generichash_update(&state, (const uint8_t *)place, len);
    crypto_generichash_update(&state, record.bytes, sizeof record.bytes);
    crypto_generichash_final(&state, key, KEY_SIZE);
    sodium_memzero(purpose, sizeof purpose);
    sodium_memzero(&state, sizeof state);
    return true;
}

static void put_version(uint8_t *at, uint32_t version)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(version >> (24 - 8 * i));
}

static uint32_t version_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

struct str seal(struct call *c, const char *place, struct uuid record, struct str text)
{
    uint8_t key[KEY_SIZE];

    if (!text.at || call_faulted(c))
        return NO_STR;
    size_t len = HEAD + crypto_secretbox_MACBYTES + text.len;
    uint8_t *sealed = call_alloc(c, len);
    uint32_t version = keyring_current(c->org->keys);
    if (!place_key(c->org, version, place, record, key)) {
        fail_with(c, INTERNAL, "the org has no key");
        return NO_STR;
    }
    sealed[0] = FORMAT;
    put_version(sealed + 1, version);
    randombytes_buf(sealed + 5, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(sealed + HEAD, (const uint8_t *)text.at, text.len, sealed + 5, key);
    sodium_memzero(key, sizeof key);
    return (struct str){(char *)sealed, len};
}

struct str unseal(struct call *c, const char *place, struct uuid record, struct str sealed)
{
    const uint8_t *at = (const uint8_t *)sealed.at;
    uint8_t key[KEY_SIZE];

    if (!sealed.at || call_faulted(c))
        return NO_STR;
    if (sealed.len < HEAD + crypto_secretbox_MACBYTES || at[0] != FORMAT ||
        !place_key(c->org, version_at(at + 1), place, record, key)) {
        fail_with(c, INTERNAL, "a sealed %s has no key", place);
        return STR("");
    }
    size_t len = sealed.len - HEAD - crypto_secretbox_MACBYTES;
    uint8_t *text = call_alloc(c, len + 1);
    int failed = crypto_secretbox_open_easy(text, at + HEAD, sealed.len - HEAD, at + 5, key);
    sodium_memzero(key, sizeof key);
    if (failed) {
        fail_with(c, INTERNAL, "a sealed %s was moved or changed", place);
        return STR("");
    }
    return (struct str){(char *)text, len};
}
