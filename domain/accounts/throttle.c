#include "domain/accounts/throttle.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "domain/accounts/accounts.sql.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"

/* Behind one network stand many people, so it has many free tries. */
enum { FREE_OF_ACCOUNT = 5, FREE_OF_NETWORK = 50 };
enum { NONCE_HEX = 32, MAC_HEX = 64, DEVICE_SECONDS = 180 * 86400 };

struct str throttle_network(struct call *c, struct str address)
{
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t b[16];

    if (address.len < sizeof text && address.len > 0)
        memcpy(text, address.at, address.len);
    if (inet_pton(AF_INET, text, b) == 1)
        return call_print(c, "%d.%d.%d", b[0], b[1], b[2]);
    if (inet_pton(AF_INET6, text, b) != 1)
        return address;
    if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)b))
        return call_print(c, "%d.%d.%d", b[12], b[13], b[14]);
    return call_print(
        c, "%02x%02x:%02x%02x:%02x%02x:%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]);
}

static struct str hex_of(struct call *c, struct str bytes)
{
    char *hex = call_alloc(c, bytes.len * 2 + 1);

    if (bytes.len)
        sodium_bin2hex(hex, bytes.len * 2 + 1, (const uint8_t *)bytes.at, bytes.len);
    return (struct str){hex, bytes.len * 2};
}

static struct str device_mac(struct call *c, struct str account, struct str nonce)
{
    return hex_of(
        c, lookup_key(c, "login.device",
               call_print(c, "%s:%.*s", hex_of(c, account).at, (int)nonce.len, nonce.at)));
}

/* What stands before the dot of the cookie, when the cookie was given by us to a login of this
 * account; else NO_STR. */
static struct str device_of(struct call *c, struct str account)
{
    struct str mac = call_cookie(c, DEVICE_COOKIE);
    struct str nonce = str_cut(&mac, '.');

    if (nonce.len != NONCE_HEX || mac.len != MAC_HEX)
        return NO_STR;
    struct str wanted = device_mac(c, account, nonce);
    return wanted.len == mac.len && sodium_memcmp(mac.at, wanted.at, mac.len) == 0 ? nonce : NO_STR;
}

static struct str own_key(struct call *c, struct str account, struct str what)
{
    return lookup_key(
        c, "login.known", call_print(c, "%s:%.*s", hex_of(c, account).at, (int)what.len, what.at));
}

static bool try_counts(struct call *c, struct str subject, int free_tries)
{
    return rows_count(db_glance(c, sql_login_try, ARG_BYTES(subject), ARG(free_tries))) == 1;
}

static void refuse(struct call *c, struct str subject, int free_tries)
{
    struct rows *r = db_glance(c, sql_login_wait, ARG_BYTES(subject), ARG(free_tries));
    int64_t seconds = row_int(r, 0, "seconds");

    if (call_faulted(c))
        return;
    reply_header(c, "retry-after", call_print(c, "%lld", (long long)(seconds > 0 ? seconds : 1)));
    fail_with(c, RATE_LIMITED, "too many passwords tried");
}

void throttle_take(struct call *c, struct throttle *t, struct str email)
{
    t->account = lookup_key(c, "email", email);
    struct str network = throttle_network(c, c->request.address);
    t->network = lookup_key(c, "login.network", network);
    struct str device = device_of(c, t->account);
    /* Asked for every address, known or not: the answer must take as long. */
    bool near = row_bool(
        db_glance(c, sql_login_network_known, ARG_BYTES(t->account), ARG_BYTES(t->network)), 0,
        "known");

    t->own = device.at ? own_key(c, t->account, device)
             : near    ? own_key(c, t->account, network)
                       : NO_STR;
    if (t->own.at) {
        if (!try_counts(c, t->own, FREE_OF_ACCOUNT))
            refuse(c, t->own, FREE_OF_ACCOUNT);
        return;
    }
    if (!try_counts(c, t->network, FREE_OF_NETWORK))
        return refuse(c, t->network, FREE_OF_NETWORK);
    if (!try_counts(c, t->account, FREE_OF_ACCOUNT)) {
        db_glance(c, sql_login_try_take_back, ARG_BYTES(t->network));
        refuse(c, t->account, FREE_OF_ACCOUNT);
    }
}

void throttle_forget(struct call *c, const struct throttle *t)
{
    db_glance(c, sql_login_tries_forget, ARG_BYTES(t->own.at ? t->own : t->account));
    if (!t->own.at)
        db_glance(c, sql_login_try_take_back, ARG_BYTES(t->network));
}

void throttle_take_back(struct call *c, const struct throttle *t)
{
    db_glance(c, sql_login_try_take_back, ARG_BYTES(t->own.at ? t->own : t->account));
    if (!t->own.at)
        db_glance(c, sql_login_try_take_back, ARG_BYTES(t->network));
}

void throttle_know_device(struct call *c, struct str email)
{
    uint8_t nonce[NONCE_HEX / 2];

    randombytes_buf(nonce, sizeof nonce);
    struct str text = hex_of(c, (struct str){(const char *)nonce, sizeof nonce});
    struct str mac = device_mac(c, lookup_key(c, "email", email), text);
    reply_header(c, "set-cookie",
        call_print(c, DEVICE_COOKIE "=%s.%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d",
            text.at, mac.at, DEVICE_SECONDS));
}
