/*
 * payload: reads single members of small JSON objects that we wrote ourselves, such as the payloads
 * of background work.
 */
#ifndef SERVER_PAYLOAD_H
#define SERVER_PAYLOAD_H

#include "server/call.h"

int64_t payload_int(
    struct str json, const char *name); /* NONE when it is missing or no whole number */
struct uuid payload_uuid(struct str json, const char *name); /* nil when it is missing or none */

#endif
