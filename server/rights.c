#include "server/rights.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct rights {
    atomic_uint refs;
    size_t count;
    struct str keys[]; /* sorted by compare_keys; their bytes follow the array */
};

static char folded(char c)
{
    return c == '-' ? '_' : c;
}

static int compare_keys(const void *left, const void *right)
{
    const struct str *a = left, *b = right;
    size_t shorter = a->len < b->len ? a->len : b->len;

    for (size_t i = 0; i < shorter; i++)
        if (folded(a->at[i]) != folded(b->at[i]))
            return folded(a->at[i]) - folded(b->at[i]);
    return a->len == b->len ? 0 : a->len < b->len ? -1 : 1;
}

struct rights *rights_new(const struct str *keys, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += keys[i].len + 1;
    struct rights *r = calloc(1, sizeof *r + count * sizeof *keys + bytes);
    if (!r)
        abort();
    char *text = (char *)(r->keys + count);
    for (size_t i = 0; i < count; i++) {
        memcpy(text, keys[i].at, keys[i].len);
        r->keys[i] = (struct str){text, keys[i].len};
        text += keys[i].len + 1;
    }
    if (count)
        qsort(r->keys, count, sizeof *r->keys, compare_keys);
    for (size_t i = 0; i < count; i++)
        if (r->count == 0 || compare_keys(&r->keys[i], &r->keys[r->count - 1]) != 0)
            r->keys[r->count++] = r->keys[i];
    r->refs = 1;
    return r;
}

struct rights *rights_ref(const struct rights *r)
{
    struct rights *counted = (struct rights *)r;

    atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return counted;
}

void rights_unref(const struct rights *r)
{
    struct rights *counted = (struct rights *)r;

    if (counted && atomic_fetch_sub_explicit(&counted->refs, 1, memory_order_acq_rel) == 1)
        free(counted);
}

bool rights_have(const struct rights *r, struct str key)
{
    return r && bsearch(&key, r->keys, r->count, sizeof *r->keys, compare_keys);
}

size_t rights_count(const struct rights *r)
{
    return r ? r->count : 0;
}

struct str rights_at(const struct rights *r, size_t i)
{
    return r->keys[i];
}
