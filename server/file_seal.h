/*
 * file_seal: the form in which contents lie in the store. Pure computing; for files.c and its
 * tests.
 *
 * A stored file is a head of 32 bytes and then chunks of 64 KiB, the last one shorter, each sealed
 * with crypto_secretbox. The key is derived from the caller's key, owner, file, kind and a random
 * salt in the head; the nonce is the chunk's number and whether it is the last. So a chunk opens
 * only in its own place of its own file, and only when nothing behind it is missing.
 */
#ifndef SERVER_FILE_SEAL_H
#define SERVER_FILE_SEAL_H

#include "server/values.h"

enum {
    SEAL_KEY = 32,
    SEAL_HEAD = 32,
    SEAL_TAG = 16,
    SEAL_CHUNK = 64 * 1024,
    SEAL_ROOM = SEAL_CHUNK + SEAL_TAG, /* of a whole chunk in the store */
};

/* Which file it is; all of it goes into the key. */
struct seal_place {
    struct uuid owner, file;
    const char *kind;
};

void seal_head_new(uint8_t head[static SEAL_HEAD]);

/* False when the head is of no format that this version knows. Wipe the key after use. */
bool seal_key(uint8_t key[static SEAL_KEY], const uint8_t callers_key[static SEAL_KEY],
    const struct seal_place *place, const uint8_t head[static SEAL_HEAD]);

int64_t seal_chunks(int64_t size);       /* how many chunks hold so many bytes; at least one */
int64_t seal_stored_size(int64_t size);  /* of the whole file in the store */
int64_t seal_clear_size(int64_t stored); /* NONE when no file is stored in so many bytes */

/* `sealed` has room for len + SEAL_TAG bytes. */
void seal_chunk(uint8_t *sealed, const uint8_t key[static SEAL_KEY], uint64_t number, bool last,
    const void *clear, size_t len);

/* Opens len - SEAL_TAG bytes; false when the chunk was changed, moved or cut. */
bool seal_open_chunk(void *clear, const uint8_t key[static SEAL_KEY], uint64_t number, bool last,
    const uint8_t *sealed, size_t len);

#endif
