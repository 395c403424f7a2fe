/*
 * people: tenants and landlords, who are records of an org.
 *
 * Owns tenants, tenant_tokens, landlords. Contact fields are sealed; names, e-mail addresses and numbers are found through a blind
 * index whose candidates are opened and compared, so a search gives what a substring filter would. Start reading at people_api.c.
 */
#ifndef DOMAIN_PEOPLE_H
#define DOMAIN_PEOPLE_H

#include "server/endpoint.h"

struct new_tenant {
    struct str name, email, number_primary, number_work;
    int64_t address_id, account_id; /* NONE without */
};

/* Makes a tenant with its search tokens and gives its id. */
int64_t people_create_tenant(struct call *c, const struct new_tenant *t, struct uuid *uuid);

extern const struct module people_module;

#endif
