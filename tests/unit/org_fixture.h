/*
 * org_fixture: orgs with keys but without a database, and calls of theirs, for the tests of what is
 * made with keys.
 */
#ifndef TESTS_ORG_FIXTURE_H
#define TESTS_ORG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* ours has the name */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tenancy/keys.h"
#include "tenancy/org.h"

/* An org with so many data keys, which follow from its slug: the same in each run. */
static inline void fixture_org(struct org *o, const char *slug, uint32_t versions)
{
    memset(o, 0, sizeof *o);
    snprintf(o->slug, sizeof o->slug, "%s", slug);
    crypto_generichash(
        o->uuid.bytes, sizeof o->uuid.bytes, (const uint8_t *)slug, strlen(slug), NULL, 0);
    struct keyring *k = keyring_new(&o->uuid);
    for (uint32_t version = 1; version <= versions; version++) {
        uint8_t key[32];
        crypto_generichash(key, sizeof key, o->uuid.bytes, sizeof o->uuid.bytes, NULL, 0);
        key[0] = (uint8_t)version;
        assert_true(keyring_add(k, version, 0, key));
    }
    o->keys = k;
}

static inline void fixture_org_free(struct org *o)
{
    keyring_free((struct keyring *)o->keys);
}

static inline void fixture_call(struct call *c, const struct org *o)
{
    call_init(c);
    c->org = o;
}

/* Whether the call faulted, and forgets it. */
static inline bool fixture_faulted(struct call *c, enum error_id id)
{
    bool faulted = c->fault.id == id;

    memset(&c->fault, 0, sizeof c->fault);
    return faulted;
}

static inline struct uuid fixture_uuid(uint8_t n)
{
    struct uuid u = {{0}};

    u.bytes[15] = n;
    return u;
}

#endif
