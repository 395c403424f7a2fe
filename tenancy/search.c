#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tenancy/keys.h"
#include "tenancy/org.h"

/* Texts that are searched are names and the like: one of 1,000 letters has all its tokens. */
enum { TOKENS_MOST = 4096, GRAM = 3, LETTERS_LEAST = 3, KEY_SIZE = 32 };

/* Latin letters with accents (U+00C0 to U+017F) as people type them. */
static const char *plain_latin(unsigned code, char one[2])
{
    static const char *const latin1[] = {"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e",
        "e", "i", "i", "i", "i", "d", "n", "o", "o", "o", "o", "o", "x", "o", "u", "u", "u", "u",
        "y", "th", "ss"};
    static const char extended[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllll"
                                   "llllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuu"
                                   "uuuuuuuwwyyyzzzzzzs";
    if (code >= 0xC0 && code <= 0xFF)
        return code == 0xFF ? "y" : latin1[(code - 0xC0) % 32];
    if (code >= 0x100 && code < 0x100 + sizeof extended - 1) {
        one[0] = extended[code - 0x100];
        one[1] = '\0';
        return one;
    }
    return NULL;
}

/* Small letters of Greek and Cyrillic capitals; others stay. */
static unsigned small_letter(unsigned code)
{
    if ((code >= 0x391 && code <= 0x3A9) || (code >= 0x410 && code <= 0x42F))
        return code + 32;
    return code >= 0x400 && code <= 0x40F ? code + 80 : code;
}

/* A letter of two bytes: folded, or dropped when it is an accent by itself. */
static size_t fold_pair(unsigned code, char *out)
{
    char one[2];
    const char *plain = plain_latin(code, one);

    if (code >= 0x300 && code <= 0x36F)
        return 0;
    if (plain) {
        size_t len = strlen(plain);
        memcpy(out, plain, len);
        return len;
    }
    code = small_letter(code);
    out[0] = (char)(0xC0 | code >> 6);
    out[1] = (char)(0x80 | (code & 63));
    return 2;
}

struct str search_normal(struct call *c, struct str text)
{
    char *out = call_alloc(c, text.len + 1); /* nothing folds to more bytes than it has */
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char b = (unsigned char)text.at[i];
        unsigned next = i + 1 < text.len ? (unsigned char)text.at[i + 1] : 0;
        if (b == ' ' || (b >= '\t' && b <= '\r') || (b == 0xC2 && next == 0xA0)) {
            i += b == 0xC2;
            if (len && out[len - 1] != ' ')
                out[len++] = ' ';
        } else if (b >= 'A' && b <= 'Z') {
            out[len++] = (char)(b + 32);
        } else if ((b & 0xE0) == 0xC0 && next) {
            len += fold_pair((b & 31u) << 6 | (next & 63), out + len);
            i++;
        } else {
            out[len++] = (char)b;
        }
    }
    if (len && out[len - 1] == ' ')
        len--;
    return (struct str){out, len};
}

/* Always of the first version: tokens and look-ups must stay comparable when the data key changes.
 */
static bool kind_key(struct call *c, const char *kind, uint8_t key[KEY_SIZE])
{
    uint8_t purpose[KEY_SIZE];

    if (!keyring_key(c->org->keys, 1, PURPOSE_SEARCH, purpose)) {
        fail_with(c, INTERNAL, "the org has no key");
        return false;
    }
    crypto_generichash(key, KEY_SIZE, (const uint8_t *)kind, strlen(kind), purpose, sizeof purpose);
    sodium_memzero(purpose, sizeof purpose);
    return true;
}

struct str lookup_key(struct call *c, const char *kind, struct str value)
{
    uint8_t key[KEY_SIZE], *hash = call_alloc(c, KEY_SIZE);

    if (!value.at || call_faulted(c) || !kind_key(c, kind, key))
        return NO_STR;
    struct str normal = search_normal(c, str_trim(value));
    crypto_generichash(hash, KEY_SIZE, (const uint8_t *)normal.at, normal.len, key, sizeof key);
    sodium_memzero(key, sizeof key);
    return (struct str){(char *)hash, KEY_SIZE};
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Keyed numbers of 63 bits for all runs of three bytes of the normal text, each once. */
static struct ints grams(struct call *c, const char *kind, struct str normal)
{
    uint8_t key[KEY_SIZE];
    size_t count = 0, unique = 0;

    if (normal.len < GRAM || call_faulted(c) || !kind_key(c, kind, key))
        return (struct ints){NULL, 0};
    int64_t *tokens = call_alloc(c, normal.len * sizeof *tokens);
    for (size_t i = 0; i + GRAM <= normal.len && count < TOKENS_MOST; i++) {
        uint64_t hash;
        crypto_shorthash((uint8_t *)&hash, (const uint8_t *)normal.at + i, GRAM, key);
        tokens[count++] = (int64_t)(hash >> 1);
    }
    sodium_memzero(key, sizeof key);
    qsort(tokens, count, sizeof *tokens, by_number);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || tokens[i] != tokens[unique - 1])
            tokens[unique++] = tokens[i];
    return (struct ints){tokens, unique};
}

struct ints search_tokens(struct call *c, const char *kind, struct str text)
{
    return grams(c, kind, search_normal(c, text));
}

struct ints search_query(struct call *c, const char *kind, struct str part)
{
    struct str normal = search_normal(c, part);

    if (str_letters(normal) < LETTERS_LEAST)
        return (struct ints){NULL, 0};
    return grams(c, kind, normal);
}

bool search_holds(struct call *c, struct str text, struct str normal_part)
{
    if (!text.at)
        return false;
    if (normal_part.len == 0)
        return true;
    struct str normal = search_normal(c, text);
    return memmem(normal.at, normal.len, normal_part.at, normal_part.len) != NULL;
}
