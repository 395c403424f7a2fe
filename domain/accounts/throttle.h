/*
 * throttle: how often passwords may be tried. Owns login_failures. Only for domain/accounts/.
 *
 * Strangers are counted by the account they try and by the network they come from: after some free
 * tries each next one must wait, twice as long every time, a minute at most. Nobody is ever locked
 * out, and whoever is known to the account (by a cookie of an earlier login, or a network it signed
 * in from) is counted apart: strangers cannot keep them out. Start reading at throttle_take.
 */
#ifndef DOMAIN_ACCOUNTS_THROTTLE_H
#define DOMAIN_ACCOUNTS_THROTTLE_H

#include "server/call.h"

#define DEVICE_COOKIE "__Host-propops_device"

struct throttle {
    struct str account, network; /* keys of the address tried and of the client's network */
    struct str own;              /* of what the client is known by; NO_STR for strangers */
};

/* Counts a try to sign in as this e-mail address, ahead of its outcome. Faults: RATE_LIMITED with
 * Retry-After when the wait that earlier tries earned is not over; then nothing is counted. */
void throttle_take(struct call *c, struct throttle *t, struct str email);

/* The password was right: the account's tries are forgotten, the network's is taken back. */
void throttle_forget(struct call *c, const struct throttle *t);

/* The password was not looked at: the try is taken back. */
void throttle_take_back(struct call *c, const struct throttle *t);

/* Gives the browser a cookie by which it is known to the account of this e-mail address from now
 * on. */
void throttle_know_device(struct call *c, struct str email);

/* The network of a printed address: the /24 of IPv4, the /64 of IPv6. In the call's memory. */
struct str throttle_network(struct call *c, struct str address);

#endif
