#include "server/file_seal.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SEAL_KEY == crypto_secretbox_KEYBYTES, "key size");
_Static_assert(SEAL_TAG == crypto_secretbox_MACBYTES, "tag size");

enum { MARK = 8 }; /* of the head: format and chunk size; the rest is salt */

static const uint8_t mark[MARK] = {'P', 'r', 'o', 'p', 'F', 1, 16, 0};

void seal_head_new(uint8_t head[static SEAL_HEAD])
{
    memcpy(head, mark, MARK);
    randombytes_buf(head + MARK, SEAL_HEAD - MARK);
}

bool seal_key(uint8_t key[static SEAL_KEY], const uint8_t callers_key[static SEAL_KEY],
    const struct seal_place *place, const uint8_t head[static SEAL_HEAD])
{
    crypto_generichash_state state;

    if (memcmp(head, mark, MARK) != 0)
        return false;
    crypto_generichash_init(&state, callers_key, SEAL_KEY, SEAL_KEY);
    crypto_generichash_update(&state, head, SEAL_HEAD);
    crypto_generichash_update(&state, place->owner.bytes, sizeof place->owner.bytes);
    crypto_generichash_update(&state, place->file.bytes, sizeof place->file.bytes);
    crypto_generichash_update(&state, (const uint8_t *)place->kind, strlen(place->kind));
    crypto_generichash_final(&state, key, SEAL_KEY);
    sodium_memzero(&state, sizeof state);
    return true;
}

int64_t seal_chunks(int64_t size)
{
    return size == 0 ? 1 : (size + SEAL_CHUNK - 1) / SEAL_CHUNK;
}

int64_t seal_stored_size(int64_t size)
{
    return SEAL_HEAD + size + seal_chunks(size) * SEAL_TAG;
}

int64_t seal_clear_size(int64_t stored)
{
    int64_t sealed = stored - SEAL_HEAD;

    if (sealed < SEAL_TAG)
        return NONE;
    int64_t size = sealed - (sealed + SEAL_ROOM - 1) / SEAL_ROOM * SEAL_TAG;
    return size >= 0 && seal_stored_size(size) == stored ? size : NONE;
}

static void nonce_of(uint8_t nonce[static crypto_secretbox_NONCEBYTES], uint64_t number, bool last)
{
    memset(nonce, 0, crypto_secretbox_NONCEBYTES);
    for (int i = 0; i < 8; i++)
        nonce[i] = (uint8_t)(number >> (8 * i));
    nonce[8] = last;
}

void seal_chunk(uint8_t *sealed, const uint8_t key[static SEAL_KEY], uint64_t number, bool last,
    const void *clear, size_t len)
{
    uint8_t nonce[crypto_secretbox_NONCEBYTES];

    nonce_of(nonce, number, last);
    crypto_secretbox_easy(sealed, clear, len, nonce, key);
}

bool seal_open_chunk(void *clear, const uint8_t key[static SEAL_KEY], uint64_t number, bool last,
    const uint8_t *sealed, size_t len)
{
    uint8_t nonce[crypto_secretbox_NONCEBYTES];

    nonce_of(nonce, number, last);
    return crypto_secretbox_open_easy(clear, sealed, len, nonce, key) == 0;
}
