#include "tenancy/keys.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log.h"
#include "server/loop.h"

enum { KEY_SIZE = 32, WRAP_FORMAT = 1 };

struct keyring {
    struct uuid org;
    unsigned count;
    struct {
        uint32_t version;
        int64_t made_at;
        uint8_t key[KEY_SIZE];
    } keys[KEY_VERSIONS_MOST];
};

static uint8_t *master; /* in locked memory that core dumps leave out */

static uint8_t *master_memory(void)
{
    if (!master && !(master = sodium_malloc(KEY_SIZE)))
        die("no locked memory for the master key: raise RLIMIT_MEMLOCK");
    return master;
}

void master_key_load(const char *path)
{
    struct stat about;

    if (master)
        return; /* a verb that runs another one's work has it already, and its memory is read-only
                   by now */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        die("cannot read the master key %s (%m): make it with `head -c 32 /dev/urandom`, mode "
            "0400, or run ops/up",
            path);
    if (fstat(fd, &about) != 0 || (about.st_mode & 0377) != 0)
        die("the master key %s must be readable by its owner only: chmod 0400 it", path);
    if (read(fd, master_memory(), KEY_SIZE) != KEY_SIZE || about.st_size != KEY_SIZE)
        die("the master key %s must be 32 bytes", path);
    close(fd);
    sodium_mprotect_readonly(master);
}

void master_key_make(const char *path)
{
    uint8_t key[KEY_SIZE];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

    if (fd < 0)
        die("cannot make %s: %m", path);
    randombytes_buf(key, sizeof key);
    bool written = write(fd, key, sizeof key) == sizeof key && fsync(fd) == 0;
    sodium_memzero(key, sizeof key);
    close(fd);
    if (!written)
        die("cannot write %s: %m", path);
}

/* Keyed hash of the parts, each with its length before it, so that no two lists of parts look
 * alike. */
static void derive(uint8_t out[KEY_SIZE], const uint8_t key[KEY_SIZE], const char *label,
    const void *a, size_t a_len, const void *b, size_t b_len)
{
    crypto_generichash_state state;
    const struct {
        const void *at;
        uint64_t len;
    } parts[] = {{label, strlen(label)}, {a, a_len}, {b, b_len}};

    crypto_generichash_init(&state, key, KEY_SIZE, KEY_SIZE);
    for (size_t i = 0; i < countof(parts); i++) {
        crypto_generichash_update(&state, (const uint8_t *)&parts[i].len, sizeof parts[i].len);
        if (parts[i].len)
            crypto_generichash_update(&state, parts[i].at, parts[i].len);
    }
    crypto_generichash_final(&state, out, KEY_SIZE);
    sodium_memzero(&state, sizeof state);
}

void master_derive_hex(const char *purpose, char hex[static 65])
{
    uint8_t key[KEY_SIZE];

    derive(key, master, purpose, NULL, 0, NULL, 0);
    sodium_bin2hex(hex, 65, key, sizeof key);
    sodium_memzero(key, sizeof key);
}

static void wrapping_key(uint8_t out[KEY_SIZE], const struct uuid *org, uint32_t version)
{
    derive(out, master, "wrap", org->bytes, sizeof org->bytes, &version, sizeof version);
}

void data_key_wrap(
    const struct uuid *org, uint32_t version, const uint8_t key[static 32], struct buf *wrapped)
{
    uint8_t wrapper[KEY_SIZE], nonce[crypto_secretbox_NONCEBYTES],
        box[KEY_SIZE + crypto_secretbox_MACBYTES];

    wrapping_key(wrapper, org, version);
    randombytes_buf(nonce, sizeof nonce);
    crypto_secretbox_easy(box, key, KEY_SIZE, nonce, wrapper);
    sodium_memzero(wrapper, sizeof wrapper);
    buf_char(wrapped, WRAP_FORMAT);
    buf_add(wrapped, nonce, sizeof nonce);
    buf_add(wrapped, box, sizeof box);
}

bool data_key_unwrap(
    const struct uuid *org, uint32_t version, struct str wrapped, uint8_t key[static 32])
{
    uint8_t wrapper[KEY_SIZE];
    const uint8_t *at = (const uint8_t *)wrapped.at;

    if (wrapped.len != 1 + crypto_secretbox_NONCEBYTES + KEY_SIZE + crypto_secretbox_MACBYTES ||
        at[0] != WRAP_FORMAT)
        return false;
    wrapping_key(wrapper, org, version);
    int failed = crypto_secretbox_open_easy(key, at + 1 + crypto_secretbox_NONCEBYTES,
        KEY_SIZE + crypto_secretbox_MACBYTES, at + 1, wrapper);
    sodium_memzero(wrapper, sizeof wrapper);
    return failed == 0;
}

struct keyring *keyring_new(const struct uuid *org)
{
    struct keyring *k = sodium_malloc(sizeof *k);

    if (!k)
        die("no locked memory for keys: raise RLIMIT_MEMLOCK");
    memset(k, 0, sizeof *k);
    k->org = *org;
    return k;
}

void keyring_free(struct keyring *k)
{
    sodium_free(k);
}

bool keyring_add(struct keyring *k, uint32_t version, int64_t made_at, const uint8_t key[static 32])
{
    if (k->count == KEY_VERSIONS_MOST || version == 0)
        return false;
    k->keys[k->count].version = version;
    k->keys[k->count].made_at = made_at;
    memcpy(k->keys[k->count++].key, key, KEY_SIZE);
    return true;
}

uint32_t keyring_current(const struct keyring *k)
{
    uint32_t newest = 0, oldest = 0;
    int64_t now = now_unix();

    for (unsigned i = 0; i < k->count; i++) {
        uint32_t version = k->keys[i].version;
        if (version > newest && k->keys[i].made_at + KEY_SETTLE_SECONDS <= now)
            newest = version;
        if (oldest == 0 || version < oldest)
            oldest = version;
    }
    return newest ? newest : oldest;
}

bool keyring_key(
    const struct keyring *k, uint32_t version, enum purpose purpose, uint8_t key[static 32])
{
    static const char contexts[][crypto_kdf_CONTEXTBYTES + 1] = {
        "fields__", "search__", "tokens__", "files___", "webhooks"};

    if (!k)
        return false;
    if (version == 0)
        version = keyring_current(k);
    for (unsigned i = 0; i < k->count; i++)
        if (k->keys[i].version == version)
            return crypto_kdf_derive_from_key(key, KEY_SIZE, (uint64_t)purpose + 1,
                       contexts[purpose], k->keys[i].key) == 0;
    return false;
}
