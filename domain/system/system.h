/*
 * system: heartbeat, maintenance mode, the API's own document; and branding: the org's name and
 * colours for what people see.
 *
 * Owns the table settings.
 */
#ifndef DOMAIN_SYSTEM_H
#define DOMAIN_SYSTEM_H

#include "server/endpoint.h"

/* Faults the call with MAINTENANCE while the mode is on and the caller is not staff; what is public
 * stays open. */
void system_check_maintenance(struct call *c);

/* Notes when the server started, and makes the API's document. After routes_build. */
void system_start(void);

extern const struct module system_module;
extern const struct module branding_module;

#endif
