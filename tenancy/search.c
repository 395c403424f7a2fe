#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tenancy/keys.h"
#include "tenancy/org.h"

enum { TOKENS_MOST = 400, GRAM = 3, KEY_SIZE = 32 };

/* Latin letters with accents in UTF-8 (U+00C0 to U+017F), folded to what people type; others stay. */
static const char *folded_letter(unsigned code, char one[2])
{
    static const char *const latin1[] = {"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", "d", "n", "o",
        "o", "o", "o", "o", "x", "o", "u", "u", "u", "u", "y", "th", "ss"};
    static const char extended[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuu"
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

struct str search_normal(struct call *c, struct str text)
{
    char *out = call_alloc(c, text.len * 2 + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char b = (unsigned char)text.at[i];
        if (b == ' ' || b == '\t' || b == '\n' || b == '\r') {
            if (len && out[len - 1] != ' ')
                out[len++] = ' ';
        } else if (b >= 'A' && b <= 'Z') {
            out[len++] = (char)(b + 32);
        } else if ((b & 0xE0) == 0xC0 && i + 1 < text.len) {
            unsigned code = (unsigned)(b & 31) << 6 | ((unsigned char)text.at[i + 1] & 63);
            char one[2];
            const char *folded = folded_letter(code, one);
            if (folded) {
                size_t more = strlen(folded);
                memcpy(out + len, folded, more);
                len += more;
            } else {
                out[len++] = (char)b;
                out[len++] = text.at[i + 1];
            }
            i++;
        } else {
            out[len++] = (char)b;
        }
    }
    if (len && out[len - 1] == ' ')
        len--;
    return (struct str){out, len};
}

static bool kind_key(const struct call *c, const char *kind, uint8_t key[KEY_SIZE])
{
    uint8_t purpose[KEY_SIZE];

    /* Always of the first version: tokens and look-ups must stay comparable when the data key changes. */
    if (!keyring_key(c->org->keys, 1, PURPOSE_SEARCH, purpose))
        return false;
    crypto_generichash(key, KEY_SIZE, (const uint8_t *)kind, strlen(kind), purpose, sizeof purpose);
    sodium_memzero(purpose, sizeof purpose);
    return true;
}

struct str lookup_key(struct call *c, const char *kind, struct str value)
{
    uint8_t key[KEY_SIZE], *hash = call_alloc(c, KEY_SIZE);

    if (!value.at)
        return NO_STR;
    struct str normal = search_normal(c, str_trim(value));
    if (!kind_key(c, kind, key)) {
        fail_with(c, INTERNAL, "the org has no key");
        return NO_STR;
    }
    crypto_generichash(hash, KEY_SIZE, (const uint8_t *)normal.at, normal.len, key, sizeof key);
    sodium_memzero(key, sizeof key);
    return (struct str){(char *)hash, KEY_SIZE};
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Keyed numbers of all runs of three bytes of the normal text, each once. */
static struct ints grams(struct call *c, const char *kind, struct str text)
{
    struct str normal = search_normal(c, text);
    uint8_t key[KEY_SIZE];
    size_t count = 0, unique = 0;

    if (normal.len < GRAM)
        return (struct ints){NULL, 0};
    if (!kind_key(c, kind, key)) {
        fail_with(c, INTERNAL, "the org has no key");
        return (struct ints){NULL, 0};
    }
    int64_t *tokens = call_alloc(c, (normal.len + 1) * sizeof *tokens);
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
    return grams(c, kind, text);
}

struct ints search_query(struct call *c, const char *kind, struct str part)
{
    return grams(c, kind, part);
}
